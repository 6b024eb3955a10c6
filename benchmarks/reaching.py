"""What a plan computes of a whole city before anything is touched: fingerprints, waves, paths, guard.

CPU seconds of one process for a change of every device, the texts there already, the collector as patient as
the command line's (`cli.app.main`). Most changes alter no path, and nothing is computed for them (`guard`).
`costs` alters paths in every wave: the guard's seconds, and `losses` and `cuts`, those for what else it is
expected to lose. `refused` is the guard over one that cuts everybody off.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks.generated import write
from benchmarks.measure import Verdict
from benchmarks.twin import REFERENCE
from infra_ctl.change import normal
from infra_ctl.change.guard import breaks
from infra_ctl.change.losses import cuts, losses
from infra_ctl.change.normal import Normal
from infra_ctl.change.plan import Break
from infra_ctl.change.reading import read
from infra_ctl.change.router import Router
from infra_ctl.change.topology import Wire
from infra_ctl.change.watched import watched
from infra_ctl.change.waves import order
from infra_ctl.change.wiring import ground, laid, wires
from infra_ctl.city import City, load_city, relock
from infra_ctl.intent.expectations import cores
from infra_ctl.render import render

SIZES = (1000, 2500, 5000, 10000)
TARGET = 5.0
"""Seconds for the parts of `TOGETHER`, of the largest city."""
TOGETHER = ("parse", "fingerprint", "read", "waves", "guard")
FORETOLD = ("losses", "cuts")
LINEAR = 1.3
"""What a ward of the largest city may cost, as a multiple of one of the smallest."""

Found = TypeVar("Found")


def run(folder: Path, _rounds: int) -> Iterator[Verdict]:
    """Print seconds for each part and size; linear means that a column doubles from line to line."""
    gc.set_threshold(200_000, 50, 100)
    print("\nbefore a change of every device of a made-up city, CPU seconds")
    parts = (*TOGETHER, "costs", *FORETOLD, "refused")
    each: dict[int, float] = {}
    print(f"{'wards':>8}" + "".join(f"{part:>12}" for part in parts))
    for size in SIZES:
        path = folder / f"reach-{size}"
        write(REFERENCE, path, size)
        relock(path, free=False)
        spent = _timed(load_city(path))
        print(f"{size:>8}" + "".join(f"{spent[part]:>12.2f}" for part in parts))
        each[size] = sum(spent[part] for part in FORETOLD) / size
    together = sum(spent[part] for part in TOGETHER)
    yield Verdict(f"seconds of {', '.join(TOGETHER)}", together, TARGET)
    ratio = each[SIZES[-1]] / each[SIZES[0]]
    yield Verdict(f"{' and '.join(FORETOLD)} a ward, of {SIZES[-1]} against {SIZES[0]}", ratio, LINEAR)


def _timed(city: City) -> dict[str, float]:
    """Seconds by part."""
    spent: dict[str, float] = {}
    texts = {host: render(intent) for host, intent in city.intents.items()}

    def timed(part: str, work: Callable[[], Found]) -> Found:
        started = time.process_time()
        found = work()
        spent[part] = time.process_time() - started
        return found

    forms = timed("parse", lambda: {host: normal.parse(text) for host, text in texts.items()})
    timed("fingerprint", lambda: [normal.fingerprint(form) for form in forms.values()])
    before = timed("read", lambda: {host: read(form) for host, form in forms.items()})
    waves = timed("waves", lambda: order(list(city.intents), ground(city.intents)).waves)
    run = _Run(city, before, waves, laid(wires(city.intents), before))
    same, cost, hello = (_with(forms, line) for line in ("", "ip ospf cost 77", "ip ospf hello-interval 7"))
    assert not timed("guard", lambda: run.breaks(same))
    assert not timed("costs", lambda: run.breaks(cost))
    timed("losses", lambda: run.losses(cost))
    timed("cuts", lambda: run.cuts(cost))
    assert timed("refused", lambda: run.breaks(hello))
    return spent


def _with(forms: Mapping[str, Normal], line: str) -> dict[str, Router]:
    """Every router with a line more wherever it speaks OSPF."""
    return {host: read((*form, *_more(form, line))) for host, form in forms.items()}


def _more(form: Normal, line: str) -> Iterator[normal.Pair]:
    return ((context, line) for context, said in form if line and said.startswith("ip ospf network "))


@dataclass(frozen=True, slots=True)
class _Run:
    """A run over all devices of a city."""

    city: City
    before: Mapping[str, Router]
    waves: tuple[tuple[str, ...], ...]
    wires: tuple[Wire, ...]

    def losses(self, after: Mapping[str, Router]) -> None:
        """Neighbours."""
        losses(self.before, after, self.wires, self.waves)

    def cuts(self, after: Mapping[str, Router]) -> None:
        """Paths."""
        asked = zip(self.waves, watched(self.city.intents, self.city.intents, self.waves), strict=True)
        cuts(self.before, after, self.wires, asked)

    def breaks(self, after: Mapping[str, Router]) -> tuple[Break, ...]:
        intents = self.city.intents
        addresses = {host: intent.management for host, intent in intents.items()}
        return breaks(self.before, after, self.wires, self.waves, cores(intents, intents), addresses)
