"""Controls and exhibits to findings. Pure: a stored exhibit is judged today as it was on its day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from infra_ctl.controls.exhibit import Exhibit, Kind
from infra_ctl.controls.finding import Finding
from infra_ctl.controls.model import Control, Law, Words
from infra_ctl.controls.predicates import compiled
from infra_ctl.controls.ruling import Ask, Predicate, Ruling
from infra_ctl.outcome import Verdict

QUOTED = 20
"""Lines of proof that a finding holds; the others are counted."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that is audited: its level, and which selectors mean it."""

    kind: Kind
    name: str
    level: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A control made ready: of which law, how it is judged, and whom it means."""

    law: str
    control: Control
    when: Predicate | None
    holds: Predicate
    means: Callable[[str], bool]
    """Of an object's name."""


def rules(
    laws: Iterable[Law], means: Callable[[Control], Callable[[str], bool]]
) -> Mapping[Kind, tuple[Rule, ...]]:
    """Every control of some laws by the kind of object that it is about; `means` reads its selector."""
    found: defaultdict[Kind, list[Rule]] = defaultdict(list)
    for law in laws:
        for control in law.controls.values():
            when = compiled(control.when) if control.when is not None else None
            rule = Rule(law.law, control, when, compiled(control.holds), means(control))
            for kind in control.kinds:
                found[kind].append(rule)
    return {kind: tuple(each) for kind, each in found.items()}


def judge(asked: Asked, exhibit: Exhibit, by: Iterable[Rule]) -> Iterator[Finding]:
    """What each rule says of one object; nothing of those that do not mean it."""
    for rule in by:
        if rule.means(asked.name):
            yield _finding(rule, asked, exhibit)


def _finding(rule: Rule, asked: Asked, exhibit: Exhibit) -> Finding:
    control = rule.control
    threshold = control.levels.get(asked.level, "")
    ruling = _ruling(rule, exhibit, Ask(asked.level, threshold))
    return Finding(
        law=rule.law,
        control=control.id,
        kind=asked.kind,
        object=asked.name,
        severity=control.severity,
        level=asked.level,
        threshold=threshold,
        verdict=ruling.verdict,
        reasons=ruling.reasons,
        lines=ruling.lines[:QUOTED],
        unquoted=max(0, len(ruling.lines) - QUOTED),
        taken=exhibit.taken,
    )


def _ruling(rule: Rule, exhibit: Exhibit, ask: Ask) -> Ruling:
    if not ask.threshold:
        return _NOT_ASKED
    if rule.when is not None:
        applies = rule.when(exhibit, ask)
        if applies.verdict is Verdict.FAIL:
            return Ruling(Verdict.SKIP, (_NOT_THERE,), applies.lines)
        if applies.verdict is Verdict.ERROR:
            return applies
    return rule.holds(exhibit, ask)


_NOT_ASKED = Ruling(
    Verdict.SKIP, (Words(vi="Cấp độ này không yêu cầu.", en="Nothing is asked at this level."),)
)
_NOT_THERE = Words(vi="Không áp dụng cho đối tượng này.", en="It does not apply to this object.")
