"""Whoever judges the faults is judged first: each thing that may be wrong is found, and nothing else is."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

import pytest

from tests.lab.city_slice import Done
from tests.lab.faults.ground import HOSTS
from tests.lab.faults.judge import Told, complaints, meaning
from tests.lab.faults.kinds import KINDS
from tests.lab.faults.trial import deal

FIRST, SECOND, THIRD = HOSTS
MIXED = {FIRST: "confirmed", SECOND: "restored", THIRD: "waiting"}
NOW = {FIRST: "new", SECOND: "old", THIRD: "old"}
LINES = "1 confirmed · 1 restored · 1 not started · run r1\ngo on   infra-ctl resume r1\n"
STOPPED = Done(5, LINES, "")


def found(
    done: Done = STOPPED, now: Mapping[str, str] = NOW, state: str = "failed", **ends: str
) -> list[str]:
    return list(complaints(done, Told("r1", state, {**MIXED, **ends}), now))


def test_a_run_that_stopped_part_way_and_says_so_is_well() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("what", "complaint"),
    [
        (found(now={**NOW, THIRD: "neither: x"}), f"{THIRD} is neither: x"),
        (found(now={**NOW, FIRST: "old"}), f"the journal says confirmed of {FIRST}, which is old"),
        (found(now={**NOW, SECOND: "new"}), f"the journal says restored of {SECOND}, which is new"),
        (found(Done(0, LINES, "")), f"exit code 0, not 5, of {MIXED}"),
        (found(state="done"), "the run is done, not failed"),
        (found(Done(5, LINES.replace("1 restored · ", ""), "")), "no line says: 1 restored"),
        (found(Done(5, LINES, "Traceback (most recent call last):")), "it says: Traceback"),
        (found(Done(5, LINES.partition("go on")[0], "")), "it does not say how to go on"),
    ],
)
def test_what_is_wrong_is_found(what: list[str], complaint: str) -> None:
    assert complaint in what


def test_a_step_that_was_left_under_way_is_no_end() -> None:
    first, *_ = complaints(Done(5, LINES, ""), Told("r1", "failed", {**MIXED, THIRD: "applied"}), NOW)
    assert first.startswith("the journal says applied")


def test_a_run_that_lost_its_journal_has_to_say_what_to_do() -> None:
    run = Told("r1", "running", MIXED)
    words = "devices that were not confirmed take the change back within 8 s"
    go_on = "once it is back: infra-ctl resume r1"
    fine = Done(1, "", f"error: the journal is gone: its file is gone; {words}; {go_on}\n")
    assert list(complaints(fine, run, NOW, left=True)) == []
    assert len(list(complaints(Done(5, "", "error: disk I/O error\n"), run, NOW, left=True))) == 2


def test_what_was_refused_may_have_done_nothing() -> None:
    refused = Done(4, "", "error: dc-core1: leased to somebody\n")
    assert list(complaints(refused, None, dict.fromkeys(HOSTS, "old"))) == []
    assert list(complaints(refused, None, NOW)) == [f"{FIRST} is new, and no run did it"]


def test_a_configuration_means_the_same_in_any_order_and_in_its_contexts_only() -> None:
    one = "interface lo\n description a\nexit\n!\nip route 10.0.0.0/8 lo\nend\n"
    assert meaning(one) == meaning("ip route 10.0.0.0/8 lo\n!\ninterface lo\n description a\n")
    assert meaning(one) != meaning(one.replace("interface lo", "interface eth0"))
    assert meaning(one) != meaning("interface lo\nip route 10.0.0.0/8 lo\n description a\n")


def test_trials_are_dealt_by_the_seed_alone_and_leave_no_variant_out() -> None:
    dealt = list(islice(deal("city"), 200))
    assert dealt == list(islice(deal("city"), 200))
    assert dealt != list(islice(deal("another"), 200))
    assert {trial.fault for trial in dealt} == {fault for variants in KINDS.values() for fault in variants}
