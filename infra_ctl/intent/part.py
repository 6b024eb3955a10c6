"""One `HostPart` a router: all that its Linux does beside what FRR routes.

What it lets pass between zones follows from the very data that the hosts' own firewalls follow from, so that
the two cannot disagree; the rest from its interfaces and their circuits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from ipaddress import ip_network

from infra_ctl.intent.allocation import Allocations
from infra_ctl.intent.demands import ZONE_KINDS
from infra_ctl.intent.host import BOTH_WAYS, LOGS, MANAGEMENT, Opening
from infra_ctl.intent.model import Address, DeviceIntent, Network
from infra_ctl.intent.openings import Asked, Key, outside, who_asks, with_role
from infra_ctl.intent.places import CITY, Places, collapsed
from infra_ctl.intent.traffic import Class, Mark, Queue, classes, marks, queues
from infra_ctl.inventory import Device, Inventory, devices, host_levels
from infra_ctl.inventory.devices import is_isolated
from infra_ctl.inventory.kinds import HostRole, Zone

PEOPLE = (Zone.MANAGEMENT, Zone.USERS, Zone.WIRELESS)
"""Zones in which somebody works: who is no host of ours there may ask whomever is in no zone."""
KIND = "host part"


@dataclass(frozen=True, slots=True)
class Vlan:
    """A sub-interface of a trunk; FRR gives it its addresses."""

    name: str
    trunk: str
    number: int
    mtu: int


@dataclass(frozen=True, slots=True)
class Agent:
    """Who asks a router's SNMP agent, how he logs in, and what it says of itself."""

    address: Address
    user: str
    auth: str
    """`vault:` reference, as `privacy` is."""
    privacy: str
    clients: tuple[Network, ...]
    location: str
    contact: str
    aliases: tuple[tuple[str, str], ...]
    """Interfaces, and what each is for."""


@dataclass(frozen=True, slots=True)
class HostPart:
    """The host part of a router as it should be. One that carries no zones lets everything pass."""

    name: str
    """`dc-core1/host`."""
    router: str
    site: str
    zones: tuple[Network, ...] = ()
    """All that is behind it: what comes from there or goes there is denied, save what follows."""
    openings: tuple[Opening, ...] = ()
    """What it lets through: what the hosts of its zones are asked for, and what they ask for."""
    held: tuple[Network, ...] = ()
    """Hosts of its zones that may ask for nothing else (see HostIntent.is_strict)."""
    free: tuple[Network, ...] = ()
    """Who in its zones may ask whomever is in no zone."""
    people: tuple[Network, ...] = ()
    """Zones of people: those are answered there."""
    partners: tuple[str, ...] = ()
    """Parts that do the same as it: never changed at once with it."""
    isolated: tuple[Network, ...] = ()
    """Hosts of its zones that are held (see HostIntent.isolated): whoever has taken one cannot lift this."""
    role: str = ""
    """Its router's."""
    vlans: tuple[Vlan, ...] = ()
    classes: tuple[Class, ...] = ()
    marks: tuple[Mark, ...] = ()
    believed: tuple[Network, ...] = ()
    """Hosts of its zones that mark what they send themselves: they measure every class."""
    queues: tuple[Queue, ...] = ()
    agent: Agent | None = None

    @property
    def sealed(self) -> tuple[Opening, ...]:
        """All that is left to isolated hosts: administrators reach them, and their logs leave."""
        return tuple(each for opening in self.openings for each in self._left(opening))

    def _left(self, opening: Opening) -> Iterator[Opening]:
        if opening.service == MANAGEMENT and set(opening.targets) <= set(self.isolated):
            yield opening
        if opening.service == LOGS:
            sources = tuple(each for each in self.isolated if _is_in(each, opening.sources))
            yield from (replace(opening, sources=sources),) if sources else ()


def merged(openings: Iterable[Opening]) -> tuple[Opening, ...]:
    """In order; one for each service, port and targets, for all who may ask."""
    sources: defaultdict[tuple[Key, tuple[Network, ...]], set[Network]] = defaultdict(set)
    for each in openings:
        sources[(each.service, each.protocol, each.port), each.targets].update(each.sources)
    ordered = sorted(sources.items(), key=lambda each: (each[0][0], tuple(map(str, each[0][1]))))
    return tuple(Opening(*key, collapsed(asking), targets) for (key, targets), asking in ordered)


class HostParts(Mapping[str, HostPart]):
    """Every host part by its name, sorted; worked out when one is first asked for."""

    def __init__(
        self, inventory: Inventory, allocations: Allocations, intents: Mapping[str, DeviceIntent]
    ) -> None:
        self._inventory = inventory
        self._allocations = allocations
        self._intents = intents
        self._routers = {f"{device.hostname}/host": device for device in devices(inventory)}

    def __getitem__(self, name: str) -> HostPart:
        device = self._routers[name]
        intent = self._intents[device.hostname]
        part = HostPart(
            name=name,
            router=device.hostname,
            site=device.site,
            role=device.role,
            partners=self._alike(name),
            vlans=tuple(_vlans(intent)),
            classes=self._classes,
            marks=marks(intent, self._inventory),
            queues=queues(intent, self._inventory),
            agent=self._agent(intent),
        )
        return self._with_zones(part) if _has_zones(device, self._inventory) else part

    def _with_zones(self, part: HostPart) -> HostPart:
        site = self._sites[part.site]
        return replace(
            part,
            zones=site.zones,
            openings=site.openings,
            held=site.held,
            free=site.free,
            people=site.people,
            isolated=site.isolated,
            believed=site.believed,
        )

    def _alike(self, name: str) -> tuple[str, ...]:
        """Parts of the routers that stand in for its own: those of its role at its site."""
        own = self._routers[name]
        alike = (
            part for part, each in self._routers.items() if (each.site, each.role) == (own.site, own.role)
        )
        return tuple(sorted(part for part in alike if part != name))

    def _agent(self, intent: DeviceIntent) -> Agent:
        snmp, site = self._inventory.snmp, self._inventory.sites[intent.site]
        return Agent(
            address=intent.management,
            user=snmp.user,
            auth=snmp.auth_secret,
            privacy=snmp.privacy_secret,
            clients=self._monitoring,
            location=f"{site.name} ({site.id})",
            contact=snmp.contact or self._inventory.city.name,
            aliases=tuple((each.name, each.description) for each in intent.interfaces),
        )

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._routers))

    def __len__(self) -> int:
        return len(self._routers)

    @cached_property
    def _classes(self) -> tuple[Class, ...]:
        return classes(self._inventory)

    @cached_property
    def _monitoring(self) -> tuple[Network, ...]:
        """Agents listen on an IPv4 address."""
        found = self._places.of(with_role(self._inventory, HostRole.MONITORING))
        return tuple(each for each in found if each.version == 4)

    @cached_property
    def _places(self) -> Places:
        return Places(self._inventory, self._allocations)

    @cached_property
    def _sites(self) -> Mapping[str, _Site]:
        asked_of = who_asks(self._inventory)
        sites = {each.site for each in self._routers.values() if _has_zones(each, self._inventory)}
        return {site: _Site(site, self._places, asked_of) for site in sites}


def _vlans(intent: DeviceIntent) -> Iterator[Vlan]:
    for interface in intent.interfaces:
        trunk, _, number = interface.name.rpartition(".")
        if trunk:
            yield Vlan(interface.name, trunk, int(number), interface.mtu)


def _has_zones(device: Device, inventory: Inventory) -> bool:
    profile = inventory.profiles[device.profile]
    return device.kind in ZONE_KINDS and profile.devices[device.name].trunk is not None


class _Site:
    """What all routers of a site's zones let through."""

    def __init__(self, site: str, places: Places, asked_of: Asked) -> None:
        self._places = places
        self._asked = asked_of
        self._hosts = {name: host for name, host in places.inventory.hosts.items() if host.site == site}
        levels = host_levels(places.inventory)
        zones = places.inventory.profiles[places.inventory.sites[site].profile].zones
        held = [name for name in self._hosts if levels[name] >= BOTH_WAYS]
        self.zones = collapsed(net for zone in zones for net in places.zone(site, zone))
        self.people = collapsed(net for zone in zones if zone in PEOPLE for net in places.zone(site, zone))
        self.held = places.of(held)
        self.isolated = tuple(
            ip_network(address)
            for name, host in self._hosts.items()
            if is_isolated(host, places.inventory)
            for address in places.host(name)
        )
        self.believed = places.of(
            [name for name, host in self._hosts.items() if HostRole.MONITORING in host.roles]
        )
        self.free = collapsed((*self.people, *places.of(self._hosts.keys() - held)))

    @cached_property
    def openings(self) -> tuple[Opening, ...]:
        return merged((*self._within(), *self._outside()))

    def _within(self) -> Iterator[Opening]:
        """What hosts of the city are asked for, where who asks or who is asked is here."""
        for name, keys in self._asked.items():
            for key, asking in keys.items():
                here = self._hosts.keys() if CITY in asking else asking & self._hosts.keys()
                names = asking if name in self._hosts else here
                if names:
                    yield Opening(*key, self._places.of(names), self._places.of([name]))

    def _outside(self) -> Iterator[Opening]:
        """What hosts ask of who is none, from here and to here."""
        for host in self._places.inventory.hosts.values():
            for service, protocol, port, networks in outside(self._places, host):
                targets = collapsed(networks)
                if host.id not in self._hosts:
                    targets = tuple(each for each in targets if _is_in(each, self.zones))
                if targets:
                    yield Opening(service, protocol, port, self._places.of([host.id]), targets)


def _is_in(network: Network, those: Iterable[Network]) -> bool:
    return any(
        network.version == other.version and network.subnet_of(other)  # type: ignore[arg-type]
        for other in those
    )
