"""Requests as nobody should send them, and what came back: a status, or that nothing did."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

PATIENCE = 180.0
"""Seconds after which nobody answers: a machine that is busy takes long."""
HOST = "127.0.0.1"
NOTHING = 0
"""The status of an answer that did not come."""

UNKNOWN: Sequence[tuple[str, str]] = (
    ("GET", "/nothing"),
    ("GET", "/%ff%00"),
    ("GET", "/probe"),
    ("GET", "/probe?target=192.0.2.77&module=sip"),
    ("GET", "/probe?target=nobody&module=icmp"),
    ("GET", "/probe?target=nk-cai-khe-room&module=nothing"),
    ("GET", "/probe?target=" + "a" * 8000),
    ("GET", "/sd/nothing"),
    ("BREW", "/metrics"),
    ("DELETE", "/-/reload"),
)
"""Targets, modules, pages and methods that there are not."""

OVERSIZED: Sequence[bytes] = (
    b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nX: " + b"a" * 2_000_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 200_000,
    b"POST /-/reload HTTP/1.1\r\nContent-Length: 99999999999999\r\n\r\n" + b"a" * 1_000_000,
    b"POST /-/reload HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n" + b"a" * 1_000_000,
    b"\x16\x03\x01\x02\x00\x01\x00" + bytes(200) + b"\r\n\r\n",
    b"\0" * 100_000,
)


def status(port: int, method: str = "GET", path: str = "/metrics", patience: float = PATIENCE) -> int:
    """Of one request."""
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    return sent(port, head.encode(), patience)


def sent(port: int, data: bytes, patience: float = PATIENCE, tries: int = 1) -> int:
    """The status that bytes are answered with; where the answer was cut off, it may be tried again."""
    for _ in range(tries):
        with suppress(ConnectionError):
            return _answer(port, data, patience)
    return NOTHING


def _answer(port: int, data: bytes, patience: float) -> int:
    """Raises ConnectionError where the connection is cut before there is one."""
    try:
        with socket.create_connection((HOST, port), patience) as connection:
            with suppress(ConnectionError):  # it may be refused before it was sent whole
                connection.sendall(data)
            answer = b""
            while len(answer) < 12 and (read := connection.recv(65536)):
                answer += read
            with suppress(OSError):
                while connection.recv(65536):
                    pass
    except ConnectionError:
        raise
    except OSError:
        return NOTHING
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.") else NOTHING


def page(port: int) -> str:
    """The metrics. Raises OSError or HTTPException where there are none."""
    connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


@contextmanager
def dawdlers(ports: Sequence[int], each: int) -> Iterator[list[socket.socket]]:
    """Connections that have begun a request, and will not end it."""
    opened: list[socket.socket] = []
    try:
        for port in ports:
            opened += [socket.create_connection((HOST, port), PATIENCE) for _ in range(each)]
        for connection in opened:
            connection.sendall(b"GET /metrics HT")
        yield opened
    finally:
        for connection in opened:
            connection.close()
