"""Which audits are due, on a machine in UTC, by the clock of a city that is seven hours ahead."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from infra_ctl.audit.due import Due, coming, due, latest
from infra_ctl.inventory.audits import ScheduledAudit
from infra_ctl.journal.records import Audit, RunState


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text)


def audit(name: str, occasion: str | None, state: RunState = RunState.DONE, number: int = 1) -> Audit:
    started = utc("2026-11-01 00:00").replace(second=number)
    return Audit(
        id=f"A2026-11-01-{number:03}",
        name=name,
        context="live",
        laws=("city-standard",),
        where="",
        inventory="",
        user="",
        host="",
        process="",
        due=utc(occasion) if occasion else None,
        started=started,
        ended=None if state is RunState.RUNNING else started,
        state=state,
        counts={},
    )


WEEKLY = {"weekly": ScheduledAudit(calendar="30 1 * * sun", laws=("city-standard",))}
"""Sunday 01:30 in Cần Thơ is Saturday 18:30 in UTC."""
SATURDAY, BEFORE = "2026-11-21 18:30", "2026-11-14 18:30"


@pytest.mark.parametrize(
    ("calendar", "at", "last", "next_"),
    [
        ("30 1 * * sun", "2026-11-27 00:00", SATURDAY, "2026-11-28 18:30"),
        ("30 1 * * sun", SATURDAY, SATURDAY, "2026-11-28 18:30"),  # the very moment is an occasion
        ("30 1 * * sun", "2026-11-21 18:29:59", BEFORE, SATURDAY),
        ("0 6 * * *", "2026-11-27 00:00", "2026-11-26 23:00", "2026-11-27 23:00"),
        ("0 22 1 * *", "2026-12-01 14:59", "2026-11-01 15:00", "2026-12-01 15:00"),
        ("0 0 1 1 *", "2026-12-31 17:00", "2026-12-31 17:00", "2027-12-31 17:00"),  # the city's new year
        ("0 0 29 2 *", "2026-11-27 00:00", "2024-02-28 17:00", "2028-02-28 17:00"),
        ("0 3 * * mon#1", "2026-11-27 00:00", "2026-11-01 20:00", "2026-12-06 20:00"),
        ("*/15 * * * *", "2026-11-27 00:14:59.9", "2026-11-27 00:00", "2026-11-27 00:15"),
        ("0 3 1 * mon", "2026-12-02 00:00", "2026-11-30 20:00", "2026-12-06 20:00"),  # either day, as cron
    ],
)
def test_a_calendar_is_read_on_the_clock_of_the_city(calendar: str, at: str, last: str, next_: str) -> None:
    assert latest(calendar, utc(at)) == utc(last)
    assert coming(calendar, utc(at)) == utc(next_)


def test_what_never_ran_is_due_at_once() -> None:
    assert due(WEEKLY, (), utc("2026-11-27 00:00")) == (Due("weekly", utc(SATURDAY)),)


def test_what_was_run_for_its_occasion_waits_for_the_next() -> None:
    past = [audit("weekly", SATURDAY)]
    assert due(WEEKLY, past, utc("2026-11-28 18:29")) == ()
    assert due(WEEKLY, past, utc("2026-11-28 18:30")) == (Due("weekly", utc("2026-11-28 18:30")),)


def test_ten_missed_occasions_are_caught_up_once() -> None:
    past = [audit("weekly", BEFORE)]
    (found,) = due(WEEKLY, past, utc("2027-01-30 18:29"))
    assert found == Due("weekly", utc("2027-01-23 18:30"))
    assert due(WEEKLY, [*past, audit("weekly", "2027-01-23 18:30", number=2)], utc("2027-01-30 18:29")) == ()


@pytest.mark.parametrize("state", [RunState.KILLED, RunState.STOPPED])
def test_one_that_was_left_is_gone_on_with(state: RunState) -> None:
    left = audit("weekly", SATURDAY, state)
    assert due(WEEKLY, [left], utc("2026-11-27 00:00")) == (Due("weekly", utc(SATURDAY), left),)


def test_one_that_was_left_until_the_next_occasion_is_begun_anew() -> None:
    past = [audit("weekly", BEFORE, RunState.KILLED)]
    assert due(WEEKLY, past, utc("2026-11-27 00:00")) == (Due("weekly", utc(SATURDAY)),)


def test_one_that_failed_is_gone_on_with_an_hour_later() -> None:
    failed = replace(audit("weekly", SATURDAY, RunState.FAILED), ended=utc("2026-11-21 18:31"))
    assert due(WEEKLY, [failed], utc("2026-11-21 19:30")) == ()
    assert due(WEEKLY, [failed], utc("2026-11-21 19:31")) == (Due("weekly", utc(SATURDAY), failed),)


@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.DONE])
def test_one_that_is_under_way_or_done_is_left_alone(state: RunState) -> None:
    assert due(WEEKLY, [audit("weekly", SATURDAY, state)], utc("2026-11-27 00:00")) == ()


def test_of_one_occasion_the_last_start_counts() -> None:
    past = [audit("weekly", SATURDAY, RunState.KILLED), audit("weekly", SATURDAY, number=2)]
    assert due(WEEKLY, past, utc("2026-11-27 00:00")) == ()


def test_what_somebody_ran_by_hand_and_other_names_count_for_nothing() -> None:
    past = [audit("weekly", None), audit("monthly", SATURDAY), audit("", SATURDAY)]
    assert due(WEEKLY, past, utc("2026-11-27 00:00")) == (Due("weekly", utc(SATURDAY)),)


def test_a_calendar_that_was_moved_back_is_not_run_again_for_it() -> None:
    moved = {"weekly": ScheduledAudit(calendar="30 1 * * sat", laws=("city-standard",))}
    assert due(moved, [audit("weekly", SATURDAY)], utc("2026-11-27 00:00")) == ()


def test_the_longest_overdue_comes_first() -> None:
    both = WEEKLY | {"daily": ScheduledAudit(calendar="0 6 * * *", laws=("city-standard",))}
    assert [each.name for each in due(both, (), utc("2026-11-27 00:00"))] == ["weekly", "daily"]
