"""A stateful STAMP reflector (RFC 8762, 4.3) for many addresses at once.

It answers no longer than it is asked, and only whom it may; not what comes from a reflector's own port, or
two of them would talk to each other for ever.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address
from threading import Lock
from typing import TypeAlias

from infra_ctl.probe import sockets, stamp

Network: TypeAlias = IPv4Network | IPv6Network
Session: TypeAlias = tuple[int, str, int, int]
"""Of a socket's descriptor, the sender's address and port, and the session's own identifier."""

SESSIONS = 10_000
"""Kept at a time; the one that was silent longest goes first."""


class Reflector:
    """Sessions with the senders in `allowed`, over sockets of `sockets.reflector_socket`."""

    def __init__(self, opened: Iterable[socket.socket] = (), allowed: Iterable[Network] = ()) -> None:
        self._opened: frozenset[socket.socket] = frozenset()
        self._numbers: OrderedDict[Session, int] = OrderedDict()
        self._selector = selectors.DefaultSelector()
        self._lock = Lock()
        self.go_over_to(opened, allowed)

    def go_over_to(self, opened: Iterable[socket.socket], allowed: Iterable[Network]) -> None:
        """Answer at these sockets from now on: sessions at those that stay go on, the others are closed.

        Safe while another thread runs it.
        """
        new = frozenset(opened)
        with self._lock:
            for each in new - self._opened:
                self._selector.register(each, selectors.EVENT_READ, each)
            for each in self._opened - new:
                self._close(each)
            self._opened, self._allowed = new, tuple(allowed)
            self._may = lru_cache(maxsize=4096)(self._is_allowed)

    def run(self, until: int | None = None) -> None:
        """Answer until that descriptor can be read; without one, until it is ended from outside."""
        with self._selected(until):
            while True:
                arrived = [key.data for key, _events in self._selector.select()]
                with self._lock:
                    for each in self._opened.intersection(arrived):
                        self.answer(each)
                if until in arrived:
                    return

    def answer(self, opened: socket.socket) -> None:
        """Send back all that has arrived at one socket."""
        own = opened.getsockname()[1]
        for request in sockets.requests(opened):
            sent = stamp.Sent.decoded(request.data)
            if sent is not None and request.port != own and self._may(request.sender):
                self._reflect(opened, request, sent)

    @contextmanager
    def _selected(self, until: int | None) -> Iterator[None]:
        if until is None:
            yield
            return
        with self._lock:
            self._selector.register(until, selectors.EVENT_READ, until)
        try:
            yield
        finally:
            with self._lock:
                self._selector.unregister(until)

    def _reflect(self, opened: socket.socket, request: sockets.Request, sent: stamp.Sent) -> None:
        now = time.time_ns()
        answer = stamp.Reflected(
            sequence=self._number((opened.fileno(), request.sender, request.port, sent.session)),
            timestamp=stamp.ntp(now),
            received=stamp.ntp(now if request.stamp is None else request.stamp),
            sent=sent,
            ttl=request.ttl,
        )
        marked = sockets.marking(opened.family, request.dscp)
        try:
            opened.sendmsg((answer.encoded(len(request.data)),), marked, 0, (request.sender, request.port))
        except OSError:  # no way back: the sender counts it as lost on the way back, as it was
            return

    def _close(self, opened: socket.socket) -> None:
        """Another one may have its descriptor then, but not its sessions."""
        for session in [each for each in self._numbers if each[0] == opened.fileno()]:
            del self._numbers[session]
        self._selector.unregister(opened)
        opened.close()

    def _number(self, session: Session) -> int:
        number = self._numbers.pop(session, 0)
        self._numbers[session] = (number + 1) & 0xFFFFFFFF
        if len(self._numbers) > SESSIONS:
            self._numbers.popitem(last=False)
        return number

    def _is_allowed(self, sender: str) -> bool:
        address = ip_address(sender.partition("%")[0])
        return any(address in network for network in self._allowed if network.version == address.version)
