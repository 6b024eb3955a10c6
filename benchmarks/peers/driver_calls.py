"""Every call of our driver on ten routers, one after the other, beside the device's own reload.

python -m benchmarks.peers.driver_calls TARGETS
"""

from __future__ import annotations

import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from benchmarks.deploying import LINE, RELOAD
from benchmarks.peers.targets import Target, Targets, read
from infra_ctl.drivers.connection import Connection
from infra_ctl.drivers.frr.config_driver import FrrConfigDriver
from infra_ctl.drivers.ssh import SshRunner

ROUTERS = 10

Timed = Callable[[str, Callable[[], object]], None]


def main(targets: Targets) -> None:
    seen: defaultdict[str, list[float]] = defaultdict(list)

    def timed(call: str, work: Callable[[], object]) -> None:
        started = time.perf_counter()
        work()
        seen[call].append(time.perf_counter() - started)

    for target in targets.devices[:ROUTERS]:
        connection = _connection(targets, target)
        _driver(connection, timed)
        _bare(connection, timed)
    print(f"\na call of the driver, {ROUTERS} routers one after the other, medians, wall")
    for call, seconds in seen.items():
        print(f"{call:<26}{1000 * statistics.median(seconds):>8.0f} ms")


def _connection(targets: Targets, target: Target) -> Connection:
    return Connection(
        device=target.name,
        address=target.address,
        username=targets.username,
        known_hosts=Path(targets.known_hosts),
        key_file=Path(targets.key_file),
    )


def _driver(connection: Connection, timed: Timed) -> None:
    """One line more, kept; the same line taken back by `restore`."""
    driver = FrrConfigDriver.over_ssh(connection)
    timed("connect", driver.__enter__)
    with driver:
        base = driver.read()
        candidate = base.removesuffix("end\n") + LINE % 7 + "\n"
        timed("read", driver.read)
        timed("read, pending", driver.reading)
        timed("state", driver.state)
        timed("stage", lambda: driver.stage(candidate))
        timed("lease", lambda: driver.lease("bench@here", "bench", 60))
        timed("apply", lambda: driver.apply(candidate, base=base, revert_in=60, token="bench"))
        timed("restore", lambda: driver.restore("bench"))
        driver.apply(candidate, base=base, revert_in=60, token="bench")
        timed("confirm", lambda: driver.confirm("bench"))
        driver.apply(base, base=driver.read(), revert_in=60, token="bench")
        driver.confirm("bench")
        driver.release("bench")


def _bare(connection: Connection, timed: Timed) -> None:
    """The device's own reload and nothing else, twice: with the line, and back."""
    runner = SshRunner.connect(connection)
    base = runner.run("vtysh -c 'show running-config no-header'").stdout
    line = (LINE % 7 + "\n").encode()
    timed("bare reload", lambda: runner.run(RELOAD, base.removesuffix(b"end\n") + line))
    runner.run(RELOAD, base)
    runner.close()


if __name__ == "__main__":
    main(read(sys.argv[1]))
