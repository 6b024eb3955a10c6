"""From the city's inventory to a twin of it: externals for its peers, hosts, random secrets of its own."""

from __future__ import annotations

import secrets as randomness
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from pathlib import Path

from infra_ctl.change.operations import written
from infra_ctl.city import City, slice_of
from infra_ctl.errors import LabUsageError
from infra_ctl.hosts.roles import of_host, of_router
from infra_ctl.intent.addressing import host_addresses
from infra_ctl.intent.allocation import Allocations
from infra_ctl.intent.model import Address, DeviceIntent, Interface
from infra_ctl.intent.part import HostPart
from infra_ctl.inventory.kinds import Lan
from infra_ctl.inventory.slices import Slice
from infra_ctl.lab.external import External
from infra_ctl.lab.model import HostNode, RoomNode, TwinSpec, spec
from infra_ctl.monitor.targets import RoomTarget, registrar_targets, room_targets
from infra_ctl.render import render
from infra_ctl.secrets import open_vault, references, write_vault


@dataclass(frozen=True, slots=True)
class Beside:
    """What a twin has beside the routing of its routers."""

    hosts: tuple[str, ...] = ()
    parts: tuple[str, ...] | None = None
    """Routers whose host part is ours to change too; None for those that hosts are behind."""
    rooms: tuple[str, ...] = ()


def twin_of(
    name: str,
    city: City,
    hostnames: Iterable[str],
    folder: Path,
    beside: Beside = Beside(),
    *,
    in_band: bool = False,
) -> TwinSpec:
    """The twin of the devices called `hostnames`; its secrets are in `folder`/vault.yml from then on.

    Raises LabUsageError for a host or a room that no router among them leads to.
    """
    intents = {hostname: city.intents[hostname] for hostname in hostnames}
    own = {part.router: part for part in city.parts.values() if part.router in intents}
    wanted = _with_parts(beside, own)
    texts = [
        *map(render, intents.values()),
        *(written(of_host.operations(city.hosts[name])) for name in beside.hosts),
        *(written(of_router.operations(own[name])) for name in wanted),
    ]
    vault = lab_vault(folder, texts)
    externals = [
        External(peer.id, password=vault.get(peer.secret.removeprefix("vault:")))
        for peer in city.inventory.peers.values()
    ]
    behind = tuple(host_node(host, city, intents) for host in beside.hosts)
    called = tuple(_room_node(room, city, intents, beside.hosts) for room in beside.rooms)
    twin = spec(name, intents, externals, in_band=in_band, behind=(*behind, *called))
    return replace(twin, parts=tuple(wanted))


def _with_parts(beside: Beside, own: Mapping[str, HostPart]) -> list[str]:
    """Where nobody says, routers that carry zones, if there are hosts: nobody else would be behind them."""
    if beside.parts is None:
        return [router for router, part in own.items() if part.zones and beside.hosts]
    if not (wanted := [name for name in beside.parts if name in own]):
        raise LabUsageError("none of the routers whose host part is wanted is in this lab: select one too")
    return wanted


def rooms_at(city: City, hostnames: Iterable[str]) -> tuple[str, ...]:
    """The rooms at the sites of devices. One that speaks H.323 has no program that a twin could run."""
    sites = {city.intents[hostname].site for hostname in hostnames}
    return tuple(each.room for each in room_targets(city) if each.site in sites and each.protocol == "sip")


def part_of(city: City, spec: TwinSpec) -> City:
    """A city with nothing but what its twin has."""
    there = Slice(
        of=Path(),
        devices=tuple(node.hostname for node in spec.nodes),
        hosts=tuple(host.hostname for host in spec.hosts),
        rooms=tuple(room.hostname for room in spec.rooms),
        parts=spec.parts,
    )
    return slice_of(city, there)


def host_node(name: str, city: City, intents: Mapping[str, DeviceIntent]) -> HostNode:
    """A host where its zone's routers are, with the addresses that its site's stage gives it."""
    host = city.inventory.hosts[name]
    zone = f"{host.site}:{host.zone}"
    doors = _doors(zone, intents)
    if not doors:
        leading = " or ".join(_doors(zone, city.intents))
        raise LabUsageError(f"host {name} is behind {leading}, which this lab does not have: select one too")
    found = host_addresses(host, city.inventory, Allocations(city.prefixes))
    ipv4 = next((IPv4Interface((each, 24)) for each in found if isinstance(each, IPv4Address)), None)
    ipv6 = next((IPv6Interface((each, 64)) for each in found if isinstance(each, IPv6Address)), None)
    ends = [end for door in doors.values() for end in (door.ipv4, door.ipv6) if end is not None]
    return HostNode(name, zone, ipv4, ipv6, tuple(end.ip for end in ends))


def _room_node(
    name: str, city: City, intents: Mapping[str, DeviceIntent], hosts: Collection[str]
) -> RoomNode:
    """A room on its site's video LAN, which registers where the city's rooms do."""
    room = next(each for each in room_targets(city) if each.room == name)
    segment = f"{room.site}:{Lan.VIDEO}"
    door = next(iter(_doors(segment, intents).values()), None)
    if door is None:
        raise LabUsageError(f"room {name} is at {room.site}, which this lab does not have: select it too")
    ipv4 = next((each for each in room.addresses if isinstance(each, IPv4Address)), None)
    ipv6 = next((each for each in room.addresses if isinstance(each, IPv6Address)), None)
    return RoomNode(
        name,
        segment,
        IPv4Interface((ipv4, door.ipv4.network.prefixlen)) if ipv4 and door.ipv4 else None,
        IPv6Interface((ipv6, door.ipv6.network.prefixlen)) if ipv6 and door.ipv6 else None,
        tuple(end.ip for end in (door.ipv4, door.ipv6) if end is not None),
        room.registrar or "",
        _registrar(room, city, hosts),
    )


def _registrar(room: RoomTarget, city: City, hosts: Collection[str]) -> Address | None:
    """The first that the twin has, as a room takes the next where the first is not; of its own family."""
    there = sorted(registrar_targets(city), key=lambda each: each.registrar not in hosts)
    spoken = (address for each in there for address in each.addresses)
    return next((each for each in spoken if each.version == room.address.version), None)


def _doors(zone: str, intents: Mapping[str, DeviceIntent]) -> dict[str, Interface]:
    """The interfaces on a zone's LAN, by hostname of their router."""
    return {
        hostname: interface
        for hostname, intent in intents.items()
        for interface in intent.interfaces
        if interface.circuit == zone
    }


def lab_vault(folder: Path, texts: Iterable[str]) -> Mapping[str, str]:
    """A random secret for every reference in `texts`; those that the twin has already stay as they are.

    16 characters: the longest key that OSPF's MD5 authentication takes (RFC 2328, D.3).
    """
    vault, password = folder / "vault.yml", folder / "vault-password"
    folder.mkdir(parents=True, exist_ok=True)
    if not password.exists():
        password.touch(mode=0o600)
        password.write_text(randomness.token_urlsafe(32) + "\n", encoding="utf-8")
    known = dict(open_vault(vault, password)) if vault.exists() else {}
    wanted = {reference for text in texts for reference in references(text)}
    missing = {name: randomness.token_hex(8) for name in sorted(wanted) if name not in known}
    if missing:
        write_vault(vault, password, known | missing)
    return known | missing
