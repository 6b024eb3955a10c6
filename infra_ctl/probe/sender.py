"""STAMP test packets: a socket a family and class, so that each is a session of its own at the reflector."""

from __future__ import annotations

import random
import socket
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field

from infra_ctl.probe import sockets, stamp
from infra_ctl.probe.counters import Counters
from infra_ctl.probe.echo import ahead, round_trip
from infra_ctl.probe.targets import StampTarget

_CHANCE = random.SystemRandom()


@dataclass(slots=True, eq=False)
class Session:
    """A target as the loop keeps it."""

    sender: Sender
    slot: int
    address: str
    port: int
    sequence: int = 0
    directions: stamp.Directions = field(default_factory=stamp.Directions)

    def send(self) -> None:
        """One packet, counted once its fate is known."""
        self.sender.send(self)


@dataclass(slots=True, eq=False)
class StampPacket:
    """A packet under way or judged; `number` is the reflector's, of one that came back in time."""

    session: Session
    left: int
    sent: int
    ahead: int
    """By how much the wall's clock was ahead when it left."""
    number: int | None = None


class Sender:
    """The test packets of one family in one class."""

    def __init__(self, family: socket.AddressFamily, dscp: int, counters: Counters, timeout: float) -> None:
        self.counters = counters
        self.timeout = timeout
        self._socket = sockets.sender_socket(family, dscp)
        self._waiting: dict[int, StampPacket] = {}
        self._order: deque[tuple[int, StampPacket]] = deque()

    def session(self, slot: int, target: StampTarget) -> Session:
        """A target, ready to be sent to."""
        return Session(self, slot, str(target.address), target.port)

    def send(self, session: Session) -> None:
        """One packet. Its time, brought back, is also what proves the reply: its last bits are dice."""
        sent, now = time.monotonic_ns(), time.time_ns()
        timestamp = stamp.ntp(now) ^ _CHANCE.getrandbits(12)
        packet = stamp.Sent(session.sequence, timestamp).encoded()
        session.sequence = (session.sequence + 1) & 0xFFFFFFFF
        self._waiting[timestamp] = test = StampPacket(session, now, sent, now - sent)
        self._order.append((timestamp, test))
        with suppress(OSError):  # no route, an interface down, a firewall: lost on the way there
            self._socket.sendto(packet, (session.address, session.port))

    def receive(self) -> None:
        """Take what has left and what has come back."""
        for packet, left in sockets.departures(self._socket):
            sent = stamp.Sent.decoded(packet[-stamp.LENGTH :])
            if sent is not None and (test := self._waiting.get(sent.timestamp)) is not None:
                test.left = left
        now_ahead = ahead()
        for packet, arrived, address, port in sockets.arrivals(self._socket):
            reflected = stamp.Reflected.decoded(packet)
            if reflected is not None:
                self._arrived(reflected, arrived, (address, port), now_ahead)

    def expire(self) -> None:
        """Judge, in the order of sending, what was sent `timeout` ago. Call `receive` first."""
        before = time.monotonic_ns() - int(self.timeout * 1e9)
        while self._order and self._order[0][1].sent <= before:
            timestamp, test = self._order.popleft()
            self._waiting.pop(timestamp, None)
            self._judge(test)

    def close(self) -> None:
        self._socket.close()

    def _arrived(
        self, reflected: stamp.Reflected, arrived: int | None, sender: tuple[str, int], now_ahead: int
    ) -> None:
        test = self._waiting.get(reflected.sent.timestamp)
        if test is None or sender != (test.session.address, test.session.port):
            return
        del self._waiting[reflected.sent.timestamp]
        elapsed = time.monotonic_ns() - test.sent
        set_by = now_ahead - test.ahead
        took = elapsed if arrived is None else round_trip(test.left, arrived, elapsed, set_by)
        if took > self.timeout * 1e9:
            return
        test.number = reflected.sequence
        held = reflected.dwell if 0 <= reflected.dwell <= took else 0  # the reflector's clock was set between
        self.counters.answered(test.session.slot, (took - held) / 1e9)

    def _judge(self, test: StampPacket) -> None:
        if test.number is None:
            self.counters.lost(test.session.slot)
        directions = test.session.directions
        forward, backward = directions.forward, directions.backward
        directions.judged(test.number)
        self.counters.add_directions(
            test.session.slot, directions.forward - forward, directions.backward - backward
        )
