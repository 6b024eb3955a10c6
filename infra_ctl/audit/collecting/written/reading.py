"""A city as its facts are read from it: what many of them need is worked out once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from infra_ctl.audit.collecting.written.ways import needed
from infra_ctl.city import City
from infra_ctl.controls.exhibit import Fact, Line, Scalar
from infra_ctl.intent.model import DeviceIntent
from infra_ctl.intent.openings import Asked, who_asks
from infra_ctl.inventory import Inventory, devices, port
from infra_ctl.inventory.kinds import SiteKind
from infra_ctl.inventory.models import Circuit, Profile

Found: TypeAlias = tuple[Fact, ...] | str
"""Values, or why nobody can know them."""


@dataclass(frozen=True)
class Reading:
    """It has no slots: what is worked out is kept."""

    city: City

    @property
    def inventory(self) -> Inventory:
        return self.city.inventory

    def fact(self, value: Scalar, table: str, key: str | int = "", *path: str | int) -> Fact:
        """A value, and the line of the inventory that says so."""
        return Fact(value, Line(*self.inventory.quote(table, key, *path)))

    def profile(self, site: str) -> Profile:
        return self.inventory.profiles[self.inventory.sites[site].profile]

    @cached_property
    def circuits(self) -> Mapping[str, tuple[Circuit, ...]]:
        """By site, those that it hangs by: it is their far end, or the data centre."""
        found: defaultdict[str, list[Circuit]] = defaultdict(list)
        for circuit in self.inventory.circuits.values():
            near = port(circuit.a).site
            found[port(circuit.z).site].append(circuit)
            if self.inventory.sites[near].kind is SiteKind.DC:
                found[near].append(circuit)
        return {site: tuple(circuits) for site, circuits in found.items()}

    @cached_property
    def routers(self) -> Mapping[str, tuple[DeviceIntent, ...]]:
        """By site."""
        found: defaultdict[str, list[DeviceIntent]] = defaultdict(list)
        for intent in self.city.intents.values():
            found[intent.site].append(intent)
        return {site: tuple(intents) for site, intents in found.items()}

    @cached_property
    def roomed(self) -> frozenset[str]:
        """Sites with a video room."""
        return frozenset(room.site for room in self.inventory.rooms.values())

    @cached_property
    def parts(self) -> frozenset[str]:
        """Names of the routers' host parts: to ask for one by its name would be to work it out."""
        return frozenset(self.city.parts)

    @cached_property
    def homes(self) -> Mapping[str, str]:
        """By router, its site; also those that are not in this part of the city."""
        return {device.hostname: device.site for device in devices(self.inventory)}

    @cached_property
    def needed(self) -> Mapping[str, tuple[str, ...]]:
        """By site, the routers and circuits that it cannot do without; see `ways`."""
        return needed(self.inventory, frozenset(self.city.intents))

    @cached_property
    def asked(self) -> Asked:
        """By host, what is asked of it, by whom."""
        return who_asks(self.inventory)
