"""`infra-ctl controls`, and what `check` says of controls."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra_ctl.cli.exits import Exit
from tests.unit.cli.conftest import Command
from tests.unit.cli.test_completion import offered


def test_laws_and_controls_are_listed(infra_ctl: Command) -> None:
    said = infra_ctl("controls")
    assert said.code == Exit.DONE
    lines = said.out.splitlines()
    assert (
        "tcvn-14423-2026 · 59 · TCVN 14423:2026: yêu cầu cơ bản về an toàn hệ thống thông tin theo cấp độ"
        in lines
    )
    row = next(line for line in lines if line.startswith("  LOG-03"))
    assert row.split(None, 3)[1:3] == ["high", "host"]
    assert "2: 30d · 3: 90d · 4: 180d · 5: 365d  Thời gian lưu nhật ký" in row


def test_one_law_is_listed_in_english(infra_ctl: Command) -> None:
    said = infra_ctl("controls", "tslcd-2026", "--language", "en")
    assert said.out.startswith("tslcd-2026 · 9 · Circular 06/2026/TT-BKHCN")
    assert "1-5: 90%  Traffic stays below 90% of what a circuit carries" in said.out
    assert "tcvn" not in said.out


def test_one_control_is_shown_whole(infra_ctl: Command) -> None:
    said = infra_ctl("controls", "NET-02", "--language", "en")
    assert (
        said.out
        == """\
NET-02  What no rule lets pass between zones is denied
law          tcvn-14423-2026
clause       TCVN 14423:2026 4.12.2.4b, 5.12.2.4d
severity     critical
of           device where role=core or role=backup
levels       2-5
holds        all
               nftables  under /^chain asked\\b/  last /^(counter .*)?drop\\b/
                 “The last rule of the chain does not deny.”
               zone.accepting  matches_not / in$/
                 “What comes into a zone is not denied by default.”
               zone.accepting  matches_not / out$/   from level 3
                 “What leaves a zone is not denied by default.”
remediation  Take the accepting rule at the chain's end away; infra-ctl deploy puts the rules back.
"""
    )


def test_a_control_of_several_laws_is_shown_of_each(infra_ctl: Command) -> None:
    said = infra_ctl("controls", "NET-08")
    assert [line.split()[1] for line in said.out.splitlines() if line.startswith("law ")] == [
        "tcvn-14423-2026",
        "tslcd-2026",
    ]
    assert "when         site.kind  one_of dc, dc-backup" in said.out


def test_json_has_a_control_as_it_is_written(infra_ctl: Command) -> None:
    (law,) = infra_ctl("controls", "LOG-03", "tcvn-11930-2017", "--output", "json").json[:1]
    assert len(law["controls"]) == 16
    _, law = infra_ctl("controls", "LOG-03", "--output", "json").json
    assert law["law"] == "tcvn-14423-2026"
    assert list(law["controls"]) == ["LOG-03"]
    assert law["controls"]["LOG-03"]["holds"] == {"fact": "log.kept", "at_least": "$level"}
    assert law["controls"]["LOG-03"]["levels"] == {"2": "30d", "3": "90d", "4": "180d", "5": "365d"}


def test_what_json_has_is_a_file_of_a_city(infra_ctl: Command, small_folder: Path) -> None:
    (law,) = infra_ctl("controls", "NET-02", "--output", "json").json
    law["controls"]["NET-02"]["severity"] = "low"
    own = small_folder / "controls/own.yaml"
    own.parent.mkdir()
    own.write_text(json.dumps(law, ensure_ascii=False), encoding="utf-8")
    (taken,) = infra_ctl("controls", "NET-02", "-i", str(small_folder), "--output", "json").json
    assert taken == law


def test_an_unknown_name_has_a_hint(infra_ctl: Command) -> None:
    said = infra_ctl("controls", "LOG-3")
    assert (said.code, said.err) == (
        Exit.USAGE,
        "error: there is no law and no control 'LOG-3' (did you mean 'LOG-03'?)\n",
    )


@pytest.mark.parametrize("command", ["controls", "check"])
def test_a_bad_control_is_told_with_its_place(command: str, infra_ctl: Command, small_folder: Path) -> None:
    (small_folder / "controls").mkdir()
    (small_folder / "controls/ours.yaml").write_text("law: tcvn-14423-2062\n")
    said = infra_ctl(command)
    assert said.code == Exit.USAGE
    assert said.err.startswith(f"{small_folder}/controls/ours.yaml:1:6: there is no law 'tcvn-14423-2062'")
    assert said.err.endswith("1 problem\n")


def test_check_tells_of_controls_with_all_else(infra_ctl: Command, small_folder: Path) -> None:
    (small_folder / "controls").mkdir()
    (small_folder / "controls/ours.yml").write_text("law: x\n")
    (small_folder / "pops.csv").write_text("id\n")
    problems = infra_ctl("check", "--output", "json").json["problems"]
    assert {Path(problem["file"]).name for problem in problems} >= {"ours.yml", "pops.csv"}


def test_check_tells_of_waivers_that_waive_nothing(infra_ctl: Command, small_folder: Path) -> None:
    waiver = "{control: NET-90, objects: [dc], reason: a, approver: b, since: 2026-01-01, until: 2026-12-31}"
    (small_folder / "waivers.yaml").write_text(f"waivers:\n  - {waiver}\n")
    said = infra_ctl("check")
    assert said.code == Exit.USAGE
    assert said.err.startswith(f"{small_folder}/waivers.yaml:2:15: control 'NET-90' does not exist")
    (small_folder / "waivers.yaml").write_text(f"waivers:\n  - {waiver.replace('NET-90', 'NET-08')}\n")
    assert infra_ctl("check").code == Exit.DONE


def test_names_are_offered(small_folder: Path) -> None:
    where = ("controls", "-i", str(small_folder))
    assert offered(*where, "LOG-0") == [f"LOG-0{number}" for number in range(1, 9)]
    assert offered(*where, "tc") == ["tcvn-11930-2017", "tcvn-14423-2026"]
    (small_folder / "controls").write_text("")
    assert offered(*where, "LOG-0") == []


def test_check_tells_of_an_audit_that_cannot_be(infra_ctl: Command, small_folder: Path) -> None:
    text = 'audits: {weekly: {calendar: "0 6 * * 1", laws: [city-standart], where: site=mars}}\n'
    (small_folder / "audits.yaml").write_text(text, encoding="utf-8")
    said = infra_ctl("check")
    assert said.code == Exit.USAGE
    assert "audits.yaml:1:49: there is no law 'city-standart' (did you mean 'city-standard'?)" in said.err
    assert "audits.yaml:1:72: 'site=mars' means no device and no host" in said.err
