"""One line changed on every router, beside those who do it all at once and look after nothing.

The floor runs the device's own reload over asyncssh; the plain parallel deploy is nornir with our driver.
"""

from __future__ import annotations

import itertools
import json
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Cost, Verdict, cost_of, interleaved, median, table
from benchmarks.twin import Twin
from infra_ctl.city import load_city
from infra_ctl.render import render
from infra_ctl.secrets import open_vault, resolve

RELOAD = "cat >/run/candidate && /usr/lib/frr/frr-reload.py --reload /run/candidate"
FLOOR, PLAIN, OURS = "asyncssh + reload (floor)", "nornir + our driver", "infra-ctl deploy --plan"
LINE = "ip prefix-list BENCH seq 5 permit 192.0.2.%d/32"
"""Declared for every router: what nobody refers to changes no neighbour's mind, so only the work is timed."""


def run(twin: Twin, rounds: int) -> Iterator[Verdict]:
    """Print medians and ratios of interleaved rounds; each contender changes the line once a round."""
    devices = len(twin.devices)
    values = itertools.cycle((6, 5))
    shares: list[float] = []
    costs = interleaved(
        {
            FLOOR: lambda: _floor(twin, values),
            PLAIN: lambda: _plain(twin, values),
            OURS: lambda: _ours(twin, values, shares),
        },
        rounds,
    )
    print(
        f"\ndeploy of one line to {devices} live routers, without plan, {rounds} interleaved rounds, medians"
    )
    print(table(costs, FLOOR, devices))
    ours, plain, floor = (median(costs[name], "wall") for name in (OURS, PLAIN, FLOOR))
    yield Verdict("wall against the floor", ours / floor, 1.6)
    yield Verdict("wall against the plain parallel deploy", ours / plain, 1.5)
    yield Verdict("% of our wall in the journal", 100 * statistics.median(shares), 2)


def _change(twin: Twin, values: Iterator[int]) -> None:
    """Write the other value into the inventory."""
    line = LINE % next(values)
    entries = (f"- {{device: {hostname}, line: '{line}', reason: benchmark}}\n" for hostname in twin.devices)
    path = twin.inventory / "unmanaged.yaml"
    path.write_text("unmanaged:\n" + "".join(entries) + "claimed: []\n", encoding="utf-8")


def _ours(twin: Twin, values: Iterator[int], shares: list[float]) -> Cost:
    _change(twin, values)
    plan, told = twin.folder / "plan.json", twin.folder / "journal.json"
    twin.run("plan", "-o", str(plan))
    ours = (sys.executable, "-m", "benchmarks.journalled", str(told))
    cost = cost_of((*ours, "deploy", "--plan", str(plan), "--yes"), twin.env)
    shares.append(share(told))
    return cost


def share(told: Path) -> float:
    """Of a run's wall time what went to its journal, as benchmarks.journalled wrote it down."""
    figures = json.loads(told.read_text(encoding="utf-8"))
    return float(figures["journal"] / figures["wall"])


def _floor(twin: Twin, values: Iterator[int]) -> Cost:
    peer = (*twin.inside, sys.executable, "-m", "benchmarks.peers.asyncssh_run")
    return cost_of((*peer, str(twin.targets), "8", RELOAD, str(_candidates(twin, values))))


def _plain(twin: Twin, values: Iterator[int]) -> Cost:
    peer = (*twin.inside, sys.executable, "-m", "benchmarks.peers.nornir_deploy")
    return cost_of((*peer, str(twin.targets), str(_candidates(twin, values))))


def _candidates(twin: Twin, values: Iterator[int]) -> Path:
    """A folder with every device's configuration to be, secrets put in, named like it."""
    _change(twin, values)
    folder = twin.folder / "candidates"
    folder.mkdir(exist_ok=True)
    vault = open_vault(twin.home / "vault.yml", twin.home / "vault-password")
    city = load_city(twin.inventory)
    for hostname in twin.devices:
        text = resolve(render(city.intents[hostname]), vault)
        (folder / hostname).write_text(text, encoding="utf-8")
    return folder
