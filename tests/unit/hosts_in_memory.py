"""Linux hosts that are nothing but what was last done to them: a HostDriver without a host."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Self

from infra_ctl.change.operations import File, Operation, Predicted, triggers
from infra_ctl.drivers.connection import Connection
from infra_ctl.drivers.hosts import HostEnd, HostFleet, HostWork, OnEnd, Prediction, Told
from infra_ctl.errors import BusyError, DeviceError

Kept = dict[str, Operation]


@dataclass
class InMemoryHosts:
    """All hosts there are. `log` has, in order, what was done: host and operation."""

    there: dict[str, Kept] = field(default_factory=dict)
    """What is on each host, by the operation's id."""
    silent: dict[str, DeviceError] = field(default_factory=dict)
    """Hosts that cannot be had, and why."""
    stops: dict[tuple[str, str], HostEnd] = field(default_factory=dict)
    """By host and operation, how the host ends there; once."""
    raises: BaseException | None = None
    """What comes in the middle of applying, once."""
    log: list[tuple[str, str]] = field(default_factory=list)
    holders: dict[str, tuple[str, int]] = field(default_factory=dict)
    before: Callable[[str], None] = lambda _part: None
    """Told of each host before anything is done to it."""
    _lock: Lock = field(default_factory=Lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    def predict(
        self,
        works: Iterable[HostWork],
        kept: Sequence[str] = (),
        on_done: Callable[[str], None] = lambda _part: None,
    ) -> dict[str, Prediction | DeviceError]:
        answers: dict[str, Prediction | DeviceError] = {}
        for work in works:
            on_done(work.part)
            if work.part in self.silent:
                answers[work.part] = self.silent[work.part]
                continue
            there = self.there.get(work.part, {})
            texts = {key: each.text for key in kept if isinstance(each := there.get(key), File)}
            answers[work.part] = Prediction(tuple(map(says, changing(work, there))), texts)
        return answers

    def lease(self, part: str, owner: str, token: str, seconds: int) -> int:
        with self._lock:
            holder, number = self.holders.get(part, ("", 0))
            if holder not in ("", token):
                raise BusyError(part, f"leased to {owner}, run {holder}")
            self.holders[part] = (token, number + 1)
            return number + 1

    def release(self, part: str, token: str) -> None:
        with self._lock:
            holder, number = self.holders.get(part, ("", 0))
            if holder == token:
                self.holders[part] = ("", number)

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
        answers: dict[str, HostEnd | DeviceError] = {}
        for work in works:
            assert self.holders[work.part] == (token, fence[work.part]), "not under its lease"
            self.before(work.part)
            answers[work.part] = self._applied(work, told)
            ended(work.part, answers[work.part])
        return answers

    def _applied(self, work: HostWork, told: Told) -> HostEnd | DeviceError:
        if work.part in self.silent:
            return self.silent[work.part]
        there, done = self.there.setdefault(work.part, {}), []
        for operation in changing(work, there):
            if self.raises is not None:
                error, self.raises = self.raises, None
                raise error
            if end := self.stops.pop((work.part, operation.id), None):
                return end
            there[operation.id] = operation
            done.append(says(operation))
            self.log.append((work.part, operation.id))
            told(work.part, done[-1])
        return HostEnd("done", tuple(done))

    @property
    def order(self) -> list[str]:
        """Hosts in the order in which something was first done to them."""
        return list(dict.fromkeys(part for part, _ in self.log))


def changing(work: HostWork, there: Mapping[str, Operation]) -> list[Operation]:
    """Operations that are not on the host as they are to be, and those that answer to one of these."""
    found: dict[str, Operation] = {}
    for operation in work.operations:
        if there.get(operation.id) != operation or found.keys() & set(triggers(operation)):
            found[operation.id] = operation
    return list(found.values())


def says(operation: Operation) -> Predicted:
    """What is shown of an operation."""
    diff = (
        "".join(f"+ {line}\n" for line in operation.text.splitlines()) if isinstance(operation, File) else ""
    )
    return Predicted(id=operation.id, says=operation.id, diff=diff)


def fleet(hosts: InMemoryHosts) -> HostFleet:
    """A fleet of them."""
    return HostFleet(hosts, lambda name: Connection(name, "192.0.2.1", "infra", Path("/nowhere")))
