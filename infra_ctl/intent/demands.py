"""Who needs which prefix, and the slot that the address plan's formula prefers for it (docs/addressing.md).

P is a PoP's number, S a site's in its PoP, U a device's in its site from 1, L a link's at its z site from 0.
Widths follow the pools: where a number does not fit its pool, the next free prefix is taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from infra_ctl.intent.purposes import Key, Network
from infra_ctl.intent.space import Bits
from infra_ctl.intent.topology import links
from infra_ctl.inventory import Inventory, devices
from infra_ctl.inventory.kinds import SiteKind, Zone
from infra_ctl.inventory.models import Addressing, Site

SITE_KINDS = {
    SiteKind.COMMUNE: "access",
    SiteKind.POP: "access",
    SiteKind.DEPARTMENT: "departments",
}
"""Kinds of site that have a prefix of their own, to the plane that their PoP's aggregate is cut from."""
ZONE_KINDS = {SiteKind.DC: "dc", SiteKind.DC_BACKUP: "dc_backup"}
"""Kinds of site that have a prefix for each zone, to the plane that these are cut from."""
ZONES = list(Zone)


class Demand(NamedTuple):
    """One need: a prefix of `length` from `pool`, at best the one that is number `slot` there."""

    key: Key
    pool: Bits
    length: int
    slot: int | None


def aggregates(inventory: Inventory) -> Iterator[Demand]:
    """A prefix a PoP for its sites: 16 of them in a pool of the plan, more in a wider one."""
    planes = {
        (site.pop, SITE_KINDS[site.kind]) for site in inventory.sites.values() if site.kind in SITE_KINDS
    }
    for pop, plane in planes:
        number = inventory.pops[pop].number
        v4, v6 = _pools(inventory.addressing, plane)
        yield Demand((pop, f"{plane}-ipv4"), v4, max(16, v4.length + 4), number)
        yield Demand((pop, f"{plane}-ipv6"), v6, max(48, v6.length + 4), number)


def leaves(inventory: Inventory, held: Mapping[Key, Network]) -> Iterator[Demand]:
    """Everything else; `held` has the aggregates."""
    yield from _loopbacks(inventory)
    yield from _links(inventory)
    for site in inventory.sites.values():
        if site.kind in SITE_KINDS:
            yield from _site(site, held)
        else:
            yield from _zones(site, inventory)


def _loopbacks(inventory: Inventory) -> Iterator[Demand]:
    """IPv4 `10.0.(16 * (U - 1) + P).S`: U-1, P and S in 4, 4 and 8 bits of a /16. IPv6 `::P:S:U`."""
    v4, v6 = _pools(inventory.addressing, "loopback")
    pop_bits = max(0, 32 - v4.length - 12)
    units: dict[str, int] = defaultdict(int)
    for device in devices(inventory):
        units[device.site] += 1
        unit, site = units[device.site], inventory.sites[device.site]
        pop = inventory.pops[site.pop].number
        fits = pop >> pop_bits == 0
        slot4 = ((unit - 1) << pop_bits | pop) << 8 | site.number if fits else None
        yield Demand((device.hostname, "loopback-ipv4"), v4, 32, slot4)
        yield Demand((device.hostname, "loopback-ipv6"), v6, 128, pop << 32 | site.number << 16 | unit)


def _links(inventory: Inventory) -> Iterator[Demand]:
    """IPv4 /31 number `P<<11 | S<<3 | L`; IPv6 a /64 each (RFC 6164, 5.1), number `P<<12 | S<<4 | L`."""
    v4, v6 = _pools(inventory.addressing, "link")
    indices: dict[str, int] = defaultdict(int)
    for link in sorted(links(inventory), key=lambda link: link.id):
        site = inventory.sites[link.z.device.site]
        pop, index = inventory.pops[site.pop].number, indices[site.id]
        indices[site.id] += 1
        slot4 = pop << 11 | site.number << 3 | index if index < 8 else None
        slot6 = pop << 12 | site.number << 4 | index if index < 16 else None
        yield Demand((link.id, "link-ipv4"), v4, 31, slot4)
        yield Demand((link.id, "link-ipv6"), v6, 64, slot6)


def _site(site: Site, held: Mapping[Key, Network]) -> Iterator[Demand]:
    plane = SITE_KINDS[site.kind]
    v4, v6 = (Bits.of(held[site.pop, f"{plane}-{family}"]) for family in ("ipv4", "ipv6"))
    yield Demand((site.id, "site-ipv4"), v4, 24, site.number)
    yield Demand((site.id, "site-ipv6"), v6, 56, site.number)


def _zones(site: Site, inventory: Inventory) -> Iterator[Demand]:
    """A prefix a zone at the zone's digit: the same digit in every data centre."""
    v4, v6 = _pools(inventory.addressing, ZONE_KINDS[site.kind])
    for zone in inventory.profiles[site.profile].zones:
        digit = ZONES.index(zone)
        yield Demand((site.id, f"zone-{zone}-ipv4"), v4, max(16, v4.length + 4), digit)
        yield Demand((site.id, f"zone-{zone}-ipv6"), v6, max(48, v6.length + 4), digit)


def _pools(addressing: Addressing, plane: str) -> tuple[Bits, Bits]:
    return Bits.of(getattr(addressing, f"{plane}_ipv4")), Bits.of(getattr(addressing, f"{plane}_ipv6"))
