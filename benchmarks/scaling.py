"""`check` and `render` of made-up cities of growing size: time a device, growth, memory."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.generated import write
from benchmarks.measure import Verdict, cost_of
from benchmarks.twin import INFRA_CTL, REFERENCE

SIZES = (1000, 3000, 10000)


def run(folder: Path, _rounds: int) -> Iterator[Verdict]:
    """Print milliseconds a device for each size; linear means that the column stays flat."""
    print("\ncheck, then render, of made-up cities")
    print(f"{'wards':>8}{'check s':>10}{'render s':>10}{'ms/device':>11}{'MiB':>8}")
    for size in SIZES:
        city = folder / f"city-{size}"
        write(REFERENCE, city, size)
        subprocess.run((*INFRA_CTL, "ip", "lock", "-i", str(city)), check=True, capture_output=True)
        check = cost_of((*INFRA_CTL, "check", "-i", str(city)))
        render = cost_of((*INFRA_CTL, "render", "-i", str(city), "-o", str(folder / f"out-{size}")))
        devices = len(list((folder / f"out-{size}").iterdir()))
        each = 1000 * (check.wall + render.wall) / devices
        peak = max(check.peak_mib, render.peak_mib)
        print(f"{size:>8}{check.wall:>10.2f}{render.wall:>10.2f}{each:>11.2f}{peak:>8.0f}")
    yield Verdict("ms a device, check and render together", each, 3)
    yield Verdict("GiB at the most", peak / 1024, 1.5)
