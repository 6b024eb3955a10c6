"""The sender on loopback, against reflectors of the test that hold what they are sent."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from select import select

import pytest

from infra_ctl.probe import stamp
from infra_ctl.probe.counters import Counters, Reading
from infra_ctl.probe.sender import Sender
from infra_ctl.probe.targets import StampTarget

SLOT = 3
HELD = 500_000_000
"""Nanoseconds: far more than anything else here takes."""
Times = Callable[[int], tuple[int, int, int]]
"""Of a packet that arrived at a moment: T2, T3 and their error estimate."""


@pytest.fixture
def counters() -> Iterator[Counters]:
    made = Counters.create(8)
    yield made
    made.close()


def in_ntp(arrived: int) -> tuple[int, int, int]:
    return stamp.ntp(arrived), stamp.ntp(arrived + HELD), stamp.NO_CLOCK


def in_ptp(arrived: int) -> tuple[int, int, int]:
    def of(moment: int) -> int:
        seconds, rest = divmod(moment, 10**9)
        return (seconds << 32) + rest

    return of(arrived), of(arrived + HELD), stamp.PTP | stamp.NO_CLOCK


def set_between(arrived: int) -> tuple[int, int, int]:
    return stamp.ntp(arrived), stamp.ntp(arrived + 3600 * 10**9), stamp.NO_CLOCK


def asked(counters: Counters, times: Times) -> Reading:
    """One packet, answered after it was held."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        far.bind(("127.0.0.1", 0))
        sender = Sender(socket.AF_INET, 0, counters, timeout=60.0)
        session = sender.session(SLOT, StampTarget("t", ip_address("127.0.0.1"), port=far.getsockname()[1]))
        session.send()
        packet, whence = far.recvfrom(100)
        received, left, error = times(time.time_ns())
        time.sleep(HELD / 1e9)
        sent = stamp.Sent.decoded(packet)
        assert sent is not None
        far.sendto(stamp.Reflected(0, left, received, sent, error=error).encoded(), whence)
        deadline = time.monotonic() + 60
        while not counters.readings()[SLOT].answered and time.monotonic() < deadline:
            select([], [], [], 0.01)
            sender.receive()
        sender.close()
    return counters.readings()[SLOT]


@pytest.mark.parametrize("times", [in_ntp, in_ptp], ids=["NTP", "PTPv2"])
def test_what_a_reflector_held_is_no_part_of_the_round_trip(counters: Counters, times: Times) -> None:
    found = asked(counters, times)
    assert found.answered == 1
    assert found.total < HELD / 1e9


def test_a_reflector_whose_clock_was_set_held_nothing(counters: Counters) -> None:
    assert asked(counters, set_between).total >= HELD / 1e9
