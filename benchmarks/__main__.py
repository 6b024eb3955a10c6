"""`make bench`, or `python -m benchmarks [OPTION…] [PART…]`: every figure of the README and of the docs.

The live parts share the whole city as a lab of their own, called `bench`, which is taken down at the end;
`hosts` has a small one of its own, with ten hosts. A part that fails or takes too long is told of in the
table at the end, and the next begins. Speed is shown here as ratios within one run; no test asserts it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType

from benchmarks import (
    auditing,
    controls,
    deploying,
    driving,
    exposition,
    fetching,
    hosting,
    probing,
    reaching,
    scaling,
    seeing,
    starting,
    watching,
)
from benchmarks.measure import Verdict
from benchmarks.twin import Twin

Run = Callable[[int], Iterator[Verdict]]
BOOT_MINUTES = 15


@dataclass(frozen=True, slots=True)
class Part:
    """A benchmark: its rounds where nobody says how many, and the minutes after which it is given up."""

    rounds: int
    minutes: int
    alone: Callable[[Path, int], Iterator[Verdict]] | None = None
    live: Callable[[Twin, int], Iterator[Verdict]] | None = None


PARTS: Mapping[str, Part] = {
    "start": Part(11, 2, starting.run),
    "exposition": Part(5, 5, exposition.run),
    "probing": Part(5, 10, probing.run),
    "controls": Part(1, 10, controls.run),
    "stored": Part(5, 5, auditing.run),
    "rooms": Part(5, 5, seeing.run),
    "scale": Part(1, 15, scaling.run),
    "reach": Part(1, 15, reaching.run),
    "hosts": Part(2, 45, hosting.run),
    "driver": Part(1, 5, live=driving.run),
    "fetch": Part(5, 15, live=fetching.run),
    "state": Part(3, 15, live=watching.run),
    "audit": Part(3, 15, live=auditing.live),
    "deploy": Part(3, 40, live=deploying.run),
}


class TooLongError(Exception):
    """A part was still running when its minutes were over."""


@dataclass(slots=True)
class Result:
    """What came of one part."""

    verdicts: list[Verdict] = field(default_factory=list)
    seconds: float = 0.0
    failure: str = ""


def main(arguments: Sequence[str]) -> int:
    asked = _asked(arguments)
    wanted, rounds = asked.parts or list(PARTS), asked.rounds
    results: dict[str, Result] = {}
    folder = Path(tempfile.mkdtemp(prefix="infra-ctl-bench-"))
    try:
        for name in wanted:
            if (alone := PARTS[name].alone) is not None:
                results[name] = _result(name, rounds, partial(alone, folder))
        if live := [name for name in wanted if PARTS[name].live is not None]:
            results |= _live(live, asked, folder)
    finally:
        shutil.rmtree(folder)
        _tell(results)
    return 1 if any(result.failure for result in results.values()) else 0


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument(
        "--rounds", type=int, metavar="N", help="rounds of each part (each has its own number)"
    )
    parser.add_argument("--slice", metavar="SELECTOR", help="routers of the live parts' twin (all)")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; none: all of them")
    asked = parser.parse_args(arguments)
    if unknown := [name for name in asked.parts if name not in PARTS]:
        parser.error(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if asked.rounds is not None and asked.rounds < 1:
        parser.error("--rounds: one at least")
    return asked


def _live(names: Sequence[str], asked: argparse.Namespace, folder: Path) -> dict[str, Result]:
    """These parts, on one twin."""
    booted: list[Twin] = []

    def boot(_rounds: int) -> Iterator[Verdict]:
        booted.append(Twin.boot(folder, "bench", *([asked.slice] if asked.slice else [])))
        yield from ()

    results = {"boot": _bounded("boot", BOOT_MINUTES, partial(boot, 1))}
    for twin in booted:
        try:
            for name in names:
                if (live := PARTS[name].live) is not None:
                    results[name] = _result(name, asked.rounds, partial(live, twin))
        finally:
            twin.down()
    return results


def _result(name: str, rounds: int | None, run: Run) -> Result:
    part = PARTS[name]
    return _bounded(name, part.minutes, partial(run, rounds or part.rounds))


def _bounded(name: str, minutes: int, run: Callable[[], Iterator[Verdict]]) -> Result:
    """Whatever ends a part but Ctrl-C is its result: the others' figures are worth no less for it."""
    result, began = Result(), time.monotonic()
    try:
        with _at_most(minutes):
            for verdict in run():
                print(verdict, flush=True)
                result.verdicts.append(verdict)
    except TooLongError:
        result.failure = f"given up after {minutes} min"
    except subprocess.CalledProcessError as error:
        result.failure = f"{' '.join(map(str, error.cmd))} ended with {error.returncode}"
    except (Exception, SystemExit) as error:  # noqa: BLE001 - told in the table
        result.failure = f"{type(error).__name__}: {error}"
    result.seconds = time.monotonic() - began
    if result.failure:
        print(f"{name}: {result.failure}", file=sys.stderr)
    return result


@contextmanager
def _at_most(minutes: int) -> Iterator[None]:
    def over(_signal: int, _frame: FrameType | None) -> None:
        raise TooLongError

    signal.signal(signal.SIGALRM, over)
    signal.alarm(minutes * 60)
    try:
        yield
    finally:
        signal.alarm(0)


def _tell(results: Mapping[str, Result]) -> None:
    """One line a figure: of which part, met or missed."""
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    total = sum(result.seconds for result in results.values())
    print(f"\nall parts  {total / 60:.1f} min, load {load} on {os.cpu_count()} cores at the end")
    for name, result in results.items():
        for verdict in result.verdicts:
            print(f"  {name:<11}{verdict}")
        if result.failure:
            print(f"  {name:<11}  FAILED  {result.failure}")
        elif not result.verdicts:
            print(f"  {name:<11}  done")
    verdicts = [verdict for result in results.values() for verdict in result.verdicts]
    met = sum(verdict.is_met for verdict in verdicts)
    failed = sum(bool(result.failure) for result in results.values())
    print(f"{met} met, {len(verdicts) - met} missed, {failed} parts failed")
    print("minutes  " + ", ".join(f"{name} {result.seconds / 60:.1f}" for name, result in results.items()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
