"""A TCP connection with whichever of a device's addresses answers first (the idea of RFC 8305).

The first address gets a head start; the others are called while it is silent, or at once where nothing leads
to it. Which device answered is for its host key to say.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
import time
from collections.abc import Sequence

HEAD_START = 0.25
"""Seconds until the next address is called as well (RFC 8305, 5)."""


def dial(addresses: Sequence[str], port: int, timeout: float) -> socket.socket:
    """A connected socket. Raises OSError: what the first of them said, or that none answered in time."""
    if len(addresses) == 1:
        return socket.create_connection((addresses[0], port), timeout)
    with _Calls(port) as calls:
        deadline, waiting = time.monotonic() + timeout, list(addresses)
        while waiting or calls.are_open:
            if waiting:
                calls.begin(waiting.pop(0))
            patience = (
                min(HEAD_START, deadline - time.monotonic()) if waiting else deadline - time.monotonic()
            )
            answered = calls.answered(max(0.0, patience))
            if answered is not None:
                answered.settimeout(timeout)
                return answered
            if time.monotonic() >= deadline:
                break
        raise calls.errors.get(addresses[0]) or TimeoutError("timed out")


class _Calls:
    """Connections under way; those that nobody took are closed at the end."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._selector = selectors.DefaultSelector()
        self.errors: dict[str, OSError] = {}
        """Of those that cannot be reached, by address."""

    def __enter__(self) -> _Calls:
        return self

    def __exit__(self, *exc: object) -> None:
        for key in tuple(self._selector.get_map().values()):
            self._socket(key).close()
        self._selector.close()

    @property
    def are_open(self) -> bool:
        return len(self._selector.get_map()) > 0

    def begin(self, address: str) -> None:
        """Call an address."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        calling = socket.socket(family, socket.SOCK_STREAM)
        calling.setblocking(False)
        number = calling.connect_ex((address, self._port))
        if number in (0, errno.EINPROGRESS):
            self._selector.register(calling, selectors.EVENT_WRITE, address)
        else:
            self._failed(calling, address, number)

    def answered(self, seconds: float) -> socket.socket | None:
        """One that is connected; None where in so many seconds none is, or one has failed."""
        for key, _ in self._selector.select(seconds) if self.are_open else ():
            called = self._socket(key)
            self._selector.unregister(called)
            if (number := called.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)) == 0:
                return called
            self._failed(called, str(key.data), number)
        return None

    def _failed(self, called: socket.socket, address: str, number: int) -> None:
        called.close()
        self.errors[address] = OSError(number, os.strerror(number))

    @staticmethod
    def _socket(key: selectors.SelectorKey) -> socket.socket:
        assert isinstance(key.fileobj, socket.socket)  # noqa: S101 - nothing else is registered
        return key.fileobj
