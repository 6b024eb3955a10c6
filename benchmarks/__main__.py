"""`make bench`, or `python -m benchmarks [PART…]`: every figure of the README. The parts are LIVE and ALONE.

The live parts boot the whole city as a lab of their own, called `bench`, and take it down at the end; `hosts`
has a small one of its own, with ten hosts.
Speed is shown here as ratios within one run; no test asserts it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import (
    controls,
    deploying,
    driving,
    exposition,
    fetching,
    hosting,
    probing,
    reaching,
    scaling,
    starting,
)
from benchmarks.twin import Twin

LIVE: Mapping[str, Callable[[Twin], None]] = {
    "fetch": fetching.run,
    "deploy": deploying.run,
    "driver": driving.run,
}
ALONE: Mapping[str, Callable[[Path], None]] = {
    "scale": scaling.run,
    "start": starting.run,
    "reach": reaching.run,
    "hosts": hosting.run,
    "exposition": exposition.run,
    "probing": probing.run,
    "controls": controls.run,
}


def main(wanted: list[str]) -> int:
    unknown = set(wanted) - {*LIVE, *ALONE}
    if unknown:
        print(
            f"there is no part {', '.join(sorted(unknown))}; there are {', '.join([*LIVE, *ALONE])}",
            file=sys.stderr,
        )
        return 2
    wanted = wanted or [*LIVE, *ALONE]
    folder = Path(tempfile.mkdtemp(prefix="infra-ctl-bench-"))
    try:
        for name in wanted:
            if name in ALONE:
                ALONE[name](folder)
        if live := [name for name in wanted if name in LIVE]:
            twin = Twin.boot(folder)
            try:
                for name in live:
                    LIVE[name](twin)
            finally:
                twin.down()
    except subprocess.CalledProcessError as error:
        print(f"{' '.join(map(str, error.cmd))} ended with {error.returncode}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
