"""Whose objects a report is about: the whole city's, or those of one unit and of the units beneath it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infra_ctl.controls.exhibit import Kind
from infra_ctl.errors import UnknownError
from infra_ctl.inventory.devices import devices, port
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.models import Inventory, Unit


@dataclass(frozen=True, slots=True)
class Scope:
    """The unit, and names of its objects; without a unit all there are."""

    unit: Unit | None
    objects: frozenset[tuple[Kind, str]]

    @property
    def is_city(self) -> bool:
        return self.unit is None or self.unit.kind == "city"

    @property
    def code(self) -> str:
        """The unit's; empty for the whole city."""
        return self.unit.code if self.unit else ""

    def has(self, kind: Kind, name: str) -> bool:
        """Whether an object is in it; a router's host part goes with its router."""
        return self.unit is None or (kind, name.partition("/")[0]) in self.objects

    def has_machine(self, name: str) -> bool:
        """Whether a device, a host or a router's host part is in it."""
        return self.has("device", name) or self.has("host", name)

    def named(self, kind: Kind) -> tuple[str, ...]:
        """Names of its objects of one kind, sorted."""
        return tuple(sorted(name for of, name in self.objects if of == kind))


def scope(inventory: Inventory, code: str | None) -> Scope:
    """Of a unit of the edition in force, or of the city. Raises UnknownError."""
    unit = _unit(inventory, code) if code else None
    codes = _beneath(inventory, unit.code) if unit else None
    return Scope(unit, frozenset(_objects(inventory, codes)))


def own(inventory: Inventory, unit: Unit) -> Scope:
    """Of a unit without those beneath it: what of all of them together is in no other's."""
    return Scope(unit, frozenset(_objects(inventory, frozenset((unit.code,)))))


def _unit(inventory: Inventory, code: str) -> Unit:
    known = {code: unit for (edition, code), unit in inventory.units.items() if edition == inventory.edition}
    if code in known:
        return known[code]
    named = [unit for unit in known.values() if code.casefold() in unit.name.casefold()]
    hint = f" (did you mean {named[0].code}, {named[0].name}?)" if named else did_you_mean(code, known)
    raise UnknownError(f"there is no unit '{code}' in edition {inventory.edition}{hint}")


def _beneath(inventory: Inventory, code: str) -> frozenset[str]:
    """The unit and all that are under it."""
    found: set[str] = set()
    fresh = {code}
    while fresh:
        found |= fresh
        fresh = {
            unit.code
            for unit in inventory.units.values()
            if unit.edition == inventory.edition and unit.parent in fresh and unit.code not in found
        }
    return frozenset(found)


def _objects(inventory: Inventory, codes: frozenset[str] | None) -> Iterator[tuple[Kind, str]]:
    """Everything that stands at their sites or is theirs; `None` is all units."""
    sites = {site.id for site in inventory.sites.values() if codes is None or site.unit in codes}
    if codes is None or inventory.city.code in codes:
        yield "city", inventory.city.slug
    yield from (("site", site) for site in sites)
    yield from (("device", device.hostname) for device in devices(inventory) if device.site in sites)
    yield from (("circuit", each.id) for each in inventory.circuits.values() if port(each.z).site in sites)
    yield from (("host", host.id) for host in inventory.hosts.values() if host.site in sites)
    for system in inventory.systems.values():
        if codes is None or system.owner in codes:
            yield "system", system.id
