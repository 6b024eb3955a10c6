"""Where everybody stands who asks something of a host: its own name, a kind of LAN, the city, anybody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Literal

from infra_ctl.intent import addressing
from infra_ctl.intent.addressing import host_addresses
from infra_ctl.intent.allocation import Allocations
from infra_ctl.intent.demands import ZONE_KINDS
from infra_ctl.intent.model import Address, Network
from infra_ctl.intent.stages import meaning
from infra_ctl.inventory import Inventory, devices
from infra_ctl.inventory.kinds import Lan, Zone
from infra_ctl.inventory.models import System

ANYBODY: tuple[Network, ...] = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
CITY, OUTSIDE, ADMINISTRATORS, LANS = "the city", "outside it", "administrators in it", "LAN "
"""Names of places, which no host can have: they hold a blank."""
_USERS = {"outside": OUTSIDE, "administrators": ADMINISTRATORS}


def users_of(inventory: Inventory, system: System) -> set[str]:
    """Who uses a system, by the policy of its zone."""
    policy = inventory.zones.get(system.zone)
    return {_USERS.get(each, f"{LANS}{each}") for each in policy.users} if policy else set()


def collapsed(networks: Iterable[Network]) -> tuple[Network, ...]:
    """IPv4 first, none within another, in order."""
    found = set(networks)
    v4 = collapse_addresses(each for each in found if isinstance(each, IPv4Network))
    v6 = collapse_addresses(each for each in found if isinstance(each, IPv6Network))
    return (*v4, *v6)


@dataclass(frozen=True, slots=True)
class Places:
    """Names of hosts and places → networks."""

    inventory: Inventory
    allocations: Allocations
    _known: dict[frozenset[str], tuple[Network, ...]] = field(default_factory=dict)

    def of(self, names: Iterable[str]) -> tuple[Network, ...]:
        """All networks of some, as `collapsed` has them."""
        wanted = frozenset(names)
        if wanted not in self._known:
            self._known[wanted] = collapsed(net for name in wanted for net in self._of_one(name))
        return self._known[wanted]

    def host(self, name: str) -> tuple[Address, ...]:
        """A host's addresses."""
        return host_addresses(self.inventory.hosts[name], self.inventory, self.allocations)

    def routers(self, version: Literal[4, 6] = 4) -> tuple[Network, ...]:
        """Routers' loopbacks, where they are managed: what those are drawn from, and those that are not."""
        pool: Network = getattr(self.inventory.addressing, f"loopback_ipv{version}")
        allocated = getattr(self.allocations, f"ipv{version}")
        own = (allocated(each.hostname, "loopback") for each in devices(self.inventory))
        return collapsed((pool, *(each for each in own if not each.subnet_of(pool))))

    def _of_one(self, name: str) -> Iterable[Network]:
        if name.startswith(LANS):
            return self._lans(Lan(name.removeprefix(LANS)))
        if name == CITY:
            pools = self.inventory.addressing
            return (pools.ipv4, pools.ipv6, *pools.overrides.values())
        if name == ADMINISTRATORS:
            return self._zones(Zone.MANAGEMENT)
        return ANYBODY if name == OUTSIDE else map(ip_network, self.host(name))

    def _zones(self, zone: Zone) -> Iterator[Network]:
        """All of a zone at every site that has it."""
        for site in self.inventory.sites.values():
            if site.kind in ZONE_KINDS and zone in self.inventory.profiles[site.profile].zones:
                yield from self.zone(site.id, zone)

    def zone(self, site: str, zone: Zone) -> Iterator[Network]:
        """All of a zone at a site that has it."""
        stage = meaning(self.inventory.sites[site].ipv6)
        if stage.ipv4_on(zone):
            yield self.allocations.ipv4(site, f"zone-{zone}")
        if stage.lans:
            yield self.allocations.ipv6(site, f"zone-{zone}")

    def _lans(self, lan: Lan) -> Iterator[Network]:
        for site in self.inventory.sites.values():
            if lan in self.inventory.profiles[site.profile].lans:
                stage = meaning(site.ipv6)
                if stage.ipv4_on(lan):
                    yield addressing.lan_ipv4(self.allocations.ipv4(site.id, "site"), lan, 0).network
                if stage.lans:
                    yield addressing.lan_ipv6(self.allocations.ipv6(site.id, "site"), lan, 0).network
