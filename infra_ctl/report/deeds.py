"""What people did in a period and wrote down, and what befell the city: from records.yaml."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from infra_ctl.controls.exhibit import Kind
from infra_ctl.controls.model import Words
from infra_ctl.inventory.kinds import Language
from infra_ctl.inventory.models import Inventory
from infra_ctl.inventory.recorded import Incident, Recorded
from infra_ctl.report.called import DEEDS
from infra_ctl.report.document import Cell, Coded, Column, Names, Table, words
from infra_ctl.report.period import Period
from infra_ctl.report.scope import Scope
from infra_ctl.report.spoken import spoken
from infra_ctl.report.wording import NONE

NOTICE, REPORT = timedelta(hours=24), timedelta(hours=72)
"""How soon the authority is to know of a serious incident, and to have the report on it (Decree 331/2026)."""
LANGUAGES: tuple[Language, Language] = ("vi", "en")
_KINDS: tuple[Kind, ...] = ("city", "site", "device", "circuit", "host", "system")
_NOT_KEPT = words("Đơn vị chưa lập sổ theo dõi.", "Nobody keeps records of it.")


def incidents(inventory: Inventory, scope: Scope, period: Period) -> tuple[Incident, ...]:
    """Those that occurred in a period and befell something of a scope, the earliest first."""
    found = (each for each in inventory.incidents or () if period.holds(_utc(each.occurred)))
    return tuple(sorted((each for each in found if _is_of(each.of, scope)), key=lambda each: each.occurred))


def deeds(inventory: Inventory, scope: Scope, period: Period) -> tuple[Recorded, ...]:
    """What was done in a period, the earliest first."""
    found = (each for each in inventory.records or () if period.first <= each.date <= period.last)
    return tuple(sorted((each for each in found if _is_of(each.of, scope)), key=lambda each: each.date))


def is_late(incident: Incident, now: datetime) -> bool:
    """Whether the authority did not have its notice or its report in time; `now` is UTC, without a zone."""
    return any(
        _is_late(incident, at, limit, now)
        for at, limit in ((incident.notified, NOTICE), (incident.reported, REPORT))
    )


def _is_late(incident: Incident, at: datetime | None, limit: timedelta, now: datetime) -> bool:
    """What is not done yet is late once its time is over."""
    return (_utc(at) if at else now) - _utc(incident.occurred) > limit


def incidents_table(inventory: Inventory, found: Iterable[Incident], now: datetime) -> Table:
    """A row an incident, with whether the authority was told in time; `now` is UTC, without a zone."""
    columns = (
        Column("occurred", words("Xảy ra lúc", "Occurred")),
        Column("title", words("Sự cố", "Incident")),
        Column("of", words("Đối tượng", "Of what")),
        Column("by", words("Đơn vị xử lý", "By")),
        Column("number", words("Số văn bản", "Number")),
        Column("notice", words("Thông báo (24 giờ)", "Notice (24 h)")),
        Column("notified", words("Thông báo lúc", "Notified"), is_data=True),
        Column("report", words("Báo cáo (72 giờ)", "Report (72 h)")),
        Column("reported", words("Báo cáo lúc", "Reported"), is_data=True),
    )
    rows = tuple(
        (
            _utc(each.occurred),
            each.title,
            Names(each.of),
            each.by,
            each.number,
            _in_time(each, each.notified, NOTICE, now),
            _utc(each.notified) if each.notified else None,
            _in_time(each, each.reported, REPORT, now),
            _utc(each.reported) if each.reported else None,
        )
        for each in found
    )
    none = (
        _NOT_KEPT if inventory.incidents is None else words("Không có sự cố nào.", "There was no incident.")
    )
    return Table("incidents", words("Sự cố trong kỳ", "Incidents of the period"), columns, rows, none)


def deeds_table(inventory: Inventory, key: str, title: Words, found: Iterable[Recorded]) -> Table:
    """A row a record; where the inventory keeps none at all, the table says so."""
    columns = (
        Column("date", words("Ngày", "Date")),
        Column("kind", words("Hoạt động", "What")),
        Column("title", words("Nội dung", "About")),
        Column("by", words("Đơn vị thực hiện", "By")),
        Column("number", words("Số văn bản", "Number")),
        Column("of", words("Đối tượng", "Of what")),
    )
    rows = tuple(
        (each.date, DEEDS[each.kind], each.title, each.by, each.number, Names(each.of, 3)) for each in found
    )
    none = _NOT_KEPT if inventory.records is None else NONE
    return Table(key, title, columns, rows, none)


def _in_time(incident: Incident, at: datetime | None, limit: timedelta, now: datetime) -> Cell:
    """When, and whether that was within what the law gives; what is not done yet may still be in time."""
    is_late = _is_late(incident, at, limit, now)
    if at is None:
        if is_late:
            return Coded("missing", words("chưa thực hiện", "not done"), "bad")
        return Coded("open", words("chưa đến hạn", "not due yet"), "muted")
    vi, en = (spoken(_utc(at), language) for language in LANGUAGES)
    if is_late:
        return Coded("late", words(f"{vi} (quá hạn)", f"{en} (late)"), "bad")
    return Coded("in-time", words(f"{vi} (đúng hạn)", f"{en} (in time)"), "good")


def _is_of(names: Iterable[str], scope: Scope) -> bool:
    return any(scope.has(kind, name) for name in names for kind in _KINDS)


def _utc(at: datetime) -> datetime:
    """As the journal has it."""
    return at.astimezone(UTC).replace(tzinfo=None)
