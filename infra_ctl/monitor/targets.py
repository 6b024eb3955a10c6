"""Who is measured, and at which address: the one place that says so. Pure: from a City, in a stable order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from infra_ctl.city import City
from infra_ctl.intent.model import Address, DeviceIntent, Interface
from infra_ctl.intent.topology import links
from infra_ctl.inventory.kinds import HostRole, Lan
from infra_ctl.inventory.listening import SIP, names
from infra_ctl.inventory.video import Room
from infra_ctl.probe.targets import AF41, DEFAULT, EchoTarget, StampTarget

Family: TypeAlias = Literal["ipv4", "ipv6"]
DscpClass: TypeAlias = Literal["default", "video"]
Transport: TypeAlias = Literal["udp", "tcp", "tls"]
FAMILIES: tuple[Family, ...] = ("ipv4", "ipv6")
DSCP: Mapping[DscpClass, int] = {"default": DEFAULT, "video": AF41}
CLASSES: tuple[DscpClass, ...] = tuple(DSCP)
SIP_TRANSPORTS: tuple[Transport, ...] = ("udp", "tcp", "tls")
SIP_PORT, SIPS_PORT, H323_PORT = 5060, 5061, 1720


@dataclass(frozen=True, slots=True, order=True)
class PathTarget:
    """What echoes are sent to: the far end of a circuit, or a site, in one family and one class of queue."""

    kind: Literal["circuit", "site"]
    name: str
    """Id of the circuit or the site."""
    family: Family
    address: Address
    dscp_class: DscpClass
    site: str = ""
    """Whom it serves: of a circuit, the site of its z end."""

    def counters(self, probe: Literal["echo", "stamp"]) -> str:
        """What those of its probes are called."""
        return f"{probe} {self.kind} {self.name} {self.family} {self.dscp_class}"

    def echo(self, *, mtu: bool = False) -> EchoTarget:
        """The echoes that are sent to it."""
        return EchoTarget(self.counters("echo"), self.address, DSCP[self.dscp_class], mtu)

    def stamp(self, port: int) -> StampTarget:
        """The test packets that are sent to it, where a reflector answers them."""
        return StampTarget(self.counters("stamp"), self.address, DSCP[self.dscp_class], port)


@dataclass(frozen=True, slots=True)
class RoomTarget:
    """A video room, at the address on its site's video LAN that its number gives it."""

    room: str
    site: str
    protocol: Literal["sip", "h323"]
    address: Address
    """IPv4 where it has both."""
    transports: tuple[Transport, ...]
    """What it is asked over; empty for H.323, whose TCP port is tried, by blackbox_exporter too."""
    registrar: str | None
    """Name of the city's registrar, where a SIP room registers as `sip:ROOM@REGISTRAR`."""
    video_class: Literal["720p", "1080p"]
    mcu: str
    addresses: tuple[Address, ...] = ()
    """All that it has by its site's stage, IPv4 first."""
    port: int = SIP_PORT
    tls_port: int = SIPS_PORT


@dataclass(frozen=True, slots=True)
class RegistrarTarget:
    """A host on which video rooms register, with the names and ports that it answers to."""

    registrar: str
    """Id of the host."""
    site: str
    address: Address
    transports: tuple[Transport, ...]
    names: tuple[str, ...]
    addresses: tuple[Address, ...] = ()
    port: int = SIP_PORT
    tls_port: int = SIPS_PORT


def path_targets(city: City) -> tuple[PathTarget, ...]:
    """Circuits in the order of their file, then sites; IPv4 first, the default class first."""
    return (*_circuits(city), *_sites(city))


def room_targets(city: City) -> tuple[RoomTarget, ...]:
    """Every room that its site's LANs give an address, by id."""
    registrar = next((each.names[0] for each in registrar_targets(city) if each.names), None)
    lans = _lans(city, Lan.VIDEO)
    rooms = sorted(city.inventory.rooms.values(), key=lambda room: room.id)
    return tuple(
        _room(room, found, registrar) for room in rooms if (found := _on(lans.get(room.site), room.number))
    )


def registrar_targets(city: City) -> tuple[RegistrarTarget, ...]:
    """Every registrar, in the order of the system that runs on them: rooms register at its first."""
    inventory = city.inventory
    spoken = {
        host: system
        for system in inventory.systems.values()
        if any(each.partition(":")[0] in SIP for each in map(str, system.probes))
        for host in system.runs_on
    }
    ordered = dict.fromkeys((*spoken, *city.hosts))
    return tuple(
        RegistrarTarget(
            registrar=name,
            site=host.site,
            address=host.addresses[0],
            transports=SIP_TRANSPORTS,
            names=names(spoken[name]) if name in spoken else (),
            addresses=host.addresses,
        )
        for name in ordered
        if HostRole.REGISTRAR in (host := city.hosts[name]).roles
    )


def labels_of(city: City, site: str) -> dict[str, str]:
    """What every target of a site is labelled with: the site, its PoP, the unit that owns it."""
    place = city.inventory.sites[site]
    return {"site": site, "pop": place.pop, "owner": place.unit}


def router_of(city: City, site: str) -> DeviceIntent | None:
    """The router that a site is known by: the first with LANs, else the first."""
    routers = [intent for intent in city.intents.values() if intent.site == site]
    serving = (each for each in routers if any(interface.kind == "lan" for interface in each.interfaces))
    return next(serving, routers[0] if routers else None)


def reached(interface: Interface) -> Iterator[tuple[Family, Address]]:
    """Its addresses that the city routes to: one that is not in OSPF is known next door only."""
    if interface.enabled and interface.ipv4 is not None and interface.ospf is not None:
        yield "ipv4", interface.ipv4.ip
    if interface.enabled and interface.ipv6 is not None and interface.ospf6 is not None:
        yield "ipv6", interface.ipv6.ip


def _circuits(city: City) -> Iterator[PathTarget]:
    """The z end's address on the circuit itself: whoever sends to it comes over that circuit."""
    for link in links(city.inventory):
        if link.kind == "circuit":
            z = link.z.device
            interface = _interface(city.intents[z.hostname], link.id)
            for family, address in reached(interface):
                for dscp_class in CLASSES:
                    yield PathTarget("circuit", link.id, family, address, dscp_class, z.site)


def _interface(intent: DeviceIntent, circuit: str) -> Interface:
    return next(each for each in intent.interfaces if each.kind == "link" and each.circuit == circuit)


def _sites(city: City) -> Iterator[PathTarget]:
    """The loopback of a site's router: it answers over whichever circuit is left."""
    for site in city.inventory.sites:
        router = router_of(city, site)
        for interface in router.interfaces if router else ():
            if interface.kind == "loopback":
                for family, address in reached(interface):
                    for dscp_class in CLASSES:
                        yield PathTarget("site", site, family, address, dscp_class, site)


def _lans(city: City, lan: Lan) -> dict[str, Interface]:
    """By site, its first router's interface on a kind of LAN."""
    found: dict[str, Interface] = {}
    for intent in city.intents.values():
        for interface in intent.interfaces:
            if interface.kind == "lan" and interface.circuit == f"{intent.site}:{lan}":
                found.setdefault(intent.site, interface)
    return found


def _on(lan: Interface | None, number: int) -> tuple[Address, ...]:
    """The addresses of a number on a LAN, IPv4 first; in IPv6 its decimal digits are read as hex."""
    networks = [each.network for each in (lan.ipv4, lan.ipv6) if each is not None] if lan else []
    return tuple(network[int(str(number), 16) if network.version == 6 else number] for network in networks)


def _room(room: Room, addresses: tuple[Address, ...], registrar: str | None) -> RoomTarget:
    is_sip = room.protocol == "sip"
    return RoomTarget(
        room=room.id,
        site=room.site,
        protocol=room.protocol,
        address=addresses[0],
        transports=SIP_TRANSPORTS if is_sip else (),
        registrar=registrar if is_sip else None,
        video_class=room.video_class,
        mcu=room.mcu,
        addresses=addresses,
        port=SIP_PORT if is_sip else H323_PORT,
    )
