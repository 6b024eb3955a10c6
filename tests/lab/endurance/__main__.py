"""`make endurance`: every fault for its share of the time, on real exporters in namespaces of their own.

python -m tests.lab.endurance                           all faults, five minutes in all
python -m tests.lab.endurance --seconds 60 storm slow   two of them, half a minute each

A fault is endured where all was answered as it should be, nothing crashed, memory and files stayed flat, and
all was well again when it was over.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from infra_ctl.lab.requirements import requirements
from tests.lab.endurance.faults import FAULTS, RECOVERY_SECONDS, Fault, Tally, is_well
from tests.lab.endurance.ground import Ground, Running, Use, ground

WARM_UP = 1 / 3
"""Of a fault's time, after which what its first rounds took is taken for good."""
TO_SETTLE = 30.0
"""Seconds in which what is only just ending has to end."""
GROWTH = 0.05
"""Share by which memory may grow from then on, beside what the fault itself allows."""


@dataclass(frozen=True, slots=True)
class Row:
    """How one fault was endured."""

    name: str
    fault: Fault
    tally: Tally
    before: Mapping[Running, Use]
    after: Mapping[Running, Use]
    crashes: tuple[str, ...]
    seconds: float

    @property
    def complaints(self) -> list[str]:
        """What was not as it should be; none where all was."""
        wrong = [f"{what} ({count} times)" for what, count in self.tally.complaints.items()]
        return [*self.crashes, *wrong, *grown(self.before, self.after, self.fault)]

    def __str__(self) -> str:
        most = max(self.after, key=lambda each: self.after[each].resident - self.before[each].resident)
        then, now = self.before[most], self.after[most]
        memory = f"{most.name} {then.resident / 1024:.1f} → {now.resident / 1024:.1f}"
        files = f"{sum(u.files for u in self.before.values())} → {sum(u.files for u in self.after.values())}"
        told = "; ".join([*self.complaints[:5], *self.tally.figures])
        counts = f"{self.tally.requests:>9,}{self.tally.refused:>9,}{len(self.crashes):>8}"
        verdict = "FAILED" if self.complaints else "well"
        line = f"{self.name:<10}{self.seconds:>5.0f} s{counts}  {memory:<28}{files:<14}{verdict}  {told}"
        return line.rstrip()


def grown(before: Mapping[Running, Use], after: Mapping[Running, Use], fault: Fault) -> list[str]:
    """Who holds more than before, beyond what the fault allows."""
    found = []
    for each, now in after.items():
        then = before[each]
        if now.resident > then.resident * (1 + GROWTH) + fault.more_kib:
            found.append(f"{each.name} grew from {then.resident:,} to {now.resident:,} KiB")
        if now.files > then.files + fault.more_files:
            found.append(f"{each.name} has {now.files} open files, and had {then.files}")
    return found


HEAD = (
    f"{'fault':<10}{'time':>7}{'requests':>9}{'refused':>9}{'crashes':>8}  "
    f"{'MiB, of who grew most':<28}{'files':<14}verdict"
)


def endure(place: Ground, name: str, fault: Fault, seconds: float) -> Row:
    """As many rounds as its time has, three at least."""
    tally, began = Tally(), time.monotonic()
    with fault.around(place) as ground_:
        start, rounds = time.monotonic(), 0
        before = _uses(ground_)
        loops = {each: use.processes for each, use in before.items()}
        is_warm = False
        while time.monotonic() < start + seconds or rounds < 3:
            fault.round(ground_, tally)
            rounds += 1
            if not is_warm and time.monotonic() >= start + WARM_UP * seconds:
                before, is_warm = _quiet(ground_, before, fault), True
        after = _settled(ground_, before, fault)
        crashes = [line for each in {*place.all, *ground_.all} for line in each.complaints()]
        crashes += [
            f"{each.name} began a process anew" for each, use in after.items() if use.processes != loops[each]
        ]
    if not until(lambda: is_well(place), RECOVERY_SECONDS):
        tally.complaints["not all was well again"] += 1
    return Row(name, fault, tally, before, after, tuple(crashes), time.monotonic() - began)


def until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.5)
    return found


def _uses(place: Ground) -> Mapping[Running, Use]:
    return {each: each.use() for each in place.all}


def _quiet(place: Ground, before: Mapping[Running, Use], fault: Fault) -> Mapping[Running, Use]:
    """The least that each holds of a few moments in which nobody asks for a page."""
    until(
        lambda: all(use.files <= before[each].files + fault.more_files for each, use in _uses(place).items()),
        TO_SETTLE,
    )
    found = _uses(place)
    for _ in range(3):
        time.sleep(1)
        now = _uses(place)
        found = {each: min(use, now[each], key=lambda held: held.resident) for each, use in found.items()}
    return found


def _settled(place: Ground, before: Mapping[Running, Use], fault: Fault) -> Mapping[Running, Use]:
    """Once connections are closed and pages given back that were not waited for: both may linger a little."""
    deadline = time.monotonic() + TO_SETTLE
    while grown(before, found := _uses(place), fault) and time.monotonic() < deadline:
        time.sleep(0.5)
    return found


def asked_for(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line. Ends the program where it makes no sense."""
    about = "\n".join(f"  {name:<10} {fault.about}" for name, fault in FAULTS.items())
    parser = argparse.ArgumentParser(
        "endurance",
        description=f"Real exporters under what they should never be given.\n\n{about}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("faults", nargs="*", metavar="FAULT", help="only these")
    parser.add_argument("--seconds", type=float, default=300, help="for all faults together (300)")
    asked = parser.parse_args(arguments)
    if unknown := [name for name in asked.faults if name not in FAULTS]:
        parser.error(f"there is no fault {', '.join(unknown)}; there are {', '.join(FAULTS)}")
    if not 0 < asked.seconds <= 7 * 86400:
        parser.error("--seconds: above 0, and a week at most")
    return asked


def main(arguments: Sequence[str] | None = None) -> int:
    asked = asked_for(arguments)
    if missing := requirements(Path(tempfile.gettempdir())):
        click.echo(f"no lab here: {'; '.join(missing)}", err=True)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was begun is taken down, too
    names = asked.faults or list(FAULTS)
    began, failed = time.monotonic(), 0
    with (
        tempfile.TemporaryDirectory(prefix="ic-endurance-") as folder,
        ground(f"en{os.getpid()}", Path(folder)) as place,
    ):
        if not until(lambda: is_well(place), RECOVERY_SECONDS):
            click.echo("the exporters do not see their city", err=True)
            return 1
        click.echo(HEAD)
        for name in names:
            row = endure(place, name, FAULTS[name], asked.seconds / len(names))
            failed += bool(row.complaints)
            click.echo(str(row))
    minutes = (time.monotonic() - began) / 60
    click.echo(f"{len(names) - failed} of {len(names)} endured · {minutes:.1f} min")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
