"""Records → typed objects; what a site leaves out is filled in here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from pydantic import ValidationError

from infra_ctl.inventory.audits import Schedule
from infra_ctl.inventory.draft import CityFile, Draft, Table
from infra_ctl.inventory.files import (
    ASSETS,
    AUDITS,
    FIGURES,
    HOLDS,
    MONITORING,
    RECORDS,
    REPORTS,
    WAIVERS,
    Folder,
)
from infra_ctl.inventory.models import (
    Administrator,
    Asset,
    Circuit,
    Contract,
    Hold,
    Host,
    Peer,
    Pop,
    Profile,
    Site,
    System,
    Unit,
    UnmanagedLine,
    ZonePolicy,
)
from infra_ctl.inventory.monitoring import Monitoring
from infra_ctl.inventory.profiles import extended
from infra_ctl.inventory.recorded import Incident, Recorded, Statement
from infra_ctl.inventory.records import Entry, Record, problem
from infra_ctl.inventory.reporting import Figure, Issuer, Remark
from infra_ctl.inventory.strict import Model
from infra_ctl.inventory.video import Mcu, Meeting, Room
from infra_ctl.inventory.waivers import Waiver
from infra_ctl.inventory.wording import problems

T = TypeVar("T", bound=Model)
Values = dict[str, object]


def build(folder: Folder) -> Draft:
    """All objects that are well formed by themselves; the problems of others join the folder's."""
    city, monitoring = folder.whole("city.yaml"), folder.whole(MONITORING)
    schedule = folder.whole(AUDITS)
    units = _table(folder, Unit, "unit", "units.csv", _as_written)
    own = _own_units(units, city)
    profiles = _profiles(folder)
    return Draft(
        city=None if "city.yaml" in folder.damaged else _object(folder, CityFile, city, city.value()),
        city_record=city,
        units=own,
        all_units=units,
        profiles=profiles,
        pops=_table(folder, Pop, "PoP", "pops.csv"),
        sites=_sites(folder, own, profiles),
        contracts=_table(folder, Contract, "contract", "contracts.yaml"),
        circuits=_table(folder, Circuit, "circuit", "circuits.csv"),
        peers=_table(folder, Peer, "peer", "peers.yaml"),
        hosts=_table(folder, Host, "host", "hosts.yaml"),
        zones=_table(folder, ZonePolicy, "zone", "zones.yaml"),
        administrators=_table(folder, Administrator, "administrator", "administrators.yaml"),
        assets=_table(folder, Asset, "machine", ASSETS, _as_written),
        systems=_table(folder, System, "system", "systems.yaml"),
        mcus=_table(folder, Mcu, "MCU", "video.yaml:mcus"),
        rooms=_table(folder, Room, "room", "video.yaml:rooms"),
        meetings=_table(folder, Meeting, "meeting", "video.yaml:meetings"),
        unmanaged=_lines(folder, "unmanaged"),
        claimed=_lines(folder, "claimed"),
        holds=_listed(folder, Hold, "hold", HOLDS, "holds"),
        records=_listed(folder, Recorded, "record", RECORDS, "records"),
        incidents=_listed(folder, Incident, "incident", RECORDS, "incidents"),
        statements=_listed(folder, Statement, "statement", RECORDS, "statements"),
        waivers=_listed(folder, Waiver, "waiver", WAIVERS, "waivers"),
        monitoring=_object(folder, Monitoring, monitoring, monitoring.value() or {}),
        monitoring_record=monitoring,
        figures=_table(folder, Figure, "figure", FIGURES, _as_written),
        issuers=_table(folder, Issuer, "unit", f"{REPORTS}:issuers", _as_written),
        remarks=_listed(folder, Remark, "remark", REPORTS, "remarks"),
        schedule=_object(folder, Schedule, schedule, schedule.value() or {}),
        schedule_record=schedule,
    )


def _with_id(key: str, values: Values) -> Values:
    """The key of a YAML entry is its id; a row has an `id` column of its own."""
    return {"id": key, **values}


def _as_written(_key: str, values: Values) -> Values:
    return values


def _table(
    folder: Folder,
    model: type[T],
    kind: str,
    source: str,
    complete: Callable[[str, Values], Values] = _with_id,
) -> Table[T]:
    """The objects of one file, or of one `file:section`."""
    records = folder.records(source, kind)
    objects = _objects(folder, model, records, complete)
    return Table(kind, objects, records, source.partition(":")[0] not in folder.damaged)


def _objects(
    folder: Folder, model: type[T], records: Mapping[str, Record], complete: Callable[[str, Values], Values]
) -> dict[str, T]:
    """Validate each record, after `complete(key, values)` has filled in what is not written."""
    objects: dict[str, T] = {}
    for key, record in records.items():
        values = record.value()
        if isinstance(record, Entry) and isinstance(values, dict) and "id" in values:
            message = "unknown key 'id': the key above it is the id"
            folder.problems.append(problem(record, ("id",), message, key=True))
            continue
        whole = complete(key, values) if isinstance(values, dict) else values
        if (made := _object(folder, model, record, whole)) is not None:
            objects[key] = made
    return objects


def _object(folder: Folder, model: type[T], record: Record, values: object) -> T | None:
    try:
        # In files a field has one name, its alias; `by_name` is for code.
        return model.model_validate(values, by_alias=True, by_name=False)
    except ValidationError as error:
        folder.problems.extend(problems(error, model, record))
        return None


def _own_units(units: Table[Unit], city: Entry) -> Table[Unit]:
    """Units of the edition that city.yaml names, by code."""
    edition = city.node.child("edition")
    prefix = f"{edition[1].content}/" if edition else "/"
    codes = {key: key.removeprefix(prefix) for key in units.records if key.startswith(prefix)}
    return Table(
        units.kind,
        {code: units.objects[key] for key, code in codes.items() if key in units.objects},
        {code: units.records[key] for key, code in codes.items()},
        units.complete and bool(codes),
    )


def _profiles(folder: Folder) -> Table[Profile]:
    records, found = extended(folder.records("profiles.yaml", "profile"))
    folder.problems.extend(found)
    # Something wrong with `extends` takes keys away from profiles: what they lack is not their fault.
    complete = "profiles.yaml" not in folder.damaged and not found
    objects = _objects(folder, Profile, records, _as_written) if complete else {}
    return Table("profile", objects, records, complete)


def _sites(folder: Folder, units: Table[Unit], profiles: Table[Profile]) -> Table[Site]:
    """Sites of both files; a site's kind is its profile's, its name its unit's unless it has its own."""
    records = folder.records("sites.yaml", "site")
    for key, row in folder.records("communes.csv", "site").items():
        if key in records:
            first = f"{records[key].file}:{records[key].place(())[0]}"
            message = f"site {key!r} is written twice, first in {first}"
            folder.problems.append(problem(row, ("site",), message))
        else:
            records[key] = row

    def complete(key: str, values: Values) -> Values:
        profile = profiles.objects.get(str(values.get("profile")))
        unit = units.objects.get(str(values.get("unit")))
        # A site of an unknown profile is taken for a ward while its other values are looked at.
        filled = {
            "id": key,
            "name": unit.name if unit else key,
            "kind": profile.kind if profile else "commune",
        }
        return filled | {name: value for name, value in values.items() if name != "site"}

    written = _objects(folder, Site, records, complete)
    objects = {key: site for key, site in written.items() if site.profile in profiles.objects}
    return Table("site", objects, records, not folder.damaged & {"sites.yaml", "communes.csv"})


def _lines(folder: Folder, section: str) -> Table[UnmanagedLine]:
    return _listed(folder, UnmanagedLine, "line", "unmanaged.yaml", section)


def _listed(folder: Folder, model: type[T], kind: str, file: str, section: str) -> Table[T]:
    """The objects of a list, by their number in it."""
    records = folder.items(file, section)
    objects = _objects(folder, model, records, _as_written)
    return Table(kind, objects, records, file not in folder.damaged, folder.has(file, section))
