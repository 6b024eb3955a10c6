"""Every fact of the catalogue whose source is the inventory, of every object. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TypeAlias

from infra_ctl.audit.collecting.part import Part, Subject
from infra_ctl.audit.collecting.written import addresses, assets, backup, zones
from infra_ctl.audit.collecting.written.reading import Found, Reading
from infra_ctl.audit.collecting.written.sites import CIRCUIT, SITE
from infra_ctl.audit.collecting.written.systems import SYSTEM
from infra_ctl.city import City
from infra_ctl.controls.asked import asked
from infra_ctl.controls.exhibit import Kind

Reader: TypeAlias = Callable[[Reading, str], Found]
"""Of a city and the name of an object."""

_MACHINE: Mapping[str, Reader] = {"asset.missing": assets.missing}
READERS: Mapping[Kind, Mapping[str, Reader]] = {
    "city": {
        "city.address_outside": addresses.outside,
        "city.address_overlaps": addresses.overlaps,
        "city.backup_distance": backup.distance,
        "city.backup_link": backup.links,
        "city.unzoned": zones.unzoned,
        "city.zone": zones.zones,
    },
    "circuit": CIRCUIT,
    "device": _MACHINE,
    "host": _MACHINE,
    "site": SITE,
    "system": SYSTEM,
}
"""By kind of object, how each of its facts is read."""


def collect(city: City, at: datetime) -> Mapping[Subject, Part]:  # noqa: ARG001 - nothing of it has an age
    """What is written of every object of a city."""
    return of(city, ((each.kind, each.name) for each in asked(city.inventory)))


def of(city: City, subjects: Iterable[Subject]) -> Mapping[Subject, Part]:
    """What is written of some objects: of a part of a city, what is so in the whole of it."""
    reading = Reading(city.whole or city)
    return {subject: _part(reading, *subject) for subject in subjects}


def _part(reading: Reading, kind: Kind, name: str) -> Part:
    found = {fact: read(reading, name) for fact, read in READERS[kind].items()}
    return Part(
        facts={fact: each for fact, each in found.items() if not isinstance(each, str)},
        missing={fact: each for fact, each in found.items() if isinstance(each, str)},
    )
