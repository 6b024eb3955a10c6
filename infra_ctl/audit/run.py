"""One audit: collect, judge, keep, object by object. Nothing is changed on any machine.

What is kept is kept: an audit that is stopped or killed goes on with the objects that it has not judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from infra_ctl.audit.collecting.part import Part, Subject, exhibit
from infra_ctl.audit.subjects import subjects
from infra_ctl.city import City
from infra_ctl.controls.asked import meaning
from infra_ctl.controls.catalogue import DOCUMENTS, FACTS, Source
from infra_ctl.controls.exhibit import MACHINES, Exhibit, Kind
from infra_ctl.controls.finding import Finding
from infra_ctl.controls.judging import Asked, judge, rules
from infra_ctl.controls.model import Law
from infra_ctl.controls.waiving import waiving
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.errors import DeviceError, InfraCtlError, RefusedError, UnknownError
from infra_ctl.inventory.fields import VIETNAM
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.journal.audits import Audits
from infra_ctl.journal.records import Asking, Audit, RunState, now
from infra_ctl.journal.store import Journal

FRESH = timedelta(minutes=30)
"""How old evidence may be for an audit that goes on: what is older is collected again."""

Survey: TypeAlias = Callable[[datetime], Mapping[Subject, Part]]
"""What a source says of everything at a time."""
Examination: TypeAlias = Callable[[Subject, datetime], Part]
"""What a machine says of itself at a time."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Who is asked; a source that is not here leaves what it knows uncollected."""

    fleet: Fleet
    """How many machines are asked at a time."""
    surveys: Mapping[Source, Survey]
    examinations: Mapping[Source, Examination]


@dataclass(frozen=True, slots=True)
class Setting:
    """What audits are about, and where they are kept."""

    city: City
    laws: Mapping[str, Law]
    """Every one that there is."""
    context: str
    choose: Callable[[str], tuple[tuple[str, ...], tuple[str, ...]]]
    """Devices and hosts that a selector means, of those that the context has. Raises SelectorError."""
    journal: Journal


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be audited, and for what occasion: see Audit."""

    laws: tuple[str, ...]
    where: str = ""
    name: str = ""
    due: datetime | None = None


Shown: TypeAlias = Callable[[Audit, int, int], Callable[[str], None]]
"""Told of an audit that has begun and how many devices and hosts it asks; gives what is told of each."""


def run(setting: Setting, sources: Sources, wanted: Wanted, shown: Shown) -> Audit:
    """A new audit, to its end; a machine that does not answer has the cause in its findings.

    Raises UnknownError and SelectorError before anything is begun, RefusedError where it is under way.
    """
    judging = Judging.of(setting, wanted.laws, wanted.where)
    asking = Asking(
        wanted.name,
        setting.context,
        wanted.laws,
        wanted.where,
        setting.city.inventory.digest,
        len(judging.asked),
        wanted.due,
    )
    return _carried_out(setting.journal.audits, sources, setting.journal.audits.start(asking), judging, shown)


def go_on(setting: Setting, sources: Sources, audit: Audit, shown: Shown) -> Audit:
    """An audit that was left, to its end: what it has of the last half hour stays.

    Raises RefusedError where it is done or under way, or the inventory is another by now.
    """
    if audit.state is RunState.DONE:
        raise RefusedError(f"audit {audit.id} is done: there is nothing to go on with")
    if audit.inventory != setting.city.inventory.digest:
        raise RefusedError(f"the inventory has changed since audit {audit.id}: begin another")
    judging = Judging.of(setting, audit.laws, audit.where)
    return _carried_out(setting.journal.audits, sources, setting.journal.audits.reopen(audit), judging, shown)


def again(setting: Setting, laws: Iterable[str], where: str) -> Iterator[Finding]:
    """What laws say of the newest evidence of each object, whichever audit took it; nothing is kept.

    Raises as `run` does.
    """
    judging = Judging.of(setting, laws, where)
    asked = {(each.kind, each.name): each for each in judging.asked}
    for shown in setting.journal.audits.evidence(setting.context):
        if (each := asked.get((shown.kind, shown.object))) is not None:
            yield from judging.judge(each, shown)


def left(journal: Journal, context: str, name: str, since: datetime) -> Audit | None:
    """The last audit of a name, where it was stopped, failed or killed since then."""
    found = journal.audits.list(context, name=name, since=since)
    return found[-1] if found and found[-1].state not in (RunState.DONE, RunState.RUNNING) else None


@dataclass(frozen=True, slots=True)
class Judging:
    """Laws made ready for the objects that they are asked of."""

    asked: tuple[Asked, ...]
    judge: Callable[[Asked, Exhibit], tuple[Finding, ...]]

    @classmethod
    def of(cls, setting: Setting, laws: Iterable[str], where: str) -> Judging:
        """Raises UnknownError for a law that there is not, SelectorError."""
        city, known = setting.city, setting.laws
        for name in laws:
            if name not in known:
                raise UnknownError(f"there is no law '{name}'{did_you_mean(name, known)}")
        devices, hosts = setting.choose(where)
        chosen = [known[name] for name in laws]
        by_kind = rules(chosen, meaning(city.inventory))
        waived = waiving(city.inventory, chosen, datetime.now(VIETNAM).date())

        def judged(asked: Asked, exhibit: Exhibit) -> tuple[Finding, ...]:
            return tuple(map(waived, judge(asked, exhibit, by_kind.get(asked.kind, ()))))

        return cls(subjects(city, where, {*devices, *hosts}), judged)


def _carried_out(audits: Audits, sources: Sources, audit: Audit, judging: Judging, shown: Shown) -> Audit:
    try:
        _audit(audits, sources, audit, judging, shown)
    except BaseException as error:
        # It is the error that matters; who took the audit over ends it.
        with suppress(InfraCtlError):
            state = RunState.STOPPED if isinstance(error, KeyboardInterrupt) else RunState.FAILED
            audits.end(audit, state)
        raise
    return audits.end(audit, RunState.DONE)


def _audit(audits: Audits, sources: Sources, audit: Audit, judging: Judging, shown: Shown) -> None:
    """What is surveyed comes first: it is quick. Then machine by machine, many at a time."""
    at = now()
    kept = {each for each, taken in audits.kept(audit.id).items() if abs(at - taken) < FRESH}
    owed = {each: place for place, each in enumerate(judging.asked) if (each.kind, each.name) not in kept}
    surveyed = {source: _surveyed(source, survey, owed, at) for source, survey in sources.surveys.items()}

    def keep(each: Asked, *examined: Part) -> None:
        subject = each.kind, each.name
        parts = (found[subject] for found in surveyed.values() if subject in found)
        shown = exhibit(subject, (*parts, *examined), at)
        audits.keep(audit, owed[each], shown, judging.judge(each, shown))

    machines = {each.name: each for each in owed if each.kind in MACHINES}
    on_done = shown(audit, *(sum(each.kind == kind for each in machines.values()) for kind in MACHINES))

    def examine(name: str) -> None:
        each = machines[name]
        examinations = sources.examinations.items()
        keep(each, *(_examined(source, ask, each, at) for source, ask in examinations))

    for each in owed:
        if each.kind not in MACHINES:
            keep(each)
    for ended in sources.fleet.each(machines, examine, on_done).values():
        if isinstance(ended, DeviceError):
            raise ended  # a defect of ours: what machines do not say is in what is kept


def _surveyed(source: Source, survey: Survey, owed: Iterable[Asked], at: datetime) -> Mapping[Subject, Part]:
    try:
        return survey(at)
    except Exception as error:  # noqa: BLE001 - what one source does is no reason to ask no other
        return {(each.kind, each.name): _lacking(source, each.kind, error) for each in owed}


def _examined(source: Source, examination: Examination, each: Asked, at: datetime) -> Part:
    try:
        return examination((each.kind, each.name), at)
    except Exception as error:  # noqa: BLE001 - as above
        return _lacking(source, each.kind, error)


def _lacking(source: Source, kind: Kind, error: Exception) -> Part:
    """Nothing of a source but the cause."""
    ours = isinstance(error, InfraCtlError)
    cause = f"{error}" if ours else f"a defect of infra-ctl: {type(error).__name__}: {error}"
    known = {**DOCUMENTS, **FACTS}.items()
    names = (name for name, each in known if each.source == source and kind in each.of)
    return Part(missing=dict.fromkeys(names, cause))
