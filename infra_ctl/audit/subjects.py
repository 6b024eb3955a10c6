"""Whom an audit is about: the machines that a selector means, and what stands or falls with them."""

from __future__ import annotations

from collections.abc import Set

from infra_ctl.city import City
from infra_ctl.controls.asked import asked
from infra_ctl.controls.exhibit import MACHINES
from infra_ctl.controls.judging import Asked
from infra_ctl.inventory.devices import devices, port


def subjects(city: City, where: str, machines: Set[str]) -> tuple[Asked, ...]:
    """The chosen machines, the sites, circuits and systems that have one of them, in the order of all.

    Without a selector the city too, and what has no machine at all, save that a context has none of its.
    """
    chosen = _Chosen(city, machines)
    whole = not where.strip()
    return tuple(each for each in asked(city.inventory) if chosen.has(each, whole=whole))


class _Chosen:
    """Which objects have one of some machines."""

    def __init__(self, city: City, machines: Set[str]) -> None:
        inventory = city.inventory
        self._machines = machines
        self._of: dict[tuple[str, str], set[str]] = {}
        for device in devices(inventory):
            self._of.setdefault(("site", device.site), set()).add(device.hostname)
        for host in inventory.hosts.values():
            self._of.setdefault(("site", host.site), set()).add(host.id)
        for circuit in inventory.circuits.values():
            self._of["circuit", circuit.id] = {port(circuit.z).hostname}
        for system in inventory.systems.values():
            self._of["system", system.id] = set(system.runs_on)

    def has(self, each: Asked, *, whole: bool) -> bool:
        if each.kind in MACHINES:
            return each.name in self._machines
        machines = self._of.get((each.kind, each.name), set())
        return not machines.isdisjoint(self._machines) if machines else whole
