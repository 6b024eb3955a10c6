"""What is let be, by whom and until when, and what is wrong with it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from infra_ctl.controls.exhibit import Line
from infra_ctl.controls.finding import Finding
from infra_ctl.controls.granting import wrong
from infra_ctl.controls.judging import QUOTED
from infra_ctl.controls.model import Law, Words
from infra_ctl.controls.waiving import waiving
from infra_ctl.inventory import Inventory, load
from infra_ctl.outcome import Verdict
from tests.unit.controls.exhibits import TAKEN

SMALL = Path(__file__).parents[2] / "cases/inventory/city"
REST = "reason: agents are on order, approver: Ông Nam, since: 2026-10-01, until: 2026-12-31"
DAY = date(2026, 11, 27)


def city(folder: Path, *waivers: str) -> Inventory:
    """The small city with these waivers, from line 2 of their file on."""
    shutil.copytree(SMALL, folder, dirs_exist_ok=True)
    text = "".join(f"  - {{{each}}}\n" for each in waivers)
    (folder / "waivers.yaml").write_text(f"waivers:\n{text}", encoding="utf-8")
    return load(folder)


def finding(control: str = "NET-09", name: str = "nk-pop1", law: str = "tcvn-14423-2026") -> Finding:
    return Finding(
        law=law,
        control=control,
        kind="device",
        object=name,
        severity="high",
        level=3,
        threshold="true",
        verdict=Verdict.FAIL,
        reasons=(Words(vi="Sai.", en="Wrong."),),
        lines=(Line("snmpd", 3, "rocommunity public"),),
        unquoted=0,
        taken=TAKEN,
    )


def waived(inventory: Inventory, shipped: Mapping[str, Law], found: Finding, day: date = DAY) -> Finding:
    return waiving(inventory, shipped.values(), day)(found)


def test_what_failed_is_waived_and_still_says_what_is_wrong(
    tmp_path: Path, shipped: Mapping[str, Law]
) -> None:
    inventory = city(tmp_path, f"control: NET-09, objects: [nk-pop1], decision: 12/QĐ-UBND, {REST}")
    found = waived(inventory, shipped, finding())
    assert (found.verdict, found.reasons) == (Verdict.WAIVED, finding().reasons)
    assert found.waiver == "agents are on order · Ông Nam (12/QĐ-UBND) · 2026-10-01 → 2026-12-31"
    assert found.lines[0] == Line("waivers.yaml", 2, found.lines[0].text)
    assert "until: 2026-12-31" in found.lines[0].text
    assert found.lines[1:] == finding().lines


@pytest.mark.parametrize(
    ("day", "verdict"),
    [
        (date(2026, 9, 30), Verdict.FAIL),
        (date(2026, 10, 1), Verdict.WAIVED),
        (date(2026, 12, 31), Verdict.WAIVED),
        (date(2027, 1, 1), Verdict.FAIL),
    ],
)
def test_from_its_first_day_to_its_last(
    day: date, verdict: Verdict, tmp_path: Path, shipped: Mapping[str, Law]
) -> None:
    inventory = city(tmp_path, f"control: NET-09, objects: [nk-pop1], {REST}")
    assert waived(inventory, shipped, finding(), day).verdict is verdict


def test_one_that_ended_is_quoted_and_said(tmp_path: Path, shipped: Mapping[str, Law]) -> None:
    inventory = city(tmp_path, f"control: NET-09, objects: [nk-pop1], {REST}")
    found = waived(inventory, shipped, finding(), date(2027, 1, 1))
    assert found.reasons[0] == Words(
        vi="Miễn trừ đã hết hiệu lực sau ngày 31/12/2026.", en="Its waiver ended with 2026-12-31."
    )
    assert str(found.lines[0]).startswith("waivers.yaml:2: ")
    assert (found.reasons[1:], found.lines[1:]) == (finding().reasons, finding().lines)
    assert found.waiver.startswith("agents are on order")


def test_one_that_has_not_begun_says_nothing(tmp_path: Path, shipped: Mapping[str, Law]) -> None:
    inventory = city(tmp_path, f"control: NET-09, objects: [nk-pop1], {REST}")
    assert waived(inventory, shipped, finding(), date(2026, 9, 1)) == finding()


def test_the_line_of_a_waiver_takes_no_other_out_of_the_count(
    tmp_path: Path, shipped: Mapping[str, Law]
) -> None:
    inventory = city(tmp_path, f"control: NET-09, objects: [nk-pop1], {REST}")
    many = replace(finding(), lines=tuple(Line("frr", n, "x") for n in range(QUOTED)), unquoted=5)
    found = waived(inventory, shipped, many)
    assert (len(found.lines), found.unquoted) == (QUOTED, 6)


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.ERROR, Verdict.SKIP])
def test_only_what_failed_is_waived(verdict: Verdict, tmp_path: Path, shipped: Mapping[str, Law]) -> None:
    inventory = city(tmp_path, f"control: NET-09, objects: [nk-pop1], {REST}")
    other = replace(finding(), verdict=verdict)
    assert waived(inventory, shipped, other) == other


def test_other_objects_controls_and_laws_are_not_waived(tmp_path: Path, shipped: Mapping[str, Law]) -> None:
    inventory = city(tmp_path, f"control: NET-09, law: tcvn-14423-2026, objects: [nk-pop1], {REST}")
    for other in (finding(name="bt-pop1"), finding("NET-10"), finding(law="tcvn-11930-2017")):
        assert waived(inventory, shipped, other) == other
    every = city(tmp_path, f"control: NET-09, objects: [nk-pop1], {REST}")
    assert waived(every, shipped, finding(law="tcvn-11930-2017")).verdict is Verdict.WAIVED


def test_a_selector_waives_all_that_it_means(tmp_path: Path, shipped: Mapping[str, Law]) -> None:
    inventory = city(tmp_path, f"control: NET-09, where: role=pop, {REST}")
    assert waived(inventory, shipped, finding()).verdict is Verdict.WAIVED
    assert waived(inventory, shipped, finding(name="dc-core1")).verdict is Verdict.FAIL


def test_a_later_waiver_follows_on_an_earlier_one(tmp_path: Path, shipped: Mapping[str, Law]) -> None:
    old = "control: NET-09, objects: [nk-pop1], reason: a, approver: b, since: 2026-01-01, until: 2026-09-30"
    inventory = city(tmp_path, f"control: NET-09, objects: [nk-pop1], {REST}", old)
    assert [*wrong(inventory, shipped)] == []
    assert waived(inventory, shipped, finding()).lines[0].number == 2
    ended = waived(inventory, shipped, finding(), date(2026, 9, 1))
    assert (ended.verdict, ended.lines[0].number) == (Verdict.WAIVED, 3)


BAD = {
    "control: NET-90, objects: [nk-pop1]": ("2:15: control 'NET-90' does not exist (did you mean 'NET-20'?)"),
    "control: STD-08, law: tslcd-2026, objects: [nk-pop1]": (
        "2:15: control 'STD-08' does not exist in tslcd-2026 (did you mean 'NET-08'?)"
    ),
    "control: NET-09, law: tcvn-14423, objects: [nk-pop1]": (
        "2:28: law 'tcvn-14423' does not exist (did you mean 'tcvn-14423-2026'?)"
    ),
    "control: NET-09, objects: [dc-core1, nk-cai-khe]": (
        "2:43: NET-09 is about a device, and 'nk-cai-khe' is none (did you mean 'nk-cai-khe-ce1'?)"
    ),
    "control: NET-15, objects: [nk-pop1]": "2:33: NET-15 is not asked of nk-pop1, only where role=ce",
    "control: NET-21, objects: [nk-pop1]": "2:33: NET-21 asks nothing of nk-pop1, whose level is 3",
    "control: NET-15, where: role=pop": "2:30: means nothing that NET-15 is asked of",
    "control: NET-21, where: role=pop": "2:30: means nothing that NET-21 is asked of",
    "control: STD-01, where: site=nk": (
        "2:30: STD-01 is about a site, which no selector means: name objects"
    ),
}


@pytest.mark.parametrize("waiver", BAD)
def test_a_waiver_that_waives_nothing_is_told_of(
    waiver: str, tmp_path: Path, shipped: Mapping[str, Law]
) -> None:
    found = wrong(city(tmp_path, f"{waiver}, {REST}"), shipped)
    assert [str(each).removeprefix(f"{tmp_path}/waivers.yaml:") for each in found] == [BAD[waiver]]


def test_a_waiver_of_several_laws_is_right_where_one_asks(tmp_path: Path, shipped: Mapping[str, Law]) -> None:
    """The new law asks NET-08 of level 3, the circular from level 4 on."""
    inventory = city(tmp_path, f"control: NET-08, objects: [nk], {REST}")
    assert [*wrong(inventory, shipped)] == []
    one = city(tmp_path, f"control: NET-08, law: tslcd-2026, objects: [nk], {REST}")
    assert [each.message for each in wrong(one, shipped)] == ["NET-08 asks nothing of nk, whose level is 3"]


def test_two_waivers_for_one_on_the_same_day(tmp_path: Path, shipped: Mapping[str, Law]) -> None:
    other = "reason: a, approver: b, since: 2026-12-31, until: 2027-01-31"
    inventory = city(
        tmp_path,
        f"control: NET-09, where: role=pop, {REST}",
        f"control: NET-09, objects: [nk-pop1, dc-core1], {other}",
        f"control: NET-10, objects: [nk-pop1], {other}",
    )
    assert [str(each).removeprefix(f"{tmp_path}/") for each in wrong(inventory, shipped)] == [
        "waivers.yaml:3:15: NET-09 is waived twice for nk-pop1, first in waivers.yaml:2"
    ]


def test_the_waivers_of_the_reference_city_waive_something(shipped: Mapping[str, Law]) -> None:
    reference = load(Path(__file__).parents[3] / "inventory")
    assert len(reference.waivers) >= 2
    assert [*wrong(reference, shipped)] == []
