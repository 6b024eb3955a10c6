"""Hosts: our worker predicts and applies in one command, beside bare pyinfra on the same operations."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from pydantic import TypeAdapter

from benchmarks.measure import Cost, cost_of
from infra_ctl.hosts.protocol import Work

WORKS: TypeAdapter[tuple[Work, ...]] = TypeAdapter(tuple[Work, ...])

FLOOR = "bare pyinfra"
OURS = "infra-ctl's worker"


def contenders(
    works: Sequence[Work], inside: Sequence[str], folder: Path
) -> Mapping[str, Callable[[], Cost]]:
    """What to interleave; `inside` is the command prefix that enters the network of the hosts."""
    path = folder / "works.json"
    path.touch(mode=0o600)
    path.write_bytes(WORKS.dump_json(tuple(works)))

    def peer(module: str) -> Callable[[], Cost]:
        return partial(cost_of, (*inside, sys.executable, "-m", f"benchmarks.peers.{module}", str(path)))

    return {FLOOR: peer("bare_pyinfra"), OURS: peer("host_driver")}
