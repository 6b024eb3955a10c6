"""An inventory under construction: what could be understood so far, and where everything was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from infra_ctl.errors import Problem
from infra_ctl.inventory.audits import Schedule
from infra_ctl.inventory.fields import Slug
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.kinds import Traffic
from infra_ctl.inventory.models import (
    Addressing,
    Administrator,
    Asset,
    Circuit,
    City,
    Contract,
    Hold,
    Host,
    Peer,
    Pop,
    Profile,
    Replication,
    Routing,
    Services,
    Site,
    Snmp,
    System,
    TrafficClass,
    Unit,
    UnmanagedLine,
    Upstreams,
    ZonePolicy,
)
from infra_ctl.inventory.monitoring import Monitoring
from infra_ctl.inventory.recorded import Incident, Recorded, Statement
from infra_ctl.inventory.records import Path, Record, problem
from infra_ctl.inventory.reporting import Figure, Issuer, Remark
from infra_ctl.inventory.strict import Model
from infra_ctl.inventory.video import Mcu, Meeting, Room
from infra_ctl.inventory.waivers import Waiver

T_co = TypeVar("T_co", bound=Model, covariant=True)


class CityFile(Model):
    """city.yaml."""

    edition: Slug
    city: City
    addressing: Addressing
    services: Services
    upstreams: Upstreams = Upstreams()
    replication: Replication = Replication()
    snmp: Snmp = Snmp()
    classes: Mapping[Traffic, TrafficClass] = {}
    routing: Routing


@dataclass(frozen=True, slots=True)
class Table(Generic[T_co]):
    """Objects of one kind. Ill-formed ones are in `records` only: they exist, but say nothing."""

    kind: str
    objects: Mapping[str, T_co]
    records: Mapping[str, Record]
    complete: bool
    """False where part of the file could not be read: then what is not here may exist all the same."""
    is_written: bool = True
    """False where its section is not in the file at all: then nobody says that there is nothing."""

    @property
    def sound(self) -> bool:
        """Every object was read and understood."""
        return self.complete and len(self.objects) == len(self.records)

    def problem(self, key: str, path: Path, message: str) -> Problem:
        """Something wrong with the value at `path` of the object `key`."""
        return problem(self.records[key], path, message)

    def missing(self, name: str, *, hint: bool = True) -> str | None:
        """What to say of a reference to `name`; None where it exists."""
        if name in self.records or not self.complete:
            return None
        return f"{self.kind} {name!r} does not exist{did_you_mean(name, self.records) if hint else ''}"


@dataclass(frozen=True, slots=True)
class Draft:
    """All tables; `city` is None where city.yaml is ill-formed."""

    city: CityFile | None
    city_record: Record
    units: Table[Unit]
    """Those of the inventory's own edition, by code."""
    all_units: Table[Unit]
    """Of every edition, by `edition/code`."""
    profiles: Table[Profile]
    pops: Table[Pop]
    sites: Table[Site]
    contracts: Table[Contract]
    circuits: Table[Circuit]
    peers: Table[Peer]
    hosts: Table[Host]
    zones: Table[ZonePolicy]
    administrators: Table[Administrator]
    assets: Table[Asset]
    systems: Table[System]
    mcus: Table[Mcu]
    rooms: Table[Room]
    meetings: Table[Meeting]
    unmanaged: Table[UnmanagedLine]
    claimed: Table[UnmanagedLine]
    holds: Table[Hold]
    records: Table[Recorded]
    incidents: Table[Incident]
    statements: Table[Statement]
    waivers: Table[Waiver]
    monitoring: Monitoring | None
    """None where monitoring.yaml is ill-formed."""
    monitoring_record: Record
    figures: Table[Figure]
    issuers: Table[Issuer]
    remarks: Table[Remark]
    schedule: Schedule | None
    """None where audits.yaml is ill-formed."""
    schedule_record: Record

    def profile(self, site: Site) -> Profile:
        """A site is understood only where its profile is."""
        return self.profiles.objects[site.profile]

    def profile_at(self, key: str) -> Profile | None:
        """The profile of a site, where both are understood."""
        site = self.sites.objects.get(key)
        return self.profile(site) if site else None
