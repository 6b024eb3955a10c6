"""What is named must exist, and nothing may be named twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from typing import TypeVar

from infra_ctl.errors import Problem
from infra_ctl.inventory.draft import Draft, Table
from infra_ctl.inventory.fields import ENDPOINT
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.kinds import Zone
from infra_ctl.inventory.records import Path, problem
from infra_ctl.inventory.rules.survey import Survey, end_problem, hostnames
from infra_ctl.inventory.strict import Model
from infra_ctl.inventory.video import Room

T = TypeVar("T", bound=Model)
HINTED = 20
"""Wrong names of a column that get a hint: among ten thousand, finding one takes a fifth of a second."""
Reference = tuple[str, Path, str]
"""Key of the object that refers, path of the value, name that it gives."""


def _unknown(table: Table[T], target: Table[Model], references: Iterable[Reference]) -> Iterator[Problem]:
    """References of a table's objects to things of another that do not exist."""
    said = 0
    for key, path, name in references:
        if message := target.missing(name, hint=said < HINTED):
            said += 1
            yield table.problem(key, path, message)


def _written(table: Table[T], field: str) -> Iterator[Reference]:
    """References in a field, one or a list, of every object: also of those that are ill-formed elsewhere."""
    for key, record in table.records.items():
        values = record.value()
        found = values.get(field) if isinstance(values, dict) else None
        if isinstance(found, str):
            yield key, (field,), found
        for index, name in enumerate(found if isinstance(found, list) else ()):
            if isinstance(name, str):
                yield key, (field, index), name


def plain_references(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """Fields that hold the key of another table."""
    sites, hosts, systems = draft.sites, draft.hosts, draft.systems
    yield from _unknown(sites, draft.profiles, _written(sites, "profile"))
    yield from _unknown(sites, draft.units, _written(sites, "unit"))
    yield from _unknown(sites, draft.pops, _written(sites, "pop"))
    yield from _unknown(sites, draft.contracts, _written(sites, "contract"))
    yield from _unknown(hosts, sites, _written(hosts, "site"))
    yield from _unknown(draft.mcus, sites, _written(draft.mcus, "site"))
    yield from _unknown(draft.rooms, sites, _written(draft.rooms, "site"))
    yield from _unknown(draft.rooms, draft.mcus, _written(draft.rooms, "mcu"))
    yield from _unknown(systems, draft.units, _written(systems, "owner"))
    yield from _unknown(draft.assets, draft.units, _written(draft.assets, "owner"))
    yield from _unknown(systems, hosts, _written(systems, "runs_on"))
    yield from _unknown(systems, sites, _written(systems, "sites"))


def parents(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """A unit's parent is a unit of the same edition."""
    units = draft.all_units
    for key, unit in units.objects.items():
        if unit.parent is not None and units.missing(f"{unit.edition}/{unit.parent}", hint=False):
            message = f"unit {unit.parent!r} does not exist in edition {unit.edition}"
            yield units.problem(key, ("parent",), message)


def ends(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """The ends of circuits, and where peers are, exist."""
    yield from _unknown_ends(draft, draft.circuits, "a")
    yield from _unknown_ends(draft, draft.circuits, "z")
    yield from _unknown_ends(draft, draft.peers, "device")


def _unknown_ends(draft: Draft, table: Table[T], field: str) -> Iterator[Problem]:
    said = 0
    for key, path, endpoint in _written(table, field):
        # One that is no endpoint at all has been said to be none.
        if not re.fullmatch(ENDPOINT, endpoint):
            continue
        if message := end_problem(draft, endpoint, hint=said < HINTED):
            said += 1
            yield table.problem(key, path, message)


def services(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """Hosts that serve the whole city exist."""
    if draft.city is None:
        return
    for service, names in draft.city.services:
        for index, name in enumerate(names):
            if message := draft.hosts.missing(name):
                yield problem(draft.city_record, ("services", service, index), message)


def zones(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """A host stands in a zone that its site has; an MCU in the zone of MCUs."""
    for key, host in draft.hosts.objects.items():
        if message := _no_zone(draft, host.site, host.zone):
            yield draft.hosts.problem(key, ("zone",), message)
    for key, mcu in draft.mcus.objects.items():
        if message := _no_zone(draft, mcu.site, Zone.MCU):
            yield draft.mcus.problem(key, ("site",), message)


def _no_zone(draft: Draft, key: str, zone: Zone) -> str | None:
    profile = draft.profile_at(key)
    if profile is None or zone in profile.zones:
        return None
    known = [str(zone) for zone in profile.zones]
    return f"site {key} has no zone {str(zone)!r}{did_you_mean(zone, known)}"


def lines(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """Lines are kept or given up on devices that exist."""
    if not draft.sites.sound:
        return
    known = {hostname for hostname, _ in hostnames(draft)}
    for table in (draft.unmanaged, draft.claimed):
        for key, line in table.objects.items():
            if line.device not in known:
                message = f"device {line.device!r} does not exist{did_you_mean(line.device, known)}"
                yield table.problem(key, ("device",), message)


def holds(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """What is held exists, and is held once for an effect."""
    table = draft.holds
    yield from _twice(
        table,
        lambda hold: (hold.object, hold.effect),
        ("object",),
        lambda hold: f"{hold.effect} of {hold.object}",
    )
    if not draft.sites.sound:
        return
    routers = dict(hostnames(draft))
    for key, hold in table.objects.items():
        if hold.effect == "drain":
            message = _not_to_drain(draft, hold.object, routers)
        else:
            message = _not_to_isolate(draft, hold.object, routers)
        if message:
            yield table.problem(key, ("object",), message)


def _unknown_name(kind: str, name: str, known: Collection[str]) -> str:
    return "" if name in known else f"{kind} {name!r} does not exist{did_you_mean(name, known)}"


def _not_to_drain(draft: Draft, name: str, routers: Mapping[str, str]) -> str:
    """Why nothing of that name can be drained; empty where it can: a device."""
    if name in draft.hosts.records:
        return f"{name} is a host: a host can only be isolated"
    return _unknown_name("device", name, routers)


def _not_to_isolate(draft: Draft, name: str, routers: Mapping[str, str]) -> str:
    """Why nothing of that name can be cut off; empty where it can: a host, a site with LANs, its device."""
    if name in draft.hosts.records:
        return ""
    known = {*draft.hosts.records, *draft.sites.objects, *routers}
    if message := _unknown_name("site, device or host", name, known):
        return message
    profile = draft.profile_at(routers.get(name, name))
    if profile is None or profile.lans or profile.zones:
        return ""
    return f"{name} has no LAN that could be shut off: isolate a host, or a site with LANs"


def rooms(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """A room's MCU speaks its protocol, and no room hides the one that its site's profile gives."""
    for key, room in draft.rooms.objects.items():
        mcu = draft.mcus.objects.get(room.mcu)
        if mcu is not None and room.protocol not in mcu.protocols:
            message = f"{room.mcu} does not speak {room.protocol}, only {', '.join(mcu.protocols)}"
            yield draft.rooms.problem(key, ("mcu",), message)
        if hidden := _hides(draft, room):
            yield problem(draft.rooms.records[key], (), hidden)


def _hides(draft: Draft, room: Room) -> str | None:
    site = draft.sites.objects.get(room.id.removesuffix("-room"))
    if site is None or not room.id.endswith("-room") or draft.profile(site).room is None:
        return None
    return f"room {room.id!r} is the one that profile {site.profile} gives {site.id}"


def standard_rooms(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """Some MCU speaks the protocol of the room that a profile gives."""
    if not draft.mcus.sound:
        return
    spoken = {protocol for mcu in draft.mcus.objects.values() for protocol in mcu.protocols}
    for key, profile in draft.profiles.objects.items():
        if profile.room is not None and profile.room.protocol not in spoken:
            yield draft.profiles.problem(key, ("room", "protocol"), f"no MCU speaks {profile.room.protocol}")


def unique(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """Numbers, areas and hostnames that make addresses and names are used once."""
    pops, sites = draft.pops, draft.sites
    yield from _twice(pops, lambda pop: pop.number, ("number",), lambda pop: f"PoP number {pop.number}")
    yield from _twice(pops, lambda pop: pop.area, ("area",), lambda pop: f"area {pop.area}")
    yield from _twice(
        sites,
        lambda site: (site.pop, site.number),
        ("number",),
        lambda site: f"number {site.number:02x} of PoP {site.pop}",
    )
    yield from _hostnames_twice(draft)


def _twice(
    table: Table[T], mark: Callable[[T], Hashable], path: Path, name: Callable[[T], str]
) -> Iterator[Problem]:
    """Objects that share what should be theirs alone; the first one is right."""
    first: dict[Hashable, str] = {}
    for key, item in table.objects.items():
        if (owner := first.setdefault(mark(item), key)) != key:
            yield table.problem(key, path, f"{name(item)} is taken by {owner}")


def _hostnames_twice(draft: Draft) -> Iterator[Problem]:
    """`a-b` with device `c` and `a` with device `b-c` would be one name."""
    first: dict[str, str] = {}
    for hostname, site in hostnames(draft):
        if (owner := first.setdefault(hostname, site)) != site:
            message = f"hostname {hostname} is taken by a device of {owner}"
            yield problem(draft.sites.records[site], (), message)


RULES = (plain_references, parents, ends, services, zones, lines, holds, rooms, standard_rooms, unique)
