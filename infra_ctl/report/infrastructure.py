"""What a unit has: sites, circuits, video rooms, information systems, each with what was measured of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from infra_ctl.controls.model import Words
from infra_ctl.inventory.models import Circuit, Site, System
from infra_ctl.report.called import (
    APPROVALS,
    CIRCUIT_CLASSES,
    DIRECTIONS,
    SITE_KINDS,
    STAGES,
)
from infra_ctl.report.document import Bar, Bars, Cell, Coded, Column, Names, Ratio, Table, same, words
from infra_ctl.report.measured import circuits, directions, promised, rooms, sites, systems
from infra_ctl.report.readings import Readings
from infra_ctl.report.scope import Scope
from infra_ctl.report.wording import NONE

NOT_MEASURED = Coded("not-measured", words("chưa đo", "not measured"), "muted")


def column(key: str, vi: str, en: str, *, is_number: bool = False, is_data: bool = False) -> Column:
    return Column(key, words(vi, en), is_number=is_number, is_data=is_data)


def sites_table(scope: Scope, readings: Readings) -> Table:
    """Each site with its routers, its ways out and how far it is with IPv6."""
    ways = directions(readings)
    own = sites(scope, readings)
    columns = (
        column("site", "Điểm mạng", "Site"),
        column("kind", "Loại", "Kind"),
        column("routers", "Bộ định tuyến", "Routers", is_number=True),
        column("lans", "Mạng LAN", "LANs", is_number=True),
        column("directions", "Hướng truyền", "Directions"),
        column("ipv6", "IPv6", "IPv6"),
        column("reachable", "Thời gian liên lạc được", "Reachable", is_number=True),
    )
    return Table(
        "sites",
        words("Điểm mạng", "Sites"),
        columns,
        tuple(_site_row(site, ways.get(site.id, frozenset()), readings) for site in own),
        NONE,
    )


def _site_row(site: Site, ways: frozenset[str], readings: Readings) -> tuple[Cell, ...]:
    profile = readings.inventory.profiles[site.profile]
    return (
        Coded(site.id, same(site.name)),
        SITE_KINDS[site.kind],
        len(profile.devices),
        len(profile.lans) + len(profile.zones),
        _joined(direction(each) for each in sorted(ways)),
        STAGES[site.ipv6],
        seen(readings, "sites-reachable", site.id),
    )


def circuits_table(scope: Scope, readings: Readings) -> Table:
    """Each circuit with what its contract promises beside what it was."""
    columns = (
        column("circuit", "Kênh truyền", "Circuit"),
        column("class", "Loại kênh", "Class"),
        column("provider", "Nhà cung cấp", "Provider"),
        column("mbps", "Mbit/s", "Mbit/s", is_number=True),
        column("direction", "Hướng", "Direction"),
        column("promised", "Cam kết", "Promised", is_number=True),
        column("available", "Thực tế hoạt động", "Available", is_number=True),
        column("load", "Tải cao nhất (phân vị 95, 7 ngày)", "Highest load (p95 of 7 days)", is_number=True),
    )
    rows = tuple(_circuit_row(each, readings) for each in circuits(scope, readings))
    return Table("circuits", words("Kênh truyền", "Circuits"), columns, rows, NONE)


def _circuit_row(circuit: Circuit, readings: Readings) -> tuple[Cell, ...]:
    sla = promised(readings).get(circuit.circuit_class)
    return (
        circuit.id,
        CIRCUIT_CLASSES[circuit.circuit_class],
        circuit.provider,
        circuit.mbps,
        direction(circuit.direction),
        None if sla is None else Ratio(sla),
        seen(readings, "circuits-available", circuit.id),
        seen(readings, "circuits-load", circuit.id),
    )


def classes_table(those: Sequence[Circuit]) -> Table:
    """Circuits by class: how many, how much they carry, and who provides them."""
    columns = (
        column("class", "Loại kênh", "Class"),
        column("circuits", "Số kênh", "Circuits", is_number=True),
        column("mbps", "Mbit/s", "Mbit/s", is_number=True),
        column("providers", "Nhà cung cấp", "Providers"),
    )
    groups = {name: [each for each in those if each.circuit_class is name] for name in CIRCUIT_CLASSES}
    rows = tuple(
        (
            CIRCUIT_CLASSES[name],
            len(own),
            sum(each.mbps for each in own),
            Names(tuple(sorted({each.provider for each in own}))),
        )
        for name, own in groups.items()
        if own
    )
    return Table("classes", words("Kênh truyền theo loại", "Circuits by class"), columns, rows, NONE)


def rooms_table(scope: Scope, readings: Readings) -> Table:
    inventory = readings.inventory
    columns = (
        column("room", "Phòng họp", "Room"),
        column("site", "Điểm mạng", "Site"),
        column("class", "Chất lượng hình", "Class"),
        column("protocol", "Giao thức", "Protocol"),
        column("mcu", "Máy chủ hội nghị (MCU)", "MCU"),
        column("available", "Thời gian sẵn sàng", "Answered", is_number=True),
    )
    rows = tuple(
        (
            name,
            same(inventory.sites[inventory.rooms[name].site].name),
            inventory.rooms[name].video_class,
            {"sip": "SIP", "h323": "H.323"}[inventory.rooms[name].protocol],
            inventory.rooms[name].mcu,
            seen(readings, "rooms-available", name),
        )
        for name in rooms(scope, readings)
    )
    return Table("rooms", words("Phòng họp truyền hình", "Video rooms"), columns, rows, NONE)


def systems_table(scope: Scope, readings: Readings) -> Table:
    """The systems that it owns, with how far their levels are approved."""
    columns = (
        column("system", "Hệ thống thông tin", "System"),
        column("level", "Cấp độ", "Level", is_number=True),
        column("approval", "Tình trạng phê duyệt", "Approval"),
        column("decision", "Quyết định", "Decision"),
        column("date", "Ngày", "Date"),
        column("ipv6", "IPv6", "IPv6"),
        column("available", "Thời gian phục vụ được", "Available", is_number=True),
    )
    rows = tuple(_system_row(each, readings) for each in systems(scope, readings))
    return Table(
        "systems",
        words("Hệ thống thông tin do đơn vị làm chủ quản", "Systems that it owns"),
        columns,
        rows,
        NONE,
    )


def _system_row(system: System, readings: Readings) -> tuple[Cell, ...]:
    return (
        Coded(system.id, same(system.name)),
        system.level,
        APPROVALS[system.approval.state],
        system.approval.decision,
        system.approval.date,
        STAGES[system.ipv6],
        seen(readings, "systems-available", system.id),
    )


def stages(those: Sequence[Site]) -> Bars:
    """How many sites stand at each stage of IPv6."""
    bars = tuple(
        Bar(coded.words, (sum(site.ipv6 is stage for site in those),)) for stage, coded in STAGES.items()
    )
    return Bars(
        "ipv6",
        words("Số điểm mạng theo giai đoạn chuyển đổi IPv6", "Sites by stage of IPv6"),
        (Coded("sites", words("điểm mạng", "sites")),),
        bars,
    )


def direction(name: str) -> Words:
    coded = DIRECTIONS.get(name)
    return coded.words if coded else same(name)


def seen(readings: Readings, indicator: str, name: str) -> Cell:
    """A share of the time; said not to have been measured where it was not."""
    found = readings.monitored.values.get(indicator, {}).get(name)
    return NOT_MEASURED if found is None else Ratio(found.value)


def _joined(those: Iterable[Words]) -> Words | None:
    every = tuple(those)
    if not every:
        return None
    return words(", ".join(each.vi for each in every), ", ".join(each.en for each in every))
