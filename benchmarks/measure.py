"""A command's wall and CPU time, and tables of medians and ratios."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of wall time, and of CPU of the command and the children it waited for; peak memory in MiB."""

    wall: float
    cpu: float
    peak_mib: float


def cost_of(command: Sequence[str], env: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end. A command that fails ends the benchmark: its figure would mean nothing."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env={**os.environ, **(env or {})}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    try:
        printed = process.stdout.read()
        _pid, status, usage = os.wait4(process.pid, 0)
    except BaseException:  # its part of the benchmarks took too long, or somebody has seen enough
        process.kill()
        process.wait()
        raise
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.stderr.write(printed.decode(errors="replace")[-4000:])
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def interleaved(
    contenders: Mapping[str, Callable[[], Cost]],
    rounds: int,
    between: Callable[[], None] = lambda: None,
) -> dict[str, list[Cost]]:
    """Every contender once a round, the order turned by one each round so that none is always first."""
    names = list(contenders)
    costs: dict[str, list[Cost]] = {name: [] for name in names}
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            costs[name].append(contenders[name]())
            between()
            print(f"  round {number + 1}/{rounds}  {name:<24} {costs[name][-1].wall:7.2f} s", file=sys.stderr)
    return costs


def table(costs: Mapping[str, Sequence[Cost]], floor: str, devices: int) -> str:
    """Medians, ratios to `floor`, and controller CPU a device."""
    base = statistics.median(cost.wall for cost in costs[floor])
    base_cpu = statistics.median(cost.cpu for cost in costs[floor])
    lines = [f"{'':<26}{'wall s':>8}{'× floor':>9}{'cpu s':>8}{'× floor':>9}{'cpu ms/device':>15}"]
    for name, seen in costs.items():
        wall = statistics.median(cost.wall for cost in seen)
        cpu = statistics.median(cost.cpu for cost in seen)
        ratios = f"{wall:>8.2f}{wall / base:>9.2f}{cpu:>8.2f}{cpu / base_cpu:>9.2f}"
        lines.append(f"{name:<26}{ratios}{1000 * cpu / devices:>15.1f}")
    return "\n".join(lines)


def median(costs: Sequence[Cost], what: str) -> float:
    return float(statistics.median(getattr(cost, what) for cost in costs))


@dataclass(frozen=True, slots=True)
class Verdict:
    """A figure beside its target, met or missed, printed as it is."""

    label: str
    value: float
    target: float
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        return self.value >= self.target if self.at_least else self.value <= self.target

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        met = "met   " if self.is_met else "MISSED"
        return f"  {met}  {self.label}: {self.value:.2f} ({sign} {self.target:g})"
