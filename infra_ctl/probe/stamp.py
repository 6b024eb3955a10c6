"""STAMP (RFC 8762, 4.2.1 and 4.3.1; RFC 8972, 3), unauthenticated, as bytes, and what they tell. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import Final, Self

PORT: Final = 862
LENGTH: Final = 44
NO_CLOCK: Final = 0x0001
"""Error estimate: not synchronised, NTP format, a multiplier that is not zero (RFC 4656, 4.1.2)."""
PTP: Final = 0x4000
"""Bit Z of an error estimate: timestamps are of PTPv2's format, seconds and nanoseconds (RFC 8186, 2.1)."""

_SENT = Struct("!IQHH28x")
_REFLECTED = Struct("!IQHHQIQHxxB3x")
_EPOCH = 2_208_988_800
"""Seconds from 1900, where NTP begins, to 1970."""
_NUMBERS = 1 << 32


def ntp(nanoseconds: int) -> int:
    """Nanoseconds since 1970 as a timestamp of NTP: 32 bits of seconds, 32 of fraction (RFC 5905, 6)."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return ((seconds + _EPOCH) % _NUMBERS << 32) + (rest << 32) // 1_000_000_000


def apart(later: int, earlier: int) -> int:
    """Nanoseconds between two timestamps of one clock, also across the wrap of 2036."""
    return (_signed(later - earlier, 1 << 64) * 1_000_000_000) >> 32


def apart_in_ptp(later: int, earlier: int) -> int:
    """The same of PTPv2's format, whose seconds wrap in 2106."""
    (seconds, rest), (seconds_before, before) = divmod(later, _NUMBERS), divmod(earlier, _NUMBERS)
    return _signed((seconds - seconds_before) * 1_000_000_000 + rest - before, _NUMBERS * 1_000_000_000)


def _signed(difference: int, whole: int) -> int:
    """The smaller way around a clock that wraps."""
    return (difference + whole // 2) % whole - whole // 2


@dataclass(frozen=True, slots=True)
class Sent:
    """A sender's packet."""

    sequence: int
    timestamp: int
    error: int = NO_CLOCK
    """Its error estimate, as it is."""
    session: int = 0
    """RFC 8972's SSID, with which a sender may have several sessions on one port."""

    def encoded(self) -> bytes:
        """As it goes out: 44 bytes, the reply's length, so that nobody is sent more than he sent."""
        return _SENT.pack(self.sequence, self.timestamp, self.error, self.session)

    @classmethod
    def decoded(cls, packet: bytes) -> Self | None:
        """None when it is no packet of a sender: shorter than a reply would be."""
        if len(packet) < LENGTH:
            return None
        return cls(*_SENT.unpack_from(packet))


@dataclass(frozen=True, slots=True)
class Reflected:
    """A stateful reflector's packet: its own number and times, and the sender's brought back."""

    sequence: int
    timestamp: int
    received: int
    sent: Sent
    """What is answered; all of it is brought back."""
    ttl: int = 255
    error: int = NO_CLOCK

    def encoded(self, length: int = LENGTH) -> bytes:
        """As it goes out, filled up to the request's `length`, 44 at least."""
        fields = (self.sequence, self.timestamp, self.error, self.sent.session, self.received)
        sender = (self.sent.sequence, self.sent.timestamp, self.sent.error, self.ttl)
        return _REFLECTED.pack(*fields, *sender).ljust(length, b"\0")

    @classmethod
    def decoded(cls, packet: bytes) -> Self | None:
        """None when it is no packet of a reflector."""
        if len(packet) < LENGTH:
            return None
        number, timestamp, error, session, received, *sender, ttl = _REFLECTED.unpack_from(packet)
        sent = Sent(sender[0], sender[1], sender[2], session)
        return cls(number, timestamp, received, sent, ttl, error)

    @property
    def dwell(self) -> int:
        """Nanoseconds that the reflector held it: T3 - T2, of one clock and in that clock's format."""
        between = apart_in_ptp if self.error & PTP else apart
        return between(self.timestamp, self.received)


@dataclass(slots=True)
class Directions:
    """Of the losses of one session, how many on the way there and how many on the way back.

    Between two packets that came back, the sender sent `s` and the reflector received `r`: s - r were lost on
    the way there, and of the r those that did not come back on the way back. Packets are judged in the order
    in which they were sent, once their time is up; until one comes back again, the direction is not known.
    """

    forward: int = 0
    backward: int = 0
    _sent: int = 0
    """Judged since the last one that came back, it not counted."""
    _number: int | None = None

    def judged(self, number: int | None) -> None:
        """The next packet came back with the reflector's `number`, or did not come back."""
        self._sent += 1
        if number is None:
            return
        received = self._received(number)
        self.forward += self._sent - received
        self.backward += received - 1
        self._sent, self._number = 0, number

    def _received(self, number: int) -> int:
        """How many the reflector received; a number out of line tells of one that began anew, at nought."""
        before = -1 if self._number is None else self._number
        received = (number - before) % _NUMBERS
        return received if 0 < received <= self._sent else min(number + 1, self._sent)
