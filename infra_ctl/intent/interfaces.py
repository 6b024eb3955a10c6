"""The interfaces of a device: loopback, links, LANs or zones, peerings, each as its stage has it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv4Interface, IPv6Interface

from infra_ctl.intent import addressing
from infra_ctl.intent.allocation import Allocations
from infra_ctl.intent.demands import SITE_KINDS
from infra_ctl.intent.model import LOOPBACK_MTU, MAX_COST, Interface, Ospf
from infra_ctl.intent.stages import Meaning, meaning
from infra_ctl.intent.topology import Link, device_area, link_area
from infra_ctl.inventory import Device, Inventory, port
from infra_ctl.inventory.kinds import Lan, Zone
from infra_ctl.inventory.models import Peer

LAN_MTU = 1500
_MANAGEMENT = f":{Lan.MANAGEMENT}"
"""How the segment of a site's management LAN, or of a data centre's management zone, ends."""
ZONE_ROUTER = 2
"""Number of a data centre's first router on a zone's LAN; 1 is kept for a gateway that they will share."""


def loopback(device: Device, inventory: Inventory, allocations: Allocations) -> Interface:
    """Router id, management address and the end of BGP sessions."""
    stage, area = meaning(device.ipv6), device_area(device, inventory)
    ipv4 = allocations.ipv4(device.hostname, "loopback")
    ipv6 = allocations.ipv6(device.hostname, "loopback")
    return Interface(
        name="lo",
        kind="loopback",
        description="loopback",
        mtu=LOOPBACK_MTU,
        ipv4=IPv4Interface((ipv4.network_address, 32)),
        ipv6=IPv6Interface((ipv6.network_address, 128)) if stage.addressed else None,
        ospf=Ospf(area, passive=True),
        ospf6=Ospf(area, passive=True) if stage.routed else None,
    )


def link_end(
    link: Link,
    device: Device,
    inventory: Inventory,
    allocations: Allocations,
    distance: Mapping[str, int],
) -> Interface:
    """A device's end of a link; `distance` is from each device to the nearest core, in links."""
    is_z = link.z.device.hostname == device.hostname
    own, far = (link.z, link.a) if is_z else (link.a, link.z)
    stage, area, routing = meaning(link.stage), link_area(link, inventory), inventory.routing
    prefix4, prefix6 = allocations.ipv4(link.id, "link"), allocations.ipv6(link.id, "link")
    ipv4, far4 = (addressing.link_ipv4(prefix4, end) for end in (int(is_z), int(not is_z)))
    ipv6, far6 = (addressing.link_ipv6(prefix6, end) for end in (int(is_z), int(not is_z)))
    gateways = (far4.ip, far6.ip) if stage.addressed else (far4.ip,)
    cost = MAX_COST if routing.reference_mbps / link.mbps > MAX_COST else None
    return Interface(
        name=own.interface,
        kind="link",
        description=f"to {far.device.hostname} {far.interface}, {link.kind} {link.id}",
        mtu=link.mtu,
        ipv4=ipv4,
        ipv6=ipv6 if stage.addressed else None,
        ospf=Ospf(area, passive=False, cost=cost, secret=routing.ospf_secret),
        ospf6=Ospf(area, passive=False, cost=cost, secret=routing.ospf6_secret) if stage.routed else None,
        bfd=True,
        mbps=link.mbps,
        circuit=link.id,
        neighbour=far.device.hostname,
        gateways=gateways if _is_nearer(far.device, device, distance) else (),
    )


def _is_nearer(one: Device, other: Device, distance: Mapping[str, int]) -> bool:
    """Whether it is nearer to the cores; what no link leads to is infinitely far."""
    near, far = (distance.get(each.hostname, math.inf) for each in (one, other))
    return near < far


def last_resort(interface: Interface) -> Interface:
    """A link that is taken only where there is no other, as RFC 6987 has it; what it leads to stays reached.

    By the cost of each link, not by what FRR 8.4 has for a whole router: its `max-metric` also puts summaries
    at 16711680, so that single-homed wards would be reached through a dual-homed one's circuits, and OSPFv3's
    `stub-router` leaves them out altogether (both were seen).
    """
    if interface.kind != "link":
        return interface
    ospf, ospf6 = (each and replace(each, cost=MAX_COST) for each in (interface.ospf, interface.ospf6))
    return replace(interface, ospf=ospf, ospf6=ospf6)


def shut_off(interface: Interface) -> Interface:
    """A LAN of an isolated site: nothing comes in from it, and nobody is told of it. Management stays.

    Shut down as well as unannounced: what is only unannounced still sends, and one way is enough to leak.
    """
    if interface.kind != "lan" or interface.circuit is None or interface.circuit.endswith(_MANAGEMENT):
        return interface
    return replace(interface, enabled=False, ospf=None, ospf6=None, router_advertisement=None)


def served(device: Device, inventory: Inventory, allocations: Allocations) -> Iterator[Interface]:
    """LANs of a site or zones of a data centre, as sub-interfaces of the device's trunk."""
    profile = inventory.profiles[device.profile]
    trunk = profile.devices[device.name].trunk
    if trunk is None:
        return
    position = [name for name, each in profile.devices.items() if each.trunk].index(device.name)
    area, stage = device_area(device, inventory), meaning(device.ipv6)
    for name in profile.lans if device.kind in SITE_KINDS else profile.zones:
        has_ipv4 = stage.ipv4_on(name)
        yield Interface(
            name=f"{trunk}.{addressing.vlan(name)}",
            kind="lan",
            description=f"{'LAN' if isinstance(name, Lan) else 'zone'} {name}",
            mtu=LAN_MTU,
            ipv4=_ipv4(device.site, name, position, allocations) if has_ipv4 else None,
            ipv6=_ipv6(device.site, name, position, allocations) if stage.lans else None,
            ospf=Ospf(area, passive=True) if has_ipv4 else None,
            ospf6=Ospf(area, passive=True) if stage.lans else None,
            router_advertisement=stage.preference if stage.lans and _has_users(name) else None,
            circuit=f"{device.site}:{name}",
        )


def _ipv4(site: str, name: Lan | Zone, position: int, allocations: Allocations) -> IPv4Interface:
    """A site's first router is its gateway, the first address; a data centre's are `ZONE_ROUTER` and up."""
    if isinstance(name, Lan):
        return addressing.lan_ipv4(allocations.ipv4(site, "site"), name, 1 + position)
    return addressing.zone_ipv4(allocations.ipv4(site, f"zone-{name}"), ZONE_ROUTER + position)


def _ipv6(site: str, name: Lan | Zone, position: int, allocations: Allocations) -> IPv6Interface:
    """As `_ipv4`."""
    if isinstance(name, Lan):
        return addressing.lan_ipv6(allocations.ipv6(site, "site"), name, 1 + position)
    return addressing.zone_ipv6(allocations.ipv6(site, f"zone-{name}"), ZONE_ROUTER + position)


def _has_users(name: Lan | Zone) -> bool:
    """Servers have static addresses and must not believe whoever advertises a router in their zone."""
    return isinstance(name, Lan) or name in (Zone.USERS, Zone.WIRELESS)


def peering(peer: Peer, stage: Meaning) -> Interface:
    """A link that leaves the city: no OSPF, which is ours alone. Its addresses are the peer's to assign."""
    return Interface(
        name=port(peer.device).interface,
        kind="peering",
        description=f"peer {peer.id} AS{peer.asn}",
        mtu=peer.mtu,
        ipv4=peer.local_ipv4,
        ipv6=peer.local_ipv6 if stage.routed else None,
        ospf=None,
        ospf6=None,
        neighbour=peer.id,
    )


def in_order(interface: Interface) -> list[tuple[bool, int, str]]:
    """Sort key of FRR's own order: letters as letters, numbers as numbers."""
    parts = re.findall(r"\d+|\D+", interface.name)
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]
