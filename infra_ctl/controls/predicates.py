"""The little language of controls: a `Term` becomes a function of an exhibit, once.

What is not known is an ERROR and never a PASS. `all` fails where one term fails, whatever the others are;
`any` passes where one passes; else what could not be judged decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from infra_ctl.controls import sections
from infra_ctl.controls.catalogue import FACTS
from infra_ctl.controls.exhibit import Exhibit, Fact, Line
from infra_ctl.controls.model import Term, Words
from infra_ctl.controls.values import COUNTED, EQUAL, LEVEL, MATCHING, ORDERED, Test, literal, test
from infra_ctl.outcome import Verdict


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a predicate says of one exhibit, why, and the lines that prove it."""

    verdict: Verdict
    reasons: tuple[Words, ...] = ()
    lines: tuple[Line, ...] = ()


Predicate: TypeAlias = Callable[[Exhibit, str], Ruling]
"""Of an exhibit and of what is asked at its level."""


def compiled(term: Term) -> Predicate:
    """The function of a term that `checking` found nothing wrong with."""
    if term.all is not None:
        return _all([compiled(each) for each in term.all])
    if term.any is not None:
        return _any([compiled(each) for each in term.any])
    if term.not_ is not None:
        return _not(compiled(term.not_), term.says)
    return _of_lines(term) if term.lines is not None else _of_fact(term)


def _all(predicates: Sequence[Predicate]) -> Predicate:
    def judge(exhibit: Exhibit, level: str) -> Ruling:
        return _worst([each(exhibit, level) for each in predicates])

    return judge


def _worst(rulings: Sequence[Ruling]) -> Ruling:
    """Fails where one fails; what passes proves nothing more then."""
    for verdict in (Verdict.FAIL, Verdict.ERROR):
        if any(each.verdict is verdict for each in rulings):
            return _joined(verdict, [each for each in rulings if each.verdict is verdict])
    return _joined(Verdict.PASS, rulings)


def _any(predicates: Sequence[Predicate]) -> Predicate:
    def judge(exhibit: Exhibit, level: str) -> Ruling:
        rulings = [each(exhibit, level) for each in predicates]
        for verdict in (Verdict.PASS, Verdict.ERROR):
            if found := [each for each in rulings if each.verdict is verdict]:
                return _joined(verdict, found)
        return _joined(Verdict.FAIL, rulings)

    return judge


def _joined(verdict: Verdict, rulings: Iterable[Ruling]) -> Ruling:
    found = tuple(rulings)
    reasons = tuple(reason for each in found for reason in each.reasons)
    return Ruling(verdict, reasons, tuple(dict.fromkeys(line for each in found for line in each.lines)))


def _not(predicate: Predicate, says: Words | None) -> Predicate:
    turned = {Verdict.PASS: Verdict.FAIL, Verdict.FAIL: Verdict.PASS}

    def judge(exhibit: Exhibit, level: str) -> Ruling:
        found = predicate(exhibit, level)
        verdict = turned.get(found.verdict, found.verdict)
        if verdict is Verdict.FAIL:
            return Ruling(verdict, (says or _HOLDS,), found.lines)
        return Ruling(verdict, found.reasons if verdict is Verdict.ERROR else (), found.lines)

    return judge


def _of_lines(term: Term) -> Predicate:
    """The conditions on the lines of a document, or of each of its sections that `under` means."""
    name = term.lines or ""
    header = re.compile(term.under) if term.under is not None else None
    conditions = [
        make(re.compile(pattern), term.says)
        for pattern, make in ((term.forbid, _forbid), (term.require, _require), (term.last, _last))
        if pattern is not None
    ]

    def judge(exhibit: Exhibit, _level: str) -> Ruling:
        document = exhibit.documents.get(name)
        if document is None:
            return _unknown(exhibit, name)
        parts = (
            [(Line(name, 0, document.source), sections.lines(document))]
            if header is None
            else list(sections.under(document, header))
        )
        return _worst([condition(*part) for part in parts for condition in conditions])

    return judge


Condition: TypeAlias = Callable[[Line, tuple[Line, ...]], Ruling]
"""Of a section's first line, or the document's name, and of the lines in it."""


def _forbid(pattern: re.Pattern[str], says: Words | None) -> Condition:
    def judge(_head: Line, inside: tuple[Line, ...]) -> Ruling:
        found = tuple(line for line in inside if pattern.search(line.text))
        return Ruling(Verdict.FAIL, (says or _FORBIDDEN,), found) if found else Ruling(Verdict.PASS)

    return judge


def _require(pattern: re.Pattern[str], says: Words | None) -> Condition:
    def judge(head: Line, inside: tuple[Line, ...]) -> Ruling:
        found = tuple(line for line in inside if pattern.search(line.text))
        return (
            Ruling(Verdict.PASS, (), found) if found else Ruling(Verdict.FAIL, (says or _LACKING,), (head,))
        )

    return judge


def _last(pattern: re.Pattern[str], says: Words | None) -> Condition:
    def judge(head: Line, inside: tuple[Line, ...]) -> Ruling:
        line = inside[-1] if inside else head
        if pattern.search(line.text) and inside:
            return Ruling(Verdict.PASS, (), (line,))
        return Ruling(Verdict.FAIL, (says or _LAST,), (line,))

    return judge


def _of_fact(term: Term) -> Predicate:
    name = term.fact or ""
    key, values = _comparison(term)
    judge_facts = _counted(key, values[0], term.says) if key in COUNTED else _compared(term, key, values)

    def judge(exhibit: Exhibit, level: str) -> Ruling:
        facts = exhibit.facts.get(name)
        return _unknown(exhibit, name) if facts is None else judge_facts(name, facts, level)

    return judge


FactsJudge: TypeAlias = Callable[[str, tuple[Fact, ...], str], Ruling]
"""Of a fact's name, its values and what is asked at the object's level."""


def _comparison(term: Term) -> tuple[str, tuple[str, ...]]:
    """The one comparison of a term, and its values."""
    for key in (*EQUAL, *ORDERED, *MATCHING, *COUNTED):
        value: str | tuple[str, ...] | None = getattr(term, "is_" if key == "is" else key)
        if value is not None:
            return key, value if isinstance(value, tuple) else (value,)
    raise ValueError(f"the fact {term.fact} is compared with nothing")


def _compared(term: Term, key: str, values: tuple[str, ...]) -> FactsJudge:
    """All values are to hold, or some; a test is made once a threshold."""
    shape = FACTS[term.fact or ""].shape
    tests: dict[str, Test] = {}

    def judge(name: str, facts: tuple[Fact, ...], level: str) -> Ruling:
        if (holds := tests.get(level)) is None:
            wanted = tuple(level if each == LEVEL else each for each in values)
            holds = tests[level] = test(key, wanted, shape)
        good = [fact for fact in facts if holds(fact.value)]
        if good if term.some else len(good) == len(facts):
            return Ruling(Verdict.PASS, (), tuple(fact.line for fact in good))
        bad = tuple(fact.line for fact in facts if fact not in good) or (Line(name, 0, "—"),)
        return Ruling(Verdict.FAIL, (term.says or _OTHER,), bad)

    return judge


def _counted(key: str, value: str, says: Words | None) -> FactsJudge:
    def judge(name: str, facts: tuple[Fact, ...], level: str) -> Ruling:
        wanted = float(literal(level if value == LEVEL else value, "number"))
        lines = tuple(fact.line for fact in facts) or (Line(name, 0, "—"),)
        if COUNTED[key](len(facts), wanted):
            return Ruling(Verdict.PASS, (), lines)
        return Ruling(Verdict.FAIL, (says or _COUNT,), lines)

    return judge


def _unknown(exhibit: Exhibit, name: str) -> Ruling:
    cause = exhibit.missing.get(name)
    if cause is None:
        return Ruling(Verdict.ERROR, (_UNCOLLECTED,), (Line(name, 0, "—"),))
    return Ruling(Verdict.ERROR, (_UNHAD,), (Line(name, 0, cause),))


_HOLDS = Words(vi="Có điều không được phép có.", en="What must not be is so.")
_FORBIDDEN = Words(vi="Có dòng cấu hình không được phép.", en="There are lines that may not be.")
_LACKING = Words(vi="Thiếu dòng cấu hình bắt buộc.", en="A line that is asked for is not there.")
_LAST = Words(vi="Dòng cuối không đúng yêu cầu.", en="The last line is not what is asked for.")
_OTHER = Words(vi="Giá trị không đạt yêu cầu.", en="The value is not what is asked for.")
_COUNT = Words(vi="Số lượng không đạt yêu cầu.", en="There are not as many as asked for.")
_UNCOLLECTED = Words(vi="Chưa thu thập bằng chứng.", en="The evidence was not collected.")
_UNHAD = Words(vi="Không lấy được bằng chứng.", en="The evidence could not be had.")
