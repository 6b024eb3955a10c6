"""`infra_ctl` whose clock is set while it works, as far off as a file says. What is monotonic goes on.

python -m tests.jumping FILE deploy --yes

libfaketime cannot do this: it lets sleeps until a monotonic time fail, with which Python sleeps.
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from pathlib import Path

from infra_ctl.cli import app
from infra_ctl.journal import process, records, store


def jump(file: Path) -> None:
    """From now on this process's clock is off by the seconds in `file`, whatever they are at the time."""
    true_time, true_now = time.time, records.now

    def offset() -> float:
        return float(file.read_text())

    time.time = lambda: true_time() + offset()  # libraries ask for it too
    for module in (process, records, store):
        module.now = lambda: true_now() + timedelta(seconds=offset())


if __name__ == "__main__":
    jump(Path(sys.argv[1]))
    sys.argv = ["infra-ctl", *sys.argv[2:]]
    app.main()
