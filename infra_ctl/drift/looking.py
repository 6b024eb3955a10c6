"""A look at all that a plan is about: what differs, whose it is, and who it is put down to."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial

from infra_ctl.change import normal
from infra_ctl.change.operations import Operation, written
from infra_ctl.change.operations import read as read_operations
from infra_ctl.change.plan import PlannedDevice, PlannedHost, Status
from infra_ctl.deploy.run import TO_INTENT
from infra_ctl.drift.causes import UNSEEN, Cause, by_logins, by_run
from infra_ctl.drift.differences import Difference, Kind, Made, of_device, of_host
from infra_ctl.drivers.logins import Log, Login
from infra_ctl.errors import SecretError
from infra_ctl.journal.records import WELL, Looked, Run, Step, Synced
from infra_ctl.journal.store import Journal
from infra_ctl.plan import Prepared
from infra_ctl.render import day0
from infra_ctl.rollback import hosts_of

DRIFT = frozenset({Kind.CHANGED, Kind.LEFT, Kind.UNMANAGED})
MENDED = frozenset({Kind.CHANGED, Kind.LEFT})
"""What a deployment brings back: what intent does not know it leaves where it is."""


@dataclass(frozen=True, slots=True)
class Differing:
    """A device, host or host part that is not as intended."""

    name: str
    differences: tuple[Difference, ...]
    causes: Mapping[Kind, Cause]
    held: tuple[str, ...] = ()
    """What holds it, in words: its drift waits until that is lifted."""
    right: datetime | None = None
    """When it was last seen right."""

    def has(self, kinds: Collection[Kind]) -> bool:
        return not self.held and any(each.kind in kinds for each in self.differences)

    @property
    def count(self) -> int:
        """Lines and operations that differ."""
        return sum(each.count for each in self.differences)

    @property
    def is_drift(self) -> bool:
        return self.has(DRIFT)

    @property
    def can_be_mended(self) -> bool:
        return self.has(MENDED)


@dataclass(frozen=True, slots=True)
class Look:
    """What a look saw; what could not be read is neither right nor drifted."""

    right: tuple[str, ...]
    differing: tuple[Differing, ...]
    failed: Mapping[str, str]

    @property
    def drifted(self) -> tuple[Differing, ...]:
        return tuple(each for each in self.differing if each.is_drift)

    def count(self, kind: Kind) -> int:
        """Objects that have such differences and are not held."""
        return sum(each.has({kind}) for each in self.differing)


@dataclass(frozen=True, slots=True)
class Known:
    """What the journal knows of a context."""

    synced: Mapping[str, Synced]
    converged: Mapping[str, str]
    looks: Mapping[str, Looked]
    steps: Mapping[str, tuple[Step, datetime]]
    run: Callable[[str], Run]
    snapshot: Callable[[str], str]
    candidates: Callable[[Run], Mapping[str, str]]
    """What a run was to make of devices."""
    hosts: Callable[[Run], Mapping[str, PlannedHost]]
    """The same, of hosts."""

    def right(self, name: str, foreign: Iterable[str] = ()) -> datetime | None:
        """When it was last seen, or made, right: without the `foreign` lines, which a run leaves there."""
        look, step = self.looks.get(name), self.steps.get(name)
        seen = [look.right] if look and look.right else []
        if step and self.astray(name) is None and self._was_without(step[0], foreign):
            seen.append(step[1])
        return max(seen, default=None)

    def _was_without(self, step: Step, foreign: Iterable[str]) -> bool:
        lines = frozenset(map(normal.at, foreign))
        return not lines or not step.after or lines.isdisjoint(normal.parse(self.snapshot(step.after)))

    def astray(self, name: str) -> tuple[Run, Step] | None:
        """The last run that was at it, where it left it astray and nobody has seen it right since."""
        if name not in self.steps:
            return None
        (step, at), look = self.steps[name], self.looks.get(name)
        run, is_well = self.run(step.run), step.state in WELL
        seen = look is not None and look.right is not None and look.right > at
        planned = is_well and name in self.synced and self.synced[name].intended != ""
        return None if seen or planned or (is_well and run.kind in TO_INTENT) else (run, step)


def look(prepared: Prepared, at: datetime, log: Log, asking: Callable[[int], Callable[[str], None]]) -> Look:
    """What the plan of all that was chosen says, as drift; `at` is when its reading began.

    `asking` is told of how many machines are asked who logged in, and gives what is told of each.
    """
    plan = prepared.plan
    failed = {each.name: each.cause for each in plan.parts if each.status is Status.FAILED}
    suspects = [*plan.changing, *(each for each in plan.foreign if each.status is Status.UNCHANGED)]
    known = _known(prepared, any_differs=bool(suspects))
    found = [_differing(prepared, known, each) for each in suspects]
    found = sorted(_put_down(prepared, found, at, log, asking), key=lambda each: each.name)
    differing = {each.name for each in found}
    right = tuple(each.name for each in plan.parts if each.name not in differing and each.name not in failed)
    seen = Look(right, tuple(found), failed)
    prepared.journal.remember_looks(plan.context, _looked(seen, at))
    return seen


def mended(prepared: Prepared, seen: Look, names: Collection[str], at: datetime) -> None:
    """Write down that a run has brought these back; lines that intent does not know are there still."""
    found = {each.name: each for each in seen.differing}
    left = [replace(found[name], differences=_unmanaged(found[name])) for name in names if name in found]
    looks = [
        Looked(each.name, at, each.is_drift, each.right if each.differences else at, each.count)
        for each in left
    ]
    prepared.journal.remember_looks(prepared.plan.context, looks)


def _unmanaged(each: Differing) -> tuple[Difference, ...]:
    return tuple(found for found in each.differences if found.kind is Kind.UNMANAGED)


def _looked(seen: Look, at: datetime) -> Iterator[Looked]:
    """What could not be read keeps its last look. Without drift is right, also where intent is ahead."""
    yield from (Looked(name, at, drifted=False, right=at, lines=0) for name in seen.right)
    for each in seen.differing:
        is_right = not any(found.kind in DRIFT for found in each.differences)
        yield Looked(each.name, at, each.is_drift, at if is_right else each.right, each.count)


def _known(prepared: Prepared, *, any_differs: bool) -> Known:
    """Where nothing differs nobody asks what runs did. A run's plan may be a city's: it is read once."""
    journal, context = prepared.journal, prepared.plan.context
    return Known(
        journal.synced(context) if any_differs else {},
        journal.converged(context) if any_differs else {},
        journal.looks(context) if any_differs else {},
        journal.last_steps(context) if any_differs else {},
        cache(journal.run),
        journal.snapshot,
        cache(partial(_candidates, journal)),
        cache(partial(hosts_of, journal)),
    )


def _differing(prepared: Prepared, known: Known, part: PlannedDevice | PlannedHost) -> Differing:
    if isinstance(part, PlannedHost):
        found = _of_host(prepared, known, part)
    else:
        found = _of_device(prepared, known, part)
    astray = known.astray(part.name)
    causes: dict[Kind, Cause] = {}
    if astray and any(each.kind is Kind.UNDEPLOYED for each in found):
        found = _joined(found)
        causes[Kind.LEFT] = by_run(*astray)
    held = prepared.city.held([part.name.partition("/")[0]])
    foreign = () if isinstance(part, PlannedHost) else part.foreign
    return Differing(part.name, found, causes, held, known.right(part.name, foreign))


def _joined(found: tuple[Difference, ...]) -> tuple[Difference, ...]:
    """What is not deployed because a run left it so."""
    return tuple(replace(each, kind=Kind.LEFT) if each.kind is Kind.UNDEPLOYED else each for each in found)


def _of_device(prepared: Prepared, known: Known, device: PlannedDevice) -> tuple[Difference, ...]:
    masking, running = prepared.masking, prepared.bases[device.hostname]
    candidate = masking.resolve(device.candidate, running) if device.candidate else running
    now, to_be = (normal.parse(masking.mask(text)) for text in (running, candidate))
    return of_device(now, to_be, _made(prepared, known, device.hostname), device.foreign, device.diff)


def _made(prepared: Prepared, known: Known, hostname: str) -> Made:
    """What we made of a device: it left the workshop with our lines, too."""
    city, last = prepared.city, known.synced.get(hostname)
    made = [day0(city.intents[hostname]), *([last.text] if last else [])]
    begun = {normal.at(each.line) for each in city.inventory.claimed if each.device == hostname}
    if astray := known.astray(hostname):
        begun.update(normal.parse(known.candidates(astray[0]).get(hostname, "")))
    is_rolled = bool(last and last.intended and _is_rolled(prepared, last.text, last.intended))
    return Made.of((pair for text in made for pair in normal.parse(text)), begun, is_rolled=is_rolled)


def _candidates(journal: Journal, run: Run) -> Mapping[str, str]:
    """What a run was to make of each device; none where nobody knows."""
    text = journal.plan(run.id)
    devices = json.loads(text)["devices"] if text else ()
    return {each["hostname"]: each["candidate"] for each in devices}


def _is_rolled(prepared: Prepared, text: str, digest: str) -> bool:
    """Whether the vault has other secrets than when this was made."""
    try:
        return prepared.masking.digest(text) != digest
    except SecretError:
        return True


def _of_host(prepared: Prepared, known: Known, host: PlannedHost) -> tuple[Difference, ...]:
    last = known.converged.get(host.name, "")
    begun: tuple[Operation, ...] = ()
    is_rolled = False
    if host.name in known.steps:
        step, _ = known.steps[host.name]
        planned = known.hosts(known.run(step.run)).get(host.name)
        if planned and planned.operations:
            begun = () if step.state in WELL else planned.operations
            is_rolled = _is_rolled(prepared, written(planned.operations), planned.resolved)
    made = read_operations(last) if last else ()
    return of_host(host.changes, host.operations, made, begun, is_rolled=is_rolled)


def _put_down(
    prepared: Prepared,
    found: list[Differing],
    at: datetime,
    log: Log,
    asking: Callable[[int], Callable[[str], None]],
) -> Iterator[Differing]:
    """Each with whom it is put down to; machines are asked who logged in where somebody changed them."""
    by_hand = {Kind.CHANGED, Kind.UNMANAGED}
    rights = {each.name: each.right for each in found if any(d.kind in by_hand for d in each.differences)}
    asked = {name: right for name, right in rights.items() if right is not None}
    answers = prepared.fleet.each(asked, partial(_ask, log, asked, at), asking(len(asked))) if asked else {}
    for each in found:
        cause = by_logins(asked[each.name], answers[each.name]) if each.name in asked else UNSEEN
        mine = {kind: cause for kind in by_hand if any(d.kind is kind for d in each.differences)}
        yield replace(each, causes={**each.causes, **mine})


def _ask(log: Log, since: Mapping[str, datetime], until: datetime, name: str) -> tuple[Login, ...]:
    return log(name, since[name], until)
