"""The worker process: pyinfra for all hosts of a command, asked by JSON lines on standard input.

    python -m infra_ctl.hosts.worker

pyinfra works in greenlets, which need a standard library that waits for nothing: only this process has it.
"""

from __future__ import annotations

from gevent import monkey

if __name__ == "__main__":
    monkey.patch_all()  # before anything else finds the standard library

import logging
import os
import signal
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from gevent.fileobject import FileObjectPosix
from gevent.lock import BoundedSemaphore, RLock
from gevent.pool import Group
from pyinfra.api import Config, Inventory, State
from pyinfra.api.state import StateHostMeta, StateHostResults
from pyinfra.context import ctx_state, init_base_classes

from infra_ctl.errors import DeviceError, NotBegunError
from infra_ctl.hosts import applying, deadman
from infra_ctl.hosts.facts import present_digests
from infra_ctl.hosts.protocol import (
    REQUEST,
    Answer,
    Apply,
    Did,
    Ended,
    Failed,
    Lease,
    Leased,
    Predict,
    Quit,
    Release,
    Request,
    Stop,
    Way,
    Work,
    Would,
    line,
)
from infra_ctl.hosts.session import LinuxHost, host_data

AT_ONCE = 40
"""Hosts that are worked on at a time: twenty a core on a small machine, as pyinfra reckons."""


class Worker:
    """The hosts of one command: sessions and facts are kept between its requests."""

    def __init__(self, tell: Callable[[Answer], None]) -> None:
        self._tell = tell
        self._under_way = Group()
        self._turns = BoundedSemaphore(AT_ONCE)
        self._hosts: dict[str, LinuxHost] = {}
        self._locks: defaultdict[str, RLock] = defaultdict(RLock)
        self._stopping = ""
        init_base_classes()
        self._state = State()
        self._state.init(Inventory(([], {})), Config(PARALLEL=AT_ONCE))
        ctx_state.set(self._state)

    def take(self, request: Request) -> None:
        """Begin what is asked; the answers come as the hosts do. Waits for none: the next may be to stop."""
        match request:
            case Stop() | Quit():
                self._stopping = "interrupted"
            case Predict():
                for work in request.works:
                    self._spawn(request.number, work.way, self._predict, request, work)
            case Apply():
                self._stopping = ""  # what was stopped was asked before
                for work in request.works:
                    self._spawn(request.number, work.way, self._apply, request, work)
            case Lease():
                self._spawn(request.number, request.way, self._lease, request)
            case Release():
                self._spawn(request.number, request.way, self._release, request)

    def end(self) -> None:
        """Wait for what is under way."""
        self._under_way.join()

    def _spawn(self, number: int, way: Way, what: Callable[..., Answer], *arguments: object) -> None:
        self._under_way.spawn(self._answer, number, way, what, *arguments)

    def _answer(self, number: int, way: Way, what: Callable[..., Answer], *arguments: object) -> None:
        try:
            with self._turns:
                self._refuse_late(way, arguments)
                with self._session(way) as host:
                    answer = what(host, *arguments)
        except DeviceError as error:
            answer = Failed(number=number, part=way.part, error=type(error).__name__, cause=error.cause)
        except Exception as error:  # noqa: BLE001 - a defect met on one host must not leave the others half-way
            cause = f"a defect of infra-ctl: {type(error).__name__}: {error}"
            answer = Failed(number=number, part=way.part, error="DeviceError", cause=cause)
        self._tell(answer)

    def _refuse_late(self, way: Way, arguments: Collection[object]) -> None:
        """A host whose turn comes after nothing more is to be begun is not so much as called."""
        if self._stopping and any(isinstance(each, Apply) for each in arguments):
            raise NotBegunError(way.part, self._stopping)

    @contextmanager
    def _session(self, way: Way) -> Iterator[LinuxHost]:
        """One at a time on a host; a session that was cut is opened again."""
        with self._locks[way.part]:
            host = self._hosts.get(way.part) or self._adopted(way)
            if not host.connector.is_alive():
                host.connector.connect()
                host.connected = True
                host.facts.forget()
            yield host

    def _adopted(self, way: Way) -> LinuxHost:
        """A host that this command has not seen yet becomes one of pyinfra's inventory."""
        inventory = self._state.inventory
        inventory.host_data[way.part] = host_data(way)
        host = LinuxHost(way, inventory)
        inventory.hosts[way.part] = host
        self._state.ops[host] = {}
        self._state.meta[host] = StateHostMeta()
        self._state.results[host] = StateHostResults()
        self._state.config.CONNECT_TIMEOUT = int(max(1, way.timeout))
        host.init(self._state)
        self._hosts[way.part] = host
        return host

    def _predict(self, host: LinuxHost, request: Predict, work: Work) -> Would:
        changes = applying.predict(host, work.operations, request.token)
        texts = applying.texts(host, work.operations, request.kept)
        digests = present_digests(host, work.operations)
        return Would(number=request.number, part=host.name, changes=changes, texts=texts, digests=digests)

    def _apply(self, host: LinuxHost, request: Apply, work: Work) -> Ended:
        if request.fresh:
            host.facts.forget()
        outcome = applying.Applying(
            host,
            work.operations,
            request.token,
            request.fence.get(host.name),
            request.revert_in,
            told=lambda what: self._tell(Did(number=request.number, part=host.name, what=what)),
            stopping=lambda: self._stopping,
        ).outcome()
        return Ended(
            number=request.number,
            part=host.name,
            state=outcome.state,
            done=outcome.done,
            at=outcome.at,
            cause=outcome.cause,
        )

    def _lease(self, host: LinuxHost, request: Lease) -> Leased:
        shell = host.connector.as_root
        fence = deadman.lease(host.name, shell, request.token, request.owner, request.seconds)
        return Leased(number=request.number, part=host.name, fence=fence)

    def _release(self, host: LinuxHost, request: Release) -> Leased:
        deadman.release(host.name, host.connector.as_root, request.token)
        return Leased(number=request.number, part=host.name)


def serve(asked: BinaryIO, answered: BinaryIO) -> None:
    """Answer until told to quit, or until nobody is there to ask; what is under way is brought to its end."""
    worker = Worker(lambda answer: _write(answered, line(answer)))
    for each in asked:
        request = REQUEST.validate_json(each)
        worker.take(request)
        if isinstance(request, Quit):
            break
    worker.take(Stop())
    worker.end()


def _write(answered: BinaryIO, text: bytes) -> None:
    """Nobody who listens is no reason to stop half-way on a host."""
    try:
        answered.write(text)
        answered.flush()
    except BrokenPipeError:
        return


def main() -> None:
    """Standard output is the protocol's: what a library prints goes nowhere, and it can ask nobody."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.getLogger("pyinfra").setLevel(logging.CRITICAL)
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    asked = FileObjectPosix(os.dup(0), "rb")
    answered = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    serve(asked, answered)


if __name__ == "__main__":
    main()
