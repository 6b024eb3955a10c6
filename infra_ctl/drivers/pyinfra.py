"""Hosts through pyinfra, which works in a child process: it needs greenlets, and we work in threads.

Secrets go to it by standard input only. It is started with the first request, and again after it was killed.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import IO, Self

from infra_ctl import errors
from infra_ctl.change.operations import Predicted
from infra_ctl.drivers.connection import Connection
from infra_ctl.drivers.hosts import HostEnd, HostWork, OnEnd, Prediction, Told
from infra_ctl.errors import DeviceError, InfraCtlError
from infra_ctl.hosts.protocol import (
    ANSWER,
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

COMMAND = (sys.executable, "-P", "-m", "infra_ctl.hosts.worker")
"""`-P`: a file in the folder that we were started in is no module of ours, whatever it is called."""

AWAKE = 1.0
"""Seconds between two looks at signals: one that comes as the main thread goes to sleep does not wake it."""

SILENCE = 1200.0
"""Seconds without an answer after which the worker hangs: each operation of a host has an end before that."""

LAST = 30.0
"""Seconds that the worker has to end in."""


class WorkerError(InfraCtlError):
    """The worker process is no more."""


class PyinfraHosts:
    """A HostDriver: one worker process for all hosts. May be used by several threads."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._command = command
        self._numbers = itertools.count(1)
        self._ways: dict[str, Way] = {}
        self._child: _Child | None = None
        self._starting = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._child is not None:
            self._child.end()

    def predict(
        self,
        works: Iterable[HostWork],
        kept: Sequence[str] = (),
        on_done: Callable[[str], None] = lambda _part: None,
        token: str = "",
    ) -> dict[str, Prediction | DeviceError]:
        """See HostDriver. Every host is asked anew."""
        asked = tuple(self._work(work) for work in works)
        results: dict[str, Prediction | DeviceError] = {}
        request = Predict(number=next(self._numbers), works=asked, kept=tuple(kept), token=token)
        try:
            for answer in self._answers(request, request.number, [work.way.part for work in asked]):
                if isinstance(answer, Would):
                    results[answer.part] = Prediction(answer.changes, answer.texts, answer.digests)
                elif isinstance(answer, Failed):
                    results[answer.part] = _error(answer)
                on_done(answer.part)
        except WorkerError as error:
            cut = {work.way.part for work in asked} - results.keys()
            results |= {part: DeviceError(part, str(error)) for part in cut}
        return results

    def apply(
        self,
        works: Iterable[HostWork],
        *,
        token: str,
        fence: Mapping[str, int],
        revert_in: int,
        told: Told,
        ended: OnEnd = lambda _part, _end: None,
        fresh: bool = False,
    ) -> dict[str, HostEnd | DeviceError]:
        """See HostDriver. Facts of a prediction count where nothing was done since, unless `fresh`."""
        asked = tuple(self._work(work) for work in works)
        request = Apply(
            number=next(self._numbers),
            works=asked,
            token=token,
            fence=dict(fence),
            revert_in=revert_in,
            fresh=fresh,
        )
        parts = [work.way.part for work in asked]
        applied = _Applied(told, ended)
        try:
            for answer in self._answers(request, request.number, parts):
                applied.take(answer)
        except WorkerError as error:
            applied.lose(parts, str(error))
        return applied.ends

    def stop(self) -> None:
        """See HostDriver."""
        if self._child is not None:
            self._child.tell(Stop())

    def lease(self, part: str, owner: str, token: str, seconds: int) -> int:
        """See HostDriver; of a host that was predicted or applied before."""
        number = next(self._numbers)
        request = Lease(number=number, way=self._ways[part], owner=owner, token=token, seconds=seconds)
        return self._leased(request, number, part)

    def release(self, part: str, token: str) -> None:
        """See HostDriver."""
        number = next(self._numbers)
        self._leased(Release(number=number, way=self._ways[part], token=token), number, part)

    def _leased(self, request: Request, number: int, part: str) -> int:
        try:
            [answer] = self._answers(request, number, [part])
        except WorkerError as error:
            raise DeviceError(part, str(error)) from error
        if isinstance(answer, Leased):
            return answer.fence
        assert isinstance(answer, Failed)  # noqa: S101 - it says no third thing
        raise _error(answer)

    def _work(self, work: HostWork) -> Work:
        way = _way(work.part, work.connection)
        self._ways[work.part] = way
        return Work(way=way, operations=work.operations)

    def _answers(self, request: Request, number: int, parts: Iterable[str]) -> Iterator[Answer]:
        """All answers to a request, until each part has ended. Ctrl-C waits for what is under way, once."""
        waiting = set(parts)
        if not waiting:
            return
        child = self._running()
        answers = child.ask(request, number)
        interrupted = False
        while waiting:
            try:
                answer = child.next(answers)
            except KeyboardInterrupt:
                if interrupted:
                    child.kill()
                    raise
                interrupted = True
                child.tell(Stop())
                continue
            if not isinstance(answer, Did):
                waiting.discard(answer.part)
            yield answer
        if interrupted:  # now that it is known how each of them ended
            raise KeyboardInterrupt

    def _running(self) -> _Child:
        with self._starting:
            if self._child is None or not self._child.is_alive:
                self._child = _Child(self._command)
            return self._child


class _Applied:
    """How hosts end, as their answers come."""

    def __init__(self, told: Told, ended: OnEnd) -> None:
        self._told = told
        self._ended = ended
        self._did: dict[str, list[Predicted]] = {}
        self.ends: dict[str, HostEnd | DeviceError] = {}

    def take(self, answer: Answer) -> None:
        """One more answer."""
        match answer:
            case Did():
                self._did.setdefault(answer.part, []).append(answer.what)
                self._told(answer.part, answer.what)
            case Ended():
                self._end(answer.part, HostEnd(answer.state, answer.done, answer.at, answer.cause))
            case Failed():
                self._end(answer.part, _error(answer))

    def lose(self, parts: Iterable[str], cause: str) -> None:
        """The worker is no more: what became of the hosts that had not ended is to be asked of them."""
        for part in parts:
            if part not in self.ends:
                self._end(part, HostEnd("unknown", tuple(self._did.get(part, ())), "", cause))

    def _end(self, part: str, end: HostEnd | DeviceError) -> None:
        self.ends[part] = end
        self._ended(part, end)


class _Child:
    """A worker process, and a thread that hands its answers to who asked."""

    def __init__(self, command: Sequence[str]) -> None:
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the child
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            start_new_session=True,  # Ctrl-C is ours to pass on; and it has no terminal to ask anybody at
        )
        self._answers: dict[int, queue.SimpleQueue[Answer | None]] = {}
        self._lock = threading.Lock()
        self.is_alive = True
        self.epitaph = ""
        """How it ended."""
        self._reader = threading.Thread(target=self._read, name="hosts", daemon=True)
        self._reader.start()

    def ask(self, request: Request, number: int) -> queue.SimpleQueue[Answer | None]:
        """Where the answers of a request will come."""
        answers: queue.SimpleQueue[Answer | None] = queue.SimpleQueue()
        with self._lock:
            self._answers[number] = answers
            if not self.is_alive:
                answers.put(None)
        self.tell(request)
        return answers

    def tell(self, request: Request) -> None:
        """Send it; a worker that is no more answers by its end."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        with self._lock, contextlib.suppress(BrokenPipeError, ValueError):
            self._process.stdin.write(line(request))
            self._process.stdin.flush()

    def next(self, answers: queue.SimpleQueue[Answer | None]) -> Answer:
        """The next answer. Raises WorkerError where none will come."""
        given_up = time.monotonic() + SILENCE
        while True:
            try:
                answer = answers.get(timeout=AWAKE)
                break
            except queue.Empty:
                if time.monotonic() > given_up:
                    self.kill()
                    raise WorkerError(f"the worker process did not answer within {SILENCE:.0f} s") from None
        if answer is None:
            raise WorkerError(self.epitaph)
        return answer

    def end(self) -> None:
        """Let what is under way end, then the worker; it is killed where it does not."""
        self.tell(Quit())
        self._exit_code()
        self._reader.join()

    def _exit_code(self) -> int:
        try:
            return self._process.wait(LAST)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.wait()

    def kill(self) -> None:
        """End it now, with all that it has started; the hosts' timers take back what is on trial."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _read(self) -> None:
        """Whatever it says, or half says: nobody waits for one that is no more."""
        try:
            self._hand_out()
            self.epitaph = self._ended()
        finally:
            self._wake()

    def _hand_out(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        with self._process.stdout as lines:
            try:
                for each in lines:
                    answer = ANSWER.validate_json(each)
                    self._answers[answer.number].put(answer)
            except (ValueError, KeyError):  # half a line of one that was killed, or no answer of ours
                self.kill()

    def _wake(self) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        with self._lock:
            self.is_alive = False
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
            for answers in self._answers.values():
                answers.put(None)

    def _ended(self) -> str:
        code = self._exit_code()
        with self._complaints:
            self._complaints.seek(0)
            said = self._complaints.read().decode(errors="replace").strip().splitlines()
        if code < 0:
            return f"the worker process was killed ({signal.Signals(-code).name})"
        return f"the worker process ended with {code}{f': {said[-1]}' if said else ''}"


def _way(part: str, connection: Connection) -> Way:
    return Way(
        part=part,
        address=connection.address,
        others=connection.others,
        port=connection.port,
        username=connection.username,
        known_hosts=str(connection.known_hosts.absolute()),
        key_file=str(connection.key_file.absolute()) if connection.key_file else "",
        password=connection.password,
        timeout=connection.timeout,
        sudo=connection.sudo,
    )


def _error(answer: Failed) -> DeviceError:
    kind: type[DeviceError] = getattr(errors, answer.error)
    return kind(answer.part, answer.cause)
