"""`infra-ctl drain`: the hold and the device say the same, whatever happens in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from infra_ctl.cli import planning
from infra_ctl.cli.exits import Exit
from infra_ctl.drivers.embedded import Fault
from infra_ctl.errors import JournalError
from infra_ctl.inventory import load
from infra_ctl.inventory.holding import hold
from infra_ctl.inventory.models import Hold
from infra_ctl.journal.records import Purpose, Step, StepState
from infra_ctl.journal.store import Journal
from infra_ctl.plan import Prepared
from tests.unit.cli.conftest import Command
from tests.unit.cli.test_deploy_command import Faults, faults  # noqa: F401 - a fixture

POP = "nk-pop1"
DRAIN = ("drain", POP, "--reason", "fibre work", "--until", "2099-12-01", "--yes")
HELD = "held    nk-pop1: drain until 2099-12-01: fibre work\n"


@pytest.fixture
def holds(small_folder: Path) -> Path:
    return small_folder / "holds.yaml"


def test_a_device_is_drained_stays_so_and_is_given_back(infra_ctl: Command, holds: Path) -> None:
    infra_ctl("deploy", "--yes")
    said = infra_ctl(*DRAIN, "--ticket", "CT-812")
    assert said.code == Exit.DONE, said
    assert said.out.startswith("no other way  nk-an-hoa-ce1: still reached through nk-pop1\n")
    assert HELD in said.out
    assert "+  ip ospf cost 65535" in said.out
    assert "+  ipv6 ospf6 cost 65535" in said.out
    assert "+  bgp graceful-shutdown" in said.out
    run = infra_ctl("runs", "--output", "json").json[0]
    assert (run["kind"], run["reason"], run["ticket"]) == ("drain", "fibre work", "CT-812")
    assert "nk-pop1" in holds.read_text()

    said = infra_ctl("deploy")
    assert said.out.startswith(f"{HELD}no changes (10 devices, ")
    assert infra_ctl("plan", "--output", "json").json["held"] == [HELD.strip().removeprefix("held    ")]

    said = infra_ctl("drain", POP, "--undo", "--yes")
    assert said.code == Exit.DONE, said
    assert "-  ip ospf cost 65535" in said.out
    assert holds.read_text() == "holds: []\n"
    assert infra_ctl("deploy").out.startswith("no changes (10 devices, ")


def test_a_drain_that_does_not_come_about_leaves_no_hold_behind(
    infra_ctl: Command,
    holds: Path,
    faults: Faults,  # noqa: F811 - the fixture
) -> None:
    infra_ctl("deploy", "--yes")
    before = holds.read_bytes()
    for fault, code in ((Fault(unreachable=True), Exit.REFUSED), (Fault(rejects="no"), Exit.FAILED)):
        faults[POP] = fault
        said = infra_ctl(*DRAIN)
        assert (said.code, holds.read_bytes()) == (code, before)
        assert "holds.yaml is as it was\n" in said.out
    (again,) = (line for line in said.out.splitlines() if line.startswith("go on"))
    assert again == "go on   infra-ctl drain nk-pop1 --reason 'fibre work' --until 2099-12-01"
    faults.clear()
    assert infra_ctl(*DRAIN, "--dry-run").code == Exit.DONE
    assert infra_ctl(*DRAIN[:-1]).code == Exit.USAGE, "nobody is there to answer"
    assert holds.read_bytes() == before


def test_a_drain_that_does_not_come_about_leaves_what_others_hold_meanwhile(
    infra_ctl: Command,
    holds: Path,
    faults: Faults,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    infra_ctl("deploy", "--yes")
    ward = Hold(object="nk-cai-khe", effect="isolate", reason="malware", until=date(2099, 12, 1))
    prepare = planning.prepare

    def meanwhile(*asked: Any) -> Prepared:
        prepared = prepare(*asked)
        hold(holds.parent, ward)
        return prepared

    monkeypatch.setattr(planning, "prepare", meanwhile)
    faults[POP] = Fault(rejects="no")
    said = infra_ctl(*DRAIN)
    assert said.code == Exit.FAILED, said
    assert "holds.yaml is as it was\n" in said.out
    assert [each.object for each in load(holds.parent).holds] == ["nk-cai-khe"]


def test_an_undo_that_does_not_come_about_leaves_the_hold(
    infra_ctl: Command,
    holds: Path,
    faults: Faults,  # noqa: F811 - the fixture
) -> None:
    infra_ctl("deploy", "--yes")
    infra_ctl(*DRAIN)
    before = holds.read_bytes()
    faults[POP] = Fault(rejects="no")
    said = infra_ctl("drain", POP, "--undo", "--yes")
    assert (said.code, holds.read_bytes()) == (Exit.FAILED, before)
    assert "go on   infra-ctl drain nk-pop1 --undo\n" in said.out


def test_a_run_of_another_network_says_nothing_about_the_device(
    infra_ctl: Command, holds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One journal, two contexts: the newest run need not be the one that drained."""
    infra_ctl("deploy", "--yes")
    finish = Journal.finish_run

    def finished(journal: Journal, *words: Any) -> None:
        finish(journal, *words)
        journal.start_run(Purpose("deploy", "lab:x", "", "", ""), lambda _run: ())

    monkeypatch.setattr(Journal, "finish_run", finished)
    said = infra_ctl(*DRAIN)
    assert said.code == Exit.DONE, said
    assert "nk-pop1" in holds.read_text()


def test_a_journal_that_goes_leaves_the_hold_and_its_own_words(
    infra_ctl: Command, holds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    infra_ctl("deploy", "--yes")
    record, steps = Journal.record, Journal.steps
    gone: list[str] = []

    def recorded(journal: Journal, run: str, device: str, state: StepState, *words: str, **more: str) -> None:
        if state is StepState.CONFIRMING:
            gone.append(run)
            raise JournalError("no disk")
        record(journal, run, device, state, *words, **more)

    def looked_up(journal: Journal, run: str) -> tuple[Step, ...]:
        if gone:
            raise JournalError("still no disk")
        return steps(journal, run)

    monkeypatch.setattr(Journal, "record", recorded)
    monkeypatch.setattr(Journal, "steps", looked_up)
    said = infra_ctl(*DRAIN)
    assert said.code == Exit.FAILED
    assert said.err.splitlines()[-1].startswith("error: the journal is gone: no disk; devices that were not")
    assert said.err.splitlines()[-1].endswith(f"once it is back: infra-ctl resume {gone[0]}")
    assert "holds.yaml stays as written: nobody knows how nk-pop1 ended\n" in said.out
    assert "nk-pop1" in holds.read_text()


def test_what_a_drain_leaves_for_later_is_said(
    infra_ctl: Command, holds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    infra_ctl("deploy", "--yes")
    prepare = planning.prepare

    def keeping(*asked: Any) -> Prepared:
        prepared = prepare(*asked)
        return replace(prepared, plan=prepared.plan.model_copy(update={"kept": ("x to y",)}))

    monkeypatch.setattr(planning, "prepare", keeping)
    said = infra_ctl(*DRAIN)
    assert said.code == Exit.PARTIAL
    assert said.out.splitlines()[-1] == "left    infra-ctl deploy nk-pop1      removes x to y"
    assert "nk-pop1" in holds.read_text()


def test_what_cannot_be_meant_is_a_usage_error(infra_ctl: Command, holds: Path) -> None:
    for words, why in (
        (("drain", "nk-pop9", "--reason", "x"), "there is no device 'nk-pop9' (did you mean 'nk-pop1'?)"),
        (("drain", POP), "say why with --reason"),
        (("drain", POP, "--reason", "x", "--until", "2020-01-01"), "--until 2020-01-01 is over"),
        (("drain", POP, "--undo"), "nk-pop1 is not drained: holds.yaml has no such hold"),
    ):
        said = infra_ctl(*words)
        assert said.code == Exit.USAGE, said
        assert why in said.err
    assert holds.read_text() == "holds: []\n"


def test_a_hold_that_is_over_is_a_problem_and_no_obstacle(infra_ctl: Command, holds: Path) -> None:
    holds.write_text("holds:\n- {object: nk-pop1, effect: drain, reason: old, until: 2020-01-01}\n")
    said = infra_ctl("check")
    assert said.code == Exit.USAGE
    assert f"{holds}:2:56: this hold ended on 2020-01-01" in said.err
    assert infra_ctl("plan").code == Exit.DONE


def test_a_rollback_of_a_drain_says_what_would_bring_it_back(infra_ctl: Command, holds: Path) -> None:
    infra_ctl("deploy", "--yes")
    infra_ctl(*DRAIN)
    run = infra_ctl("runs", "--output", "json").json[0]["id"]
    assert "drain nk-pop1 --undo" in infra_ctl("rollback", run, "--dry-run").out
    infra_ctl("drain", POP, "--undo", "--yes")
    run = infra_ctl("runs", "--output", "json").json[0]["id"]
    first = infra_ctl("rollback", run, "--dry-run").out.splitlines()[0]
    assert first == "holds.yaml does not hold nk-pop1: the next deploy gives it its traffic"
