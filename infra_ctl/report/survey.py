"""The survey of the present infrastructure, unit by unit (decision of 29 January 2021, lines 622-624)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from infra_ctl.inventory.indicators import IMPORTED
from infra_ctl.report.compared import title
from infra_ctl.report.document import (
    Block,
    Cell,
    Coded,
    Column,
    Document,
    Headlines,
    Imported,
    Paragraph,
    Section,
    Table,
    same,
    words,
)
from infra_ctl.report.framing import addressed, closing, inner, opening, said
from infra_ctl.report.half_year import Half, half, headline, inventoried
from infra_ctl.report.infrastructure import (
    circuits_table,
    classes_table,
    column,
    rooms_table,
    sites_table,
    stages,
    systems_table,
)
from infra_ctl.report.letterhead import collector
from infra_ctl.report.machines import Seen, counts_table, ended_table, machines, machines_table
from infra_ctl.report.measure import Measure, brief, cell
from infra_ctl.report.measured import circuits, rooms, sites, systems
from infra_ctl.report.readings import Readings
from infra_ctl.report.rollup import Part
from infra_ctl.report.surveyed import Surveyed
from infra_ctl.report.wanted import Sources, Wanted
from infra_ctl.report.wording import NONE, about

KIND = "survey"
ASKED_BY = "decision-2021"
ABOUT = (
    "Khảo sát hiện trạng hạ tầng kỹ thuật công nghệ thông tin",
    "Survey of the information infrastructure",
)
IMPORTED_COLUMNS: Mapping[str, str] = {
    "staff": "Cán bộ|Staff",
    "computers": "Máy tính|Computers",
    "printers": "Máy in|Printers",
}
"""Counts that are columns of a roll-up, in both languages."""


def document(sources: Sources, wanted: Wanted, readings: Readings, surveyed: Surveyed) -> Document:
    """The report."""
    inventory = sources.city.inventory
    head = addressed(wanted.head(inventory, KIND), collector(inventory), wanted.scope.unit)
    one = half(wanted.scope, readings)
    return Document(
        kind=KIND,
        subject=about(*ABOUT, wanted),
        head=head,
        sections=tuple(_sections(one, wanted, surveyed)),
        made=wanted.made,
        context=sources.context,
        period=wanted.period,
        unit=wanted.scope.code,
        grounds=tuple(
            words(f"Thực hiện {each.title.vi}", f"Pursuant to {inner(each.title.en)}")
            for each in sources.mandates
            if each.document == ASKED_BY
        ),
        opening=opening(head, f"kết quả {inner(ABOUT[0])} {wanted.period.title.vi}"),
        closing=closing(head, " tổng hợp"),
    )


def _sections(one: Half, wanted: Wanted, surveyed: Surveyed) -> Iterator[Section]:
    yield Section(words("Tình hình chung", "Overview"), tuple(_overview(one)))
    if one.is_rollup:
        yield Section(words("Tổng hợp theo đơn vị", "Unit by unit"), (_units_table(one),))
    yield Section(words("Mạng và kênh truyền", "Network and circuits"), tuple(_network(one)))
    seen = machines(one.scope, one.readings.inventory, surveyed, wanted.period.last)
    yield Section(
        words("Thiết bị mạng và máy chủ", "Routers and hosts"), tuple(_machines(one, seen, surveyed))
    )
    rooms_there = rooms_table(one.scope, one.readings)
    owned = (systems_table(one.scope, one.readings), _detail(one, rooms_there))
    yield Section(words("Hệ thống thông tin và phòng họp truyền hình", "Systems and video rooms"), owned)
    yield Section(words("Số liệu do đơn vị thống kê", "What the unit itself counted"), (_imported(one),))
    yield from said(wanted, one.readings.inventory, KIND)


def _overview(one: Half) -> Iterator[Block]:
    yield Paragraph(inventoried(one.scope, one.readings))
    shown = ("sites-dual", "sites-two-directions", "sites-private", "systems-approved", "computers", "staff")
    yield Headlines(
        "summary",
        tuple(headline(name, one.measures[name]) for name in shown if one.measures[name].whole != 0),
    )


def _units_table(one: Half) -> Table:
    """What each unit has of its own, and all of them together."""
    columns = (
        column("unit", "Đơn vị", "Unit"),
        column("sites", "Điểm mạng", "Sites", is_number=True),
        column("routers", "Định tuyến", "Routers", is_number=True),
        column("hosts", "Máy chủ", "Hosts", is_number=True),
        column("circuits", "Kênh", "Circuits", is_number=True),
        column("mbps", "Mbit/s", "Mbit/s", is_number=True),
        column("dual", "IPv6", "IPv6", is_number=True),
        column("rooms", "Phòng họp", "Rooms", is_number=True),
        column("systems", "Hệ thống", "Systems", is_number=True),
        *(
            Column(name, words(*(f"{each} (†)" for each in both.split("|"))), is_number=True)
            for name, both in IMPORTED_COLUMNS.items()
        ),
    )
    rows = [_counts(Coded(part.unit.code, same(part.unit.name)), part, one.readings) for part in one.beneath]
    total = words("TỔNG CỘNG", "TOTAL")
    rows.append((Coded("total", total), *_numbers(one, one.measures)))
    note = words(
        "Cột có dấu (†), chữ nghiêng: số liệu nhập, do đơn vị tự thống kê. Mỗi dòng chỉ tính phần của riêng "
        "đơn vị.",
        "Columns with (†), in italics: imported, as the units counted. Each row is of the unit alone.",
    )
    heading = words("Hiện trạng của từng đơn vị", "What each unit has")
    return Table("units", heading, columns, tuple(rows), NONE, note)


def _counts(name: Cell, part: Part, readings: Readings) -> tuple[Cell, ...]:
    alone = Half(part.scope, readings, (part,), part.measures)
    return (name, *_numbers(alone, part.measures))


def _numbers(one: Half, measures: Mapping[str, Measure]) -> tuple[Cell, ...]:
    scope, readings = one.scope, one.readings
    lines = circuits(scope, readings)
    return (
        len(sites(scope, readings)),
        len(scope.named("device")),
        len(scope.named("host")),
        len(lines),
        sum(each.mbps for each in lines),
        _count(measures["sites-dual"]),
        len(rooms(scope, readings)),
        len(systems(scope, readings)),
        *(_count(measures[name]) for name in IMPORTED_COLUMNS),
    )


def _count(measure: Measure) -> Cell:
    """A count without its whole and its source; the head of its column has the mark of what is imported."""
    if measure.part is None:
        return brief(measure)
    number = int(measure.part)
    return Imported(number, measure.source, is_brief=True) if measure.origin == "imported" else number


def _network(one: Half) -> Iterator[Block]:
    if one.is_rollup:
        yield stages(sites(one.scope, one.readings))
        yield classes_table(circuits(one.scope, one.readings))
    yield _detail(one, sites_table(one.scope, one.readings))
    yield _detail(one, circuits_table(one.scope, one.readings))


def _detail(one: Half, table: Table) -> Table:
    """What a unit's own survey shows row by row, a roll-up has for programs and sheets alone."""
    return replace(table, is_data=True) if one.is_rollup else table


def _machines(one: Half, seen: Sequence[Seen], surveyed: Surveyed) -> Iterator[Block]:
    if surveyed.at is None:
        yield Paragraph(
            words(
                "Chưa có kết quả khảo sát trên thiết bị (infra-ctl procedure run survey): tuổi, năng lực và "
                "hệ điều hành chưa được đo.",
                "No machine was surveyed yet (infra-ctl procedure run survey): age, capacity and operating "
                "system are not known.",
            ),
            "warn",
        )
    if one.is_rollup:
        yield counts_table(seen)
        yield ended_table(seen)
    yield _detail(one, machines_table(seen, is_surveyed=surveyed.at is not None))


def _imported(one: Half) -> Table:
    columns = (
        column("indicator", "Nội dung", "What"),
        column("value", "Số liệu", "Figure"),
    )
    rows = tuple(
        (Coded(name, title(name)), cell(one.measures[name]))
        for name in IMPORTED
        if one.measures[name].part is not None
    )
    none = words("Đơn vị chưa cung cấp số liệu của kỳ này.", "The unit gave no figures for this period.")
    return Table("imported", words("Số liệu nhập", "Imported figures"), columns, rows, none)
