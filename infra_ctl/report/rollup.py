"""A unit, or the city, beside those beneath it: each with what is its own, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from infra_ctl.inventory.indicators import IMPORTED
from infra_ctl.inventory.models import Inventory, Unit
from infra_ctl.report.document import words
from infra_ctl.report.measure import Measure, added, imported, unmeasured
from infra_ctl.report.measured import measures
from infra_ctl.report.period import Period
from infra_ctl.report.readings import Readings
from infra_ctl.report.scope import Scope, own

_NOT_IMPORTED = words("chưa có số liệu nhập", "nothing was imported")


@dataclass(frozen=True, slots=True)
class Part:
    """One unit with its own objects alone."""

    unit: Unit
    scope: Scope
    measures: Mapping[str, Measure]
    """Computed ones and imported ones."""

    @property
    def has_objects(self) -> bool:
        return bool(self.scope.objects)


def parts(scope: Scope, readings: Readings) -> tuple[Part, ...]:
    """The unit and those beneath it, each after the one that it is under; units of nothing are not there."""
    inventory = readings.inventory
    found = []
    for unit in _ordered(inventory, _top(inventory, scope)):
        one = own(inventory, unit)
        counted = _figures(inventory, unit.code, readings.period)
        if one.objects or counted:
            found.append(Part(unit, one, {**measures(one, readings), **_imports(counted)}))
    return tuple(found)


def whole(scope: Scope, readings: Readings, beneath: Sequence[Part]) -> Mapping[str, Measure]:
    """Of the unit with all that are beneath it.

    A figure of the unit itself stands for all; where there is none, those beneath it are added.
    """
    top = _top(readings.inventory, scope)
    own_figures = _figures(readings.inventory, top.code if top else "", readings.period)
    gathered = {name: _gathered(name, beneath) for name in IMPORTED}
    return {**measures(scope, readings), **gathered, **own_figures}


def lacking(name: str, beneath: Iterable[Part]) -> tuple[str, ...]:
    """Names of the units of which an indicator is not known; what is imported of the city is of all of it."""
    return tuple(
        part.unit.name
        for part in beneath
        if (measure := part.measures[name]).part is None
        and not (part.unit.kind == "city" and measure.origin == "imported")
    )


def _gathered(name: str, beneath: Sequence[Part]) -> Measure:
    """What the city itself does not say is what its units say: it is nothing that they lack."""
    own = [part.measures[name] for part in beneath if part.unit.kind != "city"]
    return added(own) if own else unmeasured("imported", _NOT_IMPORTED)


def _imports(counted: Mapping[str, Measure]) -> Mapping[str, Measure]:
    return {name: counted.get(name, unmeasured("imported", _NOT_IMPORTED)) for name in IMPORTED}


def _figures(inventory: Inventory, unit: str, period: Period) -> Mapping[str, Measure]:
    """What was imported of a unit of the edition in force, by indicator."""
    return {
        figure.indicator: imported(figure)
        for figure in inventory.figures
        if (figure.edition, figure.unit, figure.period) == (inventory.edition, unit, period.name)
    }


def _top(inventory: Inventory, scope: Scope) -> Unit | None:
    """The unit itself; for the whole city its own."""
    return scope.unit or inventory.units.get((inventory.edition, inventory.city.code))


def _ordered(inventory: Inventory, top: Unit | None) -> Iterable[Unit]:
    """Downwards from a unit, in the order of the file; those with nobody beneath them first."""
    here = [unit for (edition, _), unit in inventory.units.items() if edition == inventory.edition]
    beneath: dict[str | None, list[Unit]] = {}
    for unit in here:
        beneath.setdefault(unit.parent, []).append(unit)

    def down(unit: Unit) -> Iterable[Unit]:
        yield unit
        under = beneath.get(unit.code, [])
        for each in sorted(under, key=lambda each: each.code in beneath):
            yield from down(each)

    return down(top) if top else here
