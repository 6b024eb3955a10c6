"""How long `infra-ctl --help` takes: the price of every command's first line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Verdict, cost_of, median
from benchmarks.twin import INFRA_CTL


def run(_folder: Path, rounds: int) -> Iterator[Verdict]:
    """Print the median of some starts."""
    wall = median([cost_of((*INFRA_CTL, "--help")) for _ in range(rounds)], "wall")
    print(f"\ninfra-ctl --help, median of {rounds}")
    yield Verdict("seconds", wall, 0.25)
