"""What is wrong with waivers by the laws that there are: one that waives nothing looks as if it did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from infra_ctl.controls.asked import asked, meaning, selecting
from infra_ctl.controls.checking import SELECTABLE, Wrong
from infra_ctl.controls.exhibit import Kind
from infra_ctl.controls.model import Control, Law, Of
from infra_ctl.controls.waiving import granted
from infra_ctl.errors import Problem
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.models import Inventory
from infra_ctl.inventory.records import problem
from infra_ctl.inventory.waivers import Waiver


def wrong(inventory: Inventory, laws: Mapping[str, Law]) -> Iterator[Problem]:
    """Every problem with the waivers of an inventory that is sound by itself."""
    whom = _Whom.of(inventory)
    records = inventory.writing.tables["waivers"]
    for number, waiver in enumerate(inventory.waivers, 1):
        for path, message in _of(waiver, laws, whom):
            yield problem(records[str(number)], path, message)
    for number, message in _twice(inventory, laws).items():
        yield problem(records[str(number)], ("control",), message)


@dataclass(frozen=True, slots=True)
class _Whom:
    """Of whom controls are asked."""

    levels: Mapping[Kind, Mapping[str, int]]
    """Of every object."""
    means: Callable[[Control], Callable[[str], bool]]
    selected: Callable[[Of, str], frozenset[str]]

    @classmethod
    def of(cls, inventory: Inventory) -> _Whom:
        levels: defaultdict[Kind, dict[str, int]] = defaultdict(dict)
        for each in asked(inventory):
            levels[each.kind][each.name] = each.level
        return cls(levels, meaning(inventory), selecting(inventory))

    def why_not(self, control: Control, name: str) -> str:
        """Why a control asks nothing of an object; empty where it does."""
        levels = self._levels(control)
        if name not in levels:
            return f"{control.id} is about a {control.of}, and {name!r} is none{did_you_mean(name, levels)}"
        if not self.means(control)(name):
            return f"{control.id} is not asked of {name}, only where {control.where}"
        if levels[name] not in control.levels:
            return f"{control.id} asks nothing of {name}, whose level is {levels[name]}"
        return ""

    def nobody(self, control: Control, text: str) -> str:
        """Why a selector means nobody of whom a control is asked; empty where it does."""
        if control.of not in SELECTABLE:
            return f"{control.id} is about a {control.of}, which no selector means: name objects"
        names = self.selected(control.of, text) & self._levels(control).keys()
        if any(not self.why_not(control, name) for name in names):
            return ""
        return f"means nothing that {control.id} is asked of"

    def _levels(self, control: Control) -> Mapping[str, int]:
        return {name: level for kind in control.kinds for name, level in self.levels[kind].items()}


def _of(waiver: Waiver, laws: Mapping[str, Law], whom: _Whom) -> Wrong:
    if waiver.law is not None and waiver.law not in laws:
        yield ("law",), f"law {waiver.law!r} does not exist{did_you_mean(waiver.law, laws)}"
        return
    asking = [laws[waiver.law]] if waiver.law is not None else [*laws.values()]
    controls = [law.controls[waiver.control] for law in asking if waiver.control in law.controls]
    if not controls:
        known = {key for law in asking for key in law.controls}
        of_law = f" in {waiver.law}" if waiver.law is not None else ""
        hint = did_you_mean(waiver.control, known)
        yield ("control",), f"control {waiver.control!r} does not exist{of_law}{hint}"
        return
    for place, name in enumerate(waiver.objects):
        yield from _unless_one(("objects", place), [whom.why_not(each, name) for each in controls])
    if (where := waiver.where) is not None:
        yield from _unless_one(("where",), [whom.nobody(each, where) for each in controls])


def _unless_one(path: tuple[str | int, ...], reasons: Sequence[str]) -> Wrong:
    """The first reason, where there is one for each of the controls that a waiver is about."""
    if all(reasons):
        yield path, reasons[0]


def _twice(inventory: Inventory, laws: Mapping[str, Law]) -> Mapping[int, str]:
    """Waivers, by their number, that have another beside them; one may follow on an earlier one."""
    found: dict[int, str] = {}
    for (_, control), of_it in granted(inventory, laws.values()).items():
        for one, other in combinations(of_it, 2):
            days = one.waiver.since <= other.waiver.until and other.waiver.since <= one.waiver.until
            if days and (names := one.names & other.names):
                line = f"{one.line.document}:{inventory.quote('waivers', one.number).number}"
                found[other.number] = f"{control} is waived twice for {min(names)}, first in {line}"
    return found
