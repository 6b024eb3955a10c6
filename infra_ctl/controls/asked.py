"""Who is audited: every object of an inventory with its level, and whom a control's selector means."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from infra_ctl.controls.checking import SELECTABLE
from infra_ctl.controls.judging import Asked
from infra_ctl.controls.model import Control, Of
from infra_ctl.inventory.devices import devices, host_levels, port, site_levels
from infra_ctl.inventory.models import Inventory
from infra_ctl.inventory.selectors import host_subject, parse, subject

SHARED = 3
"""Level of a site where no system is worked on, and of its routers and circuits.

By Decree 331/2026 what is shared in one province has it, and the city's WAN is.
"""


def asked(inventory: Inventory) -> Iterator[Asked]:
    """Every object: the city, then kind by kind, in the order of the files."""
    sites = site_levels(inventory)
    yield Asked("city", inventory.city.slug, max([SHARED, *(s.level for s in inventory.systems.values())]))
    for site in inventory.sites:
        yield Asked("site", site, sites.get(site, SHARED))
    for device in devices(inventory):
        yield Asked("device", device.hostname, device.level or SHARED)
    for circuit in inventory.circuits.values():
        yield Asked("circuit", circuit.id, sites.get(port(circuit.z).site, SHARED))
    for host, level in host_levels(inventory).items():
        yield Asked("host", host, level)
    for system in inventory.systems.values():
        yield Asked("system", system.id, system.level)


def selecting(inventory: Inventory) -> Callable[[Of, str], frozenset[str]]:
    """Names of the devices and hosts that a selector means, by what it is written beside.

    Every selector is asked of each device and host once, however many controls and waivers have it.
    """
    subjects = {device.hostname: subject(device) for device in devices(inventory)}
    levels = host_levels(inventory)
    hosts = {host.id: host_subject(host, inventory, levels[host.id]) for host in inventory.hosts.values()}

    @cache
    def selected(of: Of, text: str) -> frozenset[str]:
        selector = parse(text, SELECTABLE[of])
        return frozenset(name for name, each in (*subjects.items(), *hosts.items()) if selector(each))

    return selected


def meaning(inventory: Inventory) -> Callable[[Control], Callable[[str], bool]]:
    """For `judging.rules`: a control's selector as a question of an object's name."""
    selected = selecting(inventory)

    def means(control: Control) -> Callable[[str], bool]:
        if control.where is None:
            return lambda _name: True
        return selected(control.of, control.where).__contains__

    return means
