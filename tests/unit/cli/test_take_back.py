"""A deploy whose devices were all confirmed and that cost a path all the same takes itself back."""

from __future__ import annotations

import os
import re
import signal
from functools import partial
from pathlib import Path

import pytest

from infra_ctl import plan as planning
from infra_ctl.change import normal
from infra_ctl.cli.exits import Exit
from infra_ctl.deploy import run, step
from infra_ctl.drivers.base import Ping
from infra_ctl.drivers.embedded import EmbeddedDriver, EmbeddedFleet, Fault
from infra_ctl.verify import looking
from tests.unit.cli.conftest import Command

WARD = "nk-an-hoa-ce1"
LOST = f"path from dc-core1 to {WARD} over IPv4"


@pytest.fixture
def changed(infra_ctl: Command, small_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployed city, and a ward whose circuit has another rate, and so another cost, in the inventory."""
    monkeypatch.setattr(step, "patience", partial(step.Patience, neighbours=0.05, pause=0.01, grace=0.1))
    monkeypatch.setattr(run, "END_STATE_SECONDS", 0.05)
    monkeypatch.setattr(run, "ROLLED_BACK_SECONDS", 0.05)
    monkeypatch.setattr(run, "PAUSE", 0.01)
    monkeypatch.setattr(looking, "PAUSE", 0.01)
    assert infra_ctl("deploy", "--yes").code == Exit.DONE
    circuits = small_folder / "circuits.csv"
    old = "nk-an-hoa:ce1/eth0,tslcd-2,l2,VNPT,50,1500,south"
    text = circuits.read_text(encoding="utf-8")
    assert text.count(old) == 1
    circuits.write_text(text.replace(old, old.replace(",50,", ",80,")), encoding="utf-8")


@pytest.fixture
def slow_harm(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ward falls silent once its change is confirmed, while it runs it; or for good, once told so."""
    told: list[str] = []
    at_first: list[str] = []
    confirm, answers = EmbeddedDriver.confirm, EmbeddedFleet.answers

    def confirmed(driver: EmbeddedDriver, token: str) -> None:
        confirm(driver, token)
        at_first.append("confirmed")
        if "Ctrl-C" in told:
            os.kill(os.getpid(), signal.SIGINT)

    def answered(fleet: EmbeddedFleet, hostname: str, question: Ping) -> bool:
        broken = "for good" in told or "bandwidth 80" in fleet.record(WARD).running
        silent = bool(at_first) and broken and str(question.target) in normal_addresses(fleet)
        return answers(fleet, hostname, question) and not silent

    monkeypatch.setattr(EmbeddedDriver, "confirm", confirmed)
    monkeypatch.setattr(EmbeddedFleet, "answers", answered)
    return told


def normal_addresses(fleet: EmbeddedFleet) -> set[str]:
    """The ward's own."""
    lines = (line for _, line in normal.parse(fleet.record(WARD).running))
    return {line.split()[2].partition("/")[0] for line in lines if line.startswith("ip address ")}


@pytest.mark.usefixtures("changed")
def test_it_is_rolled_back_and_both_runs_name_each_other(infra_ctl: Command, slow_harm: list[str]) -> None:
    said = infra_ctl("deploy", WARD, "--yes", "--ticket", "CT-9", "--output", "json")
    assert said.code == Exit.FAILED, said
    first, back = said.json["run"], said.json["rollback"]
    assert said.json["devices"] == {WARD: {"state": "confirmed", "cause": ""}}
    assert back["devices"] == {WARD: {"state": "confirmed", "cause": ""}}
    assert (back["state"], said.json["lost"][0]) == ("done", LOST)
    assert f"run {first} is taken back" in said.err
    assert said.err.splitlines()[-1].startswith(f"run {first} was taken back: {LOST}")
    assert said.err.splitlines()[-1].endswith("answers again")
    told = infra_ctl("show", "run", back["run"], "--output", "json").json["run"]
    assert (told["kind"], told["undoes"], told["ticket"]) == ("rollback", first, "CT-9")
    assert told["reason"].startswith(f"run {first} lost {LOST}")
    assert infra_ctl("show", "run", first, "--output", "json").json["undone_by"] == [back["run"]]
    assert "1 to change" in infra_ctl("plan", WARD).out, "it is as it was before"


@pytest.mark.usefixtures("changed", "slow_harm")
def test_its_rollback_is_watched_for_as_long_as_it_needs(
    infra_ctl: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A timer that was long enough for the change is too short for what undoes it."""
    monkeypatch.setattr(
        planning, "soak", lambda _running, to_be: 0 if ("bandwidth 80" in normal.to_text(to_be)) else 11
    )
    said = infra_ctl("deploy", WARD, "--yes", "--timer", "8", "--output", "json")
    for run_id, timer in ((said.json["run"], 8), (said.json["rollback"]["run"], 20)):
        events = infra_ctl("show", "run", run_id, "--output", "json").json["events"]
        assert events[0]["detail"].endswith(f", timer {timer} s")


@pytest.mark.usefixtures("changed")
def test_what_does_not_help_is_said_to(infra_ctl: Command, slow_harm: list[str]) -> None:
    slow_harm.append("for good")
    said = infra_ctl("deploy", WARD, "--yes")
    assert said.code == Exit.FAILED, said
    assert said.out.splitlines()[-1].endswith("STILL DOES NOT ANSWER")
    assert "1 to change" in infra_ctl("plan", WARD).out


@pytest.mark.usefixtures("changed", "slow_harm")
def test_it_stays_where_it_is_to_be_kept(infra_ctl: Command) -> None:
    said = infra_ctl("deploy", WARD, "--yes", "--keep", "--output", "json")
    assert said.code == Exit.FAILED
    assert said.err.splitlines()[-1].startswith(f"kept    {LOST}")
    assert said.json["rollback"] == {"kept": "--keep"}
    assert LOST in said.json["lost"]
    assert [each["kind"] for each in infra_ctl("runs", "--output", "json").json] == ["deploy", "deploy"]
    assert "no changes" in infra_ctl("plan", WARD).out


@pytest.mark.usefixtures("changed")
def test_who_stops_a_run_does_not_get_another_one(infra_ctl: Command, slow_harm: list[str]) -> None:
    slow_harm.append("Ctrl-C")
    said = infra_ctl("deploy", WARD, "--yes")
    assert said.code == Exit.FAILED
    run = infra_ctl("runs", "--output", "json").json[0]
    assert run["kind"] == "deploy"
    last = said.out.splitlines()[-1]
    assert last.startswith(f"kept    {LOST}")
    assert last.endswith(f" answered before (stopped); undo  infra-ctl rollback {run['id']}")


@pytest.mark.usefixtures("changed", "slow_harm")
def test_what_cannot_be_taken_back_is_loud(infra_ctl: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else begins a run in between."""
    from infra_ctl.errors import RefusedError
    from infra_ctl.journal.store import Journal

    start = Journal.start_run

    def refused(journal: Journal, purpose, *rest):  # type: ignore[no-untyped-def]
        if purpose.kind == "rollback":
            raise RefusedError("run 9 is under way")
        return start(journal, purpose, *rest)

    monkeypatch.setattr(Journal, "start_run", refused)
    said = infra_ctl("deploy", WARD, "--yes", "--output", "json")
    assert said.code == Exit.FAILED
    first = infra_ctl("runs", "--output", "json").json[0]["id"]
    assert said.err.splitlines()[-1] == (
        f"NOT TAKEN BACK  run 9 is under way; undo  infra-ctl rollback {first}"
    )
    assert said.json["rollback"] == {"error": "run 9 is under way"}


@pytest.mark.usefixtures("changed", "slow_harm")
def test_a_rollback_that_fails_has_not_taken_it_back(
    infra_ctl: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ward takes the change, and not what would undo it."""

    def fault(fleet: EmbeddedFleet, hostname: str) -> Fault:
        stubborn = hostname == WARD and "bandwidth 80" in fleet.record(WARD).running
        return Fault(rejects="no" if stubborn else "")

    monkeypatch.setattr(EmbeddedFleet, "fault", fault)
    said = infra_ctl("deploy", WARD, "--yes", "--output", "json")
    assert said.code == Exit.FAILED
    assert said.json["rollback"]["devices"] == {WARD: {"state": "restored", "cause": "no"}}
    last = said.err.splitlines()[-1]
    assert last.startswith(f"NOT TAKEN BACK  0 of 1 device: {LOST}")
    assert last.endswith(f"STILL DOES NOT ANSWER; undo  infra-ctl rollback {said.json['run']}")


def test_what_was_never_there_is_reported_and_nothing_is_taken_back(
    infra_ctl: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first deployment of a city with a ward that nobody reaches."""
    monkeypatch.setattr(run, "END_STATE_SECONDS", 0.05)
    monkeypatch.setattr(looking, "PAUSE", 0.01)
    answers = EmbeddedFleet.answers

    def deaf(fleet: EmbeddedFleet, hostname: str, question: Ping) -> bool:
        return str(question.target) not in normal_addresses(fleet) and answers(fleet, hostname, question)

    monkeypatch.setattr(EmbeddedFleet, "answers", deaf)
    said = infra_ctl("deploy", "--yes")
    assert said.code == Exit.FAILED
    assert re.search(rf"FAIL +reachable .*{WARD}", said.out), said
    assert said.out.splitlines()[-1].startswith("go on   infra-ctl resume ")
    assert len(infra_ctl("runs", "--output", "json").json) == 1
