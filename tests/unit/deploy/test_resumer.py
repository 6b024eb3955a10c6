"""Going on with a run, device by device: what the device says against what the journal knows."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Literal

import pytest

from infra_ctl.change.plan import Plan, PlannedDevice
from infra_ctl.deploy.resume import Resumed, Resumer
from infra_ctl.deploy.step import ITSELF, Applied, Stepper
from infra_ctl.drivers.embedded import Fault
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.journal.records import StepState
from tests.unit.conftest import bare_plan
from tests.unit.deploy.conftest import CONFIGURATIONS, QUICK, Bench

LONG = replace(QUICK, revert_in=600)


def plan_of(*devices: PlannedDevice) -> Plan:
    return bare_plan(devices, tuple((device.hostname,) for device in devices))


def resumed(bench: Bench, stepper: Stepper, planned: PlannedDevice, *cut: str) -> Resumed:
    """Look at the ward as a later process would."""
    steps = {step.device: step for step in bench.journal.steps(bench.run)}
    resumer = Resumer(stepper, Fleet(bench.open), steps, lambda _host, _deadline: cut)
    return resumer.look(plan_of(planned))


def begun(bench: Bench, *edits: tuple[str, str]) -> tuple[Stepper, PlannedDevice]:
    planned = bench.planned("ward", *edits)
    return bench.stepper(planned, patience=LONG), planned


def test_what_was_armed_is_tested_and_confirmed(bench: Bench) -> None:
    stepper, planned = begun(bench)
    stepper.apply("ward", bench.running("ward"))
    found = resumed(bench, stepper, planned)
    assert (found.ends["ward"].state, found.bases) == (StepState.CONFIRMED, {})
    assert bench.said("ward").count("apply") == 1
    assert bench.step("ward").after


def test_what_was_armed_and_cut_a_path_is_taken_back_for_good(bench: Bench) -> None:
    """It failed its test: it is not tried a second time in the same breath."""
    stepper, planned = begun(bench)
    stepper.apply("ward", bench.running("ward"))
    found = resumed(bench, stepper, planned, "path to core over IPv4")
    assert found.ends["ward"].state is StepState.RESTORED
    assert "lost what it had: path to core over IPv4" in found.ends["ward"].cause
    assert found.bases == {}
    assert bench.is_old("ward")


def test_what_was_armed_by_a_timer_that_is_nearly_over_is_done_again(bench: Bench) -> None:
    planned = bench.planned("ward")
    stepper = bench.stepper(planned, patience=replace(QUICK, revert_in=10))
    stepper.apply("ward", bench.running("ward"))
    found = resumed(bench, stepper, planned)
    assert found.ends == {}
    assert set(found.bases) == {"ward"}
    assert bench.step("ward").state is StepState.WAITING


def test_what_was_confirmed_without_a_word_is_not_done_again(bench: Bench) -> None:
    stepper, planned = begun(bench)
    step = stepper.apply("ward", bench.running("ward"))
    assert isinstance(step, Applied)
    with bench.devices.driver("ward") as device:
        device.confirm(stepper.token)
    found = resumed(bench, stepper, planned)
    assert found.ends["ward"].state is StepState.CONFIRMED
    assert bench.step("ward").after


@pytest.mark.parametrize(
    ("journalled", "ends"),
    [
        (StepState.WAITING, StepState.FAILED),
        (StepState.CONFIRMED, StepState.CONFIRMED),
        (StepState.NOT_RESTORED, StepState.NOT_RESTORED),
        (StepState.RESTORED, StepState.RESTORED),
        (StepState.APPLIED, StepState.UNKNOWN),
        (StepState.CONFIRMING, StepState.UNKNOWN),
    ],
)
def test_a_device_that_cannot_be_read_keeps_what_is_known_of_it(
    bench: Bench, journalled: StepState, ends: StepState
) -> None:
    stepper, planned = begun(bench)
    if journalled is not StepState.WAITING:
        bench.journal.record(bench.run, "ward", journalled)
    bench.devices.faults["ward"] = Fault(unreachable=True)
    found = resumed(bench, stepper, planned)
    assert (found.ends["ward"].state, found.ends["ward"].cause) == (ends, "no answer")
    assert bench.step("ward").state is ends


@pytest.mark.parametrize(
    ("journalled", "ends"),
    [
        (StepState.WAITING, StepState.FAILED),
        (StepState.RESTORED, StepState.FAILED),
        (StepState.APPLYING, StepState.UNKNOWN),
        (StepState.NOT_RESTORED, StepState.NOT_RESTORED),
        (StepState.UNKNOWN, StepState.UNKNOWN),
    ],
)
def test_a_device_that_runs_something_else_is_no_quieter_than_before(
    bench: Bench, journalled: StepState, ends: StepState
) -> None:
    stepper, planned = begun(bench)
    if journalled is not StepState.WAITING:
        bench.journal.record(bench.run, "ward", journalled)
    bench.devices.edit("ward", CONFIGURATIONS["ward"].replace("router-id 10.0.0.3", "router-id 10.0.0.9"))
    found = resumed(bench, stepper, planned)
    assert found.ends["ward"].state is ends
    assert bench.step("ward").state is ends


def test_a_change_that_was_undone_since_is_not_called_confirmed(bench: Bench) -> None:
    stepper, planned = begun(bench)
    bench.journal.record(bench.run, "ward", StepState.CONFIRMED)
    found = resumed(bench, stepper, planned)
    assert found.ends["ward"].state is StepState.UNKNOWN
    assert found.ends["ward"].cause == "changed since it was confirmed: plan again"


def test_a_secret_that_is_gone_from_the_device_ends_that_device_alone(bench: Bench) -> None:
    """A kept line's secret was changed by somebody: the candidate cannot be put together any more."""
    stepper, planned = begun(bench)
    planned = planned.model_copy(update={"candidate": f"{planned.candidate}password <secret:00000000>\n"})
    stepper = replace(stepper, planned={"ward": planned})
    bench.devices.edit("ward", CONFIGURATIONS["ward"].replace("router-id 10.0.0.3", "router-id 10.0.0.9"))
    assert resumed(bench, stepper, planned).ends["ward"].state is StepState.FAILED


def test_what_is_left_of_a_plan_keeps_the_numbers_of_its_waves(bench: Bench) -> None:
    plan = plan_of(bench.planned("ward"), bench.planned("pop"), bench.planned("core"))
    left = Resumed({}, {"core": "x", "ward": "y"}).left(plan)
    assert left.waves == (("ward",), (), ("core",))
    assert left.cuts == plan.cuts


@pytest.mark.parametrize("by", ["timer", "restart"])
def test_what_a_device_took_back_while_nobody_was_there_is_told(
    bench: Bench, by: Literal["timer", "restart"]
) -> None:
    planned = bench.planned("ward")
    stepper = bench.stepper(planned, patience=replace(QUICK, revert_in=4 if by == "timer" else 600))
    stepper.apply("ward", bench.running("ward"))
    if by == "timer":
        time.sleep(0.3)
    else:
        bench.devices.reboot("ward")
    found = resumed(bench, stepper, planned)
    assert found.taken_back == {"ward": ITSELF[by]}
    assert set(found.bases) == {"ward"}
    assert [event.detail for event in bench.journal.events(bench.run)][-1] == ITSELF[by]
    assert resumed(bench, stepper, planned).taken_back == {}, "it is told once"
