"""The process of a run: which one it is, and whether it is still there."""

from __future__ import annotations

import socket
from datetime import timedelta
from pathlib import Path

from infra_ctl.journal.records import Run, RunState, now

ELSEWHERE = timedelta(minutes=30)
"""How long a run of another machine is taken to go on without a word: no wave takes longer."""


def is_alive(run: Run) -> bool:
    """Whether the run's process still exists; one of another machine is believed for half an hour."""
    if run.state is not RunState.RUNNING:
        return False
    if run.host != socket.gethostname():
        return abs(now() - (run.beat or run.started)) < ELSEWHERE  # one of the clocks may have been set
    return identity(int(run.process.split(":")[0])) == run.process


def identity(pid: int) -> str:
    """`PID:START`, START in clock ticks since boot (proc(5), field 22 of stat), empty where it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return f"{pid}:"
    return f"{pid}:{stat.rpartition(')')[2].split()[19]}"
