"""Echo requests of one family: one socket for all targets, and what became of every request."""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from infra_ctl.probe import icmp, quality, sockets
from infra_ctl.probe.counters import Counters
from infra_ctl.probe.targets import EchoTarget

CLOCK_SLACK = 1_000_000
"""Nanoseconds by which two clocks may differ over a round trip before one of them was set under way."""


def _tokens() -> Iterator[bytes]:
    """Random ones, many drawn at a time."""
    while True:
        drawn = os.urandom(icmp.TOKEN * 512)
        for start in range(0, len(drawn), icmp.TOKEN):
            yield drawn[start : start + icmp.TOKEN]


def round_trip(left: int, arrived: int, elapsed: int) -> int:
    """Nanoseconds between two stamps of the wall's clock; where that clock was set between, what a clock that
    nobody sets says has passed until the reply was read."""
    measured = arrived - left
    return measured if 0 <= measured <= elapsed + CLOCK_SLACK else elapsed


@dataclass(slots=True, eq=False)
class Asked:
    """A target as the loop keeps it: its slot, and what its next request looks like."""

    echoes: Echoes
    slot: int
    address: str
    marking: sockets.Ancillary
    identifier: int = field(default_factory=lambda: int.from_bytes(os.urandom(2), "big"))
    sequence: int = 0
    jitter: float = 0.0
    last: float | None = None
    """The last round trip, seconds."""

    def send(self) -> None:
        """One request, counted once its fate is known."""
        self.echoes.send(self)

    def next_sequence(self) -> int:
        self.sequence = (self.sequence + 1) & 0xFFFF
        return self.sequence

    def renew(self) -> None:
        """Another flow from now on: a firewall that has shut one identifier out does not see it again."""
        self.identifier = int.from_bytes(os.urandom(2), "big")


@dataclass(slots=True, eq=False)
class Request:
    """A request whose fate is not known yet; `ended` is told it, nanoseconds or None for lost."""

    asked: Asked
    left: int
    """Nanoseconds since 1970: ours just before the call, the kernel's own as soon as it tells."""
    sent: int
    """Nanoseconds of the monotonic clock."""
    ended: Callable[[Asked, int | None], None]


class Echoes:
    """The requests and replies of one family."""

    def __init__(self, family: socket.AddressFamily, counters: Counters, timeout: float) -> None:
        self.counters = counters
        self.timeout = timeout
        self._family = family
        self._cookie = os.urandom(icmp.COOKIE)
        self._socket = sockets.echo_socket(family, self._cookie)
        self._unbroken = sockets.unbroken_socket(family)
        self._four = family == socket.AF_INET
        self._header = 28 if self._four else 48
        self._tokens = _tokens()
        self._waiting: dict[bytes, Request] = {}
        self._order: deque[tuple[int, bytes]] = deque()

    def asked(self, slot: int, target: EchoTarget) -> Asked:
        """A target, ready to be sent to."""
        marking = sockets.marking(self._family, target.dscp)
        return Asked(self, slot, str(target.address), marking, jitter=self.counters.jitter(slot))

    def send(self, asked: Asked) -> None:
        """One request to be counted."""
        self._send(self._socket, asked, icmp.PAYLOAD, self._count)

    def send_for(self, asked: Asked, ended: Callable[[Asked, int | None], None]) -> None:
        """One request whose fate somebody else is told; nothing is counted."""
        self._send(self._socket, asked, icmp.PAYLOAD, ended)

    def send_unbroken(self, asked: Asked, size: int, ended: Callable[[Asked, int | None], None]) -> None:
        """One request of `size` bytes of IP that may not be fragmented; nothing is counted."""
        self._send(self._unbroken, asked, size - self._header, ended)

    def receive(self) -> None:
        """Take what has left and what has arrived."""
        for packet, left in sockets.departures(self._socket):
            at = len(packet) - icmp.PAYLOAD + icmp.COOKIE
            request = self._waiting.get(packet[at : at + icmp.TOKEN])
            if request is not None:
                request.left = left
        token_of = icmp.token4 if self._four else icmp.token6
        for packet, stamp, sender, _port in sockets.arrivals(self._socket):
            token = token_of(packet, self._cookie)
            if token is not None:
                self._arrived(token, sender, stamp)

    def expire(self) -> None:
        """Give up what was sent too long ago. Call `receive` first: what has arrived is not lost."""
        for token in self._expired(time.monotonic_ns() - int(self.timeout * 1e9)):
            request = self._waiting.pop(token, None)
            if request is not None:
                request.ended(request.asked, None)

    def close(self) -> None:
        self._socket.close()
        self._unbroken.close()

    def _send(
        self, through: socket.socket, asked: Asked, payload: int, ended: Callable[[Asked, int | None], None]
    ) -> None:
        token = next(self._tokens)
        build = icmp.request4 if self._four else icmp.request6
        packet = build(asked.identifier, asked.next_sequence(), self._cookie, token, payload)
        sent = time.monotonic_ns()
        self._order.append((sent, token))
        self._waiting[token] = request = Request(asked, time.time_ns(), sent, ended)
        try:
            through.sendmsg((packet,), asked.marking, 0, (asked.address, 0))
        except OSError:  # no route, an interface down, a firewall, a packet too big: it will not be answered
            del self._waiting[token]
            request.ended(asked, None)

    def _arrived(self, token: bytes, sender: str, stamp: int | None) -> None:
        request = self._waiting.get(token)
        if request is None or request.asked.address != sender:  # a second one, a late one, or a forged one
            return
        del self._waiting[token]
        elapsed = time.monotonic_ns() - request.sent
        took = elapsed if stamp is None else round_trip(request.left, stamp, elapsed)
        request.ended(request.asked, took if took <= self.timeout * 1e9 else None)

    def _count(self, asked: Asked, took: int | None) -> None:
        if took is None:
            self.counters.lost(asked.slot)
            asked.renew()
            return
        seconds = took / 1e9
        if asked.last is not None:
            asked.jitter = quality.jitter(asked.jitter, asked.last, seconds)
        asked.last = seconds
        self.counters.answered(asked.slot, seconds, asked.jitter)

    def _expired(self, before: int) -> Iterator[bytes]:
        while self._order and self._order[0][0] <= before:
            yield self._order.popleft()[1]
