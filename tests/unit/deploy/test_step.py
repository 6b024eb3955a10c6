"""One device in a run: every end, and the journal a step ahead of every effect."""

from __future__ import annotations

import time
from dataclasses import replace
from threading import Timer

import pytest

from infra_ctl.change.plan import PlannedDevice
from infra_ctl.deploy.leases import Lease
from infra_ctl.deploy.step import Applied, Ended, Lost, Patience, Stepper, unheard, up
from infra_ctl.drivers.base import DeviceState, Neighbour
from infra_ctl.drivers.embedded import EmbeddedDriver, Fault
from infra_ctl.errors import DeviceError, NotRestoredError, SessionLostError, UnreachableError
from infra_ctl.journal.records import StepState
from tests.unit.deploy.conftest import CONFIGURATIONS, MASKING, QUICK, UNWAITED, Bench, Mishap

CUT = SessionLostError("ward", "the session was cut")
OTHER_AREA = (
    "eth0\n ip address 10.1.2.1/31\n ip ospf area 0.0.0.0",
    "eth0\n ip address 10.1.2.1/31\n ip ospf area 0.0.0.7",
)
"""The ward's link in another area than the PoP's: they are neighbours no more."""
HASTY = replace(QUICK, revert_in=1)
"""A timer that is waited for until it is over."""
SHORT = replace(QUICK, revert_in=4)
"""A timer that fires after a fifth of a second."""
LOST = "ospf neighbour 10.0.0.2 on eth0"


def finish(stepper: Stepper, applied: Applied, *cut: str) -> Lost | Ended:
    return stepper.finish("ward", applied, cut, time.monotonic() + stepper.patience.neighbours)


def deploy(bench: Bench, planned: PlannedDevice, *cut: str, patience: Patience = QUICK) -> Ended:
    """Both halves of the steps, one right after the other."""
    stepper = bench.stepper(planned, patience=patience)
    step = stepper.apply("ward", bench.running("ward"))
    if isinstance(step, Applied):
        step = finish(stepper, step, *cut)
    return stepper.settle("ward", step) if isinstance(step, Lost) else step


# Confirmed


def test_a_change_is_armed_applied_tested_over_a_new_session_and_confirmed(bench: Bench) -> None:
    ended = deploy(bench, bench.planned("ward"))
    assert (ended.state, ended.cause) == (StepState.CONFIRMED, "")
    assert bench.said("ward") == [
        "open", "lease", "state", "> applying", "apply", "> applied",
        "open", "read", "state", "> confirming", "confirm", "read", "release", "> confirmed",
    ]  # fmt: skip
    assert "description changed" in bench.running("ward")
    with bench.devices.driver("ward") as device:
        assert device.pending() is None


def test_the_journal_keeps_what_a_confirmed_device_runs_masked(bench: Bench) -> None:
    ended = deploy(bench, bench.planned("ward"))
    assert ended.running == bench.running("ward")
    assert ended.seen == bench.devices.state("ward")
    step = bench.step("ward")
    assert (step.state, step.result) == (StepState.CONFIRMED, MASKING.fingerprint(ended.running))
    assert step.result != step.base


def test_secrets_are_put_in_last_and_those_of_the_device_alone_too(bench: Bench) -> None:
    edited = CONFIGURATIONS["ward"] + "password hunter2\n"
    bench.devices.edit("ward", edited)
    kept = MASKING.mask("password hunter2")
    planned = bench.planned(
        "ward", ("exit\ninterface lo", " ip ospf message-digest-key 1 md5 vault:ospf/key\nexit\ninterface lo")
    )
    planned = planned.model_copy(update={"candidate": f"{planned.candidate}{kept}\n"})
    assert deploy(bench, planned).state is StepState.CONFIRMED
    assert " md5 0spf-s3cret\n" in bench.running("ward")
    assert "password hunter2\n" in bench.running("ward")


def test_a_neighbour_that_comes_back_in_time_is_not_lost(bench: Bench) -> None:
    planned = bench.planned("ward", OTHER_AREA)
    pop = CONFIGURATIONS["pop"].replace(
        "10.1.2.0/31\n ip ospf area 0.0.0.0", "10.1.2.0/31\n ip ospf area 0.0.0.7"
    )
    stepper = bench.stepper(planned, patience=replace(QUICK, neighbours=5))
    step = stepper.apply("ward", bench.running("ward"))
    assert isinstance(step, Applied)
    later = Timer(0.1, bench.devices.edit, ("pop", pop))
    later.start()
    ended = finish(stepper, step)
    assert isinstance(ended, Ended)
    assert ended.state is StepState.CONFIRMED
    later.join()
    assert bench.said("ward").count("state") > 2


def test_a_predicted_loss_is_none(bench: Bench) -> None:
    ended = deploy(bench, bench.planned("ward", OTHER_AREA, may_lose=(LOST,)))
    assert (ended.state, ended.cause) == (StepState.CONFIRMED, "")


def test_what_was_down_before_is_not_missed(bench: Bench) -> None:
    bench.devices.edit(
        "pop", CONFIGURATIONS["pop"].replace("interface eth1\n", "interface eth1\n shutdown\n")
    )
    assert deploy(bench, bench.planned("ward", OTHER_AREA)).state is StepState.CONFIRMED


# Restored


def test_a_lost_neighbour_takes_the_change_back(bench: Bench) -> None:
    ended = deploy(bench, bench.planned("ward", OTHER_AREA))
    assert (ended.state, ended.cause) == (StepState.RESTORED, f"test failed: lost what it had: {LOST}")
    assert bench.is_old("ward")
    assert "confirm" not in bench.said("ward")
    assert bench.said("ward")[-5:] == ["> restoring", "restore", "read", "release", "> restored"]
    assert bench.step("ward").cause == ended.cause


def test_a_prediction_excuses_nothing_else(bench: Bench) -> None:
    ended = deploy(bench, bench.planned("ward", OTHER_AREA, may_lose=("ospf neighbour 10.0.0.2 on eth1",)))
    assert ended.state is StepState.RESTORED


def test_a_lost_interface_takes_the_change_back(bench: Bench) -> None:
    ended = deploy(
        bench, bench.planned("ward", ("interface eth0\n", "interface eth0\n shutdown\n"), may_lose=(LOST,))
    )
    assert (ended.state, ended.cause) == (StepState.RESTORED, "test failed: lost what it had: interface eth0")
    assert bench.is_old("ward")


def test_a_path_that_its_wave_cut_takes_the_change_back_at_once(bench: Bench) -> None:
    path = "path from core to ward over IPv4"
    ended = deploy(bench, bench.planned("ward"), path)
    assert (ended.state, ended.cause) == (StepState.RESTORED, f"test failed: lost what it had: {path}")
    assert bench.is_old("ward")


# Losses that show late


def seen(expires_in: float | None, *, up: bool = True, interface: str = "eth0") -> DeviceState:
    return DeviceState((), (Neighbour("ospf", interface, "10.0.0.2", up, "Full", expires_in),))


@pytest.mark.parametrize(
    ("first", "now", "elapsed", "missed"),
    [
        (seen(33), seen(22), 11, (LOST,)),
        (seen(33), seen(32), 11, ()),  # heard 8 s ago
        (seen(40), seen(39), 11, ()),  # right at the beginning, and again 10 s later
        (seen(40), seen(29), 11, (LOST,)),
        (seen(31), seen(39), 12, ()),
        (seen(33), seen(22, up=False), 11, ()),  # that is missed as such
        (seen(33, up=False), seen(22), 11, ()),
        (seen(None), seen(None), 11, ()),
        (seen(33), seen(22, interface="eth1"), 11, ()),
    ],
)
def test_a_neighbour_whose_timer_only_ran_down_is_not_heard(
    first: DeviceState, now: DeviceState, elapsed: float, missed: tuple[str, ...]
) -> None:
    assert unheard(first, now, elapsed) == missed


def test_a_neighbour_that_is_not_heard_takes_the_change_back(bench: Bench) -> None:
    """All it had is still up when it is tested, a second later: nobody has missed it yet."""
    planned = bench.planned("ward").model_copy(update={"soak": 1})
    patience = replace(QUICK, neighbours=1.5)
    stepper = bench.stepper(planned, patience=patience)
    step = stepper.apply("ward", bench.running("ward"))
    assert isinstance(step, Applied)
    deaf = replace(step, first=seen(33), at=step.at - 1)
    bench.show["ward"] = seen(20)
    assert stepper.soaked("ward", deaf) == deaf.at + 1
    ended = finish(stepper, replace(deaf, had=up(seen(33))))
    assert isinstance(ended, Ended)
    assert (ended.state, ended.cause) == (StepState.RESTORED, f"test failed: lost what it had: {LOST}")


def test_what_is_not_up_or_is_expected_to_go_is_not_waited_for(bench: Bench) -> None:
    def waits(first: DeviceState, *, soak: int = 11, may_lose: tuple[str, ...] = ()) -> bool:
        planned = bench.planned("ward", may_lose=may_lose).model_copy(update={"soak": soak})
        applied = Applied(up(first), first, 100.0)
        return (
            Stepper(
                "r", Lease("an@noc1", "r-1", 300), bench.journal, bench.open, {"ward": planned}, MASKING
            ).soaked("ward", applied)
            > 100.0
        )

    assert waits(seen(33))
    assert not waits(seen(33), soak=0)
    assert not waits(seen(33, up=False))
    assert not waits(seen(None))
    assert not waits(seen(33), may_lose=(LOST,))


def test_a_rejected_candidate_is_restored_and_its_secret_is_not_told(bench: Bench) -> None:
    bench.devices.faults["ward"] = Fault(rejects="line 9: bad value: key-string 0spf-s3cret")
    ended = deploy(bench, bench.planned("ward"))
    assert ended == Ended(StepState.RESTORED, "line 9: bad value: key-string vault:ospf/key")
    assert bench.written("ward") == ["applying", "restored"]
    assert bench.step("ward").cause == ended.cause
    assert bench.is_old("ward")


# Failed: nothing was done


def test_a_device_that_does_not_answer_has_failed(bench: Bench) -> None:
    planned = bench.planned("ward")
    stepper = bench.stepper(planned)
    base = bench.running("ward")
    bench.devices.faults["ward"] = Fault(unreachable=True)
    assert stepper.apply("ward", base) == Ended(StepState.FAILED, "no answer")
    assert bench.written("ward") == ["failed"]


def test_a_device_that_somebody_else_changes_now_has_failed(bench: Bench) -> None:
    planned = bench.planned("ward")
    with bench.devices.driver("ward") as other:
        other.apply(CONFIGURATIONS["ward"], base=other.read(), revert_in=600, token="theirs")
    assert deploy(bench, planned) == Ended(StepState.FAILED, "commit theirs is pending")
    with bench.devices.driver("ward") as other:
        assert other.pending() is not None, "it is theirs to end"


def test_a_device_that_changed_since_the_plan_is_not_touched(bench: Bench) -> None:
    planned = bench.planned("ward")
    stepper = bench.stepper(planned)
    base = bench.running("ward")
    bench.devices.edit("ward", CONFIGURATIONS["ward"] + "ip route 198.51.100.0/24 blackhole\n")
    edited = bench.running("ward")
    cause = "the running configuration has changed"
    assert stepper.apply("ward", base) == Ended(StepState.FAILED, cause)
    assert bench.running("ward") == edited


# Not restored


def test_a_restore_that_fails_is_loud_and_tells_both_causes(bench: Bench) -> None:
    """Its timer has had all of its time, and more."""
    bench.devices.faults["ward"] = Fault(cannot_restore=True)
    ended = deploy(bench, bench.planned("ward", OTHER_AREA), patience=HASTY)
    assert ended.state is StepState.NOT_RESTORED
    why = f"test failed: lost what it had: {LOST}"
    still = "after its timer of 1 s still: the old configuration does not load: look at it"
    assert ended.cause == f"{why}; {still}"
    assert bench.step("ward").state is StepState.NOT_RESTORED


def test_a_restore_that_fails_is_tried_again_while_the_timer_lasts(bench: Bench) -> None:
    """A daemon of FRR was down for a moment: no hand is needed."""
    bench.mishaps["ward", "restore"] = Mishap(NotRestoredError("ward", "zebra is down"), times=2)
    ended = deploy(bench, bench.planned("ward", OTHER_AREA))
    assert (ended.state, ended.cause) == (
        StepState.RESTORED,
        f"test failed: lost what it had: {LOST}",
    )
    assert bench.is_old("ward")


def test_a_device_that_cannot_take_back_what_it_rejects_is_loud(bench: Bench) -> None:
    bench.devices.faults["ward"] = Fault(cannot_restore=True)
    bench.mishaps["ward", "apply"] = Mishap(
        NotRestoredError("ward", "rejected, and the old one does not load"), after=True
    )
    ended = deploy(bench, bench.planned("ward"), patience=HASTY)
    assert ended.state is StepState.NOT_RESTORED
    assert ended.cause.startswith("rejected, and the old one does not load; after its timer of 1 s still: ")


# The session is lost


def test_a_session_lost_in_apply_is_settled_by_taking_the_change_back(bench: Bench) -> None:
    bench.devices.faults["ward"] = Fault(loses_session=True)
    ended = deploy(bench, bench.planned("ward"))
    assert (ended.state, ended.cause) == (StepState.RESTORED, "the session was cut while applying")
    assert bench.written("ward") == ["applying", "settling", "restoring", "restored"]
    assert bench.is_old("ward")


def test_a_device_that_says_nothing_sensible_once_it_is_armed_is_settled(bench: Bench) -> None:
    """Whatever goes wrong after the change went in: it is in, and it is not called untouched."""
    planned = bench.planned("ward").model_copy(update={"soak": 11})
    stepper = bench.stepper(planned)
    told = iter(range(10))

    def second_time() -> None:
        if next(told) == 0:
            bench.mishaps["ward", "state"] = Mishap(DeviceError("ward", "is FRR running?"))

    bench.mishaps["ward", "apply"] = Mishap(CUT, times=0)
    driver_apply = bench.devices.driver("ward").__class__.apply

    def applied(device: EmbeddedDriver, *arguments: str, **options: str) -> None:
        driver_apply(device, *arguments, **options)  # type: ignore[arg-type]
        second_time()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EmbeddedDriver, "apply", applied)
        lost = stepper.apply("ward", bench.running("ward"))
    assert lost == Lost("test failed: is FRR running?", tested=False)
    assert stepper.settle("ward", lost).state is StepState.RESTORED
    assert bench.is_old("ward")
    assert bench.written("ward") == ["applying", "applied", "settling", "restoring", "restored"]


def test_a_session_lost_before_anything_was_done_is_settled_by_reading(bench: Bench) -> None:
    bench.mishaps["ward", "apply"] = Mishap(CUT)
    ended = deploy(bench, bench.planned("ward"))
    assert (ended.state, ended.cause) == (StepState.RESTORED, "the session was cut")
    assert bench.written("ward") == ["applying", "settling", "restored"]
    assert "restore" not in bench.said("ward")


def test_a_device_that_is_lost_is_looked_at_until_its_timer_has_brought_it_back(bench: Bench) -> None:
    def lost() -> None:
        bench.devices.faults["ward"] = Fault(unreachable=True)
        Timer(0.35, bench.devices.faults.clear).start()

    bench.mishaps["ward", "apply"] = Mishap(CUT, after=True, also=lost)
    ended = deploy(bench, bench.planned("ward"), patience=SHORT)
    assert ended.state is StepState.RESTORED
    assert ended.cause == "the session was cut; its own timer took the change back"
    assert "restore" not in bench.said("ward")
    assert bench.said("ward").count("open") > 5
    assert bench.is_old("ward")


def test_a_device_that_stays_away_ends_unknown_and_says_so(bench: Bench) -> None:
    def lost() -> None:
        bench.devices.faults["ward"] = Fault(unreachable=True)

    bench.mishaps["ward", "apply"] = Mishap(CUT, after=True, also=lost)
    planned = bench.planned("ward")
    stepper = bench.stepper(planned, patience=replace(QUICK, revert_in=0, grace=0.05))
    lost_one = stepper.apply("ward", bench.running("ward"))
    assert lost_one == Lost("the session was cut", tested=False)
    assert stepper.settle("ward", lost_one) == Ended(
        StepState.UNKNOWN, "the session was cut; after its timer of 0 s still: no answer: look at it"
    )


def test_a_device_that_runs_neither_the_old_nor_a_pending_configuration_ends_unknown(bench: Bench) -> None:
    def meddle() -> None:
        bench.devices.edit("ward", CONFIGURATIONS["ward"].replace("router-id 10.0.0.3", "router-id 10.0.0.9"))

    bench.mishaps["ward", "apply"] = Mishap(CUT, also=meddle)
    ended = deploy(bench, bench.planned("ward"), patience=HASTY)
    assert ended.state is StepState.UNKNOWN
    still = "after its timer of 1 s still: it runs neither its old nor its new configuration: look at it"
    assert ended.cause == f"the session was cut; {still}"


def test_a_device_that_has_not_read_all_of_its_old_configuration_yet_is_looked_at_again(bench: Bench) -> None:
    """It lost power, and answers while it still starts."""
    half = CONFIGURATIONS["ward"].partition("router ospf\n")[0]

    def start() -> None:
        bench.devices.edit("ward", half)
        Timer(0.3, bench.devices.edit, ["ward", CONFIGURATIONS["ward"]]).start()

    bench.mishaps["ward", "apply"] = Mishap(CUT, also=start)
    ended = deploy(bench, bench.planned("ward"), patience=HASTY)
    assert (ended.state, ended.cause) == (StepState.RESTORED, "the session was cut")


def test_a_lost_session_whose_restore_fails_is_loud(bench: Bench) -> None:
    bench.devices.faults["ward"] = Fault(loses_session=True, cannot_restore=True)
    assert deploy(bench, bench.planned("ward"), patience=HASTY).state is StepState.NOT_RESTORED


def test_a_session_lost_in_the_test_takes_the_change_back(bench: Bench) -> None:
    planned = bench.planned("ward")
    stepper = bench.stepper(planned)
    applied = stepper.apply("ward", bench.running("ward"))
    assert isinstance(applied, Applied)
    bench.mishaps["ward", "state"] = Mishap(CUT)
    lost = finish(stepper, applied)
    assert lost == Lost("test failed: the session was cut", tested=False)
    ended = stepper.settle("ward", lost)
    assert (ended.state, ended.cause) == (StepState.RESTORED, "test failed: the session was cut")
    assert bench.is_old("ward")


def away_when_tested(bench: Bench, patience: Patience, seconds: float) -> tuple[Stepper, Lost | Ended]:
    """A change whose device cannot be reached for so many seconds, once it is applied."""
    stepper = bench.stepper(bench.planned("ward"), patience=patience)
    applied = stepper.apply("ward", bench.running("ward"))
    assert isinstance(applied, Applied)
    bench.devices.faults["ward"] = Fault(unreachable=True)
    Timer(seconds, bench.devices.faults.clear).start()
    return stepper, finish(stepper, applied)


def test_a_device_is_tested_once_routing_has_found_another_way_to_it(bench: Bench) -> None:
    _, ended = away_when_tested(bench, replace(QUICK, neighbours=30.0, revert_in=1200), 0.1)
    assert isinstance(ended, Ended)
    assert ended.state is StepState.CONFIRMED


def test_a_device_that_the_new_session_does_not_reach_is_restored_by_its_timer(bench: Bench) -> None:
    stepper, lost = away_when_tested(bench, SHORT, 0.35)
    assert isinstance(lost, Lost)
    ended = stepper.settle("ward", lost)
    assert ended.state is StepState.RESTORED
    assert ended.cause == "test failed: no answer; its own timer took the change back"
    assert bench.is_old("ward")


@pytest.mark.parametrize("after", [True, False])
def test_a_session_lost_in_confirm_is_confirmed_once_it_is_read(bench: Bench, after: bool) -> None:
    bench.mishaps["ward", "confirm"] = Mishap(CUT, after=after)
    ended = deploy(bench, bench.planned("ward"))
    assert (ended.state, ended.cause) == (StepState.CONFIRMED, "")
    assert ended.running == bench.running("ward")
    assert bench.step("ward").after, "it can be rolled back"
    with bench.devices.driver("ward") as device:
        assert device.pending() is None
    bench.devices.reboot("ward")
    assert "description changed" in bench.running("ward"), "it is kept over a reboot"
    if not after:
        assert bench.said("ward").count("confirm") == 2


def test_a_timer_that_runs_out_before_the_confirmation_is_not_taken_for_a_success(bench: Bench) -> None:
    def dawdle() -> None:
        time.sleep(0.3)

    bench.mishaps["ward", "confirm"] = Mishap(CUT, also=dawdle)
    ended = deploy(bench, bench.planned("ward"), patience=SHORT)
    assert ended.state is StepState.RESTORED
    assert ended.cause == "the session was cut; its own timer took the change back"
    assert bench.is_old("ward")


def test_a_session_lost_in_restore_still_tells_why_it_was_taken_back(bench: Bench) -> None:
    bench.mishaps["ward", "restore"] = Mishap(CUT)
    ended = deploy(bench, bench.planned("ward", OTHER_AREA))
    assert ended.state is StepState.RESTORED
    assert LOST in ended.cause
    assert bench.is_old("ward")


# The journal


@pytest.mark.parametrize(
    "mishap",
    [
        None,
        ("apply", Mishap(CUT, after=True)),
        ("confirm", Mishap(CUT)),
        ("confirm", Mishap(CUT, after=True)),
        ("restore", Mishap(UnreachableError("ward", "no answer"))),
    ],
)
@pytest.mark.parametrize("edits", [(), (OTHER_AREA,)])
def test_every_effect_is_written_before_it_is_made_and_an_end_once(
    bench: Bench, mishap: tuple[str, Mishap] | None, edits: tuple[tuple[str, str], ...]
) -> None:
    if mishap:
        bench.mishaps["ward", mishap[0]] = replace(mishap[1])
    deploy(bench, bench.planned("ward", *edits))
    said = bench.said("ward")
    for effect, written in (("apply", "> applying"), ("confirm", "> confirming"), ("restore", "> restoring")):
        before = ""
        for what in said:
            if what == effect:
                assert before == written, f"{effect} after {before} in {said}"
            if what.startswith("> "):
                before = what
    ends = {"> confirmed", "> restored", "> failed", "> NOT RESTORED"}
    assert [what for what in said if what in ends] == said[-1:]


def test_a_restore_that_fails_in_confirm_is_loud_and_not_tried_for_ever(bench: Bench) -> None:
    bench.devices.faults["ward"] = Fault(cannot_restore=True)
    bench.mishaps["ward", "confirm"] = Mishap(
        NotRestoredError("ward", "the old one does not load"), times=999
    )
    ended = deploy(bench, bench.planned("ward"), patience=HASTY)
    assert ended.state is StepState.NOT_RESTORED
    assert "the old one does not load" in ended.cause


def test_a_device_that_reverted_and_was_edited_is_not_taken_for_confirmed(bench: Bench) -> None:
    def revert_and_edit() -> None:
        with bench.devices.driver("ward") as device:
            device.restore(stepper.token)
        bench.devices.edit("ward", CONFIGURATIONS["ward"].replace("router-id 10.0.0.3", "router-id 10.0.0.9"))
        bench.devices.faults["ward"] = Fault()

    planned = bench.planned("ward")
    stepper = bench.stepper(planned, patience=UNWAITED)
    applied = stepper.apply("ward", bench.running("ward"))
    assert isinstance(applied, Applied)
    bench.mishaps["ward", "confirm"] = Mishap(CUT, also=revert_and_edit)
    lost = finish(stepper, applied)
    assert isinstance(lost, Lost)
    assert stepper.settle("ward", lost).state is StepState.UNKNOWN
