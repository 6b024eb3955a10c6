"""From the city's inventory to a twin of it: externals for its peers, hosts, random secrets of its own."""

from __future__ import annotations

import secrets as randomness
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from pathlib import Path

from infra_ctl.change.operations import written
from infra_ctl.city import City
from infra_ctl.errors import LabUsageError
from infra_ctl.hosts.roles import of_host, of_router
from infra_ctl.intent.addressing import host_addresses
from infra_ctl.intent.allocation import Allocations
from infra_ctl.intent.model import DeviceIntent, Interface
from infra_ctl.intent.part import HostPart
from infra_ctl.lab.external import External
from infra_ctl.lab.model import HostNode, TwinSpec, spec
from infra_ctl.render import render
from infra_ctl.secrets import open_vault, references, write_vault


def twin_of(
    name: str,
    city: City,
    hostnames: Iterable[str],
    folder: Path,
    *,
    in_band: bool = False,
    hosts: Iterable[str] = (),
    parts: Iterable[str] | None = None,
) -> TwinSpec:
    """The twin of the devices called `hostnames`; its secrets are in `folder`/vault.yml from then on.

    `parts` are routers whose host part is ours to change too; where nobody says, those that hosts are behind.
    Raises LabUsageError for one of `hosts` that no router among them leads to.
    """
    intents = {hostname: city.intents[hostname] for hostname in hostnames}
    hosts = tuple(hosts)
    own = {part.router: part for part in city.parts.values() if part.router in intents}
    wanted = _before(hosts, own) if parts is None else [name for name in parts if name in own]
    if parts is not None and not wanted:
        raise LabUsageError("none of the routers whose host part is wanted is in this lab: select one too")
    texts = [
        *map(render, intents.values()),
        *(written(of_host.operations(city.hosts[name])) for name in hosts),
        *(written(of_router.operations(own[name])) for name in wanted),
    ]
    vault = lab_vault(folder, texts)
    externals = [
        External(peer.id, password=vault.get(peer.secret.removeprefix("vault:")))
        for peer in city.inventory.peers.values()
    ]
    behind = tuple(host_node(host, city, intents) for host in hosts)
    twin = spec(name, intents, externals, in_band=in_band, hosts=behind)
    return replace(twin, parts=tuple(wanted))


def _before(hosts: Collection[str], parts: Mapping[str, HostPart]) -> list[str]:
    """Routers that carry zones, where there are hosts: nobody else would be behind them."""
    return [router for router, part in parts.items() if part.zones and hosts]


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
