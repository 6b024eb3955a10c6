"""`infra-ctl audit`: what is said of findings, which exit code they have, and an audit that is killed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from infra_ctl.cli.exits import Exit
from infra_ctl.drivers.fleet import Fleet
from tests.dying import DIED
from tests.unit.cli.conftest import Command
from tests.unit.cli.test_completion import offered

OURS = """\
law: ours
title: {vi: Của thành phố, en: Ours}
source: the tests
since: 2026-01-01
controls:
  RTR-01:
    title: {vi: Tên miền được đặt, en: The domain name is set}
    clause: "1"
    severity: high
    of: device
    levels: {1: x, 2: x, 3: x, 4: x, 5: x}
    holds: {lines: frr, forbid: '^interface eth2$', says: {vi: Sai tên., en: A wrong name.}}
    remediation: {vi: Đặt lại tên., en: Name it anew.}
  RTR-02:
    title: {vi: Có tên máy, en: It has a name}
    clause: "2"
    severity: low
    of: device
    levels: {1: x, 2: x, 3: x, 4: x, 5: x}
    holds: {lines: frr, require: '^log syslog '}
    remediation: {vi: Đặt tên., en: Name it.}
"""


@pytest.fixture(autouse=True)
def our_law(small_folder: Path) -> None:
    (small_folder / "controls").mkdir(exist_ok=True)
    (small_folder / "controls/ours.yaml").write_text(OURS, encoding="utf-8")


def test_what_fails_is_told_with_its_line_and_the_rest_counted(infra_ctl: Command) -> None:
    said = infra_ctl("audit", "pop=nk", "--law", "ours", "--language", "en")
    assert said.code == Exit.FOUND
    _, head, first, _, summary, why = said.out.splitlines()
    assert head == "FAIL   high     RTR-01  The domain name is set   x"
    assert first.split(None, 1) == ["nk-pop1", f"frr:{first.split(':')[1]}: interface eth2"]
    assert summary.startswith("1 failed · 5 passed · audit A")
    assert why == "why     infra-ctl audit show RTR-01"


def test_without_a_finding_it_ends_with_0(infra_ctl: Command) -> None:
    said = infra_ctl("audit", "nk-an-hoa-ce1", "--law", "ours")
    assert (said.code, said.out.count("\n")) == (Exit.DONE, 1)
    assert said.out.startswith("2 passed · audit A")


def test_what_is_waived_is_no_finding_until_it_ends(infra_ctl: Command, small_folder: Path) -> None:
    waiver = """\
waivers:
  - control: RTR-01
    objects: [nk-pop1]
    reason: Đang thay thiết bị
    approver: Nguyễn Văn An
    since: {since}
    until: {until}
"""
    today = date.today()

    def written(since: int, until: int) -> str:
        days = {"since": today + timedelta(since), "until": today + timedelta(until)}
        return waiver.format_map(days)

    (small_folder / "waivers.yaml").write_text(written(-30, 30), encoding="utf-8")
    said = infra_ctl("audit", "pop=nk", "--law", "ours")
    assert said.err.endswith("asking 3 devices\n"), said.err
    assert (said.code, said.out.startswith("5 passed · 1 waived · audit A")) == (Exit.DONE, True)
    said = infra_ctl("audit", "show", "RTR-01", "nk-pop1")
    assert "waivers.yaml:7: " in said.out
    assert "    waiver  Đang thay thiết bị" in said.out
    (small_folder / "waivers.yaml").write_text(written(-30, -10), encoding="utf-8")
    said = infra_ctl("audit", "pop=nk", "--law", "ours", "--stored")
    assert (said.code, said.out.splitlines()[-1].startswith("1 failed · 5 passed")) == (Exit.FOUND, True)


def test_what_there_is_to_go_on_with_is_said(infra_ctl: Command) -> None:
    said = infra_ctl("audit", "--resume")
    assert (said.code, said.err) == (
        Exit.USAGE,
        "error: there was no audit yet: there is nothing to go on with\n",
    )
    done = infra_ctl("audit", "nk-an-hoa-ce1", "--law", "ours", "--output", "json").json["audit"]["id"]
    said = infra_ctl("audit", "--resume")
    assert (said.code, f"the last audit, {done}, is done: " in said.err) == (Exit.USAGE, True)


def test_an_address_that_is_none_begins_no_audit(infra_ctl: Command) -> None:
    said = infra_ctl("audit", "pop=nk", "--law", "ours", "--prometheus", "foo")
    assert (said.code, "'foo' is no address of a Prometheus" in said.err) == (Exit.USAGE, True)
    assert infra_ctl("audit", "list", "--output", "json").json == []


def test_what_nobody_can_say_is_a_finding(infra_ctl: Command) -> None:
    said = infra_ctl("audit", "nk-an-hoa-ce1", "--law", "tslcd-2026", "--output", "json")
    assert said.code == Exit.FOUND
    assert "error" in {each["verdict"] for each in said.json["findings"]}


def test_json_has_the_audit_and_every_finding(infra_ctl: Command) -> None:
    value = infra_ctl("audit", "pop=nk", "--law", "ours", "--output", "json").json
    audit = value["audit"]
    assert (audit["state"], audit["laws"], audit["where"]) == ("done", ["ours"], "pop=nk")
    assert audit["objects"] == audit["judged"] > len(value["findings"]) == 6
    assert audit["started"].endswith("+00:00")
    assert audit["by_law"] == {"ours": {"pass": 5, "fail": 1}}
    (failed,) = [each for each in value["findings"] if each["verdict"] == "fail"]
    assert (failed["object"], failed["reasons"]) == ("nk-pop1", [{"vi": "Sai tên.", "en": "A wrong name."}])
    (line,) = failed["lines"]
    assert (line[0], line[2]) == ("frr", "interface eth2")
    assert infra_ctl("audit", "list", "--output", "json").json == [audit]
    assert infra_ctl("audit", "show", "--output", "json").json == value


def test_show_has_an_object_or_a_control_whole(infra_ctl: Command) -> None:
    assert infra_ctl("audit", "show").code == Exit.USAGE
    infra_ctl("audit", "pop=nk", "--law", "ours")
    said = infra_ctl("audit", "show", "nk-pop1")
    assert said.code == Exit.DONE
    blocks = said.out.split("\n\n")
    assert [block.split()[:3] for block in blocks] == [["FAIL", "high", "RTR-01"], ["PASS", "low", "RTR-02"]]
    assert "    why     Sai tên.\n" in blocks[0]
    assert "    mend    Đặt lại tên.\n" in blocks[0]
    assert "    line    frr:" in blocks[1]
    audit = infra_ctl("audit", "list", "--output", "json").json[0]["id"]
    said = infra_ctl("audit", "show", audit, "RTR-02", "nk-pop1")
    assert said.out.split()[:3] == ["PASS", "low", "RTR-02"]
    assert said.out.count("RTR-02") == 1
    said = infra_ctl("audit", "show", "RTR-03")
    assert (said.code, "no control 'RTR-03' (did you mean" in said.err) == (Exit.USAGE, True)
    assert infra_ctl("audit", "show", "A2020-01-01-001").code == Exit.USAGE


def test_stored_evidence_is_judged_by_another_law(infra_ctl: Command) -> None:
    said = infra_ctl("audit", "--law", "ours", "--stored")
    assert (said.code, said.out) == (Exit.USAGE, "")
    assert said.err == "error: no evidence is kept of it yet: an audit without --stored collects it\n"
    infra_ctl("audit", "pop=nk", "--law", "tslcd-2026")
    said = infra_ctl("audit", "pop=nk", "--law", "ours", "--stored")
    assert (said.code, said.err.count("asking")) == (Exit.FOUND, 0)
    assert "1 failed · 5 passed · evidence from 20" in said.out
    assert len(infra_ctl("audit", "list", "--output", "json").json) == 1


def test_bad_input_is_one_line(infra_ctl: Command) -> None:
    for arguments, words in (
        (("--law", "our"), "there is no law 'our' (did you mean 'ours'?)"),
        (("nk-pop9",), "means no device"),
        (("--resume", "--law", "ours"), "--resume goes on with what was asked then"),
        (("--resume",), "there is nothing to go on with"),
        (("list", "--last", "0"), "0 is not in the range"),
    ):
        said = infra_ctl("audit", *arguments)
        assert (said.code, words in said.err, "Traceback" in said.err) == (Exit.USAGE, True, False), arguments
    assert infra_ctl("audit", "list").out == "no audits yet\n"


def test_nothing_yet_is_said(infra_ctl: Command) -> None:
    assert infra_ctl("audit", "list").out.startswith("no audits yet: there is no journal yet at ")


@pytest.mark.parametrize(("number", "moment"), [(2, "after"), (6, "before"), (6, "after"), (10, "before")])
def test_an_audit_that_is_killed_goes_on(infra_ctl: Command, number: int, moment: str) -> None:
    """Whenever that is: what it had is not asked again, and in the end it is as if nothing had happened."""
    command = (sys.executable, "-m", "tests.dying", str(number), moment, "audit", "pop=nk", "--law", "ours")
    died = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert died.returncode == DIED, died.stderr
    (killed,) = infra_ctl("audit", "list", "--output", "json").json
    assert killed["state"] == "killed"
    said = infra_ctl("audit", "--resume", "--output", "json")
    audit = said.json["audit"]
    assert (audit["id"], audit["state"], audit["judged"]) == (killed["id"], "done", audit["objects"])
    before = {each["object"]: each["taken"] for each in said.json["findings"]}
    assert sum(taken < audit["ended"] for taken in before.values()) == len(before)
    whole = infra_ctl("audit", "pop=nk", "--law", "ours", "--output", "json").json

    def said_of(value: dict[str, list[dict[str, object]]]) -> list[dict[str, object]]:
        return [{**each, "taken": None} for each in value["findings"]]

    assert said_of(said.json) == said_of(whole)


def test_ctrl_c_says_how_to_go_on(infra_ctl: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_fleet: Fleet, _names: object, _work: object, _on_done: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Fleet, "each", interrupted)
        said = infra_ctl("audit", "pop=nk", "--law", "ours")
    assert (said.code, said.out) == (Exit.INTERRUPTED, "")
    assert re.search(
        r"audit A\S+ stopped: 8 of 11 objects are judged\ngo on   infra-ctl audit --resume\n", said.err
    )
    assert infra_ctl("audit", "list", "--output", "json").json[0]["state"] == "stopped"
    assert infra_ctl("audit", "--resume").out.split(" · audit ")[0].endswith("1 failed · 5 passed")


def test_completion_has_its_commands_and_selectors(infra_ctl: Command) -> None:
    assert infra_ctl
    assert {"list", "show", "pop=", "nk-pop1"} <= set(offered("audit", ""))
    assert offered("audit", "--law", "our") == ["ours"]
    assert "nk-pop1" in offered("audit", "pop=nk", "or", "nk-p")
    assert {"RTR-01", "nk-pop1"} <= set(offered("audit", "show", ""))
    assert "--stored" in offered("audit", "--st")


def test_help_has_examples_and_options(infra_ctl: Command) -> None:
    said = infra_ctl("audit", "--help")
    assert said.code == Exit.DONE
    for words in ("infra-ctl audit pop=nk", "--law LAW", "--resume", "--output", "show"):
        assert words in said.out
