"""The little language of controls: a `Term` becomes a function of an exhibit, once.

What is not known is an ERROR and never a PASS. `all` fails where one term fails, whatever the others are;
`any` passes where one passes; else what could not be judged decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias

from infra_ctl.controls import sections
from infra_ctl.controls.catalogue import FACTS
from infra_ctl.controls.code import Code, code
from infra_ctl.controls.exhibit import Exhibit, Fact, Line
from infra_ctl.controls.model import Term, Words
from infra_ctl.controls.ruling import Ask, Predicate, Ruling
from infra_ctl.controls.values import (
    COUNTED,
    EQUAL,
    LEVEL,
    MATCHING,
    ORDERED,
    Test,
    fits,
    literal,
    test,
)
from infra_ctl.outcome import Verdict


def compiled(term: Term) -> Predicate:
    """The function of a term that `checking` found nothing wrong with."""
    if term.lines is not None or term.fact is not None:
        return _of_lines(term) if term.lines is not None else _of_fact(term)
    if term.code is not None and (coded := code(term.code)) is not None:
        return _of_code(coded, term.says)
    if term.not_ is not None:
        judge = _not(compiled(term.not_))
    else:
        judge = _all(term.all) if term.all is not None else _any([compiled(each) for each in term.any or ()])
    return judge if term.says is None else _saying(judge, term.says)


def _all(terms: Iterable[Term]) -> Predicate:
    """Of the terms that are asked at the object's level."""
    predicates = [(each.from_ or 1, compiled(each)) for each in terms]

    def judge(exhibit: Exhibit, ask: Ask) -> Ruling:
        return _worst([each(exhibit, ask) for start, each in predicates if start <= ask.level])

    return judge


def _worst(rulings: Sequence[Ruling]) -> Ruling:
    """Fails where one fails; what passes proves nothing more then."""
    for verdict in (Verdict.FAIL, Verdict.ERROR):
        if found := [each for each in rulings if each.verdict is verdict]:
            return _joined(verdict, found)
    return _joined(Verdict.PASS, rulings)


def _any(predicates: Sequence[Predicate]) -> Predicate:
    def judge(exhibit: Exhibit, ask: Ask) -> Ruling:
        rulings = [each(exhibit, ask) for each in predicates]
        for verdict in (Verdict.PASS, Verdict.ERROR):
            if found := [each for each in rulings if each.verdict is verdict]:
                return _joined(verdict, found)
        return _joined(Verdict.FAIL, rulings)

    return judge


def _joined(verdict: Verdict, rulings: Sequence[Ruling]) -> Ruling:
    if len(rulings) == 1:
        return rulings[0]
    reasons = dict.fromkeys(reason for each in rulings for reason in each.reasons)
    lines = dict.fromkeys(line for each in rulings for line in each.lines)
    return Ruling(verdict, tuple(reasons), tuple(lines))


def _not(predicate: Predicate) -> Predicate:
    def judge(exhibit: Exhibit, ask: Ask) -> Ruling:
        found = predicate(exhibit, ask)
        if found.verdict is Verdict.PASS:
            return Ruling(Verdict.FAIL, (_HOLDS,), found.lines)
        return Ruling(Verdict.PASS, (), found.lines) if found.verdict is Verdict.FAIL else found

    return judge


def _saying(predicate: Predicate, says: Words) -> Predicate:
    """What is said of the whole, in the place of what is said of its parts."""

    def judge(exhibit: Exhibit, ask: Ask) -> Ruling:
        found = predicate(exhibit, ask)
        return Ruling(Verdict.FAIL, (says,), found.lines) if found.verdict is Verdict.FAIL else found

    return judge


Condition: TypeAlias = Callable[[Line, Sequence[Line]], Ruling]
"""Of a section's first line, or the document's name, and of the lines in it."""


def _of_lines(term: Term) -> Predicate:
    """The conditions on the lines of a document, or of each of its sections that `under` means."""
    name = term.lines or ""
    header = re.compile(term.under) if term.under is not None else None
    conditions = _conditions(term)
    needs_section = term.require is not None or term.last is not None

    def judge(exhibit: Exhibit, _ask: Ask) -> Ruling:
        document = exhibit.documents.get(name)
        if document is None:
            return _unknown(exhibit, name)
        whole = Line(name, 0, document.source)
        if header is None:
            parts = [(whole, document.said)]
        elif not (parts := list(sections.under(document, header))) and needs_section:
            return Ruling(Verdict.FAIL, (term.says or _SECTIONLESS,), (whole,))
        return _worst([condition(*part) for part in parts for condition in conditions])

    return judge


def _conditions(term: Term) -> list[Condition]:
    made = ((term.forbid, _forbid), (term.require, _require), (term.last, _last))
    return [make(re.compile(pattern), term.says) for pattern, make in made if pattern is not None]


def _forbid(pattern: re.Pattern[str], says: Words | None) -> Condition:
    matches = pattern.search

    def judge(_head: Line, inside: Sequence[Line]) -> Ruling:
        if found := [line for line in inside if matches(line.text)]:
            return Ruling(Verdict.FAIL, (says or _FORBIDDEN,), tuple(found))
        return _PASSED

    return judge


def _require(pattern: re.Pattern[str], says: Words | None) -> Condition:
    matches = pattern.search

    def judge(head: Line, inside: Sequence[Line]) -> Ruling:
        if found := [line for line in inside if matches(line.text)]:
            return Ruling(Verdict.PASS, (), tuple(found))
        return Ruling(Verdict.FAIL, (says or _LACKING,), (head,))

    return judge


def _last(pattern: re.Pattern[str], says: Words | None) -> Condition:
    def judge(head: Line, inside: Sequence[Line]) -> Ruling:
        if inside and pattern.search(inside[-1].text):
            return Ruling(Verdict.PASS, (), (inside[-1],))
        return Ruling(Verdict.FAIL, (says or _LAST,), (inside[-1] if inside else head,))

    return judge


FactsJudge: TypeAlias = Callable[[tuple[Fact, ...], str], Ruling]
"""Of a fact's values and of the threshold."""


def _of_fact(term: Term) -> Predicate:
    """A fact that every object has once is not known where it has no value, or one that it cannot have."""
    name = term.fact or ""
    known = FACTS[name]
    key, values = _comparison(term)
    judge_facts = _counted(term, key, values[0]) if key in COUNTED else _compared(term, key, values)

    def judge(exhibit: Exhibit, ask: Ask) -> Ruling:
        facts = exhibit.facts.get(name)
        if facts is None or not (facts or known.many):
            return _unknown(exhibit, name)
        if unfit := [fact.line for fact in facts if not fits(fact.value, known.shape)]:
            return Ruling(Verdict.ERROR, (_UNFIT,), tuple(unfit))
        return judge_facts(facts, ask.threshold)

    return judge


def _comparison(term: Term) -> tuple[str, tuple[str, ...]]:
    """The one comparison of a term, and its values."""
    for key in (*EQUAL, *ORDERED, *MATCHING, *COUNTED):
        value: str | tuple[str, ...] | None = getattr(term, "is_" if key == "is" else key)
        if value is not None:
            return key, value if isinstance(value, tuple) else (value,)
    raise ValueError(f"the fact {term.fact} is compared with nothing")


def _compared(term: Term, key: str, values: tuple[str, ...]) -> FactsJudge:
    """All values are to hold, or some; a test is made once a threshold."""
    name, some = term.fact or "", term.some
    shape = FACTS[name].shape
    tests: dict[str, Test] = {}

    def judge(facts: tuple[Fact, ...], threshold: str) -> Ruling:
        if (holds := tests.get(threshold)) is None:
            wanted = tuple(threshold if each == LEVEL else each for each in values)
            holds = tests[threshold] = test(key, wanted, shape)
        good = [fact.line for fact in facts if holds(fact.value)]
        if good if some else len(good) == len(facts):
            return Ruling(Verdict.PASS, (), tuple(good))
        bad = [fact.line for fact in facts if not holds(fact.value)] or [_none(name)]
        return Ruling(Verdict.FAIL, (term.says or _OTHER,), tuple(bad))

    return judge


def _counted(term: Term, key: str, value: str) -> FactsJudge:
    compare, name = COUNTED[key], term.fact or ""

    def judge(facts: tuple[Fact, ...], threshold: str) -> Ruling:
        wanted = float(literal(threshold if value == LEVEL else value, "number"))
        lines = tuple(fact.line for fact in facts) or (_none(name),)
        if compare(len(facts), wanted):
            return Ruling(Verdict.PASS, (), lines)
        return Ruling(Verdict.FAIL, (term.says or _COUNT,), lines)

    return judge


def _of_code(coded: Code, says: Words | None) -> Predicate:
    """Whoever wrote it need not look whether its evidence is there, and may be wrong."""

    def judge(exhibit: Exhibit, ask: Ask) -> Ruling:
        for name in sorted(coded.evidence):
            if name not in exhibit.documents and name not in exhibit.facts:
                return _unknown(exhibit, name)
        try:
            found = coded.judge(exhibit, ask)
        except Exception as error:  # noqa: BLE001 - of another package: one control is one control
            return Ruling(
                Verdict.ERROR, (_DEFECT,), (Line(coded.name, 0, f"{type(error).__name__}: {error}"),)
            )
        return replace(found, reasons=(says,)) if says and found.verdict is Verdict.FAIL else found

    return judge


def _none(name: str) -> Line:
    """What stands for the proof that there is nothing."""
    return Line(name, 0, "—")


def _unknown(exhibit: Exhibit, name: str) -> Ruling:
    cause = exhibit.missing.get(name)
    if cause is None:
        return Ruling(Verdict.ERROR, (_UNCOLLECTED,), (_none(name),))
    return Ruling(Verdict.ERROR, (_UNHAD,), (Line(name, 0, cause),))


_PASSED = Ruling(Verdict.PASS)
_HOLDS = Words(vi="Có điều không được phép có.", en="What must not be is so.")
_FORBIDDEN = Words(vi="Có dòng cấu hình không được phép.", en="There are lines that may not be.")
_LACKING = Words(vi="Thiếu dòng cấu hình bắt buộc.", en="A line that is asked for is not there.")
_SECTIONLESS = Words(
    vi="Thiếu phần cấu hình bắt buộc.", en="A section of the configuration that is asked for is not there."
)
_LAST = Words(vi="Dòng cuối không đúng yêu cầu.", en="The last line is not what is asked for.")
_OTHER = Words(vi="Giá trị không đạt yêu cầu.", en="The value is not what is asked for.")
_COUNT = Words(vi="Số lượng không đạt yêu cầu.", en="Their number is not what is asked for.")
_UNCOLLECTED = Words(vi="Chưa thu thập bằng chứng.", en="The evidence was not collected.")
_UNHAD = Words(vi="Không lấy được bằng chứng.", en="The evidence could not be had.")
_DEFECT = Words(vi="Mã của kiểm soát có lỗi.", en="The control's own code has a defect.")
_UNFIT = Words(
    vi="Bằng chứng không đúng dạng, có thể do phiên bản khác thu thập.",
    en="The evidence is not of the kind it should be: another version may have collected it.",
)
