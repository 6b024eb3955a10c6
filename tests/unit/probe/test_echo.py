"""Echoes over a wire of the test's own, which answers as it is told, by clocks that the test sets."""

from __future__ import annotations

import math
import socket
import struct
from collections.abc import Iterator
from ipaddress import ip_address
from types import SimpleNamespace

import pytest

from infra_ctl.probe import echo, sockets
from infra_ctl.probe.counters import Counters
from infra_ctl.probe.echo import SILENCE, Asked, Echoes
from infra_ctl.probe.targets import EchoTarget

MILLISECOND = 1_000_000
SLOT = 3
TARGET = EchoTarget("t", ip_address("192.0.2.1"))


class Wire:
    """A socket whose far end answers `took` nanoseconds later, and the machine's clocks."""

    def __init__(self) -> None:
        self.now, self.ahead = 0, 10**18
        self.took: int | None = MILLISECOND
        self._arrived: list[tuple[bytes, int]] = []

    def sendmsg(self, packets: tuple[bytes], *_more: object) -> None:
        if self.took is not None:
            reply = b"\x45" + bytes(19) + b"\0" + packets[0][1:]
            self._arrived.append((reply, self.now + self.ahead + self.took))

    def recvmsg(self, _size: int, _room: int, flags: int = 0) -> tuple[bytes, object, int, tuple[str, int]]:
        if flags or not self._arrived:
            raise BlockingIOError
        reply, stamp = self._arrived.pop()
        told = (socket.SOL_SOCKET, sockets.SO_TIMESTAMPNS, struct.pack("@ll", *divmod(stamp, 10**9)))
        return reply, [told], 0, (str(TARGET.address), 0)


class Ground:
    def __init__(self, counters: Counters, wire: Wire) -> None:
        self.counters, self.wire = counters, wire
        self.echoes = Echoes(socket.AF_INET, counters, timeout=2.0)
        self.asked: Asked = self.echoes.asked(SLOT, TARGET)

    def ask(self, *fates: int | None) -> None:
        """Milliseconds that each takes, or None for one that is lost."""
        for fate in fates:
            self.wire.took = None if fate is None else fate * MILLISECOND
            self.asked.send()
            self.wire.now += 3000 * MILLISECOND if fate is None else (fate + 5) * MILLISECOND
            self.echoes.receive()
            self.echoes.expire()

    @property
    def jitter(self) -> float:
        return self.counters.readings()[SLOT].jitter


@pytest.fixture
def ground(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    wire, counters = Wire(), Counters.create(8)
    monkeypatch.setattr(sockets, "echo_socket", lambda _family, _cookie: wire)
    monkeypatch.setattr(sockets, "unbroken_socket", lambda _family: wire)
    monkeypatch.setattr(echo.icmp, "token4", lambda packet, _cookie: packet[32:40])
    clocks = SimpleNamespace(monotonic_ns=lambda: wire.now, time_ns=lambda: wire.now + wire.ahead)
    monkeypatch.setattr(echo, "time", clocks)
    yield Ground(counters, wire)
    counters.close()


def test_a_path_that_is_silent_has_no_jitter(ground: Ground) -> None:
    ground.ask(10, 26, *[None] * (SILENCE - 1))
    assert ground.jitter == pytest.approx(0.001)  # of a few that are lost it is not forgotten
    ground.ask(None)
    assert math.isnan(ground.jitter)
    ground.ask(None)
    assert math.isnan(ground.jitter)
    ground.ask(10, 26)
    assert ground.jitter == pytest.approx(0.001)  # begun anew
    assert ground.counters.readings()[SLOT].lost == SILENCE + 1


def test_losses_between_replies_are_no_silence(ground: Ground) -> None:
    ground.ask(10, 26, *[*[None] * (SILENCE - 1), 26] * 3)
    assert 0 < ground.jitter < 0.001


def test_a_loop_that_is_started_again_on_a_silent_path_begins_anew(ground: Ground) -> None:
    ground.ask(*[None] * SILENCE)
    ground.asked = ground.echoes.asked(SLOT, TARGET)
    ground.ask(10, 26)
    assert ground.jitter == pytest.approx(0.001)


@pytest.mark.parametrize("step", [-15, 30, 3_600_000])
def test_a_clock_that_is_set_under_way_does_not_show(ground: Ground, step: int) -> None:
    ground.wire.took = (20 + step) * MILLISECOND  # the stamp of its arrival is of the clock that was set
    ground.asked.send()
    ground.wire.ahead += step * MILLISECOND
    ground.wire.now += 60 * MILLISECOND
    ground.echoes.receive()
    assert ground.counters.readings()[SLOT].total == pytest.approx(0.06)
