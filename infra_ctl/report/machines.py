"""Routers and hosts as a survey has them: what is written of each, and what the procedure found on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from infra_ctl.inventory.devices import devices
from infra_ctl.inventory.models import Asset, Inventory
from infra_ctl.report.called import ROLES
from infra_ctl.report.document import Cell, Coded, Column, Names, Table, words
from infra_ctl.report.infrastructure import column
from infra_ctl.report.scope import Scope
from infra_ctl.report.surveyed import Machine, Surveyed
from infra_ctl.report.wording import NONE

ROUTER, HOST = Coded("router", words("bộ định tuyến", "router")), Coded("host", words("máy chủ", "host"))
_UNSURVEYED = Coded("not-surveyed", words("chưa khảo sát", "not surveyed"), "muted")
_UNREACHED = Coded("not-reached", words("không liên lạc được", "not reached"), "warn")


@dataclass(frozen=True, slots=True)
class Seen:
    """One machine on a day."""

    name: str
    kind: Coded
    role: Cell
    asset: Asset | None
    found: Machine | None
    """None where no survey had it."""
    day: date

    @property
    def is_reached(self) -> bool:
        return self.found is not None and self.found.is_reached

    @property
    def ended(self) -> tuple[date | None, date | None]:
        """When its maker's support ended, and its system's; nothing where it goes on or nobody knows."""
        hardware = self.asset.support_end if self.asset else None
        software = self.found.supported_until if self.found else None
        over = [end if end is not None and end < self.day else None for end in (hardware, software)]
        return over[0], over[1]


def machines(scope: Scope, inventory: Inventory, surveyed: Surveyed, day: date) -> tuple[Seen, ...]:
    """Routers, then hosts, in the order of the files."""
    roles = {each.hostname: ROLES[each.role] for each in devices(inventory)}

    def seen(name: str, kind: Coded, role: Cell) -> Seen:
        return Seen(name, kind, role, inventory.assets.get(name), surveyed.machines.get(name), day)

    routers = (seen(name, ROUTER, role) for name, role in roles.items() if scope.has("device", name))
    hosts = (
        seen(name, HOST, ", ".join(host.roles))
        for name, host in inventory.hosts.items()
        if scope.has("host", name)
    )
    return (*routers, *hosts)


def machines_table(seen: Sequence[Seen], *, is_surveyed: bool) -> Table:
    """Each with its serial, its place, and until when it is supported; without a survey no more than that."""
    written = (
        column("machine", "Tên", "Name"),
        column("kind", "Loại", "Kind", is_data=True),
        column("role", "Vai trò", "Role"),
        column("serial", "Số sê-ri", "Serial"),
        column("location", "Vị trí", "Location"),
        column("support_end", "Hãng hỗ trợ đến", "Maker supports until"),
    )
    found = (
        column("os", "Hệ điều hành", "Operating system"),
        column("os_support", "Hỗ trợ đến", "Supported until"),
        column("installed", "Cài đặt", "Installed"),
        column("capacity", "Năng lực", "Capacity"),
    )
    columns = (*written, *found) if is_surveyed else written
    rows = tuple(
        (each.name, each.kind, each.role, *_written(each), *_found(each))[: len(columns)] for each in seen
    )
    return Table("machines", words("Thiết bị mạng và máy chủ", "Routers and hosts"), columns, rows, NONE)


def _written(each: Seen) -> tuple[Cell, ...]:
    asset = each.asset
    serial = (asset.serial if asset else None) or (each.found.serial if each.found else None)
    end = asset.support_end if asset else None
    return serial or None, asset.location if asset else None, _until(end, each.day)


def _found(each: Seen) -> tuple[Cell, ...]:
    found = each.found
    if found is None or not found.is_reached:
        return (_UNSURVEYED if found is None else _UNREACHED, None, None, None)
    software = f"{found.os}, FRR {found.frr}" if found.frr else found.os
    capacity = f"{found.processors} CPU, {found.memory_mb} MB RAM, {found.disk_gb} GB"
    return software, _until(found.supported_until, each.day), found.installed, capacity


def _until(end: date | None, day: date) -> Cell:
    """A day that is over is bad."""
    if end is None or end >= day:
        return end
    return Coded(end.isoformat(), words(f"{end:%d/%m/%Y} (đã hết)", f"{end:%Y-%m-%d} (over)"), "bad")


def counts_table(seen: Sequence[Seen]) -> Table:
    """How many there are of each kind, and what is known of them."""
    columns = (
        column("kind", "Loại", "Kind"),
        column("count", "Số lượng", "There are", is_number=True),
        column("surveyed", "Đã khảo sát", "Surveyed", is_number=True),
        column("systems", "Hệ điều hành", "Operating systems"),
        column("maker", "Hết hỗ trợ của hãng", "Maker's support is over", is_number=True),
        column("software", "Hết hỗ trợ hệ điều hành", "System's support is over", is_number=True),
    )
    rows = tuple(_counted(kind, [each for each in seen if each.kind is kind]) for kind in (ROUTER, HOST))
    return Table(
        "machine-counts", words("Số lượng và tình trạng", "How many, and their state"), columns, rows, NONE
    )


def _counted(kind: Coded, seen: Sequence[Seen]) -> tuple[Cell, ...]:
    systems = dict.fromkeys(each.found.os for each in seen if each.found is not None and each.is_reached)
    maker, software = zip(*(each.ended for each in seen), strict=True) if seen else ((), ())
    return (
        kind,
        len(seen),
        sum(each.is_reached for each in seen),
        Names(tuple(sorted(systems))),
        sum(end is not None for end in maker),
        sum(end is not None for end in software),
    )


def ended_table(seen: Sequence[Seen]) -> Table:
    """What nobody mends any more."""
    columns = (
        column("machine", "Tên", "Name"),
        column("role", "Vai trò", "Role"),
        column("location", "Vị trí", "Location"),
        Column("maker", words("Hãng hỗ trợ đến", "Maker supported until")),
        Column("software", words("Hệ điều hành được hỗ trợ đến", "System supported until")),
    )
    rows = tuple(
        (each.name, each.role, each.asset.location if each.asset else None, *each.ended)
        for each in seen
        if any(each.ended)
    )
    return Table(
        "ended", words("Thiết bị, máy chủ đã hết hỗ trợ", "What is no longer supported"), columns, rows, NONE
    )
