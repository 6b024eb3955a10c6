"""The far end: rooms and registrars at every address of the city, and those of its sites that have IPv6.

python -m tests.lab.endurance.far BOARD ADDRESS

answers well, or, where the board says so, with what was well before chance changed it; and sends echo replies
to an address that nobody there has asked for.
"""

from __future__ import annotations

import random
import re
import selectors
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from infra_ctl.probe import icmp
from infra_ctl.probe.stamp import PORT, Reflected, Sent
from tests.lab.endurance.board import ECHO, SIP, STAMP, Board

SIP_PORT = 5060
IP_PKTINFO = 8  # linux/in.h
IPV6_FREEBIND = 78  # linux/in6.h: no interface has the addresses, and they are ours all the same
PATIENCE = 0.02
"""Seconds between two unasked echo replies."""
_LINE = re.compile(rb"^(via|cseq|call-id|from|to):[^\r\n]*", re.IGNORECASE | re.MULTILINE)


def answer_to(request: bytes) -> bytes:
    """What a SIP server says to it: that all is well."""
    lines = [found[0] for found in _LINE.finditer(request)]
    head = [b"SIP/2.0 200 OK", *lines, b"Contact: <sip:room@192.0.2.9:5060>;expires=60", b"Content-Length: 0"]
    return b"\r\n".join(head) + b"\r\n\r\n"


def spoilt(data: bytes, chance: random.Random) -> bytes:
    """As it may come from somebody who is broken, or who means it: cut, doubled, flipped, blown up."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at, to = sorted(chance.choices(range(len(changed) + 1), k=2))
        match chance.randrange(6):
            case 0:
                del changed[at:to]
            case 1:
                changed[at:at] = changed[at:to]
            case 2:
                changed[at:to] = chance.randbytes(to - at)
            case 3:
                changed[at:at] = chance.choice((b"\r\n\r\n", b"\0" * 40, b"9" * 5000, b'"<;,=', "ế".encode()))
            case 4:
                changed = bytearray(chance.randbytes(chance.randrange(1400)))
            case 5:
                changed = changed.replace(b"Content-Length: 0", b"l: %d" % chance.choice((-1, 7, 10**30)))
    return bytes(changed[:60_000])


class Far:
    """All that it listens on."""

    def __init__(self, board: Board, near: str) -> None:
        self._board, self._near, self._chance = board, near, random.Random("far")
        self._selector = selectors.DefaultSelector()
        self._raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self._on(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), SIP_PORT, self._sip)
        self._on(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM), PORT, self._stamp)
        self._on(socket.socket(socket.AF_INET, socket.SOCK_STREAM), SIP_PORT, self._accept)

    def run(self) -> None:
        while True:
            for key, _ in self._selector.select(PATIENCE):
                with suppress(OSError):  # who asked is gone, or the wire is
                    key.data(key.fileobj)
            if self._board.is_spoilt(ECHO):
                self._reply_unasked()

    def _on(self, opened: socket.socket, port: int, heard: Callable[[socket.socket], None]) -> None:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if opened.family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            opened.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
        else:
            opened.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        opened.bind(("", port))
        if opened.type == socket.SOCK_STREAM:
            opened.listen(128)
        self._selector.register(opened, selectors.EVENT_READ, heard)

    def _sip(self, opened: socket.socket) -> None:
        data, told, _, peer = opened.recvmsg(65535, 256)
        said = self._said(answer_to(data), SIP)
        # From the address that was asked: nobody takes another's.
        source = [(level, kind, bytes(4) + info[8:12] + bytes(4)) for level, kind, info in told]
        opened.sendmsg([said], source, 0, peer)

    def _stamp(self, opened: socket.socket) -> None:
        data, told, _, peer = opened.recvmsg(2048, 256)
        sent = Sent.decoded(data)
        if sent is not None:
            well = Reflected(sent.sequence, sent.timestamp, sent.timestamp, sent)
            info = [(level, kind, value[:16] + bytes(4)) for level, kind, value in told]
            opened.sendmsg([self._said(well.encoded(), STAMP)], info, 0, peer)

    def _accept(self, opened: socket.socket) -> None:
        connection, _ = opened.accept()
        self._selector.register(connection, selectors.EVENT_READ, self._stream)

    def _stream(self, connection: socket.socket) -> None:
        try:
            data = connection.recv(65535)
            if data:
                connection.sendall(self._said(answer_to(data), SIP))
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(connection)
            connection.close()

    def _said(self, well: bytes, kind: int) -> bytes:
        if not self._board.is_spoilt(kind):
            return well
        self._board[kind] += 1
        return spoilt(well, self._chance)

    def _reply_unasked(self) -> None:
        well = icmp.request4(1, 1, self._chance.randbytes(4), self._chance.randbytes(8))
        said = bytes([icmp.REPLY4]) + spoilt(well, self._chance)[1:]
        self._board[ECHO] += 1
        with suppress(OSError):
            self._raw.sendto(said[:1400], (self._near, 0))


if __name__ == "__main__":
    Far(Board(Path(sys.argv[1])), sys.argv[2]).run()
