"""Echo requests of one family: one socket for all targets, and what became of every request."""

from __future__ import annotations

import math
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
SILENCE = 10
"""Lost in a row, after which nobody knows how uneven a path is."""


def _tokens() -> Iterator[bytes]:
    """Random ones, many drawn at a time."""
    while True:
        drawn = os.urandom(icmp.TOKEN * 512)
        for start in range(0, len(drawn), icmp.TOKEN):
            yield drawn[start : start + icmp.TOKEN]


def ahead() -> int:
    """Nanoseconds from the clock that nobody sets to that of the wall: only setting one changes them."""
    return time.time_ns() - time.monotonic_ns()


def round_trip(left: int, arrived: int, elapsed: int, set_by: int) -> int:
    """Nanoseconds between two stamps of the wall's clock; where that was set under way, by `set_by`, what a
    clock that nobody sets says has passed until the reply was read."""
    measured = arrived - left
    is_sound = abs(set_by) <= CLOCK_SLACK and 0 <= measured <= elapsed + CLOCK_SLACK
    return measured if is_sound else elapsed


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
    lost: int = 0
    """In a row, until now."""

    def send(self) -> None:
        """One request, counted once its fate is known."""
        self.echoes.send(self)

    def next_sequence(self) -> int:
        self.sequence = (self.sequence + 1) & 0xFFFF
        return self.sequence

    def was_lost(self) -> None:
        """Another flow from now on: a firewall that has shut one identifier out does not see it again.

        A path that is silent for long is known anew when it speaks.
        """
        self.lost += 1
        if self.lost == SILENCE:
            self.jitter, self.last = 0.0, None
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
    ahead: int
    """By how much the wall's clock was ahead when it left."""


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
        before = self.counters.jitter(slot)
        return Asked(self, slot, str(target.address), marking, jitter=0.0 if math.isnan(before) else before)

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
        token_of, now_ahead = icmp.token4 if self._four else icmp.token6, ahead()
        for packet, stamp, sender, _port in sockets.arrivals(self._socket):
            token = token_of(packet, self._cookie)
            if token is not None:
                self._arrived(token, sender, stamp, now_ahead)

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
        sent, now = time.monotonic_ns(), time.time_ns()
        self._order.append((sent, token))
        self._waiting[token] = request = Request(asked, now, sent, ended, now - sent)
        try:
            through.sendmsg((packet,), asked.marking, 0, (asked.address, 0))
        except OSError:  # no route, an interface down, a firewall, a packet too big: it will not be answered
            del self._waiting[token]
            request.ended(asked, None)

    def _arrived(self, token: bytes, sender: str, stamp: int | None, now_ahead: int) -> None:
        request = self._waiting.get(token)
        if request is None or request.asked.address != sender:  # a second one, a late one, or a forged one
            return
        del self._waiting[token]
        elapsed = time.monotonic_ns() - request.sent
        set_by = now_ahead - request.ahead
        took = elapsed if stamp is None else round_trip(request.left, stamp, elapsed, set_by)
        request.ended(request.asked, took if took <= self.timeout * 1e9 else None)

    def _count(self, asked: Asked, took: int | None) -> None:
        if took is None:
            asked.was_lost()
            self.counters.lost(asked.slot)
            if asked.lost >= SILENCE:
                self.counters.unknown_jitter(asked.slot)
            return
        asked.lost, seconds = 0, took / 1e9
        if asked.last is not None:
            asked.jitter = quality.jitter(asked.jitter, asked.last, seconds)
        asked.last = seconds
        self.counters.answered(asked.slot, seconds, asked.jitter)

    def _expired(self, before: int) -> Iterator[bytes]:
        while self._order and self._order[0][0] <= before:
            yield self._order.popleft()[1]
