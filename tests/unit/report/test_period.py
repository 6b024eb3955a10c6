"""Periods: their days in Vietnam, their bounds in UTC, and those before them."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from infra_ctl.errors import UnknownError
from infra_ctl.report.period import local, period


@pytest.mark.parametrize(
    ("name", "first", "last", "before", "vi", "en"),
    [
        ("2026", "2026-01-01", "2026-12-31", "2025", "năm 2026", "year 2026"),
        ("2026H1", "2026-01-01", "2026-06-30", "2025H2", "6 tháng đầu năm 2026", "first half of 2026"),
        ("2026H2", "2026-07-01", "2026-12-31", "2026H1", "6 tháng cuối năm 2026", "second half of 2026"),
        ("2026Q1", "2026-01-01", "2026-03-31", "2025Q4", "quý I năm 2026", "quarter 1 of 2026"),
        ("2026Q3", "2026-07-01", "2026-09-30", "2026Q2", "quý III năm 2026", "quarter 3 of 2026"),
        ("2026-01", "2026-01-01", "2026-01-31", "2025-12", "tháng 1 năm 2026", "January 2026"),
        ("2028-02", "2028-02-01", "2028-02-29", "2028-01", "tháng 2 năm 2028", "February 2028"),
        ("2026-11", "2026-11-01", "2026-11-30", "2026-10", "tháng 11 năm 2026", "November 2026"),
    ],
)
def test_a_period_by_its_name(name: str, first: str, last: str, before: str, vi: str, en: str) -> None:
    found = period(name)
    assert (found.name, found.title.vi, found.title.en) == (name, vi, en)
    assert (found.first, found.last) == (date.fromisoformat(first), date.fromisoformat(last))
    assert found.before.name == before
    assert found.before.until == found.since


def test_a_period_begins_and_ends_at_midnight_in_vietnam() -> None:
    november = period("2026-11")
    assert november.since == datetime(2026, 10, 31, 17)
    assert november.until == datetime(2026, 11, 30, 17)
    assert november.holds(datetime(2026, 10, 31, 17))
    assert not november.holds(datetime(2026, 10, 31, 16, 59, 59))
    assert not november.holds(datetime(2026, 11, 30, 17))
    assert local(datetime(2026, 11, 30, 17)).day == 1


@pytest.mark.parametrize(
    "name",
    [
        "",
        "26",
        "2026H3",
        "2026Q0",
        "2026-13",
        "2026-1",
        "2026h2",
        "1999",
        "2026H2 ",
        "\uff12026",
        "x" * 99,
    ],
)
def test_what_is_no_period_is_said_in_a_line(name: str) -> None:
    with pytest.raises(UnknownError) as told:
        period(name)
    assert str(told.value).startswith(f"there is no period '{name[:40]}': 2026 is a year, 2026H2 a half")
    assert "\n" not in str(told.value)
