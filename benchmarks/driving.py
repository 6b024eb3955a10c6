"""What each call of the driver takes on one router that has nothing else to do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from benchmarks.measure import Verdict
from benchmarks.twin import Twin


def run(twin: Twin, _rounds: int) -> Iterator[Verdict]:
    """Print medians over a few routers, one after the other."""
    peer = (*twin.inside, sys.executable, "-m", "benchmarks.peers.driver_calls", str(twin.targets))
    print(subprocess.run(peer, check=True, capture_output=True, text=True).stdout, end="")
    yield from ()
