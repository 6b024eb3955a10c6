"""The whole network as a plan finds it, and whom the controller would lose its way to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from infra_ctl.change import normal
from infra_ctl.change.guard import breaks
from infra_ctl.change.normal import Normal
from infra_ctl.change.plan import Break, Plan
from infra_ctl.change.reading import read
from infra_ctl.change.router import Address, Router
from infra_ctl.change.topology import Wire
from infra_ctl.change.wiring import laid, wires
from infra_ctl.city import City
from infra_ctl.intent.expectations import cores
from infra_ctl.journal.records import Synced
from infra_ctl.render import render


@dataclass(frozen=True, slots=True)
class Network:
    """All routers as they are and the wires between them, as far as anybody knows.

    A device that was not read runs what it was last seen to run as intended, or what is intended. One that
    was taken out of the inventory, and that we had deployed, is still there; nobody owes it a way any more.
    """

    routers: Mapping[str, Router]
    wires: tuple[Wire, ...]
    roots: tuple[str, ...]
    """The cores, that the controller hangs on."""
    addresses: Mapping[str, Address]
    """Where each device is managed."""

    @classmethod
    def of(
        cls,
        city: City,
        synced: Mapping[str, Synced],
        forms: Mapping[str, Normal],
        there: Collection[str] | None = None,
    ) -> Network:
        """By what was read of devices; `there` are those that exist, None for all of the city."""
        intents = city.intents
        there = intents if there is None else there
        hosts = [*there, *(synced.keys() - intents.keys())]

        def form(host: str) -> Normal:
            text = synced[host].text if host in synced else ""
            return forms.get(host) or normal.parse(text or render(intents[host]))

        routers = {host: read(form(host)) for host in hosts if host in intents or synced[host].text}
        addresses = {host: intents[host].management for host in routers if host in intents}
        return cls(routers, laid(wires(intents), routers), cores(intents, there), addresses)

    def lost(
        self, plan: Plan, after: Mapping[str, Router], since: Mapping[str, Router] | None = None
    ) -> tuple[Break, ...]:
        """Devices that the controller loses its way to while `plan` makes routers those of `after`.

        Devices in `since` have changed to what is there for them before it begins.
        """
        before = {**self.routers, **(since or {})}
        return breaks(before, after, self.wires, plan.device_waves, self.roots, self.addresses)
