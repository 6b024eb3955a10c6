"""A plan with nothing to change, beside everything else that reads the same running configurations."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Verdict, cost_of, interleaved, median, table
from benchmarks.twin import INFRA_CTL, Twin

SHOW = "vtysh -c 'show running-config no-header'"


def run(twin: Twin, rounds: int) -> Iterator[Verdict]:
    """Print medians and ratios of interleaved rounds."""
    python = (*twin.inside, sys.executable, "-m")
    inventory, environment = _ansible(twin)
    devices = len(twin.devices)
    costs = interleaved(
        {
            "asyncssh (floor)": lambda: cost_of(
                (*python, "benchmarks.peers.asyncssh_run", str(twin.targets), "16", SHOW)
            ),
            "infra-ctl plan": lambda: cost_of((*INFRA_CTL, "plan", "--exit-code"), twin.env),
            "nornir + our driver": lambda: cost_of(
                (*python, "benchmarks.peers.nornir_fetch", str(twin.targets))
            ),
            "ansible-core command": lambda: cost_of(
                (
                    *twin.inside,
                    str(Path(sys.executable).with_name("ansible")),
                    "all",
                    *("-i", str(inventory), "-m", "ansible.builtin.command", "-a", SHOW, "-f", "32"),
                ),
                environment,
            ),
        },
        rounds,
    )
    print(f"\nplan with nothing to change, {devices} live routers, {rounds} interleaved rounds, medians")
    print(table(costs, "asyncssh (floor)", devices))
    ours, floor = costs["infra-ctl plan"], costs["asyncssh (floor)"]
    wall, cpu = median(ours, "wall"), median(ours, "cpu")
    yield Verdict("wall against the floor", wall / median(floor, "wall"), 1.6)
    yield Verdict("controller CPU, ms a device", 1000 * cpu / devices, 25)
    ansible, nornir = costs["ansible-core command"], costs["nornir + our driver"]
    yield Verdict("ansible-core's wall against ours", median(ansible, "wall") / wall, 3, at_least=True)
    yield Verdict("ansible-core's CPU against ours", median(ansible, "cpu") / cpu, 3, at_least=True)
    yield Verdict("nornir's wall against ours", median(nornir, "wall") / wall, 1, at_least=True)


def _ansible(twin: Twin) -> tuple[Path, dict[str, str]]:
    """An inventory and settings as an experienced user tunes them: pipelining, kept connections, 32 forks.

    Its connections' own ssh processes outlive it, so their CPU is not counted: in its favour.
    """
    targets = json.loads(twin.targets.read_text(encoding="utf-8"))
    path = twin.folder / "hosts.ini"
    common = (
        f"ansible_user=root ansible_ssh_private_key_file={targets['key_file']} "
        f"ansible_python_interpreter=/usr/bin/python3 "
        f"ansible_ssh_common_args='-o UserKnownHostsFile={targets['known_hosts']}'"
    )
    lines = [f"{device['name']} ansible_host={device['address']} {common}" for device in targets["devices"]]
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    settings = twin.folder / "ansible.cfg"  # the repository's own lets our inventory plugin in, and no other
    settings.write_text("[defaults]\n", encoding="utf-8")
    environment = {
        "ANSIBLE_CONFIG": str(settings),
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_HOME": str(twin.folder / "ansible"),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": "/tmp/ic-bench",
    }
    return path, environment
