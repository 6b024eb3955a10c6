"""How long `infra-ctl --help` takes: the price of every command's first line."""

from __future__ import annotations

from pathlib import Path

from benchmarks.measure import cost_of, median, verdict
from benchmarks.twin import INFRA_CTL

ROUNDS = 11


def run(_folder: Path) -> None:
    """Print the median of eleven starts."""
    wall = median([cost_of((*INFRA_CTL, "--help")) for _ in range(ROUNDS)], "wall")
    print(f"\ninfra-ctl --help, median of {ROUNDS}")
    print(verdict("seconds", wall, 0.25))
