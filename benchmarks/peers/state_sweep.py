"""Readings of every router of a twin: as the state exporter makes them, and with a new session each time.

python -m benchmarks.peers.state_sweep INVENTORY SWEEPS

Prints CPU and wall time of a reading for both, and how late the exporter's readings begin, at p99: while all
routers answer, and while as many are dead as it has workers (half of a small twin), those not counted.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from infra_ctl.city import City, load_city
from infra_ctl.context.devices import connection, inside, present
from infra_ctl.context.named import context
from infra_ctl.drivers.registry import open_driver
from infra_ctl.verify.routing import judge_routing, routing_expectations
from infra_ctl.verify.watching import Look, Sweep, Watch, Way

SWEEP = Sweep(interval=30.0, timeout=5.0, workers=8)
NOBODY = "02:00:00:00:00:01"
"""A hardware address of no machine: what is sent to it is heard by nobody."""


def main(inventory: Path, sweeps: int) -> None:
    where = context(os.environ["INFRA_CTL_CONTEXT"], inventory)
    city = load_city(inventory)
    intents = {name: city.intents[name] for name in present(where, city)}
    ways: dict[str, Way] = {
        name: (intent.platform, replace(connection(where, intent), compress=True, timeout=SWEEP.timeout))
        for name, intent in intents.items()
    }
    with inside(where):
        found = {**_kept(city, ways, sweeps), **_anew(city, ways, sweeps)}
    print(json.dumps(found))


def _kept(city: City, ways: Mapping[str, Way], sweeps: int) -> Mapping[str, float]:
    """The exporter's watch, each reading judged."""
    expected = routing_expectations(city, tuple(ways))
    begins: defaultdict[str, list[float]] = defaultdict(list)
    took: list[float] = []

    def judge(hostname: str, look: Look) -> None:
        begins[hostname].append(time.monotonic() - look.seconds)
        if look.is_up and look.state is not None:
            took.append(look.seconds)
            judge_routing(expected[hostname], look.state)

    watch = Watch(SWEEP, lambda way: open_driver(*way), judge)
    try:
        watch.configure(ways)
        time.sleep(2 * SWEEP.interval)  # sessions are opened, and everybody is at his place in the sweep
        took.clear()
        begun, spent = time.monotonic(), time.process_time()
        time.sleep(sweeps * SWEEP.interval)
        spent, read, seconds = time.process_time() - spent, len(took), statistics.median(took)
        late = _p99_late(begins, begun)
        dead = list(ways)[-min(SWEEP.workers, len(ways) // 2) :]
        with _dead([ways[name][1].address for name in dead]):
            time.sleep(SWEEP.interval)
            begun = time.monotonic()
            time.sleep(sweeps * SWEEP.interval)
            others = {name: seen for name, seen in begins.items() if name not in dead}
            beside = _p99_late(others, begun)
    finally:
        watch.close()
    cost = {"kept_cpu": spent / read, "kept_wall": seconds}
    return {**cost, "late": late, "late_beside_dead": beside, "dead": len(dead)}


def _p99_late(begins: Mapping[str, Sequence[float]], since: float) -> float:
    """Of the times from one reading of a device to the next, by how much they were longer than meant."""
    late = sorted(
        max(now - before - SWEEP.interval, 0.0)
        for seen in begins.values()
        for before, now in pairwise(seen)
        if now >= since
    )
    return late[int(len(late) * 0.99)]


def _anew(city: City, ways: Mapping[str, Way], sweeps: int) -> Mapping[str, float]:
    """The same readings, judged too, as without kept sessions: it connects, asks and leaves."""
    expected = routing_expectations(city, tuple(ways))

    def read(hostname: str) -> float:
        began = time.monotonic()
        with open_driver(*ways[hostname]) as driver:
            state = driver.state(routes=True, timeout=SWEEP.timeout * 4)
        seconds = time.monotonic() - began
        judge_routing(expected[hostname], state)
        return seconds

    spent = time.process_time()
    with ThreadPoolExecutor(SWEEP.workers) as pool:
        took = [seconds for _ in range(sweeps) for seconds in pool.map(read, ways)]
    spent = time.process_time() - spent
    return {"anew_cpu": spent / len(took), "anew_wall": statistics.median(took)}


@contextmanager
def _dead(addresses: Sequence[str]) -> Iterator[None]:
    """For a while these are not heard any more, nor do they hear."""
    routes = [json.loads(_ip("-j", "route", "get", address))[0] for address in addresses]
    for route in routes:
        _ip("neigh", "replace", route["dst"], "lladdr", NOBODY, "dev", route["dev"], "nud", "permanent")
    try:
        yield
    finally:
        for route in routes:
            _ip("neigh", "del", route["dst"], "dev", route["dev"])


def _ip(*arguments: str) -> bytes:
    return subprocess.run(("ip", *arguments), check=True, capture_output=True).stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
