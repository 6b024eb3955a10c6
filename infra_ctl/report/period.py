"""What a report is about in time: whole days of Vietnam, as people name them."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from infra_ctl.controls.model import Words
from infra_ctl.errors import UnknownError
from infra_ctl.inventory.fields import VIETNAM
from infra_ctl.report.document import words

ROMAN = ("I", "II", "III", "IV")
FIRST_YEAR = 2000
"""No journal is older; a year of two digits is a slip."""


@dataclass(frozen=True, slots=True)
class Period:
    """From the first day to the last, both within."""

    name: str
    """`2026`, `2026H2`, `2026Q3`, `2026-11`."""
    title: Words
    first: date
    last: date

    @property
    def since(self) -> datetime:
        """Its beginning, in UTC without a zone as the journal has it."""
        return _utc(self.first)

    @property
    def until(self) -> datetime:
        """The end: the first moment that is no longer in it, in UTC."""
        return _utc(self.last + timedelta(days=1))

    @property
    def before(self) -> Period:
        """The one of its kind that came before it."""
        return _KINDS[_kind(self.name)](self.first - timedelta(days=1))

    def holds(self, at: datetime) -> bool:
        """Whether a moment of the journal is in it."""
        return self.since <= at < self.until


def period(name: str) -> Period:
    """The period of a name. Raises UnknownError."""
    found = re.fullmatch(r"([0-9]{4})(?:H([12])|Q([1-4])|-(0[1-9]|1[0-2]))?", name)
    if found is None or int(found[1]) < FIRST_YEAR:
        known = "2026 is a year, 2026H2 a half of it, 2026Q3 a quarter, 2026-11 a month"
        raise UnknownError(f"there is no period '{name[:40]}': {known}")
    year, half, quarter, month = (int(each) if each else 0 for each in found.groups())
    begins = half * 6 - 5 if half else quarter * 3 - 2 if quarter else month or 1
    return _KINDS[_kind(name)](date(year, begins, 1))


def month(day: date) -> Period:
    """The month that a day is in."""
    name = f"{day:%Y-%m}"
    return _months(name, words(f"tháng {day.month} năm {day.year}", f"{day:%B %Y}"), day, 1)


def quarter(day: date) -> Period:
    number = (day.month + 2) // 3
    title = words(f"quý {ROMAN[number - 1]} năm {day.year}", f"quarter {number} of {day.year}")
    return _months(f"{day.year}Q{number}", title, day, 3)


def half(day: date) -> Period:
    number, vi, en = (1, "đầu", "first") if day.month <= 6 else (2, "cuối", "second")
    title = words(f"6 tháng {vi} năm {day.year}", f"{en} half of {day.year}")
    return _months(f"{day.year}H{number}", title, day, 6)


def year(day: date) -> Period:
    return _months(str(day.year), words(f"năm {day.year}", f"year {day.year}"), day, 12)


def today() -> date:
    """The date in Vietnam, wherever this machine stands."""
    return datetime.now(VIETNAM).date()


def local(at: datetime) -> datetime:
    """A moment of the journal on Vietnam's clock."""
    return (at.replace(tzinfo=UTC) if at.tzinfo is None else at).astimezone(VIETNAM)


def _months(name: str, title: Words, day: date, length: int) -> Period:
    """The part of `length` months of a year that a day is in."""
    begins = (day.month - 1) // length * length + 1
    ends = begins + length - 1
    last = date(day.year, ends, monthrange(day.year, ends)[1])
    return Period(name, title, date(day.year, begins, 1), last)


def _kind(name: str) -> str:
    return next((letter for letter in "HQ-" if letter in name), "")


def _utc(day: date) -> datetime:
    return datetime.combine(day, time(), VIETNAM).astimezone(UTC).replace(tzinfo=None)


_KINDS: dict[str, Callable[[date], Period]] = {"": year, "H": half, "Q": quarter, "-": month}
