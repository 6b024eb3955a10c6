"""A fleet without devices: what a real driver promises, kept in a folder of this machine.

Every device is a file with its running and start-up configuration and its armed timer, so the fleet
outlives the process, as devices do. A candidate is judged by the platform's commands; neighbours and pings
are computed from the running configurations of all devices. For demonstrations where there are no namespaces,
and for fast tests of what stands on drivers. What goes wrong is plain data, too.
"""

from __future__ import annotations

import fcntl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import TypeAdapter

from infra_ctl.change import commands, diff, normal, reading
from infra_ctl.change.normal import Normal, Pair
from infra_ctl.change.reach import Reach
from infra_ctl.change.sessions import sessions
from infra_ctl.change.topology import Topology, Wire
from infra_ctl.drivers.base import Address, DeviceState, Pending, Ping, Reading
from infra_ctl.drivers.memory import Commit, Lease, Record
from infra_ctl.drivers.sight import interfaces, neighbour
from infra_ctl.errors import BusyError, NotRestoredError, RejectedError, SessionLostError, UnreachableError
from infra_ctl.secrets import write_private


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with a device."""

    unreachable: bool = False
    rejects: str = ""
    """It refuses every candidate in these words, once it has been asked to apply it."""
    loses_session: bool = False
    """It applies, and the session is lost before the answer."""
    cannot_restore: bool = False
    """Neither its timer nor anybody else brings the old configuration back."""
    ignores: frozenset[Pair] = frozenset()
    """Lines that it takes without a word and then does not have."""


_CABLES = TypeAdapter(tuple[Wire, ...])


class EmbeddedFleet:
    """All devices of a simulated network, in a folder. Safe to use from several threads and processes.

    `start` is the configuration of every device that the folder does not have yet. With a `controller`, the
    devices are managed in band: one is lost when no path leads from there to its address in `management`.
    """

    def __init__(
        self,
        folder: Path,
        wires: Iterable[Wire],
        start: Mapping[str, str] | None = None,
        *,
        faults: Mapping[str, Fault] | None = None,
        controller: str = "",
        management: Mapping[str, Address] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.faults = dict(faults or {})
        """By hostname; may be changed at any time."""
        self._folder = folder
        self._controller = controller
        self._management = dict(management or {})
        self._clock = clock
        self._lock = threading.RLock()
        self._holders = 0
        self._known: dict[str, tuple[tuple[int, int], Record]] = {}
        """What was read last of each device, with its file's inode and time of change."""
        self._running: dict[str, str] = {}
        """The configurations that the topology was made of."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._reach = Reach(Topology({}, self._laid(wires)))
        for hostname, text in (start or {}).items():
            if not self._file(hostname).exists():
                self.install(hostname, text)

    @property
    def hostnames(self) -> tuple[str, ...]:
        """All devices, sorted."""
        return tuple(sorted(file.stem for file in self._folder.glob("*.json")))

    def driver(self, hostname: str) -> EmbeddedDriver:
        """A session with a device, opened by entering it."""
        return EmbeddedDriver(self, hostname)

    def fault(self, hostname: str) -> Fault:
        """What is wrong with a device."""
        return self.faults.get(hostname, Fault())

    def install(self, hostname: str, text: str) -> None:
        """Put a device there, running and starting with a configuration."""
        shown = normal.to_text(normal.parse(text))
        with self.locked():
            self.save(hostname, Record(running=shown, startup=shown))

    def edit(self, hostname: str, text: str) -> None:
        """Change the running configuration as by hand."""
        with self.locked():
            changed = {"running": normal.to_text(normal.parse(text))}
            self.save(hostname, self.record(hostname).model_copy(update=changed))

    def reboot(self, hostname: str) -> None:
        """A device comes back with its start-up configuration, and nothing pending."""
        with self.locked():
            old = self.record(hostname).reverted("restart")
            self.save(hostname, old.model_copy(update={"running": old.startup}))

    def _laid(self, wires: Iterable[Wire]) -> tuple[Wire, ...]:
        """All cables that were ever laid, as long as nobody has taken one of their ends for another."""
        new, file = tuple(wires), self._folder / "cables"
        taken = {(end.device, end.interface) for wire in new for end in (wire.a, wire.z)}
        with self.locked():
            known = _CABLES.validate_json(file.read_bytes()) if file.exists() else ()
            old = (
                wire for wire in known if not any((e.device, e.interface) in taken for e in (wire.a, wire.z))
            )
            cables = (*new, *old)
            if cables != known:
                write_private(file, _CABLES.dump_json(cables), sync=False)
        return cables

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else changes a device meanwhile."""
        with self._lock, (self._folder / "lock").open("w") as file:
            if not self._holders:  # this thread may hold it already: a second flock would wait for the first
                fcntl.flock(file, fcntl.LOCK_EX)
            self._holders += 1
            try:
                yield
            finally:
                self._holders -= 1

    def record(self, hostname: str) -> Record:
        """What a device keeps now; a timer that has run out fires here. Raises UnreachableError."""
        with self._lock:
            record = self._read(hostname)
            due = record.commit is not None and self._clock() >= record.commit.deadline
            if not due or self.fault(hostname).cannot_restore:
                return record
        with self.locked():
            record = self._read(hostname).reverted("timer")
            self.save(hostname, record)
            return record

    def save(self, hostname: str, record: Record) -> None:
        """Replace what a device keeps."""
        write_private(self._file(hostname), record.model_dump_json().encode(), sync=False)

    def seconds_left(self, commit: Commit) -> int:
        """Until its timer fires."""
        return max(0, round(commit.deadline - self._clock()))

    def lessee(self, record: Record) -> str:
        """The token that a device is leased to now, or nothing."""
        return record.lease.token if record.lease and self._clock() < record.lease.until else ""

    def deadline(self, seconds: int) -> float:
        """When a timer that is armed now fires."""
        return self._clock() + seconds

    def reach(self) -> Reach:
        """Paths and neighbours by the running configurations of all devices, as of now."""
        with self._lock:
            for hostname in self.hostnames:
                running = self.record(hostname).running
                if self._running.get(hostname) != running:
                    self._reach.topology.replace(hostname, reading.read(normal.parse(running)))
                    self._running[hostname] = running
            return self._reach

    def state(self, hostname: str) -> DeviceState:
        """Interfaces and neighbours of a device."""
        with self._lock:
            reach = self.reach()
            neighbours = tuple(sorted(neighbour(hostname, each) for each in sessions(reach, hostname)))
            return DeviceState(interfaces(reach.topology, hostname), neighbours)

    def answers(self, hostname: str, question: Ping) -> bool:
        """Whether a ping from a device comes back."""
        with self._lock:
            reach = self.reach()
            owner = reach.topology.owner(question.source)
            if owner is None or owner[0] != hostname:
                return False
            return reach.round_trip(hostname, question.source, question.target, question.size).ok

    def lost(self, hostname: str) -> str:
        """Why a device cannot be managed; empty when it can."""
        if self.fault(hostname).unreachable:
            return "no answer"
        target = self._management.get(hostname)
        if not self._controller or target is None:
            return ""
        with self._lock:
            source = self._management[self._controller]
            return self.reach().round_trip(self._controller, source, target).obstacle

    def _file(self, hostname: str) -> Path:
        return self._folder / f"{hostname}.json"

    def _read(self, hostname: str) -> Record:
        file = self._file(hostname)
        try:
            stat = file.stat()
            version = stat.st_ino, stat.st_mtime_ns
            if hostname not in self._known or self._known[hostname][0] != version:
                self._known[hostname] = version, Record.model_validate_json(file.read_bytes())
        except FileNotFoundError as exc:
            raise UnreachableError(hostname, "there is no such device in the simulated fleet") from exc
        return self._known[hostname][1]


class EmbeddedDriver:
    """A session with one simulated device: a `ConfigDriver`."""

    def __init__(self, fleet: EmbeddedFleet, hostname: str) -> None:
        self._fleet = fleet
        self._hostname = hostname

    def __enter__(self) -> Self:
        self._fleet.record(self._hostname)
        if reason := self._fleet.lost(self._hostname):
            raise UnreachableError(self._hostname, reason)
        return self

    def __exit__(self, *exc: object) -> None:
        """Nothing is held open."""

    def read(self) -> str:
        return self._record().running

    def reading(self) -> Reading:
        return Reading(self.read(), self.pending(), self._record().taken_back)

    def stage(self, candidate: str) -> str:
        wanted = self._judged(candidate)
        return diff.to_text(diff.diff(normal.parse(self._record().running), wanted))

    def lease(self, owner: str, token: str, seconds: int) -> int:
        with self._fleet.locked():
            record = self._record()
            self._refuse_others(record, token)
            if record.commit is not None and record.commit.token != token:
                raise BusyError(self._hostname, f"commit {record.commit.token} is pending")
            fence = record.fence if self._fleet.lessee(record) else record.fence + 1
            lease = Lease(token=token, owner=owner, until=self._fleet.deadline(seconds))
            self._fleet.save(self._hostname, record.model_copy(update={"lease": lease, "fence": fence}))
            return fence

    def release(self, token: str) -> None:
        with self._fleet.locked():
            record = self._record()
            if self._fleet.lessee(record) == token:
                self._fleet.save(self._hostname, record.model_copy(update={"lease": None}))

    def _refuse_others(self, record: Record, token: str) -> None:
        if record.lease and self._fleet.lessee(record) not in ("", token):
            raise BusyError(self._hostname, f"leased to {record.lease.owner} (run {record.lease.token})")

    def apply(
        self, candidate: str, *, base: str, revert_in: int, token: str, fence: int | None = None
    ) -> None:
        """See ConfigDriver; the device's faults strike here."""
        fault = self._fleet.fault(self._hostname)
        with self._fleet.locked():
            record = self._record()
            self._refuse_others(record, token)
            if fence not in (None, record.fence):
                raise BusyError(
                    self._hostname, f"lease {fence} was taken over: the last one is {record.fence}"
                )
            if record.commit is not None:
                raise BusyError(self._hostname, f"commit {record.commit.token} is pending")
            if base != record.running:
                raise BusyError(self._hostname, "the running configuration has changed")
            wanted = self._judged(candidate)
            if fault.rejects:
                raise RejectedError(self._hostname, fault.rejects)
            commit = Commit(
                token=token,
                deadline=self._fleet.deadline(revert_in),
                running=record.running,
                startup=record.startup,
            )
            running = normal.to_text(pair for pair in wanted if pair not in fault.ignores)
            armed = {"running": running, "commit": commit, "taken_back": None}
            self._fleet.save(self._hostname, record.model_copy(update=armed))
        if fault.loses_session:
            raise SessionLostError(self._hostname, "the session was cut while applying")
        self._record()

    def confirm(self, token: str) -> None:
        with self._fleet.locked():
            record = self._record()
            if record.commit is None or record.commit.token != token:
                raise BusyError(self._hostname, f"nothing of {token} is pending")
            kept = {"startup": record.running, "commit": None, "confirmed": token}
            self._fleet.save(self._hostname, record.model_copy(update=kept))

    def restore(self, token: str) -> None:
        with self._fleet.locked():
            record = self._record()
            if self._fleet.fault(self._hostname).cannot_restore:
                raise NotRestoredError(self._hostname, "the old configuration does not load")
            if record.confirmed == token:
                raise NotRestoredError(self._hostname, f"commit {token} was confirmed")
            if record.commit is not None and record.commit.token == token:
                self._fleet.save(self._hostname, record.reverted())

    def pending(self) -> Pending | None:
        commit = self._record().commit
        return Pending(commit.token, self._fleet.seconds_left(commit)) if commit else None

    def state(self, *, routes: bool = False, timeout: float = 60.0) -> DeviceState:  # noqa: ARG002
        """It has no routing table: ways are computed when they are asked for."""
        self._record()
        return self._fleet.state(self._hostname)

    def ping(self, questions: Sequence[Ping]) -> tuple[bool, ...]:
        self._record()
        return tuple(self._fleet.answers(self._hostname, question) for question in questions)

    def _record(self) -> Record:
        """What the device keeps, if it can still be spoken to."""
        if reason := self._fleet.lost(self._hostname):
            raise SessionLostError(self._hostname, reason)
        return self._fleet.record(self._hostname)

    def _judged(self, candidate: str) -> Normal:
        wanted = normal.parse(candidate)
        refused = list(commands.invalid(wanted))
        if refused:
            more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
            raise RejectedError(self._hostname, f"unknown command or bad value: {refused[0]}{more}")
        return wanted
