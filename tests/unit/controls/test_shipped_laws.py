"""Every shipped control on an exhibit that passes, and on those that fail: none of them can be vacuous."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterator, Mapping

import pytest

from infra_ctl.controls.catalogue import DOCUMENTS, FACTS
from infra_ctl.controls.exhibit import Exhibit
from infra_ctl.controls.judging import Asked, judge, rules
from infra_ctl.controls.model import Control, Law, Term, Words
from infra_ctl.controls.needed import needed
from infra_ctl.controls.predicates import compiled
from infra_ctl.controls.ruling import Ask
from infra_ctl.outcome import Verdict
from tests.unit.controls.exhibits import CASES, Case, cases, exhibit

ALL = {str(case): case for case in cases()}
by_case = pytest.mark.parametrize("case", ALL.values(), ids=ALL)


def control_of(case: Case, laws: Mapping[str, Law]) -> Control:
    return laws[case.law].controls[case.control]


def verdict(control: Control, law: Law, level: int, shown: Exhibit) -> Verdict:
    alone = law.model_copy(update={"controls": {control.id: control}})
    by = rules([alone], lambda _control: lambda _name: True)[shown.kind]
    (finding,) = judge(Asked(shown.kind, shown.object, level), shown, by)
    return finding.verdict


def leaves(term: Term) -> Iterator[Term]:
    inside = term.all or term.any or ((term.not_,) if term.not_ is not None else ())
    if not inside:
        yield term
    for each in inside:
        yield from leaves(each)


def test_every_control_has_a_case(shipped: Mapping[str, Law]) -> None:
    assert set(ALL) == {f"{law.law}/{control}" for law in shipped.values() for control in law.controls}


@by_case
def test_a_control_passes_fails_and_skips(case: Case, shipped: Mapping[str, Law]) -> None:
    control, law = control_of(case, shipped), shipped[case.law]
    assert (control.when is not None) == bool(case.skips)
    for kind in control.kinds:
        for written in case.passes:
            assert verdict(control, law, case.level, exhibit(kind, written)) is Verdict.PASS, written
        for written in case.fails:
            assert verdict(control, law, case.level, exhibit(kind, written)) is Verdict.FAIL, written
        for written in case.skips:
            assert verdict(control, law, case.level, exhibit(kind, written)) is Verdict.SKIP, written


@by_case
def test_every_condition_is_met_by_some_exhibit_and_not_by_another(
    case: Case, shipped: Mapping[str, Law]
) -> None:
    control = control_of(case, shipped)
    shown = [exhibit(control.kinds[0], written) for written in (*case.passes, *case.fails)]
    ask = Ask(case.level, control.levels[case.level])
    for leaf in leaves(control.holds):
        seen = {compiled(leaf)(each, ask).verdict for each in shown}
        assert seen >= {Verdict.PASS, Verdict.FAIL}, leaf.model_dump(exclude_defaults=True)


@by_case
def test_what_was_not_collected_is_an_error(case: Case, shipped: Mapping[str, Law]) -> None:
    control, law = control_of(case, shipped), shipped[case.law]
    nothing = exhibit(control.kinds[0], {})
    for level in range(1, 6):
        expected = Verdict.ERROR if level in control.levels else Verdict.SKIP
        assert verdict(control, law, level, nothing) is expected


@by_case
def test_a_control_never_passes_without_a_part_of_its_evidence(
    case: Case, shipped: Mapping[str, Law]
) -> None:
    control, law = control_of(case, shipped), shipped[case.law]
    for written in case.passes[:1]:
        for name in written:
            rest = {key: value for key, value in written.items() if key != name}
            gone = exhibit(control.kinds[0], rest, {name: "timed out"})
            other = verdict(control, law, case.level, gone)
            # What stands in an `any` may be missing where another alternative is proven.
            assert other is Verdict.ERROR or (other is Verdict.PASS and _has_any(control.holds)), name


def _has_any(term: Term) -> bool:
    return term.any is not None or any(map(_has_any, term.all or ()))


@by_case
def test_a_case_has_what_its_control_asks_and_nothing_else(case: Case, shipped: Mapping[str, Law]) -> None:
    control = control_of(case, shipped)
    for written in (*case.passes, *case.fails):
        assert set(written) == needed(control)


def test_the_catalogue_has_what_controls_ask_and_nothing_else(shipped: Mapping[str, Law]) -> None:
    controls = [control for law in shipped.values() for control in law.controls.values()]
    asked = frozenset[str]().union(*map(needed, controls))
    assert asked == {*FACTS, *DOCUMENTS}


def test_every_check_of_the_list_is_in_a_law_with_its_thresholds(shipped: Mapping[str, Law]) -> None:
    """`-` is not asked, `y` asked whatever its threshold; else the very threshold."""
    with (CASES / "thresholds.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    assert len({row["id"] for row in rows}) == 63
    for row in rows:
        levels = shipped[row["law"]].controls[row["id"]].levels
        for level in range(1, 6):
            wanted, found = row[f"L{level}"], levels.get(level, "-")
            assert found == wanted or (wanted == "y" and found != "-"), (row["id"], level)


def test_both_languages_are_well_written(shipped: Mapping[str, Law]) -> None:
    for said in _words(shipped):
        assert said.vi != said.en
        assert said.vi == unicodedata.normalize("NFC", said.vi)
        assert any(unicodedata.combining(c) for c in unicodedata.normalize("NFD", said.vi)), said.vi
        assert said.en.isascii(), said.en


def _words(shipped: Mapping[str, Law]) -> Iterator[Words]:
    for law in shipped.values():
        for control in law.controls.values():
            yield control.title
            yield control.remediation
            yield from (leaf.says for leaf in leaves(control.holds) if leaf.says is not None)
