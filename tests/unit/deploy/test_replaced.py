"""A replacement that was killed: its device has its end in it once a later one has read it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra_ctl.change.plan import Plan
from infra_ctl.deploy import machine
from infra_ctl.deploy.replaced import settle
from infra_ctl.drivers.embedded import EmbeddedFleet
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.journal import process
from infra_ctl.journal.opening import open_journal
from infra_ctl.journal.records import Purpose, RunState, Step, StepState
from infra_ctl.journal.store import Journal
from infra_ctl.plan import Planner, Prepared, assemble
from infra_ctl.rollback import to_undo
from tests.unit.conftest import SmallCity

WARD = "nk-an-hoa-ce1"
OPEN = [state for state in machine.TRANSITIONS if state not in (StepState.WAITING, *machine.ENDS)]


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    """One whose runs are of processes that are gone."""
    monkeypatch.setattr(process, "identity", lambda pid: f"{pid}:")
    opened = open_journal(f"sqlite:///{tmp_path / 'journal.db'}")
    yield opened
    opened.close()


def left(journal: Journal, state: StepState, base: str = "day 0", kind: str = "replace") -> str:
    """The id of a run that was killed while its ward was in `state`."""
    run = journal.start_run(
        Purpose(kind, "embedded", "", "", ""),
        lambda run: [Step(run, WARD, 1, StepState.WAITING, "", "", base, "")],
    )
    journal.record(run.id, WARD, state)
    journal.finish_run(run.id, RunState.KILLED, "")
    return run.id


def read(small: SmallCity, journal: Journal, devices: EmbeddedFleet) -> Prepared:
    """The plan of a later replacement."""
    fleet = Fleet(devices.driver)
    planner = Planner(small.city, fleet, small.masking, {})
    judged = planner.judge([WARD], lambda _hostname: None)
    plan: Plan = assemble(planner, judged, "embedded", WARD)
    return Prepared(small.city, fleet, journal, small.masking, plan, {WARD: judged[WARD].running})


@pytest.mark.parametrize("state", OPEN)
def test_what_runs_as_intended_was_replaced(
    small: SmallCity, journal: Journal, tmp_path: Path, state: StepState
) -> None:
    run = left(journal, state)
    prepared = read(small, journal, small.devices(tmp_path / "devices"))
    assert settle(prepared, WARD) == {run: StepState.CONFIRMED}
    (step,) = journal.steps(run)
    assert (step.state, step.result) == (StepState.CONFIRMED, prepared.plan.devices[0].base)
    assert journal.snapshot(step.after) == small.masking.mask(prepared.bases[WARD])
    assert journal.run(run).state is RunState.DONE
    assert WARD in to_undo(journal, journal.run(run)), "it can be rolled back"
    assert settle(prepared, WARD) == {}, "once"


def test_what_runs_what_it_ran_before_was_taken_back(
    small: SmallCity, journal: Journal, tmp_path: Path
) -> None:
    devices = small.devices(tmp_path / "devices", intended=False)
    prepared = read(small, journal, devices)
    run = left(journal, StepState.APPLIED, prepared.plan.devices[0].base)
    assert settle(prepared, WARD) == {run: StepState.RESTORED}
    assert journal.run(run).state is RunState.FAILED


def test_only_the_newest_made_it_what_it_is(small: SmallCity, journal: Journal, tmp_path: Path) -> None:
    first, second = left(journal, StepState.APPLIED), left(journal, StepState.CONFIRMING)
    settled = settle(read(small, journal, small.devices(tmp_path / "devices")), WARD)
    assert settled == {second: StepState.CONFIRMED, first: StepState.UNKNOWN}


def test_a_replacement_is_settled_however_many_runs_came_after_it(
    small: SmallCity, journal: Journal, tmp_path: Path
) -> None:
    run = left(journal, StepState.APPLIED)
    for _ in range(120):
        left(journal, StepState.FAILED, kind="deploy")
    assert settle(read(small, journal, small.devices(tmp_path / "devices")), WARD) == {
        run: StepState.CONFIRMED
    }


@pytest.mark.parametrize(
    ("state", "kind"), [(StepState.WAITING, "replace"), (StepState.FAILED, "replace"), (OPEN[0], "deploy")]
)
def test_what_has_an_end_or_can_be_resumed_is_left_alone(
    small: SmallCity, journal: Journal, tmp_path: Path, state: StepState, kind: str
) -> None:
    run = left(journal, state, kind=kind)
    assert settle(read(small, journal, small.devices(tmp_path / "devices")), WARD) == {}
    assert journal.steps(run)[0].state is state
