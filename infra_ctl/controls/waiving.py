"""Waivers and findings: what is let be is WAIVED; after its last day it fails again, and says so.

Only what failed is waived. An ERROR is not: nobody can answer for what nobody has seen.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from infra_ctl.controls.asked import selecting
from infra_ctl.controls.checking import SELECTABLE
from infra_ctl.controls.exhibit import Line
from infra_ctl.controls.finding import Finding
from infra_ctl.controls.judging import QUOTED
from infra_ctl.controls.model import Law, Words
from infra_ctl.inventory.models import Inventory
from infra_ctl.inventory.waivers import Waiver
from infra_ctl.outcome import Verdict


@dataclass(frozen=True, slots=True)
class Granted:
    """A waiver of one law's control, for whom it is, and the line that says until when."""

    number: int
    """In its file, from 1."""
    waiver: Waiver
    names: frozenset[str]
    line: Line


def waiving(inventory: Inventory, laws: Iterable[Law], day: datetime.date) -> Callable[[Finding], Finding]:
    """A finding with the waiver that it has on a day, or had before."""
    known = granted(inventory, laws)

    def waived(finding: Finding) -> Finding:
        if finding.verdict is not Verdict.FAIL:
            return finding
        last = begun(known.get((finding.law, finding.control), ()), finding.object, day)
        return finding if last is None else _with(finding, last, day)

    return waived


def begun(granted: Iterable[Granted], name: str, day: datetime.date) -> Granted | None:
    """Of the waivers that an object had until a day, the one that lasts longest: it need not be in force."""
    of_it = (each for each in granted if name in each.names and each.waiver.since <= day)
    return max(of_it, key=lambda each: each.waiver.until, default=None)


def granted(inventory: Inventory, laws: Iterable[Law]) -> Mapping[tuple[str, str], tuple[Granted, ...]]:
    """Every waiver by law and control; what `granting` finds wrong with one waives nothing."""
    selected = selecting(inventory)
    found: defaultdict[tuple[str, str], list[Granted]] = defaultdict(list)
    for law in laws:
        for number, waiver in enumerate(inventory.waivers, 1):
            if (control := law.controls.get(waiver.control)) is None or waiver.law not in (None, law.law):
                continue
            names = frozenset(waiver.objects)
            if waiver.where is not None:
                names = selected(control.of, waiver.where) if control.of in SELECTABLE else frozenset()
            line = Line(*inventory.quote("waivers", number, "until"))
            found[law.law, control.id].append(Granted(number, waiver, names, line))
    return {key: tuple(each) for key, each in found.items()}


def _with(finding: Finding, granted: Granted, day: datetime.date) -> Finding:
    """The line of the waiver comes first: it is what decides, or what is to be looked at."""
    in_force = granted.waiver.is_in_force(day)
    return replace(
        finding,
        verdict=Verdict.WAIVED if in_force else Verdict.FAIL,
        reasons=finding.reasons if in_force else (_ended(granted.waiver.until), *finding.reasons),
        lines=(granted.line, *finding.lines)[:QUOTED],
        unquoted=finding.unquoted + max(0, len(finding.lines) + 1 - QUOTED),
        waiver=granted.waiver.in_words,
    )


def _ended(until: datetime.date) -> Words:
    return Words(
        vi=f"Miễn trừ đã hết hiệu lực sau ngày {until:%d/%m/%Y}.", en=f"Its waiver ended with {until}."
    )
