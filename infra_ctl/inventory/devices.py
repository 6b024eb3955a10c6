"""The one list of devices: what the profiles give each site."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from infra_ctl.inventory.kinds import SERVICES, SiteKind, Stage
from infra_ctl.inventory.models import Host, Inventory, System


class Port(NamedTuple):
    """An interface of a device of a site."""

    site: str
    device: str
    interface: str

    @property
    def hostname(self) -> str:
        return f"{self.site}-{self.device}"


def port(endpoint: str) -> Port:
    """`site:device/interface`, as the models have checked it, in its parts."""
    site, _, rest = endpoint.partition(":")
    device, _, interface = rest.partition("/")
    return Port(site, device, interface)


@dataclass(frozen=True, slots=True)
class Device:
    """A router of a site. `level` is the highest level of the systems worked on at its site, if any."""

    hostname: str
    site: str
    name: str
    role: Literal["edge", "core", "backup", "pop", "ce"]
    platform: Literal["frr"]
    kind: SiteKind
    pop: str
    unit: str
    profile: str
    ipv6: Stage
    level: int | None


def devices(inventory: Inventory) -> tuple[Device, ...]:
    """Every device, site by site in the order of the files, then in the order of the profile."""
    levels = site_levels(inventory)
    return tuple(
        Device(
            hostname=f"{site.id}-{name}",
            site=site.id,
            name=name,
            role=profile.role,
            platform=profile.platform,
            kind=site.kind,
            pop=site.pop,
            unit=site.unit,
            profile=site.profile,
            ipv6=site.ipv6,
            level=levels.get(site.id),
        )
        for site in inventory.sites.values()
        for name, profile in inventory.profiles[site.profile].devices.items()
    )


def held(inventory: Inventory, effect: str) -> Iterator[str]:
    """Names of what is kept from something."""
    return (hold.object for hold in inventory.holds if hold.effect == effect)


def is_isolated(host: Host, inventory: Inventory) -> bool:
    """Whether a host is cut off but for management: itself, or the whole of its site."""
    return not {host.id, host.site}.isdisjoint(held(inventory, "isolate"))


def site_levels(inventory: Inventory) -> dict[str, int]:
    """Highest level of the systems that each site hosts or works on; sites without one are absent."""
    levels: dict[str, int] = {}
    for system in inventory.systems.values():
        for site in _sites_of(system, inventory):
            levels[site] = max(system.level, levels.get(site, 0))
    return levels


def _sites_of(system: System, inventory: Inventory) -> set[str]:
    return {*system.sites, *(inventory.hosts[host].site for host in system.runs_on)}


def host_levels(inventory: Inventory) -> dict[str, int]:
    """Of each host the highest level of what runs on it or keeps data there; services have that of all."""
    highest = max((system.level for system in inventory.systems.values()), default=1)
    levels = {host.id: highest if set(host.roles) & set(SERVICES) else 1 for host in inventory.hosts.values()}
    for system in inventory.systems.values():
        for host in inventory.hosts.values():
            if host.id in system.runs_on or set(system.databases) & set(host.databases):
                levels[host.id] = max(levels[host.id], system.level)
    return levels
