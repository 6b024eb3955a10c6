"""Sockets: where connections come in, how many there may be, and TLS.

On http.server of the standard library, a thread a connection. cheroot shakes hands in the one thread that
accepts, so a client that is silent there keeps out all others; uvicorn shows an application no client's
certificate, and waitress knows no TLS. Scrapers are few and their connections last.
"""

from __future__ import annotations

import re
import socket
import ssl
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from socketserver import BaseRequestHandler, TCPServer, ThreadingMixIn
from threading import BoundedSemaphore, Thread
from typing import Any

import click

from exporters.serving import tls
from exporters.serving.connection import MOST_HEAD, TO_ASK, Connection, Service
from exporters.serving.protection import Guard
from exporters.serving.routes import where
from infra_ctl.errors import UnusableError

MOST_CONNECTIONS = 128
BREATHER, TO_STOP = 0.05, 0.2
"""Seconds: between two tries to accept that fail, and until a listener notices that it is to end."""
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 21\r\n"
    b"Content-Type: text/plain\r\nConnection: close\r\n\r\ntoo many connections\n"
)
_NOT_TLS = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Length: 28\r\nContent-Type: text/plain\r\n"
    b"Connection: close\r\n\r\nthis port speaks https only\n"
)
_HANDSHAKE = b"\x16"
"""How TLS begins; no method of HTTP does."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen, as it was asked for; an empty host is all addresses of both families."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address(text: str) -> Address:
    """`:9873`, `127.0.0.1:9873`, `[::1]:9873` or `name:9873`. Raises UnusableError."""
    found = re.fullmatch(r"(?:\[([0-9a-fA-F:.%\w]+)\]|([^\[\]:\s]*)):(\d{1,5})", text)
    if found is None or int(found[3]) > 65535:
        raise UnusableError(f"--web.listen-address: {text!r} is no HOST:PORT, such as :9873 or [::1]:9873")
    return Address(found[1] or found[2] or "", int(found[3]))


class Listener(ThreadingMixIn, TCPServer):
    """One address. A connection has a thread, and there are only so many."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, place: Address, service: Service, room: BoundedSemaphore) -> None:
        """Raises UnusableError where nobody can listen there."""
        self._service, self._room = service, room
        try:
            self.address_family, bound = _resolved(place)
            super().__init__(bound, BaseRequestHandler)
        except OSError as error:
            raise UnusableError(f"cannot listen on {place}: {error.strerror or error}") from None

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET6 and self.server_address[0] == "::":
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    @property
    def url(self) -> str:
        scheme = "https" if self._service.guard().context else "http"
        host, port = self.server_address[:2]
        return f"{scheme}://{Address(str(host), int(port))}"

    def get_request(self) -> tuple[Any, Any]:
        try:
            return super().get_request()
        except OSError:
            time.sleep(BREATHER)  # of file descriptors there may be none: asking on would take a core
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._room.acquire(blocking=False):
            try:
                super().process_request(request, client_address)
            except Exception:  # there is no thread to be had, and so nobody else to give the place back
                self._room.release()
                self._service.turned_away()
                raise
            return
        self._service.turned_away()
        request.setblocking(False)
        if self._service.guard().context is None:
            _try_to_send(request, _BUSY)
        self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(TO_ASK)
        try:
            connection = _spoken_over(request, self._service.guard())
        except (OSError, ValueError):  # no handshake, or none that we want
            self._service.turned_away()
            return
        try:
            Connection(connection, client_address, self, self._service)
        finally:
            connection.close()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - socketserver's
        """A defect of ours, on a line; what breaks otherwise is the other side's connection."""
        if (error := sys.exception()) is not None and not isinstance(error, OSError):
            click.echo(f"connection: {where(error)}", err=True)


def listen(
    addresses: tuple[Address, ...], service: Service, most: int = MOST_CONNECTIONS
) -> tuple[Listener, ...]:
    """A listener an address, none of them serving yet: all or, raising UnusableError, none."""
    room = BoundedSemaphore(most)
    with ExitStack() as opened:
        made = tuple(opened.enter_context(Listener(each, service, room)) for each in addresses)
        opened.pop_all()
    return made


def begin(listeners: tuple[Listener, ...]) -> None:
    for each in listeners:
        Thread(target=each.serve_forever, args=(TO_STOP,), name=each.url, daemon=True).start()


def end(listeners: tuple[Listener, ...]) -> None:
    """Take no more connections; answers under way are not waited for."""
    for each in listeners:
        each.shutdown()
        each.server_close()


def _spoken_over(request: socket.socket, guard: Guard) -> socket.socket:
    """The connection to speak over, in the clear or not. Raises OSError where it is not wanted."""
    if guard.context is None:
        return request
    if request.recv(1, socket.MSG_PEEK) != _HANDSHAKE:
        _try_to_send(request, _NOT_TLS)
        request.recv(MOST_HEAD)  # left unread, it would take the answer along
        raise ConnectionRefusedError
    # A handshake has one deadline, for all its messages.
    wrapped = guard.context.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
    try:
        wrapped.do_handshake()
        _refuse_others(wrapped, guard)
    except (OSError, ValueError):
        wrapped.close()
        raise
    return wrapped


def _refuse_others(connection: ssl.SSLSocket, guard: Guard) -> None:
    if guard.sans is not None and not tls.is_wanted(connection.getpeercert(), guard.sans):
        raise ConnectionRefusedError


def _resolved(where: Address) -> tuple[socket.AddressFamily, Any]:
    if not where.host:
        return (socket.AF_INET6, ("::", where.port)) if socket.has_dualstack_ipv6() else _any_ipv4(where.port)
    found = socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return found[0][0], found[0][4]


def _any_ipv4(port: int) -> tuple[socket.AddressFamily, Any]:
    return socket.AF_INET, ("0.0.0.0", port)  # noqa: S104 - what an empty host asks for


def _try_to_send(connection: socket.socket, data: bytes) -> None:
    with suppress(OSError):
        connection.send(data)
