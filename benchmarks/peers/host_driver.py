"""Our HostDriver: what would be done to all hosts, then doing it, in one process and its worker.

    python -m benchmarks.peers.host_driver WORKS [--nothing]

With --nothing nothing is done, and it is a failure if anything would be.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.hosting import WORKS
from infra_ctl.drivers.connection import Connection
from infra_ctl.drivers.hosts import HostEnd, HostWork, Prediction
from infra_ctl.drivers.pyinfra import PyinfraHosts
from infra_ctl.hosts.protocol import Work


def main(path: Path) -> int:
    """How many hosts did not end as they should be."""
    works = [_work(each) for each in WORKS.validate_json(path.read_bytes())]
    with PyinfraHosts() as hosts:
        predicted = hosts.predict(works)
        changed = [work for work in works if _changes(predicted[work.part])]
        ends = hosts.apply(changed, token="bench", fence={}, revert_in=60, told=lambda _part, _what: None)
    return sum(not isinstance(end, HostEnd) or end.state != "done" for end in ends.values())


def left(path: Path) -> int:
    """How many hosts are not as they should be; each change is printed."""
    works = [_work(each) for each in WORKS.validate_json(path.read_bytes())]
    with PyinfraHosts() as hosts:
        predicted = hosts.predict(works)
    for part, said in predicted.items():
        lines = [f"{part}: {each}" for each in said.changes] if isinstance(said, Prediction) else [said]
        print(*lines, sep="\n", end="\n" if lines else "")
    return sum(map(_changes, predicted.values()))


def _changes(said: object) -> bool:
    return not isinstance(said, Prediction) or bool(said.changes)


def _work(work: Work) -> HostWork:
    way = work.way
    connection = Connection(
        way.part,
        way.address,
        way.username,
        Path(way.known_hosts),
        Path(way.key_file),
        port=way.port,
        timeout=way.timeout,
        sudo=way.sudo,
    )
    return HostWork(way.part, connection, work.operations)


if __name__ == "__main__":
    where, *rest = sys.argv[1:]
    sys.exit(min((left if rest == ["--nothing"] else main)(Path(where)), 1))
