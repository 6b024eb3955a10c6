"""Prefixes and host numbers: nothing overlaps, everything is where the plan puts it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network

from infra_ctl.errors import Problem
from infra_ctl.inventory.draft import CityFile, Draft
from infra_ctl.inventory.kinds import Zone
from infra_ctl.inventory.models import Addressing, Peer
from infra_ctl.inventory.records import problem
from infra_ctl.inventory.rules.survey import Survey, hostnames
from infra_ctl.inventory.video import ROOM_NUMBER

Network = IPv4Network | IPv6Network


def pools(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """Every pool is inside the city's prefix, and no two share an address."""
    if draft.city is None:
        return
    for family in ("ipv4", "ipv6"):
        city = getattr(draft.city.addressing, family)
        found = _pools(draft.city.addressing, family)
        for name, pool in found.items():
            if not pool.subnet_of(city):
                message = f"{name} {pool} is not inside the city's {city}"
                yield problem(draft.city_record, ("addressing", name), message)
        yield from _overlaps(draft, found, ("addressing",))


def overrides(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """An assigned prefix is for something that exists and shares no address with another one."""
    if draft.city is None:
        return
    assigned = draft.city.addressing.overrides
    for version in (4, 6):
        family = {key: prefix for key, prefix in assigned.items() if prefix.version == version}
        # An aggregate is there to hold the prefixes of its sites.
        leaves = {key: prefix for key, prefix in family.items() if not _is_aggregate(key)}
        yield from _overlaps(draft, leaves, ("addressing", "overrides"))
    yield from _swallowed(draft, draft.city)
    known = _objects(draft)
    for key in assigned if known else ():
        name = key.partition(" ")[0]
        # A cable is named after its first end, `site:device/interface`.
        if name.partition(":")[0] not in known:
            message = f"{name!r} is no PoP, site, device, circuit or peer of this inventory"
            yield problem(draft.city_record, ("addressing", "overrides", key), message, key=True)


def _is_aggregate(key: str) -> bool:
    return key.partition(" ")[2].startswith(("access-", "departments-"))


def _pools(addressing: Addressing, family: str) -> dict[str, Network]:
    names = (name for name in Addressing.model_fields if name.endswith(f"_{family}"))
    return {name: getattr(addressing, name) for name in names}


def _overlaps(draft: Draft, prefixes: Mapping[str, Network], path: tuple[str, ...]) -> Iterator[Problem]:
    """Two prefixes overlap only if one holds the other; in the order of addresses it comes just before."""
    order = sorted(prefixes.items(), key=lambda item: (int(item[1].network_address), item[1].prefixlen))
    outer: tuple[str, Network] | None = None
    for name, prefix in order:
        if outer is not None and int(prefix.network_address) <= int(outer[1].broadcast_address):
            message = f"{name} {prefix} overlaps {outer[0]} {outer[1]}"
            yield problem(draft.city_record, (*path, name), message)
        else:
            outer = (name, prefix)


def _swallowed(draft: Draft, city: CityFile) -> Iterator[Problem]:
    """An override may lie in the pool that it would have been drawn from; it may not hold a whole pool."""
    for key, prefix in city.addressing.overrides.items():
        for name, pool in _pools(city.addressing, f"ipv{prefix.version}").items():
            if pool.version == prefix.version and _holds(prefix, pool):
                message = f"{key} {prefix} holds the whole pool {name} {pool}"
                yield problem(draft.city_record, ("addressing", "overrides", key), message)


def _holds(outer: Network, inner: Network) -> bool:
    return outer.prefixlen <= inner.prefixlen and inner.network_address in outer


def _objects(draft: Draft) -> set[str]:
    """Names that may have addresses; none where not all are known."""
    tables = (draft.pops, draft.sites, draft.circuits, draft.peers)
    if not (all(table.complete for table in tables) and draft.profiles.sound):
        return set()
    keys = {key for table in tables for key in table.records}
    return keys | {hostname for hostname, _ in hostnames(draft)}


def host_numbers(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """In one zone of a site, hosts and MCUs have numbers of their own."""
    first: dict[tuple[str, Zone, int], str] = {}
    for key, host in draft.hosts.objects.items():
        place = (host.site, host.zone, host.number)
        if (owner := first.setdefault(place, key)) != key:
            message = f"number {host.number} in {host.site} {host.zone} is taken by {owner}"
            yield draft.hosts.problem(key, ("number",), message)
    for key, mcu in draft.mcus.objects.items():
        if (owner := first.setdefault((mcu.site, Zone.MCU, mcu.number), key)) != key:
            message = f"number {mcu.number} in {mcu.site} {Zone.MCU} is taken by {owner}"
            yield draft.mcus.problem(key, ("number",), message)


def room_numbers(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """On one site's video LAN rooms have numbers of their own; the profile's room has the first."""
    first: dict[tuple[str, int], str] = {}
    for site in draft.sites.objects.values():
        if draft.profile(site).room is not None:
            first[site.id, ROOM_NUMBER] = f"{site.id}-room"
    for key, room in draft.rooms.objects.items():
        if (owner := first.setdefault((room.site, room.number), key)) != key:
            message = f"number {room.number} on the video LAN of {room.site} is taken by {owner}"
            yield draft.rooms.problem(key, ("number",), message)


def peers(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """A peer is another AS, and both ends of each family are in one subnet."""
    for key, peer in draft.peers.objects.items():
        for field, message in _peer_problems(peer):
            yield draft.peers.problem(key, (field,), message)
        if draft.city is not None and peer.asn == draft.city.city.asn:
            yield draft.peers.problem(key, ("asn",), f"{peer.asn} is the city's own AS")


def _peer_problems(peer: Peer) -> Iterator[tuple[str, str]]:
    for field, local, remote in (
        ("remote_ipv4", peer.local_ipv4, peer.remote_ipv4),
        ("remote_ipv6", peer.local_ipv6, peer.remote_ipv6),
    ):
        if remote not in local.network:
            yield field, f"{remote} is not in the subnet of {local}"
        elif remote == local.ip:
            yield field, f"{remote} is our own address"


RULES = (pools, overrides, host_numbers, room_numbers, peers)
