"""Sockets that stamp packets in the kernel, mark them for a queue and drop in the kernel what is not ours.

Python names few of these options; the numbers are Linux's, from the headers that each comment names.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

Arrived: TypeAlias = tuple[bytes, int | None, str, int]
"""Bytes, nanoseconds since 1970 at which the kernel had them, address and port of who sent them."""
Ancillary: TypeAlias = tuple[tuple[int, int, bytes], ...]

SO_ATTACH_FILTER, SO_RCVBUFFORCE, SO_TIMESTAMPNS, SO_TIMESTAMPING = 26, 33, 35, 37  # asm-generic/socket.h
STAMPS: Final = (
    1 << 1 | 1 << 3 | 1 << 4
)  # net_tstamp.h: TX_SOFTWARE, RX_SOFTWARE; SOFTWARE, to be told of both
IP_RECVTTL, IP_MTU_DISCOVER, IP_RECVTOS, PMTUDISC_PROBE = 12, 10, 13, 3  # linux/in.h
IPV6_MTU_DISCOVER, IPV6_RECVHOPLIMIT, IPV6_HOPLIMIT, IPV6_DONTFRAG = 23, 51, 52, 62  # linux/in6.h
IP_RECVERR, IPV6_RECVERR = 11, 25  # linux/in.h, linux/in6.h
SOL_RAW, ICMP_FILTER, ICMP6_FILTER = 255, 1, 1  # linux/icmp.h, linux/icmpv6.h

ROOM: Final = 4 << 20
"""Bytes of packets that the kernel keeps for us: seconds of them."""
READ: Final = 256
"""Bytes read of a packet: all of an ordinary probe, the beginning of one that looks for the MTU."""

LONGEST: Final = 2048
AT_A_TIME: Final = 1000
"""Packets after which somebody else is to have a turn."""

_TTL = (socket.IPPROTO_IP, socket.IP_TTL), (socket.IPPROTO_IPV6, IPV6_HOPLIMIT)
_TOS = (socket.IPPROTO_IP, socket.IP_TOS), (socket.IPPROTO_IPV6, socket.IPV6_TCLASS)
_BOTH = struct.Struct("@ll")
_ERROR = struct.Struct("@I")
_ERRORS = (socket.IPPROTO_IP, IP_RECVERR), (socket.IPPROTO_IPV6, IPV6_RECVERR)


def echo_socket(family: socket.AddressFamily, cookie: bytes) -> socket.socket:
    """A raw socket that sees echo replies with the cookie, and no other packet. Raises OSError."""
    protocol = socket.IPPROTO_ICMP if family == socket.AF_INET else socket.IPPROTO_ICMPV6
    opened = socket.socket(family, socket.SOCK_RAW, protocol)
    _only_replies(opened, reply=0 if family == socket.AF_INET else 129)
    _only_with(opened, cookie)
    return _stamped(opened)


def unbroken_socket(family: socket.AddressFamily) -> socket.socket:
    """A raw socket whose packets nobody may fragment, however large; it receives nothing."""
    opened = echo_socket(family, b"\0\0\0\0")
    if family == socket.AF_INET:
        opened.setsockopt(SOL_RAW, ICMP_FILTER, struct.pack("=I", 0xFFFFFFFF))
        opened.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_PROBE)
    else:
        opened.setsockopt(socket.IPPROTO_ICMPV6, ICMP6_FILTER, b"\xff" * 32)
        opened.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_PROBE)
        opened.setsockopt(socket.IPPROTO_IPV6, IPV6_DONTFRAG, 1)
    opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, 0)
    return opened


def sender_socket(family: socket.AddressFamily, dscp: int) -> socket.socket:
    """A UDP socket on a port of the kernel's choice, for the sender of a class. Raises OSError."""
    opened = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET:
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, dscp << 2)
    else:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, dscp << 2)
    opened.bind(("", 0))
    return _stamped(opened)


def reflector_socket(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    """A UDP socket that tells of each packet its TTL and its class as well. Raises OSError."""
    opened = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET:
            opened.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
            opened.setsockopt(socket.IPPROTO_IP, IP_RECVTOS, 1)
        else:
            opened.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1)
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
        opened.bind((address, port))
    except OSError:
        opened.close()
        raise
    opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    opened.setblocking(False)
    return opened


def question_socket(family: socket.AddressFamily) -> socket.socket:
    """A UDP socket on a port of the kernel's choice that is told what the network refuses. Raises OSError."""
    opened = socket.socket(family, socket.SOCK_DGRAM)
    level, option = _ERRORS[family == socket.AF_INET6]
    opened.setsockopt(level, option, 1)
    opened.bind(("", 0))
    opened.setblocking(False)
    return opened


def marking(family: socket.AddressFamily, dscp: int) -> Ancillary:
    """What sends one packet in a class: its DSCP, ECN left at nought; nothing for the default class."""
    if dscp == 0:
        return ()
    if family == socket.AF_INET:
        return ((socket.IPPROTO_IP, socket.IP_TOS, struct.pack("=i", dscp << 2)),)
    return ((socket.IPPROTO_IPV6, socket.IPV6_TCLASS, struct.pack("=i", dscp << 2)),)


def arrivals(opened: socket.socket) -> Iterator[Arrived]:
    """What has arrived since the last look; ends at whatever the socket has to complain of, as at nothing."""
    while True:
        try:
            data, ancillary, _flags, sender = opened.recvmsg(READ, 128)
        except OSError:  # nothing there, or an interface that went down: what was lost is counted as lost
            return
        yield data, _stamp(ancillary), sender[0], sender[1]


def departures(opened: socket.socket) -> Iterator[tuple[bytes, int]]:
    """Packets that have left, from their link's header on, and when the kernel handed each to its device."""
    while True:
        try:
            data, ancillary, _flags, _sender = opened.recvmsg(READ, 256, socket.MSG_ERRQUEUE)
        except OSError:
            return
        stamp = _stamp(ancillary)
        if stamp is not None:
            yield data, stamp


def answers(opened: socket.socket) -> Iterator[tuple[bytes, str, int]]:
    """What has arrived since the last look, whole, with the address and port of who sent it."""
    for _ in range(AT_A_TIME):
        try:
            data, sender = opened.recvfrom(65535)
        except BlockingIOError:
            return
        except OSError:  # what a packet of ours met is in `refusals` too
            continue
        yield data, sender[0].partition("%")[0], sender[1]


def refusals(opened: socket.socket) -> Iterator[tuple[bytes, str, int, int]]:
    """Packets that the network would not take: as much of each as it quotes, to whom it went, and the error.

    Who keeps to RFC 792 quotes no more than the header of UDP: nothing, here.
    """
    for _ in range(AT_A_TIME):
        try:
            data, ancillary, _flags, asked = opened.recvmsg(LONGEST, 256, socket.MSG_ERRQUEUE)
        except OSError:
            return
        yield from (
            (data, asked[0].partition("%")[0], asked[1], _ERROR.unpack_from(value)[0])
            for level, kind, value in ancillary
            if (level, kind) in _ERRORS
        )


@dataclass(frozen=True, slots=True)
class Request:
    """What a reflector was sent; `stamp` as in `Arrived`."""

    data: bytes
    stamp: int | None
    sender: str
    port: int
    ttl: int
    dscp: int


def requests(opened: socket.socket) -> Iterator[Request]:
    """What has arrived at a reflector's socket since the last look, save what is too long to be read."""
    while True:
        try:
            data, ancillary, flags, sender = opened.recvmsg(LONGEST, 256)
        except OSError:
            return
        if not flags & socket.MSG_TRUNC:
            told = {(level, kind): value for level, kind, value in ancillary}
            ttl = _number(told, _TTL, 255)
            yield Request(data, _stamp(ancillary), sender[0], sender[1], ttl, _number(told, _TOS, 0) >> 2)


def _number(told: Mapping[tuple[int, int], bytes], keys: Sequence[tuple[int, int]], otherwise: int) -> int:
    """The kernel writes IPv4's class as one byte, and the others as an int."""
    value = next((told[key] for key in keys if key in told), None)
    return otherwise if value is None else int.from_bytes(value, sys.byteorder)


def _stamp(ancillary: Sequence[tuple[int, int, bytes]]) -> int | None:
    for level, kind, value in ancillary:
        if level == socket.SOL_SOCKET and kind in {SO_TIMESTAMPNS, SO_TIMESTAMPING}:
            seconds, nanoseconds = _BOTH.unpack_from(value)
            return int(seconds * 1_000_000_000 + nanoseconds)
    return None


def _stamped(opened: socket.socket) -> socket.socket:
    opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, STAMPS)
    try:
        opened.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
    except PermissionError:  # without CAP_NET_ADMIN as much as the machine allows
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
    opened.setblocking(False)
    return opened


def _only_replies(opened: socket.socket, reply: int) -> None:
    if opened.family == socket.AF_INET:
        opened.setsockopt(SOL_RAW, ICMP_FILTER, struct.pack("=I", 0xFFFFFFFF ^ 1 << reply))
        return
    words = [0xFFFFFFFF] * 8
    words[reply >> 5] ^= 1 << (reply & 31)
    opened.setsockopt(socket.IPPROTO_ICMPV6, ICMP6_FILTER, struct.pack("=8I", *words))


def _only_with(opened: socket.socket, cookie: bytes) -> None:
    """Every raw socket is given every reply on the machine: classic BPF compares the cookie in the kernel."""
    wanted = int.from_bytes(cookie, "big")
    header = (0xB1, 0, 0, 0) if opened.family == socket.AF_INET else (0x01, 0, 0, 0)
    """ldx 4 * ([0] & 15), the length of the IPv4 header; ldx #0, as IPv6's is not given."""
    program = (header, (0x40, 0, 0, 8), (0x15, 0, 1, wanted), (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0))
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in program))
    opened.setsockopt(
        socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("@HP", len(program), ctypes.addressof(code))
    )
