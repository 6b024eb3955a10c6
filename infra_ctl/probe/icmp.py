"""Echo requests and replies of both families as bytes (RFC 792, RFC 4443 section 4). Pure.

A request carries the cookie of its process, by which the kernel's filter knows our replies from everybody
else's, and a token of its own that nobody can guess: only a reply that brings it back counts.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

REQUEST4, REPLY4 = 8, 0
REQUEST6, REPLY6 = 128, 129
HEADER = 8
COOKIE, TOKEN = 4, 8
PAYLOAD: Final = 56
"""Bytes after the header, as ping(8) sends: 84 bytes of IPv4."""

_SHORTEST = HEADER + COOKIE + TOKEN
_REQUEST = Struct("!BBHHH4s8s")


def checksum(data: bytes) -> int:
    """RFC 1071. Words summed with the carry around are the number modulo 65535: a division, no loop."""
    if len(data) % 2:
        data += b"\0"
    return 0xFFFF - int.from_bytes(data, "big") % 0xFFFF


def request4(identifier: int, sequence: int, cookie: bytes, token: bytes, payload: int = PAYLOAD) -> bytes:
    """An ICMP echo request; `payload` is its bytes after the header, 12 at least."""
    words = (REQUEST4 << 8) + identifier + sequence + int.from_bytes(cookie + token, "big")
    fields = (REQUEST4, 0, 0xFFFF - words % 0xFFFF, identifier, sequence, cookie, token)
    return _REQUEST.pack(*fields).ljust(HEADER + payload, b"\0")


def request6(identifier: int, sequence: int, cookie: bytes, token: bytes, payload: int = PAYLOAD) -> bytes:
    """An ICMPv6 echo request; its checksum is the kernel's to fill in (RFC 3542, section 3.1)."""
    fields = (REQUEST6, 0, 0, identifier, sequence, cookie, token)
    return _REQUEST.pack(*fields).ljust(HEADER + payload, b"\0")


def token4(packet: bytes, cookie: bytes) -> bytes | None:
    """The token of an echo reply, from an IPv4 packet as a raw socket gives it; None when it is not ours.

    Of a packet cut short by the reader's buffer the checksum cannot be known and is not looked at.
    """
    if len(packet) < 20 or packet[0] >> 4 != 4:
        return None
    start = (packet[0] & 15) * 4
    whole = int.from_bytes(packet[2:4], "big") == len(packet)
    message = packet[start:]
    if start < 20 or len(message) < _SHORTEST or message[0] != REPLY4:
        return None
    if whole and checksum(message) != 0xFFFF:
        return None
    return _token(message, cookie)


def token6(message: bytes, cookie: bytes) -> bytes | None:
    """The token of an echo reply, from an ICMPv6 message, whose checksum the kernel has checked."""
    if len(message) < _SHORTEST or message[0] != REPLY6:
        return None
    return _token(message, cookie)


def _token(message: bytes, cookie: bytes) -> bytes | None:
    if message[1] != 0 or message[HEADER : HEADER + COOKIE] != cookie:
        return None
    return message[HEADER + COOKIE : _SHORTEST]
