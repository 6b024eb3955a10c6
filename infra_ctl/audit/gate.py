"""The policy gate: what the law asks and is so now, and would not be once a plan is carried out.

A plan changes some of the evidence by which a control is judged and leaves the rest. Both sides are judged by
what it changes alone: what it leaves is missing on both, and a control fails by what is there or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

from infra_ctl.audit.collecting import rendered, routers, written
from infra_ctl.audit.collecting.part import Part, Subject, exhibit
from infra_ctl.audit.subjects import subjects
from infra_ctl.change.operations import File
from infra_ctl.change.plan import Breach, Mended, Plan
from infra_ctl.city import City
from infra_ctl.controls.asked import asked, meaning
from infra_ctl.controls.catalogue import FACTS
from infra_ctl.controls.exhibit import Exhibit, Fact, Kind
from infra_ctl.controls.finding import Finding
from infra_ctl.controls.judging import Asked, Rule, judge, rules
from infra_ctl.controls.model import Law
from infra_ctl.controls.needed import needed
from infra_ctl.controls.waiving import Granted, begun, granted
from infra_ctl.hosts.papers import paper
from infra_ctl.outcome import Verdict

PLANNED: tuple[Kind, ...] = ("site", "circuit", "system")
"""Objects that the inventory alone says everything of which a plan can change."""
QUOTED = 3
"""Lines of a breach."""


@dataclass(frozen=True, slots=True)
class Sides:
    """What a plan changes of the evidence of one object."""

    before: tuple[Part, ...]
    after: tuple[Part, ...]

    @property
    def names(self) -> frozenset[str]:
        """What was and will be seen: of what is only seen later nobody can say what it was."""
        return _names(self.before) & _names(self.after)


def _names(parts: Iterable[Part]) -> frozenset[str]:
    return frozenset(name for part in parts for name in (*part.documents, *part.facts))


Changes: TypeAlias = Mapping[Subject, Sides]


def of_devices(plan: Plan, running: Mapping[str, str]) -> Changes:
    """What changes of routers' configurations; `running` are masked."""
    return {
        ("device", each.hostname): Sides(
            (routers.said(running[each.hostname], is_simulated=True),),
            (routers.said(each.candidate, is_simulated=True),),
        )
        for each in plan.changed
    }


def of_hosts(plan: Plan, present: Mapping[str, Mapping[str, str]], city: City) -> Changes:
    """What changes in files of hosts and host parts; `present` has them as they are, masked, by operation."""
    changes: dict[Subject, Sides] = {}
    for host in plan.changed_hosts:
        name, _, part = host.name.partition("/")
        kind: Kind = "device" if part else "host"
        files = [each for each in host.operations if isinstance(each, File) and paper(each)]
        now = [(each, present[host.name][each.id]) for each in files if each.id in present[host.name]]
        then = [(each, each.text) for each in files]
        if now == then:
            continue
        before, after = (rendered.said(city, kind, name, each, datetime.min) for each in (now, then))
        changes[kind, name] = Sides((before,), (after,))
    return changes


def of_inventory(plan: Plan, last: Iterable[Exhibit], city: City) -> Changes:
    """What the inventory says by now of sites, circuits and systems of what changes; `last` is what it said.

    That is known from audits alone: an inventory has no memory of its own.
    """
    machines = {each.name.partition("/")[0] for each in plan.changing}
    about = {(each.kind, each.name) for each in subjects(city, "changing", machines)}
    before = {(each.kind, each.object): each for each in last if each.kind in PLANNED}
    after = written.of(city, sorted(about & before.keys()))  # what is new was not lawful before
    return {
        subject: Sides((Part(facts=_written(before[subject].facts)),), (Part(facts=_written(part.facts)),))
        for subject, part in after.items()
    }


def _written(facts: Mapping[str, tuple[Fact, ...]]) -> Mapping[str, tuple[Fact, ...]]:
    return {name: each for name, each in facts.items() if name in FACTS and FACTS[name].source == "inventory"}


def joined(*changes: Changes) -> Changes:
    """Of a router, what changes of both of its parts."""
    found: dict[Subject, Sides] = {}
    for subject, sides in (item for each in changes for item in each.items()):
        one = found.get(subject, Sides((), ()))
        found[subject] = Sides((*one.before, *sides.before), (*one.after, *sides.after))
    return found


def judged(plan: Plan, changes: Changes, city: City, laws: Mapping[str, Law], day: date) -> Plan:
    """A plan with what it would break of the law, and mend."""
    if not changes:
        return plan
    gate = _Gate.of(city, laws, day)
    breaches: list[Breach] = []
    mended: list[Mended] = []
    for subject, sides in changes.items():
        for before, after in gate.findings(subject, sides):
            if after.verdict is Verdict.FAIL and before.verdict is not Verdict.FAIL:
                breaches.append(gate.breach(before, after))
            elif before.verdict is Verdict.FAIL and after.verdict is not Verdict.FAIL:
                mended.append(gate.mended(before))
    return plan.model_copy(update={"breaches": tuple(breaches), "mended": tuple(mended)})


@dataclass(frozen=True, slots=True)
class _Gate:
    laws: Mapping[str, Law]
    rules: Mapping[Kind, tuple[Rule, ...]]
    asked: Mapping[Subject, Asked]
    granted: Mapping[tuple[str, str], tuple[Granted, ...]]
    day: date

    @classmethod
    def of(cls, city: City, laws: Mapping[str, Law], day: date) -> _Gate:
        return cls(
            laws,
            rules(laws.values(), meaning(city.inventory)),
            {(each.kind, each.name): each for each in asked(city.inventory)},
            granted(city.inventory, laws.values()),
            day,
        )

    def findings(self, subject: Subject, sides: Sides) -> Iterator[tuple[Finding, Finding]]:
        """Each control that asks for something of what changes, before and after."""
        by = [rule for rule in self.rules.get(subject[0], ()) if needed(rule.control) & sides.names]
        before, after = (
            judge(self.asked[subject], _seen(subject, parts, sides.names), by)
            for parts in (sides.before, sides.after)
        )
        return zip(before, after, strict=True)

    def breach(self, before: Finding, after: Finding) -> Breach:
        """What comes that is against the law, or else what goes that it asks for."""
        control = self.laws[after.law].controls[after.control]
        waiver = begun(self.granted.get((after.law, after.control), ()), after.object, self.day)
        come = [f"+ {line}" for line in after.lines if line.number]
        go = [f"- {line}" for line in before.lines if line.number]
        return Breach(
            object=after.object,
            law=after.law,
            control=control.id,
            title=control.title.en,
            clause=control.clause,
            reason=" ".join(each.en for each in after.reasons),
            lines=tuple((come or go)[:QUOTED]),
            waiver=waiver.waiver.in_words if waiver else "",
            until=waiver.waiver.until if waiver else None,
        )

    def mended(self, before: Finding) -> Mended:
        title = self.laws[before.law].controls[before.control].title.en
        return Mended(object=before.object, law=before.law, control=before.control, title=title)


def _seen(subject: Subject, parts: Iterable[Part], names: frozenset[str]) -> Exhibit:
    """Parts as an exhibit that has nothing but what both sides have."""
    whole = exhibit(subject, parts, datetime.min)
    documents = {name: each for name, each in whole.documents.items() if name in names}
    facts = {name: each for name, each in whole.facts.items() if name in names}
    return Exhibit(*subject, datetime.min, documents, facts)
