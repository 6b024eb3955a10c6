"""Evidence of Linux machines: hosts, and what a router is beside what FRR routes.

One session a machine; it is only read from, and nothing stays on it. Collectors are asked once who they last
heard of, by whoever needs it first, also where they are not among those that are audited.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from infra_ctl.audit.collecting.examining import logs
from infra_ctl.audit.collecting.examining.asking import Answer, Question, UnansweredError, answers, script
from infra_ctl.audit.collecting.examining.meant import Meant, meant
from infra_ctl.audit.collecting.examining.questions import questions
from infra_ctl.audit.collecting.examining.reading import nothing, part
from infra_ctl.audit.collecting.examining.seen import Heard, Seen
from infra_ctl.audit.collecting.part import Part, Subject
from infra_ctl.city import City
from infra_ctl.drivers.command import CommandRunner
from infra_ctl.errors import DeviceError

PATIENCE = 180.0
"""Seconds that all questions to a machine may take."""


@dataclass(frozen=True, slots=True)
class Way:
    """An open session with a machine, and whether one has to become root in it."""

    runner: CommandRunner
    sudo: bool


@dataclass(slots=True)
class Machines:
    """The machines of a context, to be examined one by one, from as many threads as there are."""

    city: City
    open: Callable[[str], Way]
    """By name. Raises DeviceError."""
    there: frozenset[str]
    """Hosts that the context has: nobody waits for a collector that it has not."""
    _heard: dict[datetime, Heard | str] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def examine(self, subject: Subject, at: datetime) -> Part:
        """What a machine says; of one that does not answer, everything is missing with the cause."""
        kind, name = subject
        machine = meant(self.city, name)
        try:
            said = self._said(machine, only_kept=False)
        except DeviceError as error:
            return nothing(kind, error.cause)
        return part(Seen(machine, said, at, self.heard(at)), kind)

    def heard(self, at: datetime) -> Heard | str:
        """By sender, the collector that heard of it last; or why nobody knows."""
        with self._lock:
            if at not in self._heard:
                self._heard = {at: self._told(at)}
            return self._heard[at]

    def _told(self, at: datetime) -> Heard | str:
        said = [*self._tellings(at)]
        told = [each for each in said if not isinstance(each, str)]
        if not told:
            return next((each for each in said if isinstance(each, str)), "the city has no collector of logs")
        found: Heard = {}
        for each in told:
            newer = {name: one for name, one in each.items() if name not in found or one[0] < found[name][0]}
            found = {**found, **newer}
        return found

    def _tellings(self, at: datetime) -> Iterator[Heard | str]:
        for name in self.city.inventory.services.syslog:
            if name not in self.there:
                yield f"the collector {name} is not there"
                continue
            machine = meant(self.city, name)
            try:
                yield logs.heard(Seen(machine, self._said(machine, only_kept=True), at))
            except DeviceError as error:
                yield f"the collector {name}: {error.cause}"
            except UnansweredError as error:
                yield f"the collector {name}: {error}"

    def _said(self, machine: Meant, *, only_kept: bool) -> Mapping[str, Answer]:
        asking = questions(
            is_router=machine.is_router,
            is_collector=machine.is_collector,
            tls=machine.tls,
            only_kept=only_kept,
        )
        way = self.open(machine.name)
        with closing(way.runner):
            return ask(way, machine.name, asking)


def ask(way: Way, name: str, asking: tuple[Question, ...]) -> Mapping[str, Answer]:
    """All questions by one command. Raises DeviceError where nothing was answered at all."""
    mark = secrets.token_hex(12)
    command = "sudo -n /bin/sh -s" if way.sudo else "exec /bin/sh -s"
    done = way.runner.run(command, script(asking, mark).encode(), PATIENCE)
    said = done.stdout.decode(errors="replace")
    if mark not in said:
        told = done.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        raise DeviceError(name, f"it cannot be asked: {told[-1]}")
    return answers(asking, said, mark)
