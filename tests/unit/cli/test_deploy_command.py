"""`infra-ctl deploy` when something goes wrong: who is stopped, what is said, and with which exit code."""

from __future__ import annotations

import signal
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path

import pytest

from infra_ctl.cli.carrying import stopping
from infra_ctl.cli.exits import Exit
from infra_ctl.deploy import run, step
from infra_ctl.deploy.leases import CityLease
from infra_ctl.drivers.base import DeviceState
from infra_ctl.drivers.embedded import EmbeddedFleet, Fault
from infra_ctl.errors import JournalError, RefusedError
from infra_ctl.journal.opening import open_journal
from infra_ctl.journal.records import Purpose, RunState, StepState
from infra_ctl.journal.store import Journal
from infra_ctl.verify import looking
from tests.unit.cli.conftest import Command

WARD = "nk-an-hoa-ce1"
Faults = dict[str, Fault]


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Faults:
    """What is wrong with the simulated devices, and no patience with them."""
    found: Faults = {}
    monkeypatch.setattr(EmbeddedFleet, "fault", lambda _fleet, hostname: found.get(hostname, Fault()))
    hasty = partial(step.Patience, neighbours=0.05, pause=0.01, grace=0.1)
    monkeypatch.setattr(step, "patience", hasty)
    monkeypatch.setattr(run, "END_STATE_SECONDS", 0.05)
    monkeypatch.setattr(looking, "PAUSE", 0.01)
    return found


def test_a_rejected_device_stops_the_next_wave(infra_ctl: Command, faults: Faults) -> None:
    faults[WARD] = Fault(rejects="line 7: unknown command: router osfp")
    said = infra_ctl("deploy", "--yes")
    assert said.code == Exit.PARTIAL
    line = next(line for line in said.out.splitlines() if line.startswith(f"wave 1/5  {WARD}"))
    assert line.startswith(f"wave 1/5  {WARD:<26} line 7: unknown command: router osfp · RESTORED   ")
    last, why, go_on = said.out.splitlines()[-3:]
    assert last.startswith("2 confirmed · 1 restored · 7 not started · run ")
    run_id = last.split()[-1]
    assert go_on == f"go on   infra-ctl resume {run_id}      undo  infra-ctl rollback {run_id}"
    assert why == f"why     infra-ctl show run {last.split()[-1]} {WARD}"
    shown = infra_ctl("show", "run", last.split()[-1], WARD)
    assert "line 7: unknown command: router osfp" in shown.out


def test_a_run_that_gets_nowhere_has_failed(infra_ctl: Command, faults: Faults) -> None:
    faults[WARD] = Fault(rejects="no")
    said = infra_ctl("deploy", WARD, "--yes", "--output", "json")
    assert said.code == Exit.FAILED
    assert said.json["devices"] == {WARD: {"state": "restored", "cause": "no"}}
    assert said.json["state"] == "failed"


def test_a_failed_test_says_what_was_gone_through(
    infra_ctl: Command, faults: Faults, small_folder: Path
) -> None:
    infra_ctl("deploy", "--yes")
    circuits = small_folder / "circuits.csv"
    text = circuits.read_text(encoding="utf-8")
    assert "nk-an-hoa-1,nk:pop1/eth11,nk-an-hoa:ce1/eth0,tslcd-2,l2,VNPT,50," in text
    circuits.write_text(
        text.replace("ce1/eth0,tslcd-2,l2,VNPT,50,1500,south", "ce1/eth0,tslcd-2,l2,VNPT,80,1500,south")
    )
    faults[WARD] = Fault(ignores=frozenset({(("interface eth0",), "ip ospf area 0.0.0.1")}))
    said = infra_ctl("deploy", WARD, "--yes")
    assert said.code == Exit.FAILED
    line = next(line for line in said.out.splitlines() if line.startswith(f"wave 1/1  {WARD}"))
    assert line.startswith(
        f"wave 1/1  {WARD:<26} armed · applied · test failed: it does not run what was applied · RESTORED   "
    )
    faults.clear()
    assert "80" in infra_ctl("plan", WARD).out, "it is as it was before"


def test_an_unreachable_device_is_refused_before_anything_is_done(infra_ctl: Command, faults: Faults) -> None:
    faults[WARD] = Fault(unreachable=True)
    said = infra_ctl("deploy", "--yes")
    assert said.code == Exit.REFUSED
    assert said.err.splitlines()[-1] == (
        f"error: {WARD}: no answer: nothing was done. "
        f"To go on without: --max-fail 1, or leave it out: 'not {WARD}'"
    )
    assert f"! {WARD}   no answer" in said.out
    assert infra_ctl("runs", "--output", "json").json == []


def test_both_ways_to_go_on_without_it_go_on(infra_ctl: Command, faults: Faults) -> None:
    faults[WARD] = Fault(unreachable=True)
    said = infra_ctl("deploy", f"pop=nk and not {WARD}", "--yes")
    assert said.code == Exit.DONE
    said = infra_ctl("deploy", "--max-fail", "1", "--yes", "--output", "json")
    assert said.code == Exit.PARTIAL, "not every device is as intended"
    assert (said.json["summary"], said.json["not_planned"]) == ("7 confirmed", {WARD: "no answer"})


def test_an_unreachable_device_takes_from_the_budget(infra_ctl: Command, faults: Faults) -> None:
    faults[WARD] = Fault(unreachable=True)
    faults["nk-cai-khe-ce1"] = Fault(rejects="no")
    said = infra_ctl("deploy", "--max-fail", "1", "--yes", "--output", "json")
    assert said.code == Exit.PARTIAL
    assert said.json["summary"] == "1 confirmed · 1 restored · 7 not started"
    assert infra_ctl("deploy", "--max-fail", "20%", "--yes", "--output", "json").json["not_started"] == []


def test_nothing_but_an_unreachable_device_is_no_run(infra_ctl: Command, faults: Faults) -> None:
    infra_ctl("deploy", "--yes")
    faults[WARD] = Fault(unreachable=True)
    said = infra_ctl("deploy", "--max-fail", "1")
    assert said.code == infra_ctl("plan").code == Exit.FAILED
    assert said.out.splitlines()[-1] == "no other changes: 1 device could not be planned"
    ended = infra_ctl("deploy", "--max-fail", "1", "--output", "json").json
    assert (ended["run"], ended["state"], ended["not_planned"]) == (None, "failed", {WARD: "no answer"})
    assert len(infra_ctl("runs", "--output", "json").json) == 1


def test_an_end_state_that_does_not_hold_fails_the_run(
    infra_ctl: Command, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All is configured as it should be, and two neighbours do not find each other."""
    state = EmbeddedFleet.state

    def deaf(fleet: EmbeddedFleet, hostname: str) -> DeviceState:
        seen = state(fleet, hostname)
        deaf_to = ("ospf", "eth11") if hostname == "nk-pop1" else None
        heard = tuple(each for each in seen.neighbours if (each.protocol, each.interface) != deaf_to)
        return DeviceState(seen.interfaces, heard)

    monkeypatch.setattr(EmbeddedFleet, "state", deaf)
    said = infra_ctl("deploy", "--yes")
    assert said.code == Exit.FAILED
    assert "end state  FAIL  ospf       nk-pop1 nk-an-hoa-ce1 eth11: is not there" in said.out
    last, undo = said.out.splitlines()[-2:]
    assert "10 confirmed · run " in last
    assert undo.endswith(f"undo  infra-ctl rollback {last.split()[-1]}")


def test_a_dry_run_shows_the_plan_and_stops(infra_ctl: Command) -> None:
    said = infra_ctl("deploy", "--dry-run")
    assert said.code == Exit.DONE
    assert "10 to change" in said.out
    assert "run " not in said.out
    assert infra_ctl("runs", "--output", "json").json == []


def test_a_second_run_is_refused_while_one_is_under_way(infra_ctl: Command, tmp_path: Path) -> None:
    infra_ctl("runs")
    journal = open_journal(f"sqlite:///{tmp_path / 'var/journal.db'}")
    other = journal.start_run(Purpose("deploy", "embedded", "", "", ""), lambda _run: ())
    said = infra_ctl("deploy", "--yes")
    assert said.code == Exit.REFUSED
    assert f"error: run {other.id} is under way: " in said.err
    journal.finish_run(other.id, RunState.DONE, "")
    journal.close()
    assert infra_ctl("deploy", "--yes").code == Exit.DONE


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The exit codes with which the process would have been left at once."""
    codes: list[int] = []
    monkeypatch.setattr("os._exit", codes.append)
    return codes


def test_one_interrupt_stops_the_rollout_and_a_second_leaves(
    left: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    before: Callable[..., object] | int | None = signal.getsignal(signal.SIGINT)
    with stopping() as flag:
        assert not flag.is_set()
        signal.raise_signal(signal.SIGINT)
        assert (flag.is_set(), left) == (True, [])
        assert "devices in flight end first" in capsys.readouterr().err
        signal.raise_signal(signal.SIGINT)
        assert left == [Exit.INTERRUPTED]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_journal_that_goes_in_mid_run_is_one_line_that_says_what_to_do(
    infra_ctl: Command, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pain 10. What was armed is not confirmed, as nobody could write that down first."""
    record = Journal.record

    def gone(journal: Journal, run_id: str, device: str, state: StepState, *words: str, **more: str) -> None:
        if state is StepState.CONFIRMING:
            raise JournalError("journal sqlite:///journal.db: disk I/O error")
        record(journal, run_id, device, state, *words, **more)

    monkeypatch.setattr(Journal, "record", gone)
    said = infra_ctl("deploy", WARD, "--yes", "--timer", "30")
    assert said.code == Exit.FAILED
    run_id = infra_ctl("runs", "--output", "json").json[0]["id"]
    assert said.err.splitlines()[-1] == (
        "error: the journal is gone: journal sqlite:///journal.db: disk I/O error; devices that were not "
        f"confirmed take the change back within 30 s; once it is back: infra-ctl resume {run_id}"
    )
    told = infra_ctl("show", "run", run_id, "--output", "json").json
    assert [step["state"] for step in told["steps"]] == ["applied"]


def test_a_city_that_somebody_else_has_by_now_ends_the_run_and_says_what_was_done(
    infra_ctl: Command, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The laptop slept for longer than its lease, after the first wave."""
    renew, taken = CityLease.renew, []
    cause = "dc-core1: leased to binh@noc2 (run 2026-11-26-009-ab12)"

    def lost(lease: CityLease, ended: Collection[str] = ()) -> None:
        taken.append(lease)
        if len(taken) == 3:
            raise RefusedError(cause)
        renew(lease, ended)

    monkeypatch.setattr(CityLease, "renew", lost)
    said = infra_ctl("deploy", "pop=nk", "--yes", "--output", "json")
    assert (said.code, said.json["state"], said.json["cause"]) == (Exit.PARTIAL, "stopped", cause)
    assert (said.json["summary"], said.json["not_started"]) == ("2 confirmed · 1 not started", ["nk-pop1"])
    *_, stopped, summary, go_on = said.err.splitlines()
    assert stopped == f"stopped  {cause}"
    assert summary.startswith("2 confirmed · 1 not started · run ")
    assert go_on.startswith("go on   infra-ctl resume ")
    run = infra_ctl("runs", "--output", "json").json[0]
    assert (run["state"], run["summary"]) == ("stopped", f"2 confirmed · 1 not started · {cause}")
