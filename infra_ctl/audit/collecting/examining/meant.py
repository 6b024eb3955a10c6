"""What intent says of one machine, as far as its evidence is held against it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network

from infra_ctl.city import City
from infra_ctl.intent import DeviceIntent, HostIntent
from infra_ctl.intent.host import RETENTION_MONTHS
from infra_ctl.intent.model import Network
from infra_ctl.intent.openings import FRR_EXPORTER, PORTS, SNMP, SSH, STAMP
from infra_ctl.intent.places import collapsed
from infra_ctl.intent.traffic import Queue
from infra_ctl.inventory.kinds import HostRole, Zone

SECURE = ("https", "imaps", "ldaps", "mqtts", "sips", "smtps")
"""Schemes that are spoken over TLS."""
_OF_ROUTERS = frozenset(
    {("tcp", PORTS[SSH]), ("udp", PORTS[SNMP]), ("tcp", PORTS[FRR_EXPORTER]), ("udp", PORTS[STAMP])}
)
_BGP, _BFD = ("tcp", 179), frozenset({("udp", 3784), ("udp", 3785), ("udp", 4784)})


@dataclass(frozen=True, slots=True)
class Meant:
    """A machine as it should be; of a host what is of routers is empty, and the other way round."""

    name: str
    is_router: bool
    domain: str
    city: tuple[Network, ...]
    """The whole city's prefixes."""
    administered: tuple[Network, ...]
    """From where: the management prefixes."""
    listens: frozenset[tuple[str, int]]
    """Protocol and port of what it does for others."""
    tls: frozenset[int] = frozenset()
    """TCP ports on which it speaks TLS."""
    zone: str = ""
    level: int = 1
    is_collector: bool = False
    months: Mapping[str, int] = field(default_factory=dict)
    """Of a collector, by sender, for how many months its logs are to be kept."""
    sources: frozenset[str] = frozenset()
    """Of a collector, the zones that send to it."""
    siem: tuple[str, ...] = ()
    """Addresses of the city's SIEM."""
    interfaces: frozenset[str] = frozenset()
    access: tuple[str, ...] = ()
    """Ports that its LANs are on."""
    queues: tuple[Queue, ...] = ()
    minors: tuple[int, ...] = ()
    """Of the classes in each queue."""
    zones: Mapping[str, tuple[Network, ...]] = field(default_factory=dict)
    """What it stands between, by zone."""
    free: tuple[Network, ...] = ()
    """Who in its zones may ask whomever is in no zone."""


def meant(city: City, name: str) -> Meant:
    """Of a device or a host. Raises UnknownError where there is no such machine."""
    return _router(city, city.intents[name]) if name in city.intents else _host(city, city.host(name))


def _common(city: City) -> tuple[str, tuple[Network, ...], tuple[Network, ...]]:
    pools = city.inventory.addressing
    own = collapsed((pools.ipv4, pools.ipv6, *pools.overrides.values()))
    zones = (f"zone-{Zone.MANAGEMENT}-ipv4", f"zone-{Zone.MANAGEMENT}-ipv6")
    management = (net for (_, purpose), net in city.prefixes.items() if purpose in zones)
    return city.inventory.city.domain, own, collapsed(management)


def _host(city: City, host: HostIntent) -> Meant:
    domain, own, management = _common(city)
    hosts = city.inventory.hosts
    months = {each.name: each.months for each in host.log_sources}
    return Meant(
        name=host.name,
        is_router=False,
        domain=domain,
        city=own,
        administered=management,
        listens=frozenset((each.protocol, each.port) for each in host.openings),
        tls=frozenset(each.port for each in host.openings if each.service.rpartition("/")[2] in SECURE),
        zone=host.zone,
        level=host.level,
        is_collector=HostRole.SYSLOG in host.roles,
        months=months,
        sources=frozenset(hosts[each].zone for each in months if each in hosts and each != host.name),
        siem=tuple(_siem(city)),
    )


def _siem(city: City) -> Iterator[str]:
    for name, host in city.inventory.hosts.items():
        if HostRole.SIEM in host.roles:
            yield from map(str, city.host(name).addresses)


def _router(city: City, device: DeviceIntent) -> Meant:
    domain, own, management = _common(city)
    part = city.parts[f"{device.hostname}/host"]
    lans = [each.name for each in device.interfaces if each.kind == "lan"]
    return Meant(
        name=device.hostname,
        is_router=True,
        domain=domain,
        city=own,
        administered=management,
        listens=frozenset(_listens(device)),
        siem=tuple(_siem(city)),
        interfaces=frozenset(_ports(device)),
        access=tuple(dict.fromkeys(each.partition(".")[0] for each in lans)),
        queues=part.queues,
        minors=tuple(each.minor for each in part.classes),
        zones=_zones(city, device.site) if part.zones else {},
        free=part.free,
    )


def _listens(device: DeviceIntent) -> Iterator[tuple[str, int]]:
    yield from _OF_ROUTERS
    if device.bgp is not None:
        yield _BGP
    if any(each.bfd for each in device.interfaces):
        yield from _BFD


def _ports(device: DeviceIntent) -> Iterator[str]:
    """Its interfaces, and the trunks beneath them."""
    for each in device.interfaces:
        if each.enabled:
            yield each.name
            yield each.name.partition(".")[0]


def _zones(city: City, site: str) -> Mapping[str, tuple[Network, ...]]:
    found: dict[str, tuple[Network, ...]] = {}
    for zone in city.inventory.profiles[city.inventory.sites[site].profile].zones:
        keys = ((site, f"zone-{zone}-ipv{version}") for version in (4, 6))
        found[str(zone)] = tuple(ip_network(city.prefixes[key]) for key in keys if key in city.prefixes)
    return found


def months_of(level: int) -> int:
    """For how many months logs of a level are kept."""
    return RETENTION_MONTHS[level]
