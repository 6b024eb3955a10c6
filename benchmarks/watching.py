"""The state exporter's readings of all routers beside those that connect anew, and beside dead routers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.measure import Verdict
from benchmarks.peers.state_sweep import SWEEP
from benchmarks.twin import Twin

CITY_INTERVAL = 60.0
"""Seconds between two sweeps as the exporter has it when nobody says otherwise."""


def run(twin: Twin, rounds: int) -> Iterator[Verdict]:
    """Print figures of so many sweeps; a router that is dead must not delay another."""
    devices = len(twin.devices)
    peer = (sys.executable, "-m", "benchmarks.peers.state_sweep", str(twin.inventory), str(rounds))
    done = subprocess.run(peer, env={**os.environ, **twin.env}, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    print(f"\nstate of {devices} live routers, {rounds} sweeps, a reading")
    for name, way in (("kept", "the state exporter's"), ("anew", "a new session each time")):
        print(
            f"  {way:<30}{found[f'{name}_cpu'] * 1e3:8.1f} ms CPU{found[f'{name}_wall'] * 1e3:9.0f} ms wall"
        )
    share = found["kept_cpu"] * devices / CITY_INTERVAL
    print(f"  a sweep every {CITY_INTERVAL:g} s takes {share:.1%} of a core")
    print(
        f"  p99 of what readings begin late: {found['late'] * 1e3:.0f} ms, beside dead routers "
        f"{found['late_beside_dead'] * 1e3:.0f} ms"
    )
    ratio = found["anew_cpu"] / found["kept_cpu"]
    yield Verdict("CPU of a reading by a new session, × ours", ratio, 1, at_least=True)
    late = 100 * found["late_beside_dead"] / SWEEP.interval
    yield Verdict(f"% of an interval that others are late, p99, {int(found['dead'])} dead", late, 1)
