"""The policy gate: what the law asks and is so stays so, or somebody answers for it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from infra_ctl.cli import gate
from infra_ctl.cli.exits import Exit
from tests.unit.cli.conftest import Command
from tests.unit.cli.test_guard import edit

LAW = """\
law: own
title: {vi: Của thành phố, en: Its own}
source: ours
since: 2026-01-01
controls:
  OWN-01:
    title: {vi: Giới hạn số tiền tố, en: Prefixes are few}
    clause: City standard, BGP
    severity: high
    of: device
    levels: {3: "true"}
    holds:
      lines: frr
      forbid: 'maximum-prefix \\d{5}'
      says: {vi: Quá nhiều tiền tố., en: Too many are taken.}
    remediation: {vi: Giảm., en: Take fewer.}
"""
TODAY = date(2026, 11, 27)
WAIVER = """\
waivers:
  - control: OWN-01
    where: role=edge
    reason: the office moves
    approver: Ông Nam
    since: 2026-11-01
    until: 2026-11-30
"""
REFUSED = "error: dc-edge1: OWN-01 Prefixes are few (City standard, BGP): Too many are taken. "


@pytest.fixture
def loosened(small_folder: Path, infra_ctl: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """A city that is deployed and lawful, and whose inventory is to be so no longer."""
    (small_folder / "controls").mkdir()
    (small_folder / "controls/own.yaml").write_text(LAW, encoding="utf-8")
    monkeypatch.setattr(gate, "today", lambda: TODAY)
    assert infra_ctl("deploy", "dc-edge1", "--yes").code == Exit.DONE
    edit(small_folder / "peers.yaml", "max_prefixes: 5000", "max_prefixes: 50000")
    return infra_ctl


def test_what_would_fail_is_refused_with_the_control_the_clause_and_the_line(loosened: Command) -> None:
    said = loosened("plan", "dc-edge1")
    assert said.code == Exit.REFUSED
    assert "~ dc-edge1" in said.out
    assert "fails   dc-edge1: OWN-01 Prefixes are few (City standard, BGP): Too many are taken.\n" in said.out
    assert REFUSED in said.err
    assert said.err.endswith(": nothing was done. To do it all the same: a waiver in waivers.yaml\n")
    quoted = said.out.partition("Too many are taken.\n")[2].splitlines()[0]
    assert quoted.startswith("        + frr:")
    assert "maximum-prefix 50000" in quoted


def test_it_is_not_deployed_neither_afresh_nor_as_saved(loosened: Command, tmp_path: Path) -> None:
    for command in (("deploy", "dc-edge1", "--yes"), ("deploy", "dc-edge1", "--dry-run")):
        said = loosened(*command)
        assert (said.code, REFUSED in said.err) == (Exit.REFUSED, True), command
    saved = tmp_path / "plan.json"
    said = loosened("plan", "dc-edge1", "-o", str(saved))
    assert (said.code, "run it" in said.out) == (Exit.REFUSED, False)
    said = loosened("deploy", "--plan", str(saved), "--yes")
    assert (said.code, REFUSED in said.err) == (Exit.REFUSED, True)
    assert [run["kind"] for run in loosened("runs", "--output", "json").json] == ["deploy"]


def test_json_is_the_whole_plan_and_its_exit_code(loosened: Command) -> None:
    said = loosened("plan", "dc-edge1", "--output", "json")
    assert said.code == Exit.REFUSED
    (breach,) = said.json["breaches"]
    assert (breach["object"], breach["law"], breach["control"]) == ("dc-edge1", "own", "OWN-01")
    assert (breach["clause"], breach["waiver"], breach["until"]) == ("City standard, BGP", "", None)


def test_a_waiver_lets_it_pass_until_its_last_day(
    loosened: Command, small_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (small_folder / "waivers.yaml").write_text(WAIVER, encoding="utf-8")
    saved = tmp_path / "plan.json"
    said = loosened("plan", "dc-edge1", "-o", str(saved))
    assert said.code == Exit.DONE
    assert "waived  dc-edge1: OWN-01 Prefixes are few" in said.out
    assert "        waived: the office moves · Ông Nam · 2026-11-01 → 2026-11-30\n" in said.out
    monkeypatch.setattr(gate, "today", lambda: TODAY + timedelta(days=4))
    said = loosened("deploy", "--plan", str(saved), "--yes")
    assert (said.code, REFUSED in said.err) == (Exit.REFUSED, True)
    assert "was waived: the office moves" in loosened("plan", "dc-edge1").out
    monkeypatch.setattr(gate, "today", lambda: TODAY + timedelta(days=3))
    assert loosened("deploy", "--plan", str(saved), "--yes").code == Exit.DONE


def test_what_failed_before_is_refused_to_nobody(loosened: Command, small_folder: Path) -> None:
    (small_folder / "controls").rename(small_folder / "later")
    assert loosened("deploy", "dc-edge1", "--yes").code == Exit.DONE
    (small_folder / "later").rename(small_folder / "controls")
    edit(small_folder / "peers.yaml", "max_prefixes: 50000", "max_prefixes: 60000")
    said = loosened("plan", "dc-edge1")
    assert (said.code, "fails" in said.out, "mends" in said.out) == (Exit.DONE, False, False)
    edit(small_folder / "peers.yaml", "max_prefixes: 60000", "max_prefixes: 600")
    said = loosened("plan", "dc-edge1")
    assert said.code == Exit.DONE
    assert "mends   dc-edge1: OWN-01 Prefixes are few\n" in said.out


def test_what_a_run_did_is_taken_back_all_the_same(loosened: Command, small_folder: Path) -> None:
    edit(small_folder / "peers.yaml", "max_prefixes: 50000", "max_prefixes: 600")
    edit(small_folder / "controls/own.yaml", "{5}", "{4}")
    assert loosened("deploy", "dc-edge1", "--yes").code == Exit.DONE
    newest = loosened("runs", "--output", "json").json[0]["id"]
    assert loosened("rollback", newest, "--yes").code == Exit.DONE


def test_a_law_that_is_none_stops_a_plan(loosened: Command, small_folder: Path) -> None:
    (small_folder / "controls/own.yaml").write_text("law: nowhere\n", encoding="utf-8")
    said = loosened("plan", "dc-edge1")
    assert said.code == Exit.USAGE
    assert "there is no law 'nowhere' to lie on" in said.err
