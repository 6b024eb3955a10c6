"""A roll-up as tables and charts: a row a unit, their sum, and who of them has nothing to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from infra_ctl.controls.model import Words
from infra_ctl.inventory.models import Inventory, Unit
from infra_ctl.report.compared import title
from infra_ctl.report.document import Bar, Bars, Cell, Coded, Column, Names, Share, Table, same, words
from infra_ctl.report.infrastructure import column
from infra_ctl.report.letterhead import remark
from infra_ctl.report.measure import Measure, brief, cell
from infra_ctl.report.measured import measures
from infra_ctl.report.readings import Readings
from infra_ctl.report.rollup import Part, lacking
from infra_ctl.report.scope import Scope, scope
from infra_ctl.report.spoken import NOTHING
from infra_ctl.report.wanted import Wanted
from infra_ctl.report.wording import NONE

SHOWN: Mapping[str, Words] = {
    "sites-conforming": words("Đạt tiêu chuẩn", "To standard"),
    "sites-two-directions": words("Hai hướng truyền", "Two directions"),
    "sites-dual": words("IPv6", "IPv6"),
    "bandwidth": words("Mbit/s", "Mbit/s"),
    "circuits-available": words("Kênh hoạt động", "Circuits up"),
    "controls-passed": words("Yêu cầu đạt", "Requirements met"),
    "changes": words("Thay đổi", "Changes"),
}
"""Indicators that are columns of a roll-up, with titles short enough for paper."""
IMPORTED_TOO = ("staff-on-email", "computers-protected")
NAMED = 100
"""Units that are named of those which lack something: a city has fewer."""


def units_table(beneath: Sequence[Part], total: Mapping[str, Measure]) -> Table:
    """A row a unit with what is its own alone, and a last one of their sum."""
    columns = (
        column("unit", "Đơn vị", "Unit"),
        *(Column(name, short, is_number=True) for name, short in SHOWN.items()),
    )
    rows = [_row(Coded(part.unit.code, same(part.unit.name)), part.measures) for part in beneath]
    rows.append(_row(Coded("total", words("TỔNG CỘNG", "TOTAL")), total))
    note = words(
        "Mỗi dòng chỉ tính phần của riêng đơn vị, không gồm các đơn vị trực thuộc.",
        "Each row is of the unit alone, without those beneath it.",
    )
    heading = words("Số liệu của từng đơn vị", "Figures of each unit")
    return Table("units", heading, columns, tuple(rows), NONE, note)


def _row(name: Cell, found: Mapping[str, Measure]) -> tuple[Cell, ...]:
    return (name, *(_brief(found[indicator]) for indicator in SHOWN))


def _brief(measure: Measure) -> Cell:
    """A cell of few letters: the causes stand beneath the table, once."""
    shown = brief(measure)
    if isinstance(shown, Coded) and shown.code == "none":
        return replace(shown, words=same(NOTHING))
    return replace(shown, is_brief=True) if isinstance(shown, Share) else shown


def lacking_table(beneath: Sequence[Part]) -> Table:
    """Of each indicator those units of which nothing is known, by name, and why."""
    rows = tuple(
        _lacking_row(name, units, beneath)
        for name in (*SHOWN, *IMPORTED_TOO)
        if (units := lacking(name, beneath))
    )
    columns = (
        column("indicator", "Nội dung chưa có số liệu", "What is not known"),
        column("count", "Số đơn vị", "Units", is_data=True),
        column("cause", "Nguyên nhân", "Cause", is_data=True),
        column("units", "Đơn vị", "Of whom"),
    )
    return Table("lacking", words("Đơn vị chưa có số liệu", "Units without data"), columns, rows, NONE)


def _lacking_row(name: str, units: Sequence[str], beneath: Sequence[Part]) -> tuple[Cell, ...]:
    cause = next((cause for part in beneath if (cause := part.measures[name].cause)), NONE)
    of = title(name)
    said = words(f"{of.vi}: {cause.vi} ({len(units)} đơn vị)", f"{of.en}: {cause.en} ({len(units)} units)")
    is_known = any(part.measures[name].is_known for part in beneath)
    everybody = words("tất cả các đơn vị", "all of them")
    return Coded(name, said), len(units), cause, Names(tuple(units), NAMED) if is_known else everybody


def voices_table(beneath: Sequence[Part], wanted: Wanted, inventory: Inventory, report: str) -> Table:
    """What the units beneath have to say of the period, those that said something."""
    top = wanted.scope.code or inventory.city.code
    columns = (
        column("unit", "Đơn vị", "Unit"),
        column("difficulties", "Khó khăn, vướng mắc", "Difficulties"),
        column("proposals", "Đề xuất, kiến nghị", "Proposals"),
    )
    found = ((part.unit, remark(inventory, part.unit.code, wanted.period.name, report)) for part in beneath)
    rows = tuple(
        (
            Coded(unit.code, same(unit.name)),
            " ".join(said.difficulties) or None,
            " ".join(said.proposals) or None,
        )
        for unit, said in found
        if said is not None and unit.code != top and (said.difficulties or said.proposals)
    )
    heading = words("Ý kiến của các đơn vị trực thuộc", "Of the units beneath")
    return Table("voices", heading, columns, rows, NONE)


def shares(indicator: str, of: Scope, readings: Readings) -> Bars:
    """The share of each unit directly beneath, with all that is beneath that one."""
    bars = tuple(_bars(indicator, of, readings))
    series = (Coded(indicator, title(indicator)),)
    heading = words(f"{title(indicator).vi}, theo địa bàn (%)", f"{title(indicator).en}, area by area (%)")
    return Bars(f"{indicator}-by-unit", heading, series, bars, most=100)


def _bars(indicator: str, of: Scope, readings: Readings) -> list[Bar]:
    found = []
    for unit in _children(of, readings):
        measure = measures(scope(readings.inventory, unit.code), readings)[indicator]
        if (ratio := measure.ratio) is not None:
            found.append(Bar(same(unit.name), (round(ratio * 100, 2),), cell(measure)))
    return found


def _children(of: Scope, readings: Readings) -> list[Unit]:
    inventory = readings.inventory
    top = of.code or inventory.city.code
    return [
        unit
        for (edition, _), unit in inventory.units.items()
        if edition == inventory.edition and unit.parent == top
    ]
