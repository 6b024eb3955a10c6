"""Going on and taking back: a run that died at any journal write, orders to a run, a rollback."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from infra_ctl.cli import app, planning
from infra_ctl.cli.exits import Exit
from infra_ctl.deploy import run as running
from infra_ctl.journal.opening import open_journal
from infra_ctl.journal.records import Order, Purpose, RunState
from infra_ctl.plan import Prepared
from infra_ctl.verify import looking
from tests.dying import DIED, MOMENTS, die_at
from tests.unit.cli.conftest import Command, Said

WARD, POP = "nk-an-hoa-ce1", "nk-pop1"
BOTH = f"{WARD} or {POP}"
FIRST_DONE = 8
"""No earlier write to the journal tells that a device is done; whoever looks for that one begins here."""


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "END_STATE_SECONDS", 0.05)
    monkeypatch.setattr(looking, "PAUSE", 0.01)


def killed(number: int, moment: str, *arguments: str) -> int:
    """Run a command in a process of its own that dies like that; its exit code."""
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        die_at(number, moment)
        sys.argv = ["infra-ctl", *arguments]
        try:
            app.main()
        except SystemExit as stop:
            os._exit(int(stop.code or 0))
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_that_dies_at_any_write_is_resumed_to_its_end(
    infra_ctl: Command, tmp_path: Path, moment: str
) -> None:
    resumed = 0
    for number in range(1, 100):
        fresh = tmp_path / f"var{number}"
        os.environ["INFRA_CTL_VAR"] = str(fresh)
        infra_ctl("runs")
        code = killed(number, moment, "deploy", BOTH, "--yes")
        runs = infra_ctl("runs", "--output", "json").json
        if code != DIED:
            break
        if not runs:
            assert infra_ctl("deploy", BOTH, "--yes").code == Exit.DONE
            continue
        said = infra_ctl("resume", runs[0]["id"], "--yes")
        assert said.code == Exit.DONE, (number, said)
        resumed += 1
        told = infra_ctl("show", "run", runs[0]["id"], "--output", "json").json
        assert told["run"]["state"] == "done", number
        assert {step["state"] for step in told["steps"]} == {"confirmed"}, number
        assert infra_ctl("plan", BOTH, "--exit-code").code == Exit.DONE, number
        for host in (WARD, POP):
            states = [event["state"] for event in told["events"] if event["device"] == host]
            assert applied_once(states), (number, host, states)
        assert infra_ctl("rollback", runs[0]["id"], "--yes", "--may-cut").code == Exit.DONE, number
    assert code == Exit.DONE, "with nothing to die at, it ends by itself"
    assert resumed > 10


def applied_once(states: list[str]) -> bool:
    """Whether nothing was begun again that had not been found undone."""
    again = [number for number, state in enumerate(states) if state == "applying"]
    return all("waiting" in states[first:second] for first, second in pairwise(again))


def test_a_run_that_was_stopped_goes_on(infra_ctl: Command) -> None:
    said = infra_ctl("resume", stopped(infra_ctl), "--yes")
    assert said.code == Exit.DONE
    assert "2 confirmed · run " in said.out.splitlines()[-1]


def stopped(infra_ctl: Command) -> str:
    """The id of a run that died when the ward was done and the PoP was not begun."""
    for number in range(FIRST_DONE, 100):
        killed(number, "after", "deploy", BOTH, "--yes")
        told = infra_ctl("runs", "--output", "json").json
        if told:
            steps = infra_ctl("show", "run", told[0]["id"], "--output", "json").json["steps"]
            if [step["state"] for step in steps] == ["confirmed", "waiting"]:
                return str(told[0]["id"])
            infra_ctl("resume", told[0]["id"], "--yes")
            infra_ctl("rollback", told[0]["id"], "--yes", "--may-cut")
    raise AssertionError("it never came to that")


def test_a_run_that_was_edited_meanwhile_leaves_that_device_alone(infra_ctl: Command, tmp_path: Path) -> None:
    run = stopped(infra_ctl)
    devices = tmp_path / "var" / "embedded" / "devices"
    file = next(devices.glob(f"{POP}*"))
    text = file.read_text(encoding="utf-8")
    assert "interface lo\\n" in text
    file.write_text(
        text.replace("interface lo\\n", "interface lo\\n description by hand\\n"), encoding="utf-8"
    )
    said = infra_ctl("resume", run, "--yes")
    assert said.code == Exit.PARTIAL
    told = infra_ctl("show", "run", run, "--output", "json").json
    assert {step["device"]: step["state"] for step in told["steps"]} == {WARD: "confirmed", POP: "failed"}
    assert "neither its old nor its new" in next(
        step["cause"] for step in told["steps"] if step["device"] == POP
    )


def test_a_run_that_ended_well_has_nothing_left(infra_ctl: Command) -> None:
    infra_ctl("deploy", WARD, "--yes")
    run = infra_ctl("runs", "--output", "json").json[0]["id"]
    said = infra_ctl("resume", run)
    assert (said.code, said.out) == (Exit.DONE, f"run {run} is done: nothing of it is left\n")


def test_a_rolled_back_run_is_not_called_confirmed_by_a_resume(infra_ctl: Command) -> None:
    run = stopped(infra_ctl)
    assert infra_ctl("rollback", run, "--yes", "--may-cut").code == Exit.DONE
    said = infra_ctl("resume", run, "--yes", "--max-fail", "1")
    assert said.code == Exit.FAILED
    assert "1 unknown" in said.out


def test_a_run_that_died_is_resumed_before_it_is_rolled_back(infra_ctl: Command, tmp_path: Path) -> None:
    """Who knows what it did on the device that it died over?"""
    for number in range(1, 100):
        os.environ["INFRA_CTL_VAR"] = str(tmp_path / f"var{number}")
        infra_ctl("runs")
        killed(number, "before", "deploy", WARD, "--yes")
        runs = infra_ctl("runs", "--output", "json").json
        if not runs:
            continue
        run = runs[0]["id"]
        (step,) = infra_ctl("show", "run", run, "--output", "json").json["steps"]
        answer = infra_ctl("rollback", run, "--yes", "--may-cut")
        if step["state"] == "confirming":
            assert answer.code == Exit.REFUSED
            assert f"run {run} is not over: resume it first" in answer.err
            assert infra_ctl("resume", run, "--yes").code == Exit.DONE
            assert infra_ctl("rollback", run, "--yes", "--may-cut").code == Exit.DONE
            assert infra_ctl("plan", WARD, "--exit-code").code == Exit.FOUND
            return
    raise AssertionError("it never died there")


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (("resume", "2026-01-01-001"), Exit.USAGE, "there is no run 2026-01-01-001"),
        (("rollback", "2026-01-01-001"), Exit.USAGE, "there is no run 2026-01-01-001"),
        (("show", "run", "2026-01-01-001"), Exit.USAGE, "no run 2026-01-01-001; infra-ctl runs lists them"),
        (("run", "pause", "2026-01-01-001"), Exit.USAGE, "there is no run 2026-01-01-001"),
    ],
)
def test_a_run_that_is_not_there_is_one_line(
    infra_ctl: Command, command: tuple[str, ...], code: Exit, said: str
) -> None:
    infra_ctl("db", "upgrade")
    answer = infra_ctl(*command)
    assert answer.code == code
    assert said in answer.err


def test_a_resume_after_the_inventory_changed_is_refused(infra_ctl: Command, small_folder: Path) -> None:
    run = stopped(infra_ctl)
    with (small_folder / "communes.csv").open("a", encoding="utf-8") as table:
        table.write("\n")
    city = small_folder / "city.yaml"
    city.write_text(city.read_text(encoding="utf-8") + "\n# a thought\n", encoding="utf-8")
    answer = infra_ctl("resume", run, "--yes")
    assert answer.code == Exit.REFUSED
    assert "the inventory changed since plan" in answer.err


def test_a_resume_with_a_timer_that_is_too_short_is_a_usage_error(
    infra_ctl: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, kept = stopped(infra_ctl), planning.kept_plan

    def soaking(*asked: Any) -> Prepared:
        prepared = kept(*asked)
        soaked = tuple(each.model_copy(update={"soak": 11}) for each in prepared.plan.devices)
        return replace(prepared, plan=prepared.plan.model_copy(update={"devices": soaked}))

    monkeypatch.setattr(planning, "kept_plan", soaking)
    said = infra_ctl("resume", run, "--yes", "--timer", "8")
    assert said.code == Exit.USAGE
    assert "--timer 8 is too short: neighbours are watched for 11 s" in said.err
    assert infra_ctl("resume", run, "--yes", "--timer", "20").code == Exit.DONE


# Orders


def test_a_run_that_is_over_takes_no_orders(infra_ctl: Command) -> None:
    infra_ctl("deploy", WARD, "--yes")
    run = infra_ctl("runs", "--output", "json").json[0]["id"]
    answer = infra_ctl("run", "abort", run)
    assert answer.code == Exit.REFUSED
    assert f"run {run} is done: only a run that is under way takes orders" in answer.err


@pytest.mark.parametrize("order", list(Order))
def test_a_run_that_is_under_way_is_told(infra_ctl: Command, tmp_path: Path, order: Order) -> None:
    infra_ctl("runs")
    journal = open_journal(f"sqlite:///{tmp_path / 'var' / 'journal.db'}")
    run = journal.start_run(Purpose("deploy", "embedded", "", "", ""), lambda _run: ())
    answer = infra_ctl("run", order, run.id)
    assert (answer.code, journal.last_order(run.id)) == (Exit.DONE, order)
    journal.finish_run(run.id, RunState.DONE, "")
    journal.close()


# Rollback


def deployed(infra_ctl: Command) -> str:
    infra_ctl("deploy", "--yes")
    return str(infra_ctl("runs", "--output", "json").json[0]["id"])


def widen(small_folder: Path) -> None:
    """A change of one ward's circuit: both ends get another bandwidth."""
    circuits = small_folder / "circuits.csv"
    text = circuits.read_text(encoding="utf-8")
    wider = text.replace("nk-an-hoa:ce1/eth0,tslcd-2,l2,VNPT,50", "nk-an-hoa:ce1/eth0,tslcd-2,l2,VNPT,80")
    assert wider != text
    circuits.write_text(wider, encoding="utf-8")


def test_a_rollback_takes_back_what_the_run_did_and_nothing_else(
    infra_ctl: Command, small_folder: Path
) -> None:
    deployed(infra_ctl)
    before = infra_ctl("plan", "--output", "json").json["devices"]
    widen(small_folder)
    run = deployed(infra_ctl)
    shown = infra_ctl("rollback", run, "--dry-run")
    assert "+  bandwidth 50" in shown.out
    assert "-  bandwidth 80" in shown.out
    assert infra_ctl("plan", "--exit-code").code == Exit.DONE, "a dry run does nothing"

    said = infra_ctl("rollback", run, "--yes", "--reason", "too wide")
    assert said.code == Exit.DONE
    assert "2 confirmed · run " in said.out
    told = infra_ctl("runs", "--output", "json").json[0]
    assert (told["kind"], told["reason"], told["state"]) == ("rollback", "too wide", "done")
    assert infra_ctl("plan", "--exit-code").code == Exit.FOUND, "the inventory still wants it"
    widened = small_folder / "circuits.csv"
    widened.write_text(widened.read_text(encoding="utf-8").replace("VNPT,80", "VNPT,50"), encoding="utf-8")
    after = infra_ctl("plan", "--output", "json").json["devices"]
    assert [device["base"] for device in after] == [device["base"] for device in before]


def test_a_rollback_of_some_devices_leaves_the_others(infra_ctl: Command, small_folder: Path) -> None:
    deployed(infra_ctl)
    widen(small_folder)
    run = deployed(infra_ctl)
    assert infra_ctl("rollback", run, WARD, "--yes").code == Exit.DONE
    planned = infra_ctl("plan", "--output", "json").json["devices"]
    assert [device["hostname"] for device in planned if device["status"] == "changed"] == [WARD]
    answer = infra_ctl("rollback", run, "dc-core1", "--yes")
    assert answer.code == Exit.USAGE
    assert f"run {run} changed none of 'dc-core1'" in answer.err


def test_what_was_rolled_back_already_is_not_called_changed(infra_ctl: Command, small_folder: Path) -> None:
    deployed(infra_ctl)
    widen(small_folder)
    run = deployed(infra_ctl)
    assert infra_ctl("rollback", run, WARD, "--yes").code == Exit.DONE
    first = infra_ctl("runs", "--output", "json").json[0]["id"]
    said = infra_ctl("rollback", run, WARD, "--yes")
    why = f"run {run} was taken back already, by run {first}"
    assert (said.code, said.err.splitlines()[-1]) == (Exit.REFUSED, f"error: {why}: nothing of it is left")

    said = infra_ctl("rollback", run, "--yes")
    assert (said.code, said.out.splitlines()[0]) == (Exit.DONE, f"left    {WARD}: {why}")
    second = infra_ctl("runs", "--output", "json").json[0]["id"]
    said = infra_ctl("rollback", run, "--yes")
    why += f", {second}: nothing of it is left"
    assert (said.code, said.err.splitlines()[-1]) == (Exit.REFUSED, f"error: {why}")

    for back in (first, second):
        assert infra_ctl("rollback", back, "--yes").code == Exit.DONE
    assert infra_ctl("rollback", run, "--yes").code == Exit.DONE, "it is in force again"


def test_a_plan_that_was_carried_out_already_is_not_called_old(
    infra_ctl: Command, small_folder: Path, tmp_path: Path
) -> None:
    deployed(infra_ctl)
    widen(small_folder)
    plan = str(tmp_path / "plan.json")
    infra_ctl("plan", "-o", plan)
    killed(8, "after", "deploy", "--plan", plan, "--yes")
    run = infra_ctl("runs", "--output", "json").json[0]["id"]
    said = infra_ctl("deploy", "--plan", plan, "--yes")
    assert said.code == Exit.REFUSED
    assert said.err.splitlines()[-1].endswith(
        f" was begun already, by run {run}, killed: infra-ctl resume {run}"
    )
    assert infra_ctl("resume", run, "--yes").code == Exit.DONE
    said = infra_ctl("deploy", "--plan", plan, "--yes")
    assert said.code == Exit.REFUSED
    assert said.err.splitlines()[-1].endswith(f" was carried out already, by run {run}: plan again")
    assert infra_ctl("rollback", run, "--yes").code == Exit.DONE
    assert infra_ctl("deploy", "--plan", plan, "--yes").code == Exit.DONE, "all is as it was"
    again = infra_ctl("runs", "--output", "json").json[0]["id"]
    assert infra_ctl("rollback", again, WARD, "--yes").code == Exit.DONE
    assert "changed since plan " in infra_ctl("deploy", "--plan", plan, "--yes").err


def test_a_rollback_over_a_later_change_of_the_same_line_is_refused(
    infra_ctl: Command, small_folder: Path
) -> None:
    deployed(infra_ctl)
    widen(small_folder)
    run = deployed(infra_ctl)
    circuits = small_folder / "circuits.csv"
    circuits.write_text(circuits.read_text(encoding="utf-8").replace("VNPT,80", "VNPT,90"), encoding="utf-8")
    later = deployed(infra_ctl)
    answer: Said = infra_ctl("rollback", run, "--yes")
    assert answer.code == Exit.REFUSED
    assert f"changed since run {run}, by run {later}: interface eth0 / bandwidth 80 is gone" in answer.err


def test_a_rollback_can_be_rolled_back(infra_ctl: Command, small_folder: Path) -> None:
    deployed(infra_ctl)
    widen(small_folder)
    infra_ctl("rollback", deployed(infra_ctl), "--yes")
    back = infra_ctl("runs", "--output", "json").json[0]["id"]
    assert infra_ctl("rollback", back, "--yes").code == Exit.DONE
    assert infra_ctl("plan", "--exit-code").code == Exit.DONE


def test_a_rollback_costs_what_its_plan_foretold_and_has_not_failed(
    infra_ctl: Command, small_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Back to a ward without routes over IPv6: its path over IPv6 goes, which is no break."""
    monkeypatch.setattr(running, "ROLLED_BACK_SECONDS", 0.05)
    deployed(infra_ctl)
    communes = small_folder / "communes.csv"
    text = communes.read_text(encoding="utf-8")
    assert text.count("commune,none,") == 1
    communes.write_text(text.replace("commune,none,", "commune,routed,"), encoding="utf-8")
    run = deployed(infra_ctl)
    planned = infra_ctl("rollback", run, "--dry-run", "--output", "json").json
    assert (planned["breaks"], f"path from dc-core1 to {WARD} over IPv6" in planned["cuts"][0]) == ([], True)
    said = infra_ctl("rollback", run, "--yes")
    assert (said.code, "end state" in said.out) == (Exit.DONE, False), said
    assert infra_ctl("runs", "--output", "json").json[0]["state"] == "done"


def test_a_foreign_line_stays_foreign_over_a_rollback(
    infra_ctl: Command, small_folder: Path, tmp_path: Path
) -> None:
    """What somebody typed by hand does not become ours because we put something else back beside it."""
    deployed(infra_ctl)
    file = tmp_path / "var/embedded/devices" / f"{WARD}.json"
    by_hand = "ip route 198.51.100.0/24 blackhole"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('"running":"', f'"running":"{by_hand}\\n'), encoding="utf-8")
    widen(small_folder)
    infra_ctl("rollback", deployed(infra_ctl), "--yes")
    planned = infra_ctl("plan", WARD, "--output", "json").json["devices"][0]
    assert planned["foreign"] == [by_hand]
    assert by_hand not in planned["diff"]
