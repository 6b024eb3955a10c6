"""Questions by UDP: one socket a family, however many are under way; each is told apart by its branch."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

from infra_ctl.probe import sockets
from infra_ctl.probe.sip.message import Local, MalformedError, Request, Response, decoded, host_text

Address: TypeAlias = IPv4Address | IPv6Address
T1, T2 = 0.5, 4.0
"""RFC 3261, 17.1.2.2: when a request is first repeated, and how long it takes at most until it is again."""
TRIES = 3
"""To hand over a packet: what others could not be sent is told to whoever uses the socket next."""
_BRANCH = re.compile(rb";branch=([0-9A-Za-z]+)")


@dataclass(slots=True, eq=False)
class _Asked:
    """A question under way."""

    request: Request
    peer: tuple[str, int]
    answer: asyncio.Future[Response] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    is_begun: bool = False
    """Somebody is at it: a provisional response came."""

    def fail(self, number: int) -> None:
        if not self.answer.done():
            self.answer.set_exception(OSError(number, os.strerror(number)))

    def take(self, response: Response, peer: tuple[str, int]) -> None:
        """Where it is its answer, from whom was asked."""
        if peer != self.peer or not self.request.is_answered_by(response) or self.answer.done():
            return
        if response.is_final:
            self.answer.set_result(response)
        self.is_begun = True


class Datagrams:
    """All questions of one event loop."""

    def __init__(self) -> None:
        self._opened: dict[socket.AddressFamily, socket.socket] = {}
        self._under_way: dict[str, _Asked] = {}

    async def ask(self, address: Address, port: int, request: Request, timeout: float) -> Response:
        """Repeated at T1, 2 T1, … at most T2 apart, until a final response.

        Raises OSError where the network refuses it, and TimeoutError where nobody answers.
        """
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        opened, peer = self._socket(family), (str(address), port)
        local = Local(host_text(_own_address(family, peer)), opened.getsockname()[1])
        self._under_way[request.branch] = asked = _Asked(request, peer)
        try:
            return await self._answered(opened, asked, request.encoded("udp", local), timeout)
        finally:
            del self._under_way[request.branch]
            if not asked.answer.cancel():
                asked.answer.exception()  # seen now, or asyncio would complain of it

    def close(self) -> None:
        """Of the loop that asked; questions under way stay without an answer."""
        for opened in self._opened.values():
            asyncio.get_running_loop().remove_reader(opened)
            opened.close()
        self._opened.clear()

    async def _answered(
        self, opened: socket.socket, asked: _Asked, packet: bytes, timeout: float
    ) -> Response:
        deadline, pauses = time.monotonic() + timeout, waits()
        while (left := deadline - time.monotonic()) > 0:
            self._send(opened, packet, asked.peer)
            wait = T2 if asked.is_begun else next(pauses)
            if (await asyncio.wait({asked.answer}, timeout=min(wait, left)))[0]:
                return asked.answer.result()
        raise TimeoutError

    def _send(self, opened: socket.socket, packet: bytes, peer: tuple[str, int]) -> None:
        for left in reversed(range(TRIES)):
            try:
                opened.sendto(packet, peer)
            except BlockingIOError:  # no room: lost here, and repeated
                return
            except OSError:
                self._read_refusals(opened)
                if not left:
                    raise
            else:
                return

    def _socket(self, family: socket.AddressFamily) -> socket.socket:
        if family not in self._opened:
            self._opened[family] = opened = sockets.question_socket(family)
            asyncio.get_running_loop().add_reader(opened, self._read, opened)
        return self._opened[family]

    def _read(self, opened: socket.socket) -> None:
        self._read_refusals(opened)
        for data, host, port in sockets.answers(opened):
            try:
                response = decoded(data)
            except MalformedError:
                continue
            if (asked := self._under_way.get(response.branch)) is not None:
                asked.take(response, (host, port))

    def _read_refusals(self, opened: socket.socket) -> None:
        for packet, host, port, number in sockets.refusals(opened):
            for asked in self._refused(packet, (host, port)):
                asked.fail(number)

    def _refused(self, packet: bytes, peer: tuple[str, int]) -> Sequence[_Asked]:
        """Of whom it is; where too little is quoted to tell, all that is under way to whom it was sent."""
        if found := _BRANCH.search(packet):
            asked = self._under_way.get(found[1].decode())
            return [asked] if asked is not None else []
        return [asked for asked in self._under_way.values() if asked.peer == peer]


def waits() -> Iterator[float]:
    """Seconds until a request is repeated, and again (RFC 3261, timer E)."""
    wait = T1
    while True:
        yield wait
        wait = min(2 * wait, T2)


def _own_address(family: socket.AddressFamily, peer: tuple[str, int]) -> str:
    """From which a packet to a peer would go. Raises OSError where none would."""
    with socket.socket(family, socket.SOCK_DGRAM) as trying:
        trying.connect(peer)
        return str(trying.getsockname()[0])
