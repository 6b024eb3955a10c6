"""A folder of files → the whole city, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TypeVar

from infra_ctl.errors import InventoryError
from infra_ctl.inventory.audits import Schedule
from infra_ctl.inventory.build import build
from infra_ctl.inventory.draft import CityFile, Draft, Table
from infra_ctl.inventory.files import open_folder
from infra_ctl.inventory.models import Inventory
from infra_ctl.inventory.monitoring import Monitoring
from infra_ctl.inventory.quoting import Writing
from infra_ctl.inventory.rules import check
from infra_ctl.inventory.strict import Model
from infra_ctl.inventory.video import Room

M = TypeVar("M", bound=Model)


def load(folder: Path) -> Inventory:
    """Read and check an inventory. Raises InventoryError with every problem that was found."""
    files = open_folder(folder)
    draft = build(files)
    problems = [*files.problems, *check(draft)]
    if problems or draft.city is None:
        # What two profiles inherit from a third is wrong in one place.
        raise InventoryError([*dict.fromkeys(problems)])
    return _inventory(draft, draft.city, files.digest, _writing(draft, files.texts))


def _inventory(draft: Draft, city: CityFile, digest: str, written: Writing) -> Inventory:
    # Everything in it has been validated; to do it again would cost as much as to read it.
    return Inventory.model_construct(
        edition=city.edition,
        city=city.city,
        addressing=city.addressing,
        services=city.services,
        upstreams=city.upstreams,
        replication=city.replication,
        snmp=city.snmp,
        classes=city.classes,
        routing=city.routing,
        profiles=draft.profiles.objects,
        units={(unit.edition, unit.code): unit for unit in draft.all_units.objects.values()},
        pops=draft.pops.objects,
        sites=draft.sites.objects,
        contracts=draft.contracts.objects,
        circuits=draft.circuits.objects,
        peers=draft.peers.objects,
        hosts=draft.hosts.objects,
        zones=draft.zones.objects,
        administrators=draft.administrators.objects,
        assets=draft.assets.objects,
        systems=draft.systems.objects,
        rooms={room.id: room for room in _standard_rooms(draft)} | dict(draft.rooms.objects),
        mcus=draft.mcus.objects,
        meetings=draft.meetings.objects,
        unmanaged=tuple(draft.unmanaged.objects.values()),
        claimed=tuple(draft.claimed.objects.values()),
        holds=tuple(draft.holds.objects.values()),
        records=_where_written(draft.records),
        incidents=_where_written(draft.incidents),
        statements=tuple(draft.statements.objects.values()),
        waivers=tuple(draft.waivers.objects.values()),
        monitoring=draft.monitoring or Monitoring(),
        figures=tuple(draft.figures.objects.values()),
        issuers=draft.issuers.objects,
        remarks=tuple(draft.remarks.objects.values()),
        schedule=draft.schedule or Schedule(),
        digest=digest,
        writing=written,
    )


def _where_written(table: Table[M]) -> tuple[M, ...] | None:
    return tuple(table.objects.values()) if table.is_written else None


def _writing(draft: Draft, texts: Mapping[str, str]) -> Writing:
    """Of every table, and of the files that are one object."""
    found = {each.name: getattr(draft, each.name) for each in fields(draft)}
    tables = {name: table.records for name, table in found.items() if isinstance(table, Table)}
    records = {name.removesuffix("_record"): each for name, each in found.items() if name.endswith("_record")}
    wholes = {name: {"": record} for name, record in records.items()}
    return Writing({**tables, **wholes}, texts)


def _standard_rooms(draft: Draft) -> Iterator[Room]:
    """The room that a profile gives each of its sites, on the first MCU that speaks its protocol."""
    for site in draft.sites.objects.values():
        profile = draft.profile(site)
        if profile.room is not None:
            protocol = profile.room.protocol
            mcu = next(mcu for mcu in draft.mcus.objects.values() if protocol in mcu.protocols)
            values = {"class": profile.room.video_class}
            yield Room(id=f"{site.id}-room", site=site.id, protocol=protocol, mcu=mcu.id, **values)
