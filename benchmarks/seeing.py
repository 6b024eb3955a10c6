"""Rooms asked by SIP over UDP, all at once: what a look at one costs, and how many a second there can be."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

from benchmarks.measure import Verdict
from infra_ctl.monitor.targets import RoomTarget
from infra_ctl.video.sight import Looking

ROOMS = 1000
INTERVAL = 30.0
"""Seconds from one look at a room to the next, as the video exporter has it when nobody says otherwise."""


def run(_folder: Path, rounds: int) -> Iterator[Verdict]:
    """Print medians; whoever answers for the rooms is another process and not counted."""
    peer = (sys.executable, "-m", "benchmarks.peers.rooms_reply")
    with subprocess.Popen(peer, stdout=subprocess.PIPE, text=True) as replies:
        assert replies.stdout is not None
        try:
            port = int(replies.stdout.readline())
            rooms = [_room(number, port) for number in range(ROOMS)]
            looks = [_look(rooms) for _ in range(rounds)]
        finally:
            replies.kill()
    cpu, wall = (statistics.median(each) for each in zip(*looks, strict=True))
    print(f"\n{ROOMS:,} rooms asked at once, OPTIONS over UDP, median of {rounds}")
    print(f"  {ROOMS / wall:.0f} rooms a second, {cpu / ROOMS * 1e6:.0f} µs of CPU a look")
    yield Verdict(f"% of a core for {ROOMS:,} rooms every {INTERVAL:g} s", 100 * cpu / INTERVAL, 5)


def _room(number: int, port: int) -> RoomTarget:
    address = IPv4Address("127.0.0.1")
    return RoomTarget(f"r{number}", "s", "sip", address, ("udp",), None, "720p", "mcu", (address,), port)


def _look(rooms: list[RoomTarget]) -> tuple[float, float]:
    """CPU and wall seconds of a look at all of them."""

    async def all_of_them() -> int:
        looking = Looking(5.0)
        sights = await asyncio.gather(*(looking.room(room) for room in rooms))
        return sum(sight.is_up for sight in sights)

    wall, cpu = time.perf_counter(), time.process_time()
    up = asyncio.run(all_of_them())
    assert up == len(rooms), f"{up} of {len(rooms)} rooms answered"
    return time.process_time() - cpu, time.perf_counter() - wall
