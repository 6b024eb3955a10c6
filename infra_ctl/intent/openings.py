"""Who may open what on which host: what is not here is denied.

It follows from what hosts are there for, what systems need of each other, and who uses a zone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_network
from typing import TypeAlias

from infra_ctl.intent.host import Exit, Opening, Protocol
from infra_ctl.intent.model import Network
from infra_ctl.intent.places import ADMINISTRATORS, ANYBODY, CITY, Places, collapsed, users_of
from infra_ctl.inventory import Inventory
from infra_ctl.inventory.kinds import HostRole
from infra_ctl.inventory.listening import HTTP, Listener, administered, asked, listeners
from infra_ctl.inventory.models import Host, System

SSH, NODE_EXPORTER, PACKAGES, POSTGRESQL = "ssh", "node-exporter", "packages", "postgresql"
NTP, DNS, SYSLOG, SIGNATURES, SNMP = "ntp", "dns", "syslog", "signatures", "snmp"
PROMETHEUS, FRR_EXPORTER = "prometheus", "frr-exporter"
ALERTMANAGER, GOSSIP = "alertmanager", "alertmanager-gossip"
STAMP = "stamp"
PORTS: Mapping[str, int] = {
    SSH: 22,
    NODE_EXPORTER: 9100,
    NTP: 123,
    DNS: 53,
    SYSLOG: 514,
    SIGNATURES: 80,
    POSTGRESQL: 5432,
    SNMP: 161,
    PROMETHEUS: 9090,
    ALERTMANAGER: 9093,
    GOSSIP: 9094,
    FRR_EXPORTER: 9342,
    STAMP: 862,
}
"""Of what hosts do for the city, and routers for monitoring."""
_SERVING = {
    HostRole.NTP: NTP,
    HostRole.DNS: DNS,
    HostRole.SYSLOG: SYSLOG,
    HostRole.ANTIMALWARE: SIGNATURES,
}
"""By role, what it does for everybody in the city."""
_PROTOCOLS: Mapping[str, tuple[Protocol, ...]] = {
    "sip": ("tcp", "udp"),
    NTP: ("udp",),
    DNS: ("tcp", "udp"),
    GOSSIP: ("tcp", "udp"),
}
"""What a service or scheme is carried by, where it is not TCP alone."""
_OF_ROUTERS: tuple[tuple[str, Protocol, int], ...] = (
    (SNMP, "udp", PORTS[SNMP]),
    (FRR_EXPORTER, "tcp", PORTS[FRR_EXPORTER]),
    ("routers/ssh", "tcp", 22),
)
"""What monitoring asks of routers."""
_OF_REFLECTORS: tuple[tuple[str, Protocol, int], ...] = ((STAMP, "udp", PORTS[STAMP]),)
_OF_ROOMS: tuple[tuple[str, Protocol, int], ...] = (
    ("rooms/sip", "udp", 5060),
    ("rooms/sip", "tcp", 5060),
    ("rooms/sips", "tcp", 5061),
    ("rooms/h323", "tcp", 1720),
)
"""What monitoring asks of rooms, wherever in the city they are; echoes go everywhere anyway."""

Key: TypeAlias = tuple[str, Protocol, int]
"""Service, protocol, port."""
Asked: TypeAlias = Mapping[str, Mapping[Key, frozenset[str]]]
"""By host, what is asked of it, by whom: the names that `Places` knows."""


def who_asks(inventory: Inventory) -> Asked:
    """What every host is asked for. Whoever asks for a service of a host asks on the same port."""
    found: dict[str, dict[Key, frozenset[str]]] = {}
    for host in inventory.hosts.values():
        merged: defaultdict[Key, set[str]] = defaultdict(set)
        for service, port, names in (
            *_of_roles(inventory, host),
            *_of_systems(inventory, host),
            *_of_fronted(inventory, host),
        ):
            for protocol in _PROTOCOLS.get(service.rpartition("/")[2], ("tcp",)):
                merged[service, protocol, port] |= names - {host.id}
        found[host.id] = {key: frozenset(names) for key, names in sorted(merged.items()) if names}
    return found


def openings(places: Places, host: str, asked_of: Asked) -> tuple[Opening, ...]:
    """What a host lets in."""
    return tuple(Opening(*key, places.of(names)) for key, names in asked_of[host].items())


def exits(places: Places, host: Host, asked_of: Asked) -> tuple[Exit, ...]:
    """What a host may open elsewhere: what it asks of others, and what its role has outside the city."""
    targets: defaultdict[Key, set[Network]] = defaultdict(set)
    for other, keys in asked_of.items():
        for key, names in keys.items():
            if other != host.id and (host.id in names or CITY in names):
                targets[key].update(places.of([other]))
    for service, protocol, port, networks in outside(places, host):
        targets[service, protocol, port].update(networks)
    return tuple(Exit(*key, collapsed(networks)) for key, networks in sorted(targets.items()))


def _of_roles(inventory: Inventory, host: Host) -> Iterator[tuple[str, int, set[str]]]:
    yield SSH, PORTS[SSH], {ADMINISTRATORS}
    yield NODE_EXPORTER, PORTS[NODE_EXPORTER], set(with_role(inventory, HostRole.MONITORING))
    for role, service in _SERVING.items():
        if role in host.roles:
            yield service, PORTS[service], {CITY}
    if HostRole.MONITORING in host.roles:
        for service in (ALERTMANAGER, GOSSIP):
            yield service, PORTS[service], set(with_role(inventory, HostRole.MONITORING))
        for service in (PROMETHEUS, ALERTMANAGER):
            yield service, PORTS[service], {ADMINISTRATORS}
    if HostRole.DATABASE in host.roles:
        using = (each for each in inventory.systems.values() if set(each.databases) & set(host.databases))
        clients = {name for system in using for name in system.runs_on}
        yield POSTGRESQL, database_port(inventory, host), {*clients, *sharing(inventory, host)}


def _of_systems(inventory: Inventory, host: Host) -> Iterator[tuple[str, int, set[str]]]:
    for system in systems_on(inventory, host.id):
        names = {*_exchanging(inventory, system), *with_role(inventory, HostRole.MONITORING)}
        names |= {*inventory.systems[system.front].runs_on} if system.front else users_of(inventory, system)
        for door in administered(system):
            yield f"{system.id}/administration", door.port, {ADMINISTRATORS}
        for listener in listeners(system):
            if HostRole.DATABASE in host.roles and listener.scheme not in HTTP:
                yield POSTGRESQL, database_port(inventory, host), names
            else:
                yield f"{system.id}/{listener.scheme}", listener.port, names


def _of_fronted(inventory: Inventory, host: Host) -> Iterator[tuple[str, int, set[str]]]:
    for system in fronted_on(inventory, host.id):
        names = asking_its_front(inventory, system)
        for listener in asked(system):
            if listener.scheme in HTTP:
                yield f"{system.id}/{listener.scheme}", listener.port, names


def asking_its_front(inventory: Inventory, system: System) -> set[str]:
    """Who may ask for a system at what stands before it."""
    return {*users_of(inventory, system), *with_role(inventory, HostRole.MONITORING)}


def _exchanging(inventory: Inventory, system: System) -> Iterator[str]:
    """Hosts of the systems with which it exchanges, whoever of the two says so."""
    for other in inventory.systems.values():
        if system.id in other.flows or other.id in system.flows:
            yield from other.runs_on


def outside(places: Places, host: Host) -> Iterator[tuple[str, Protocol, int, Iterable[Network]]]:
    """What a host asks of who is none. Packages come from the city's own repository, in a management zone."""
    upstreams, management = places.inventory.upstreams, places.of([ADMINISTRATORS])
    yield PACKAGES, "tcp", 80, management
    yield PACKAGES, "tcp", 443, management
    if HostRole.NTP in host.roles:
        yield NTP, "udp", PORTS[NTP], map(ip_network, upstreams.ntp)
    if HostRole.DNS in host.roles:
        for protocol in _PROTOCOLS[DNS]:
            yield DNS, protocol, PORTS[DNS], map(ip_network, upstreams.dns)
    if HostRole.MONITORING in host.roles:
        for asked_of, where in (
            (_OF_ROUTERS, places.routers()),
            (_OF_REFLECTORS, (*places.routers(), *places.routers(6))),
            (_OF_ROOMS, places.of([CITY])),
        ):
            for service, protocol, port in asked_of:
                yield service, protocol, port, where
    if HostRole.ANTIMALWARE in host.roles and upstreams.signatures:
        yield SIGNATURES, "tcp", 443, ANYBODY
    for system in systems_on(places.inventory, host.id):
        if any(flow.startswith("external:") for flow in system.flows):
            yield f"{system.id}/external", "tcp", 443, ANYBODY


def database_port(inventory: Inventory, host: Host) -> int:
    """What its systems say, or the usual one."""
    said: Iterator[Listener] = (each for one in systems_on(inventory, host.id) for each in listeners(one))
    return min((each.port for each in said if each.scheme not in HTTP), default=PORTS[POSTGRESQL])


def systems_on(inventory: Inventory, host: str) -> tuple[System, ...]:
    """The systems that run on a host."""
    return tuple(system for system in inventory.systems.values() if host in system.runs_on)


def fronted_on(inventory: Inventory, host: str) -> tuple[System, ...]:
    """The systems whose requests a host takes and passes on."""
    here = {system.id for system in systems_on(inventory, host)}
    return tuple(system for system in inventory.systems.values() if system.front in here)


def with_role(inventory: Inventory, role: HostRole) -> tuple[str, ...]:
    """The hosts that have a role."""
    return tuple(host.id for host in inventory.hosts.values() if role in host.roles)


def sharing(inventory: Inventory, host: Host) -> tuple[str, ...]:
    """The other hosts that carry one of its databases."""
    return tuple(
        other.id
        for other in inventory.hosts.values()
        if other.id != host.id and set(other.databases) & set(host.databases)
    )
