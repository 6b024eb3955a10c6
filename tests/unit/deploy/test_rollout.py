"""A whole run: waves in their order, the budget, the stop, and what the run says of itself at its end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from infra_ctl.change.plan import PlannedDevice
from infra_ctl.cli.ending import exit_of
from infra_ctl.cli.exits import Exit
from infra_ctl.cli.request import failures_allowed
from infra_ctl.deploy.rollout import Result, Rollout
from infra_ctl.deploy.step import Ended, Stepper
from infra_ctl.deploy.watch import Watch
from infra_ctl.drivers.embedded import Fault
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.errors import RefusedError
from infra_ctl.intent.expectations import Reachable
from infra_ctl.journal.records import RunState, StepState
from tests.unit.conftest import bare_plan
from tests.unit.deploy.conftest import CONFIGURATIONS, UNWAITED, Bench, Mishap

WAVES = (("ward",), ("pop",), ("core",))
AREA_0, AREA_7 = "10.1.2.{}/31\n ip ospf area 0.0.0.0", "10.1.2.{}/31\n ip ospf area 0.0.0.7"
Told = list[tuple[int, str, str, str]]


def moved(bench: Bench) -> tuple[PlannedDevice, PlannedDevice]:
    """The link between ward and PoP in another area: half of it breaks the link, both halves do not."""
    return (
        bench.planned("ward", (AREA_0.format(1), AREA_7.format(1))),
        bench.planned("pop", (AREA_0.format(0), AREA_7.format(0))),
    )


def rollout(
    bench: Bench,
    waves: tuple[tuple[str, ...], ...] = WAVES,
    planned: Iterable[PlannedDevice] = (),
    budget: int = 0,
    told: Callable[[int, str, StepState, str], None] = lambda *_said: None,
    questions: tuple[Reachable, ...] = (),
    cuts: tuple[tuple[str, ...], ...] = (),
) -> Rollout:
    devices = tuple(planned) or tuple(bench.planned(host) for wave in waves for host in wave)
    plan = bare_plan(devices, waves, cuts)
    fleet = Fleet(bench.open)
    bases = {device.hostname: bench.running(device.hostname) for device in devices}
    watch = Watch(fleet, (questions,) * len(waves), plan.cuts)
    if questions:
        watch.begin({})
    return Rollout(plan, bench.stepper(*devices), fleet, bases, watch, budget, told)


def test_waves_go_one_after_the_other_and_all_end_confirmed(bench: Bench) -> None:
    result = rollout(bench).go()
    starts = [host for host, what in bench.log if what == "> applying"]
    ends = [host for host, what in bench.log if what == "> confirmed"]
    assert starts == ends == ["ward", "pop", "core"]
    assert bench.log.index(("ward", "> confirmed")) < bench.log.index(("pop", "> applying"))
    assert (result.state, result.summary, result.not_started) == (RunState.DONE, "3 confirmed", ())


def test_all_of_a_wave_is_applied_before_any_of_it_is_tested(bench: Bench) -> None:
    result = rollout(bench, (("pop", "ward"),), moved(bench)).go()
    assert result.summary == "2 confirmed", "each is tested in the state that both make"
    last_apply = max(bench.log.index((host, "apply")) for host in ("pop", "ward"))
    first_confirm = min(bench.log.index((host, "> confirming")) for host in ("pop", "ward"))
    assert last_apply < first_confirm


def test_a_lost_device_is_settled_after_the_others_of_its_wave_are_safe(bench: Bench) -> None:
    bench.devices.faults["ward"] = Fault(loses_session=True)
    result = rollout(bench, (("core", "ward"),)).go()
    assert result.summary == "1 confirmed · 1 restored"
    log = bench.log
    assert log.index(("core", "> confirmed")) < log.index(("ward", "> restoring"))


def test_a_defect_on_one_device_leaves_the_others_alone(bench: Bench) -> None:
    bench.mishaps["ward", "state"] = Mishap(KeyError("mtu"))  # type: ignore[arg-type]  # that is the point
    result = rollout(bench, (("core", "ward"),)).go()
    assert result.ends["core"].state is StepState.CONFIRMED
    assert result.ends["ward"].state is bench.step("ward").state is StepState.FAILED
    assert "a defect of infra-ctl: KeyError" in result.ends["ward"].cause


def test_a_device_that_a_defect_was_met_over_once_it_was_armed_is_settled(bench: Bench) -> None:
    bench.mishaps["ward", "confirm"] = Mishap(KeyError("mtu"))  # type: ignore[arg-type]
    bench.mishaps["core", "read"] = Mishap(KeyError("mtu"))  # type: ignore[arg-type]
    result = rollout(bench, (("core", "ward"),)).go()
    assert result.ends["ward"].state is bench.step("ward").state is StepState.CONFIRMED
    assert result.ends["core"].state is bench.step("core").state is StepState.RESTORED
    assert bench.is_old("core")


def test_one_half_alone_fails_its_test(bench: Bench) -> None:
    result = rollout(bench, (("ward",), ("pop",)), moved(bench)).go()
    assert (result.summary, result.not_started) == ("1 restored · 1 not started", ("pop",))


def test_the_end_of_a_run_is_the_order_of_its_plan(bench: Bench) -> None:
    assert list(rollout(bench, (("ward", "core", "pop"),)).go().ends) == ["ward", "core", "pop"]


def test_a_failure_over_the_budget_stops_the_next_wave(bench: Bench) -> None:
    bench.devices.faults["ward"] = Fault(rejects="no")
    result = rollout(bench).go()
    assert (result.failed, result.not_started) == (("ward",), ("pop", "core"))
    assert (result.state, result.summary) == (RunState.FAILED, "1 restored · 2 not started")
    assert {host for host, _ in bench.log} == {"ward"}, "nobody else is even asked"
    assert bench.step("pop").state is StepState.WAITING


def test_a_failure_within_the_budget_does_not(bench: Bench) -> None:
    bench.devices.faults["ward"] = Fault(rejects="no")
    result = rollout(bench, budget=1).go()
    assert (result.summary, result.state) == ("2 confirmed · 1 restored", RunState.FAILED)


def test_the_budget_is_of_the_run_and_not_of_a_wave(bench: Bench) -> None:
    bench.devices.faults |= {"ward": Fault(rejects="no"), "pop": Fault(rejects="no")}
    assert rollout(bench, budget=1).go().not_started == ("core",)


def test_a_wave_that_has_begun_is_ended_whatever_the_budget(bench: Bench) -> None:
    bench.devices.faults["ward"] = Fault(rejects="no")
    result = rollout(bench, (("ward", "pop"), ("core",))).go()
    assert (result.summary, result.not_started) == ("1 confirmed · 1 restored · 1 not started", ("core",))


def test_a_stop_between_waves_starts_nobody_else(bench: Bench) -> None:
    def told(_wave: int, _host: str, state: StepState, _cause: str) -> None:
        if state is StepState.CONFIRMED:
            run.stop.set()

    run = rollout(bench, told=told)
    result = run.go()
    assert (result.state, result.summary) == (RunState.STOPPED, "1 confirmed · 2 not started")
    assert result.not_started == ("pop", "core")


def test_a_stop_within_a_wave_ends_the_devices_in_flight_and_starts_no_other(bench: Bench) -> None:
    def told(_wave: int, host: str, state: StepState, _cause: str) -> None:
        if (host, state) == ("ward", StepState.APPLYING):
            run.stop.set()

    run = rollout(bench, (("ward", "pop", "core"),), told=told)
    run.fleet = Fleet(bench.open, workers=1)
    result = run.go()
    assert {host: ended.state for host, ended in result.ends.items()} == {"ward": StepState.CONFIRMED}
    assert result.not_started == ("pop", "core")
    assert "apply" not in bench.said("pop")


def test_a_run_that_is_stopped_before_it_began_does_nothing(bench: Bench) -> None:
    run = rollout(bench)
    run.stop.set()
    result = run.go()
    assert (result.state, result.summary) == (RunState.STOPPED, "3 not started")
    assert bench.log == []


def test_an_empty_plan_has_nothing_to_do(bench: Bench) -> None:
    run = rollout(bench)
    run.plan = run.plan.model_copy(update={"devices": (), "waves": (), "cuts": ()})
    assert (run.go().summary, run.go().state) == ("nothing to do", RunState.DONE)


def test_progress_is_told_device_by_device(bench: Bench) -> None:
    told: Told = []
    bench.devices.faults["pop"] = Fault(rejects="no")
    rollout(bench, told=lambda wave, host, state, cause: told.append((wave, host, str(state), cause))).go()
    assert told == [
        (1, "ward", "applying", ""),
        (1, "ward", "applied", ""),
        (1, "ward", "confirmed", ""),
        (2, "pop", "applying", ""),
        (2, "pop", "restored", "no"),
    ]


def test_a_device_that_is_given_up_is_told_too(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def defect(*_settled: object) -> None:
        raise KeyError("mtu")

    monkeypatch.setattr(Stepper, "settle", defect)
    bench.devices.faults["ward"] = Fault(loses_session=True)
    told: Told = []
    rollout(
        bench,
        (("ward",),),
        told=lambda wave, host, state, cause: told.append((wave, host, str(state), cause)),
    ).go()
    assert [each[:3] for each in told] == [(1, "ward", "applying"), (1, "ward", "unknown")]
    assert "a defect of infra-ctl: KeyError" in told[-1][3]


def test_who_loses_the_city_between_two_waves_begins_no_other(bench: Bench) -> None:
    run = rollout(bench)

    def renew(ended: Collection[str]) -> None:
        if bench.step("ward").state is StepState.CONFIRMED:
            raise RefusedError("core: leased to binh@noc2 (run 9)")

    run.renew = renew
    result = run.go()
    assert (result.state, result.summary) == (RunState.STOPPED, "1 confirmed · 2 not started")
    assert (result.aborted, result.cause) == (True, "core: leased to binh@noc2 (run 9)")
    assert exit_of(result, end_state=True, all_planned=True) is Exit.PARTIAL


# Paths

PATHS = tuple(
    Reachable("core", IPv4Address("10.0.0.1"), host, "loopback", IPv4Address(address), 1500)
    for host, address in (("pop", "10.0.0.2"), ("ward", "10.0.0.3"))
)
SILENT = ("interface lo\n ip address 10.0.0.3/32\n ip ospf area", "interface lo\n ip address 10.0.0.3/32\n !")
TO_WARD = "path from core to ward over IPv4"


def test_a_path_that_a_wave_cuts_takes_its_own_end_back(bench: Bench) -> None:
    """The ward announces its loopback no more; its interfaces and neighbours are as they were."""
    planned = (bench.planned("ward", SILENT), bench.planned("pop"))
    result = rollout(bench, (("pop", "ward"),), planned, questions=PATHS).go()
    assert result.ends["ward"].cause == "test failed: lost what it had: path to core over IPv4"
    assert {host: ended.state for host, ended in result.ends.items()} == {
        "pop": StepState.CONFIRMED,
        "ward": StepState.RESTORED,
    }
    assert bench.is_old("ward")


def test_a_path_that_leads_over_a_wave_takes_all_of_it_back(bench: Bench) -> None:
    """Nobody can tell which of the two did it."""
    summarised = ("exit\nrouter ospf\n", "exit\nrouter ospf\n passive-interface eth1\n")
    planned = (bench.planned("pop", summarised, may_lose=("ospf neighbour 10.0.0.3 on eth1",)),)
    result = rollout(bench, (("pop",),), planned, questions=PATHS).go()
    assert result.ends["pop"].cause == f"test failed: lost what it had: {TO_WARD}"
    assert bench.is_old("pop")


def test_a_path_that_is_expected_to_go_is_none_and_no_later_wave_is_blamed(bench: Bench) -> None:
    planned = (bench.planned("ward", SILENT), bench.planned("pop"))
    waves = (("ward",), ("pop",))
    result = rollout(bench, waves, planned, questions=PATHS, cuts=((TO_WARD,), ())).go()
    assert result.summary == "2 confirmed"


def test_a_path_that_was_cut_is_not_held_against_the_next_wave(bench: Bench) -> None:
    """The ward cannot take its change back: it is the only one to blame for that."""
    bench.devices.faults["ward"] = Fault(cannot_restore=True)
    planned = (bench.planned("ward", SILENT), bench.planned("pop"))
    rolling = rollout(bench, (("ward",), ("pop",)), planned, budget=1, questions=PATHS)
    rolling.stepper = replace(rolling.stepper, patience=UNWAITED)
    assert rolling.go().summary == "1 confirmed · 1 NOT RESTORED"


def test_a_path_that_did_not_answer_before_is_not_missed(bench: Bench) -> None:
    bench.devices.edit("ward", CONFIGURATIONS["ward"].replace(*SILENT))
    result = rollout(bench, (("pop",),), questions=PATHS).go()
    assert result.summary == "1 confirmed"


# Exit codes


def result(*ends: StepState, waiting: int = 0, interrupted: bool = False) -> Result:
    named = {f"r{number}": Ended(state) for number, state in enumerate(ends)}
    return Result("run", named, ("w",) * waiting, interrupted)


def stopped(*told: bool) -> Result:
    """Hosts that stopped, each because it was told to or because an operation failed."""
    ends = {f"h{number}": Ended(StepState.STOPPED, interrupted=each) for number, each in enumerate(told)}
    return Result("run", ends, (), interrupted=any(told))


@pytest.mark.parametrize(
    ("ended", "end_state", "all_planned", "code"),
    [
        (result(StepState.CONFIRMED), True, True, Exit.DONE),
        (result(), True, True, Exit.DONE),
        (result(StepState.CONFIRMED), False, True, Exit.FAILED),
        (result(StepState.CONFIRMED), True, False, Exit.PARTIAL),
        (result(StepState.RESTORED), True, True, Exit.FAILED),
        (result(StepState.UNKNOWN, waiting=3), True, True, Exit.FAILED),
        (result(StepState.CONFIRMED, StepState.RESTORED), True, True, Exit.PARTIAL),
        (result(StepState.CONFIRMED, StepState.NOT_RESTORED, waiting=1), True, True, Exit.FAILED),
        (result(StepState.UNKNOWN, interrupted=True), True, True, Exit.FAILED),
        (result(StepState.CONFIRMED, waiting=1, interrupted=True), True, True, Exit.INTERRUPTED),
        (result(StepState.FAILED, interrupted=True), True, False, Exit.INTERRUPTED),
        (stopped(True, True), True, True, Exit.INTERRUPTED),
        (stopped(True, False), True, True, Exit.FAILED),
        (stopped(False), True, True, Exit.FAILED),
    ],
)
def test_a_run_has_its_exit_code(ended: Result, end_state: bool, all_planned: bool, code: Exit) -> None:
    assert exit_of(ended, end_state=end_state, all_planned=all_planned) is code


def test_a_summary_names_the_worst_too() -> None:
    ends = (
        StepState.CONFIRMED,
        StepState.CONFIRMED,
        StepState.NOT_RESTORED,
        StepState.FAILED,
        StepState.UNKNOWN,
    )
    assert result(*ends, waiting=2).summary == (
        "2 confirmed · 1 failed · 1 NOT RESTORED · 1 unknown · 2 not started"
    )


@pytest.mark.parametrize(
    ("text", "devices", "allowed"),
    [("0", 100, 0), ("3", 2, 3), ("10%", 103, 10), ("1%", 99, 0), ("100%", 7, 7)],
)
def test_failures_are_allowed_as_a_count_or_a_share(text: str, devices: int, allowed: int) -> None:
    assert failures_allowed(text, devices) == allowed
