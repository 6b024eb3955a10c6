"""The process of a run or an audit: which one it is, and whether it is still there."""

from __future__ import annotations

import socket
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from infra_ctl.journal.records import RunState, now

ELSEWHERE = timedelta(minutes=30)
"""How long a run of another machine is taken to go on without a word: no wave takes longer."""


class Begun(Protocol):
    """What a process began, and was last heard of at."""

    @property
    def state(self) -> RunState: ...
    @property
    def host(self) -> str: ...
    @property
    def process(self) -> str: ...
    @property
    def started(self) -> datetime: ...
    @property
    def beat(self) -> datetime | None: ...


def is_alive(run: Begun) -> bool:
    """Whether its process still exists; one of another machine is believed for half an hour."""
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
