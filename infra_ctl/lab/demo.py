"""`make demo`: the whole city, from nothing to proven, by the commands that an engineer would type.

Without root or namespaces the same plan, deploy and verify run on the simulated fleet, loudly said, every
line marked; `LIVE=1` in the environment refuses that fallback.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from infra_ctl.lab.requirements import requirements

SIMULATED = "simulated | "

HOSTS = "dc-ntp-1 or bk-ntp-1 or dc-app-1 or dc-portal-1"
"""What the city's services begin with: the time, at both sites, and a system behind its portal."""

PARTS = "role=core or role=backup or nk-pop1 or nk-cai-khe-ce1"
"""Routers with their host part: those that hosts are behind, and a ward with its way to them."""

AUDIT, FOUND = "audit", 3
"""What an audit finds is what the city lacks, and no failure of the demo: an exit code of its own says so."""

LIVE_TOUR = """
The twin is up. Look around:
  infra-ctl show device nk-cai-khe-ce1
  infra-ctl lab exec nk-cai-khe-ce1 -- vtysh -c "show ip ospf neighbor"
  infra-ctl lab exec nk-pop1 -- vtysh -c "configure terminal" -c "interface eth1" -c "ip ospf cost 777"
  infra-ctl plan --context lab          it finds the hand edit;  deploy --context lab  repairs it
  infra-ctl show host dc-portal-1
  infra-ctl lab exec dc-portal-1 -- nft list ruleset
  infra-ctl lab exec nk-cai-khe-ce1 -- tc -s class show dev eth0
  infra-ctl lab break cut nk-cai-khe-1  then  infra-ctl verify --context lab
  infra-ctl audit show nk-cai-khe-ce1   what the law asks of a ward's router, and the line that says so
  infra-ctl monitor status              what watches it, and what it has noticed two minutes later
  infra-ctl lab down
(infra-ctl is .venv/bin/infra-ctl here)
"""


def main() -> int:
    """0 only if every step ended well."""
    missing = requirements(Path("var/lab"), hosts=True, parts=True)
    if not missing:
        return _run("lab", _live_steps(), prefix="")
    reasons = "; ".join(missing)
    if os.environ.get("LIVE"):
        _say(f"no live twin can run here: {reasons}", "")
        return 1
    _say(f"NO LIVE ROUTERS HERE: {reasons}", SIMULATED)
    _say("what follows is the same plan, deploy and verify on a SIMULATED fleet", SIMULATED)
    return _run("embedded", _steps(), prefix=SIMULATED)


def _steps(audited: str = PARTS) -> Iterator[Sequence[str]]:
    yield ("check",)
    yield ("deploy", "--yes", "--reason", "make demo")
    yield ("verify", "--wait", "120")
    yield ("plan", "--exit-code")
    yield (AUDIT, f"{audited} or nk-an-hoa-ce1", "--law", "city-standard", "--language", "en")


def _live_steps() -> Iterator[Sequence[str]]:
    yield ("lab", "up", "--hosts", HOSTS, "--parts", PARTS)
    yield from _steps(f"{PARTS} or {HOSTS}")
    yield ("monitor", "up")


def _run(context: str, steps: Iterator[Sequence[str]], prefix: str) -> int:
    command = (sys.executable, "-m", "infra_ctl.cli.app")
    env = {**os.environ, "INFRA_CTL_CONTEXT": context, "PYTHONUNBUFFERED": "1"}
    _say(f"\n$ export INFRA_CTL_CONTEXT={context}", prefix)
    for step in steps:
        _say(f"\n$ infra-ctl {shlex.join(step)}", prefix)
        with subprocess.Popen(
            (*command, *step), env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            assert process.stdout is not None  # noqa: S101 - PIPE was asked for
            for line in process.stdout:
                _say(line.rstrip("\n"), prefix)
        if process.returncode != 0 and (step[0], process.returncode) != (AUDIT, FOUND):
            ended = f"infra-ctl {shlex.join(step)} ended with {process.returncode}"
            _say(f"\nthe demo stopped: {ended}", prefix)
            return 1
    _say("\nevery check passed", prefix)
    if not prefix:
        _say(LIVE_TOUR, "")
    return 0


def _say(text: str, prefix: str) -> None:
    for line in text.split("\n"):
        sys.stdout.write(f"{prefix}{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
