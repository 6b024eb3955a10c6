"""Hosts without hosts: what a real HostDriver promises, kept in memory.

Every host is what operations have made of it: files, packages, accounts, units, commands that were run. For
fast tests of what stands on drivers. What goes wrong is plain data, too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha1
from typing import Self

from infra_ctl.change.operations import (
    Absent,
    File,
    Folder,
    Operation,
    Packages,
    Predicted,
    Run,
    Service,
    User,
    refuse_broken,
    triggers,
)
from infra_ctl.drivers.hosts import HostEnd, HostWork, OnEnd, Prediction, Told
from infra_ctl.errors import BusyError, DeviceError, UnreachableError
from infra_ctl.hosts.difference import diff, hidden, is_private


@dataclass(frozen=True, slots=True)
class HostFault:
    """What goes wrong with a host."""

    unreachable: bool = False
    fails_at: str = ""
    """Id of an operation that fails when it is to be done."""
    cause: str = "it fails"
    locks_out: bool = False
    """What is guarded would lock us out: it is taken back."""
    on_trial: str = ""
    """Token of a run that has left something on trial."""
    dies_at: str = ""
    """Id of an operation after which nobody knows what became of the host."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a host is; `is_there` names all that is there but files: `package nginx`, `unit nginx`."""

    files: Mapping[str, File] = field(default_factory=dict)
    is_there: frozenset[str] = frozenset()
    did: tuple[str, ...] = ()
    """Ids of all that was ever done to it, in order."""


@dataclass(slots=True)
class _Lease:
    owner: str
    token: str
    fence: int


class EmbeddedHosts:
    """A HostDriver of hosts that are not there. May be used by several threads."""

    def __init__(
        self, machines: Mapping[str, Machine] | None = None, faults: Mapping[str, HostFault] | None = None
    ) -> None:
        self.machines = dict(machines or {})
        """By part; one that is not named is as an installer leaves it."""
        self.faults = dict(faults or {})
        self._leases: dict[str, _Lease] = {}
        self._fences: dict[str, int] = {}
        self._lock = threading.Lock()
        self.stopping = threading.Event()
        """Whether what is being applied is to stop."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        """There is nothing to end."""

    def predict(
        self,
        works: Iterable[HostWork],
        kept: Sequence[str] = (),
        on_done: Callable[[str], None] = lambda _part: None,
        token: str = "",
    ) -> dict[str, Prediction | DeviceError]:
        """See HostDriver."""
        results: dict[str, Prediction | DeviceError] = {}
        for work in works:
            refused = self._unreachable(work.part) or self._tried(work.part, token)
            results[work.part] = refused or self._prediction(work, kept, token)
            on_done(work.part)
        return results

    def lease(self, part: str, owner: str, token: str, seconds: int) -> int:  # noqa: ARG002 - it never ends
        """See HostDriver. Leases last until they are given back."""
        if error := self._unreachable(part):
            raise error
        with self._lock:
            held = self._leases.get(part)
            if held is not None and held.token != token:
                raise BusyError(part, f"leased to {held.owner} (run {held.token})")
            if held is None:
                self._fences[part] = self._fences.get(part, 0) + 1
                held = self._leases[part] = _Lease(owner, token, self._fences[part])
            return held.fence

    def release(self, part: str, token: str) -> None:
        """See HostDriver."""
        with self._lock:
            if part in self._leases and self._leases[part].token == token:
                del self._leases[part]

    def apply(
        self,
        works: Iterable[HostWork],
        *,
        token: str,
        fence: Mapping[str, int],
        revert_in: int,  # noqa: ARG002 - nothing takes time here
        told: Told,
        ended: OnEnd = lambda _part, _end: None,
        fresh: bool = False,  # noqa: ARG002 - it always is
    ) -> dict[str, HostEnd | DeviceError]:
        """See HostDriver."""
        self.stopping.clear()
        ends: dict[str, HostEnd | DeviceError] = {}
        for work in works:
            refused = self._unreachable(work.part) or self._busy(work.part, token, fence.get(work.part))
            ends[work.part] = refused or self._end(work, told)
            ended(work.part, ends[work.part])
        return ends

    def stop(self) -> None:
        """See HostDriver."""
        self.stopping.set()

    def _unreachable(self, part: str) -> DeviceError | None:
        fault = self.faults.get(part, HostFault())
        return UnreachableError(part, "timed out") if fault.unreachable else None

    def _busy(self, part: str, token: str, fence: int | None) -> DeviceError | None:
        held = self._leases.get(part)
        if held is not None and held.token != token:
            return BusyError(part, f"leased to {held.owner} (run {held.token})")
        if fence is not None and fence != self._fences.get(part):
            return BusyError(part, f"lease {fence} was taken over: the last one is {self._fences.get(part)}")
        return None

    def _tried(self, part: str, token: str) -> DeviceError | None:
        holder = self.faults.get(part, HostFault()).on_trial
        if holder in ("", token):
            return None
        return BusyError(part, f"a guarded change of run {holder} is on trial for another 60 s")

    def _prediction(self, work: HostWork, kept: Sequence[str], token: str) -> Prediction:
        refuse_broken(work.operations)
        machine = self.machines.get(work.part, Machine())
        present = {
            each.id: machine.files[each.path].text
            for each in work.operations
            if isinstance(each, File) and each.id in kept and each.path in machine.files
        }
        digests = {
            each.id: sha1(machine.files[each.path].text.encode(), usedforsecurity=False).hexdigest()
            for each in work.operations
            if isinstance(each, File) and each.path in machine.files
            if machine.files[each.path].text != each.text
        }
        on_trial = token and self.faults.get(work.part, HostFault()).on_trial == token
        changes = [Predicted(id="", says="take back what is on trial")] if on_trial else []
        for each in work.operations:
            if what := would(machine, each, {change.id for change in changes}):
                changes.append(what)
                machine = done(machine, each)
        return Prediction(tuple(changes), present, digests)

    def _end(self, work: HostWork, told: Told) -> HostEnd:
        """Operation by operation; what is guarded and was done is taken back with all that is."""
        refuse_broken(work.operations)
        fault = self.faults.get(work.part, HostFault())
        did: list[Predicted] = []
        for each in work.operations:
            machine = self.machines.get(work.part, Machine())
            what = would(machine, each, {change.id for change in did})
            if what is None:
                continue
            if self.stopping.is_set():
                return HostEnd("interrupted", tuple(did), each.id, "interrupted")
            if each.id == fault.fails_at:
                return HostEnd("stopped", tuple(did), each.id, fault.cause)
            if each.guarded and fault.locks_out:
                return HostEnd("taken back", tuple(did), each.id, "locks us out: timed out")
            self.machines[work.part] = done(machine, each)
            did.append(what)
            told(work.part, what)
            if each.id == fault.dies_at:
                return HostEnd("unknown", tuple(did), each.id, "the session was cut")
        return HostEnd("done", tuple(did))


def would(machine: Machine, wanted: Operation, changed: set[str]) -> Predicted | None:
    """What an operation would do after `changed` has changed."""
    if isinstance(wanted, File):
        return _would_write(machine.files.get(wanted.path), wanted)
    if isinstance(wanted, Absent):
        there = wanted.path in machine.files
        return Predicted(id=wanted.id, says=f"remove {wanted.path}") if there else None
    missing = [name for name in _names(wanted) if name not in machine.is_there]
    if not missing and changed.isdisjoint(triggers(wanted)):
        return None
    return Predicted(id=wanted.id, says=_says(wanted, missing, changed))


def _would_write(now: File | None, wanted: File) -> Predicted | None:
    if now is not None and _as_file(now) == _as_file(wanted):
        return None
    before = now.text.splitlines() if now else []
    lines = diff(before, wanted.text.splitlines())
    private = is_private(wanted.mode) or (now is not None and is_private(now.mode))
    shown = hidden(lines) if private else lines
    return Predicted(id=wanted.id, says=wanted.path, diff=shown, creates=now is None)


def _as_file(file: File) -> tuple[str, ...]:
    return file.text, file.mode, file.owner, file.group


def _says(wanted: Operation, missing: Sequence[str], changed: set[str]) -> str:
    match wanted:
        case Service():
            verb = "restart" if not changed.isdisjoint(wanted.restart_after) else "reload"
            return f"{'start and enable' if missing else verb} {wanted.unit}"
        case Run():
            return f"run {wanted.command.strip().splitlines()[0]}"
        case Packages():
            return f"install {', '.join(name.removeprefix('package ') for name in missing)}"
    return missing[0]


def _names(wanted: Operation) -> list[str]:
    """What is there once an operation was done."""
    match wanted:
        case Packages():
            return [f"package {name}" for name in wanted.names]
        case Folder():
            return [f"{wanted.path}/"]
        case User():
            return [f"user {wanted.name}"]
        case Service():
            return [f"unit {wanted.unit}"]
        case Run() if wanted.unless:
            return [f"run {wanted.command}"]
    return []


def done(machine: Machine, wanted: Operation) -> Machine:
    """What a host is after an operation."""
    files = dict(machine.files)
    if isinstance(wanted, File):
        files[wanted.path] = wanted
    elif isinstance(wanted, Absent):
        files.pop(wanted.path, None)
    return replace(
        machine,
        files=files,
        is_there=machine.is_there | set(_names(wanted)),
        did=(*machine.did, wanted.id),
    )
