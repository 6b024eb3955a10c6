"""`show run`: who, when, why, what happened to each device, and which run took which back."""

from __future__ import annotations

import re
from pathlib import Path

from infra_ctl.cli.exits import Exit
from infra_ctl.journal.opening import open_journal
from infra_ctl.journal.records import Order
from tests.unit.cli.conftest import Command

WARD, POP = "nk-an-hoa-ce1", "nk-pop1"
BOTH = f"{WARD} or {POP}"
TIME = r"\d\d:\d\d:\d\d"


def deployed(infra_ctl: Command) -> str:
    """The id of a run of two waves."""
    said = infra_ctl("deploy", BOTH, "--yes", "--reason", "IPv6", "--ticket", "CT-1", "--output", "json")
    assert said.code == Exit.DONE
    return str(said.json["run"])


def test_each_device_s_way_is_a_line(infra_ctl: Command, tmp_path: Path) -> None:
    run = deployed(infra_ctl)
    journal = open_journal(f"sqlite:///{tmp_path / 'var/journal.db'}")
    journal.give_order(run, Order.PAUSE)
    journal.close()
    back = infra_ctl("rollback", run, WARD, "--yes", "--may-cut", "--output", "json").json["run"]
    lines = infra_ctl("show", "run", run).out.splitlines()
    assert lines[0] == f"{run}  deploy  done  2 confirmed"
    assert re.fullmatch(rf"by      \S+@\S+   \S+ {TIME} → {TIME}, \d+\.\d s UTC   context embedded", lines[1])
    assert lines[2:4] == ["why     IPv6 (CT-1)", f"undone  by {back}"]
    assert re.fullmatch(rf"order   {TIME}  pause by \S+", lines[4])
    assert lines[5] == "wave 1"
    way = rf"{TIME} applying · \d+\.\d s applied · \d+\.\d s confirming · \d+\.\d s confirmed"
    assert re.fullmatch(rf"  {WARD} +confirmed    {way}", lines[6])
    assert lines[7] == "wave 2"
    assert re.fullmatch(rf"  {POP} +confirmed    {way}", lines[8])
    assert len(lines) == 9
    assert f"undoes  {run}" in infra_ctl("show", "run", back).out.splitlines()


def test_with_v_there_are_all_timelines_and_diffs(infra_ctl: Command) -> None:
    run = deployed(infra_ctl)
    whole = infra_ctl("show", "run", run, "-v").out
    for host in (WARD, POP):
        one = infra_ctl("show", "run", run, host).out
        timeline = one[one.index(f"device  {host}") :]
        assert timeline in whole
        assert re.search(rf"  {TIME}\.\d\d\d  applying     lease \d+, timer 120 s\n", timeline)
        assert "\n+ router ospf\n" in timeline
    assert "device" not in infra_ctl("show", "run", run).out


def test_json_has_all_of_it(infra_ctl: Command) -> None:
    run = deployed(infra_ctl)
    told = infra_ctl("show", "run", run, "--output", "json").json
    assert set(told) == {"run", "steps", "events", "orders", "undone_by"}
    assert told["run"]["seconds"] > 0
    assert {step["device"]: step["seconds"] > 0 for step in told["steps"]} == {WARD: True, POP: True}
    assert told["events"][0]["detail"].startswith("lease ")
    assert (told["orders"], told["undone_by"], told["run"]["undoes"]) == ([], [], "")


def test_a_device_that_is_not_of_the_run_is_said_so(infra_ctl: Command) -> None:
    said = infra_ctl("show", "run", deployed(infra_ctl), "dc-core1")
    assert said.code == Exit.USAGE
    assert "has no device and no host dc-core1" in said.err
