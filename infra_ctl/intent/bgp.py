"""BGP: cores reflect, what joins sites is their client, edges speak to the world, customer edges run none.

A session a family, so that a family can come and go alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network
from typing import Literal, TypeAlias

from infra_ctl.intent.allocation import Allocations
from infra_ctl.intent.demands import SITE_KINDS, ZONE_KINDS
from infra_ctl.intent.model import Bgp, BgpNeighbour, Network
from infra_ctl.intent.stages import meaning
from infra_ctl.inventory import Device, Inventory, devices, port
from infra_ctl.inventory.models import Peer, Site

Origins: TypeAlias = Mapping[str, frozenset[Network]]
"""By device, the prefixes that it announces for everybody behind it."""


def sessions(inventory: Inventory, allocations: Allocations) -> dict[str, Bgp]:
    """BGP of every device that runs it, by hostname."""
    speakers = [device for device in devices(inventory) if device.role != "ce"]
    cores = [device for device in speakers if device.role == "core"]
    origins = _origins(inventory, allocations, speakers)
    city = _city(inventory, origins)
    external = defaultdict(list)
    for peer in inventory.peers.values():
        external[port(peer.device).hostname].append(peer)
    return {
        device.hostname: Bgp(
            asn=inventory.city.asn,
            router_id=allocations.ipv4(device.hostname, "loopback").network_address,
            neighbours=_in_order(
                *_internal(device, speakers if device.role == "core" else cores, inventory, allocations),
                *_external(device, external[device.hostname]),
            ),
            originates=_sorted(origins.get(device.hostname, ()), ipv6=meaning(device.ipv6).routed),
            city=city,
            origin_community=f"{inventory.city.asn}:1:1",
        )
        for device in speakers
    }


def _internal(
    device: Device, others: Iterable[Device], inventory: Inventory, allocations: Allocations
) -> Iterator[BgpNeighbour]:
    for other in others:
        if other.hostname == device.hostname:
            continue
        both = meaning(min(device.ipv6, other.ipv6))
        for family in ("ipv4", "ipv6") if both.routed else ("ipv4",):
            loopback = allocations.prefixes[other.hostname, f"loopback-{family}"]
            yield BgpNeighbour(
                address=loopback.network_address,
                name=other.hostname,
                group=_group(device, other),
                remote_as=inventory.city.asn,
                secret=inventory.routing.bgp_secret,
                families=(family,),
                max_prefixes=inventory.routing.max_prefixes,
            )


def _group(device: Device, other: Device) -> Literal["reflector", "client", "core"]:
    if device.role != "core":
        return "client"
    return "core" if other.role == "core" else "reflector"


def _external(device: Device, peers: Iterable[Peer]) -> Iterator[BgpNeighbour]:
    for peer in peers:
        for family in ("ipv4", "ipv6") if meaning(device.ipv6).routed else ("ipv4",):
            yield BgpNeighbour(
                address=peer.remote_ipv4 if family == "ipv4" else peer.remote_ipv6,
                name=peer.id,
                group="external",
                remote_as=peer.asn,
                secret=peer.secret,
                families=(family,),
                max_prefixes=peer.max_prefixes,
            )


def _in_order(*neighbours: BgpNeighbour) -> tuple[BgpNeighbour, ...]:
    """IPv4 first, by number: FRR's own order."""
    return tuple(sorted(neighbours, key=lambda each: (each.address.version, int(each.address))))


def _origins(inventory: Inventory, allocations: Allocations, speakers: Iterable[Device]) -> Origins:
    """PoP routers announce their PoP, a data centre's routers its zones, cores also PoPs without a router."""
    behind_pop = _behind_pops(inventory, allocations)
    own: dict[str, set[Network]] = {}
    for device in speakers:
        site = inventory.sites[device.site]
        if device.role == "pop":
            own[device.hostname] = set(behind_pop[device.pop])
        elif device.role in ("core", "backup"):
            own[device.hostname] = _zones(site, inventory, allocations)
    routed = {device.pop for device in speakers if device.role == "pop"}
    rest = {network for pop, networks in behind_pop.items() if pop not in routed for network in networks}
    cores = {device.hostname for device in speakers if device.role == "core"}
    return {
        hostname: frozenset(networks | rest if hostname in cores else networks)
        for hostname, networks in own.items()
    }


def _behind_pops(inventory: Inventory, allocations: Allocations) -> defaultdict[str, set[Network]]:
    """By PoP its aggregates, and what an override has put outside them."""
    found: defaultdict[str, set[Network]] = defaultdict(set)
    for site in inventory.sites.values():
        if (plane := SITE_KINDS.get(site.kind)) is not None:
            for family in ("ipv4", "ipv6"):
                aggregate = allocations.prefixes[site.pop, f"{plane}-{family}"]
                own = allocations.prefixes[site.id, f"site-{family}"]
                found[site.pop].update((aggregate,) if inside(own, aggregate) else (aggregate, own))
    return found


def _zones(site: Site, inventory: Inventory, allocations: Allocations) -> set[Network]:
    """The pools that a data centre's zones are cut from, and what an override has put outside them."""
    plane = ZONE_KINDS[site.kind]
    found: set[Network] = set()
    for zone in inventory.profiles[site.profile].zones:
        for family in ("ipv4", "ipv6"):
            pool: Network = getattr(inventory.addressing, f"{plane}_{family}")
            own = allocations.prefixes[site.id, f"zone-{zone}-{family}"]
            found.update((pool,) if inside(own, pool) else (pool, own))
    return found


def _city(inventory: Inventory, origins: Origins) -> tuple[Network, ...]:
    """The city's two prefixes, and what it announces besides."""
    whole: tuple[Network, ...] = (inventory.addressing.ipv4, inventory.addressing.ipv6)
    announced = {network for networks in origins.values() for network in networks}
    outside = {network for network in announced if not any(inside(network, city) for city in whole)}
    return _sorted({*whole, *outside}, ipv6=True)


def inside(inner: Network, outer: Network) -> bool:
    """Whether a prefix is part of another; of another family it is not."""
    if isinstance(inner, IPv4Network):
        return isinstance(outer, IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, IPv6Network) and inner.subnet_of(outer)


def _sorted(networks: Iterable[Network], *, ipv6: bool) -> tuple[Network, ...]:
    kept = (network for network in networks if ipv6 or network.version == 4)
    return tuple(sorted(kept, key=lambda each: (each.version, int(each.network_address), each.prefixlen)))
