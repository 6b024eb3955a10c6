"""JSON Schemas of the YAML files, for editors that complete and check while one writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from infra_ctl.inventory.audits import Schedule
from infra_ctl.inventory.draft import CityFile
from infra_ctl.inventory.fields import Slug
from infra_ctl.inventory.files import AUDITS, HOLDS, MONITORING, RECORDS, REPORTS, WAIVERS
from infra_ctl.inventory.kinds import Zone
from infra_ctl.inventory.models import (
    Administrator,
    Contract,
    Hold,
    Host,
    Peer,
    Profile,
    Site,
    System,
    UnmanagedLine,
    ZonePolicy,
)
from infra_ctl.inventory.monitoring import Monitoring
from infra_ctl.inventory.recorded import Incident, Recorded, Statement
from infra_ctl.inventory.reporting import ReportsFile
from infra_ctl.inventory.strict import Model
from infra_ctl.inventory.video import Mcu, Meeting, Room
from infra_ctl.inventory.waivers import Waiver

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _VideoFile(Model):
    mcus: Mapping[Slug, Mcu] = {}
    rooms: Mapping[Slug, Room] = {}
    meetings: Mapping[Slug, Meeting] = {}


class _UnmanagedFile(Model):
    unmanaged: tuple[UnmanagedLine, ...] = ()
    claimed: tuple[UnmanagedLine, ...] = ()


class _HoldsFile(Model):
    holds: tuple[Hold, ...] = ()


class _RecordsFile(Model):
    records: tuple[Recorded, ...] = ()
    incidents: tuple[Incident, ...] = ()
    statements: tuple[Statement, ...] = ()


class _WaiversFile(Model):
    waivers: tuple[Waiver, ...] = ()


_SHAPES: Mapping[str, tuple[str, Any]] = {
    "city.yaml": ("The city", CityFile),
    "profiles.yaml": ("The city standard: what a kind of site has", Mapping[Slug, Profile]),
    "sites.yaml": ("Sites that are not wards", Mapping[Slug, Site]),
    "contracts.yaml": ("What is leased", Mapping[Slug, Contract]),
    "peers.yaml": ("BGP neighbours outside the city", Mapping[Slug, Peer]),
    "hosts.yaml": ("Machines of the data centres", Mapping[Slug, Host]),
    "zones.yaml": ("Who uses the systems of a zone", Mapping[Zone, ZonePolicy]),
    "administrators.yaml": ("Who may log in to hosts", Mapping[Slug, Administrator]),
    "systems.yaml": ("Information systems", Mapping[Slug, System]),
    "video.yaml": ("MCUs, rooms beside those of the profiles, and meetings", _VideoFile),
    MONITORING: ("Who is told what is bad, and from when on it is", Monitoring),
    AUDITS: ("Which audits run by themselves, and who is told", Schedule),
    WAIVERS: ("What is let be although the law asks otherwise, who answers for it, until when", _WaiversFile),
    HOLDS: ("What is kept from something for a while, and why", _HoldsFile),
    RECORDS: ("What people did and wrote down, and what only they can say", _RecordsFile),
    REPORTS: ("Who signs reports, and what units have to say in them", ReportsFile),
    "unmanaged.yaml": ("Lines on devices that the inventory does not produce", _UnmanagedFile),
}
_FILLED = {"Site": ("kind", "name"), "Profile": ("kind",)}
"""By model, what the loader fills in: from the profile, the unit, the profile that is extended."""


def schemas() -> dict[str, dict[str, Any]]:
    """File name → JSON Schema of that file."""
    return {file: schema(title, shape) for file, (title, shape) in _SHAPES.items()}


def schema(title: str, shape: Any) -> dict[str, Any]:
    """JSON Schema of a file of that shape; an object's id is the key that it stands under."""
    found = TypeAdapter(shape).json_schema(by_alias=True)
    for name, definition in found.get("$defs", {}).items():
        _as_written(name, definition)
    for entries in (found, *found.get("properties", {}).values()):
        if "patternProperties" in entries:
            entries["additionalProperties"] = False
    return {"$schema": _DIALECT, **found, "title": title}


def _as_written(name: str, definition: dict[str, Any]) -> None:
    """Turn a model's schema into that of its entry in a file."""
    properties = definition.get("properties", {})
    optional = ("id", *_FILLED.get(name, ()))
    if "required" in definition:
        definition["required"] = [field for field in definition["required"] if field not in optional]
    properties.pop("id", None)
    if name == "Site":
        del properties["kind"]
    if name == "Profile":
        properties["extends"] = {"type": "string", "description": "The profile that this one lies on."}
