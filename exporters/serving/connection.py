"""One connection: requests in, answers out, within their time and size whatever the other side does."""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

from exporters.serving.protection import Guard
from exporters.serving.routes import Answer, Request, said

if TYPE_CHECKING:
    from socketserver import BaseServer

MOST_HEAD = 16 << 10
"""Bytes of a request line and its headers."""
MOST_BODY = 4 << 10
"""Bytes of a body, which nobody here reads."""
TO_ASK, TO_SEND, IDLE, TO_LINGER = 10.0, 30.0, 75.0, 1.0
"""Seconds: to send a request, to take an answer, between two requests, and after the last."""
_CHUNK = 64 << 10


class Service(Protocol):
    """What stands behind a connection."""

    def guard(self) -> Guard:
        """The web configuration as it holds now."""

    def answer(self, request: Request, guard: Guard) -> Answer: ...

    def turned_away(self) -> None:
        """A request was refused before it was anybody's to answer."""


class UnreadableError(Exception):
    """A request that is nobody's to answer: too large, or none at all."""

    def __init__(self, status: int, line: str) -> None:
        self.status, self.line = status, line
        super().__init__(line)


class Incoming(io.RawIOBase):
    """What comes from a socket until a deadline: a byte now and then does not keep it open."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._deadline = 0.0
        self._left = 0

    def expect(self, seconds: float) -> None:
        """A new request may take so long, and the usual size."""
        self._deadline, self._left = time.monotonic() + seconds, MOST_HEAD

    def hurry(self, seconds: float) -> None:
        """It has begun."""
        self._deadline = time.monotonic() + seconds

    def allow(self, count: int) -> None:
        """So many bytes more."""
        self._left += count

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        if self._left <= 0:
            raise _too_large()
        self._connection.settimeout(remaining)
        count = self._connection.recv_into(memoryview(buffer)[: self._left])
        self._left -= count
        return count


class Connection(BaseHTTPRequestHandler):
    """Parses as http.server does, answers as it is told to."""

    protocol_version = "HTTP/1.1"

    def __init__(
        self,
        connection: socket.socket,
        address: Any,
        server: BaseServer,
        service: Service,
    ) -> None:
        self._service = service
        super().__init__(connection, address, server)

    def setup(self) -> None:
        self.connection = self.request
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._incoming = Incoming(self.connection)
        self.rfile = self._reader = io.BufferedReader(self._incoming, _CHUNK)
        self.wfile = self._written = io.BytesIO()

    def finish(self) -> None:
        """Nothing: every answer has been sent whole, or the connection is lost."""

    def handle(self) -> None:
        self.close_connection = True
        try:
            self._incoming.expect(TO_ASK)
            self.handle_one_request()
            while not self.close_connection:
                self._incoming.expect(IDLE)
                self.handle_one_request()
            self._linger()
        except OSError:  # it is too slow, or gone
            pass

    def handle_one_request(self) -> None:
        self.close_connection = True
        if not self._reader.peek(1):
            return
        self._incoming.hurry(TO_ASK)
        try:
            if asked := self._asked():
                self._respond(self._answered(asked))
        except UnreadableError as error:
            self.send_error(error.status, error.line)

    def _asked(self) -> Request | None:
        """The next request; None where it could not be read and has been answered."""
        try:
            return self._request() if self._is_read() else None
        except TimeoutError:
            self._service.turned_away()
            raise

    def _is_read(self) -> bool:
        """Whether a request's head could be read; where not, it has been answered."""
        self.requestline, self.request_version, self.command = "", "HTTP/1.1", ""
        self.raw_requestline = self._reader.readline(MOST_HEAD + 1)
        if len(self.raw_requestline) > MOST_HEAD:
            raise _too_large()
        return self.parse_request()

    def _answered(self, asked: Request) -> Answer:
        guard = self._service.guard()
        answer = self._service.answer(asked, guard)
        return Answer(answer.status, answer.body, answer.content_type, {**guard.headers, **answer.headers})

    def _request(self) -> Request:
        if self.request_version == "HTTP/0.9":
            raise UnreadableError(400, "HTTP/0.9 is not spoken here")
        self._pass_over_body()
        headers = {name.lower(): ", ".join(self.headers.get_all(name, ())) for name in self.headers}
        try:
            split = urlsplit(self.path)
            path = unquote(split.path, errors="strict")
        except ValueError:
            raise UnreadableError(400, "the request's path cannot be read") from None
        return Request(self.command, path, split.query, headers)

    def _pass_over_body(self) -> None:
        """Nobody here asks for one."""
        if "transfer-encoding" in self.headers:
            raise _too_long()
        length = _length(self.headers.get_all("content-length", ["0"]))
        self._incoming.allow(length)
        self._reader.read(length)

    def _respond(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        self._flush()

    def _flush(self) -> None:
        """Send what is written, in pieces: OpenSSL would begin its time anew for each record."""
        deadline = time.monotonic() + TO_SEND
        pending = memoryview(self._written.getvalue())
        self.wfile = self._written = io.BytesIO()
        while pending:
            self.connection.settimeout(max(0.001, deadline - time.monotonic()))
            self.connection.sendall(pending[:_CHUNK])
            pending = pending[_CHUNK:]

    def _linger(self) -> None:
        """Let an answer arrive before the connection goes: what is left unread would take it along."""
        self.connection.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + TO_LINGER
        while (remaining := deadline - time.monotonic()) > 0:
            self.connection.settimeout(remaining)
            if not self.connection.recv(_CHUNK):
                return

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What cannot be read, said as everything is."""
        del explain
        self.close_connection = True
        if self.request_version == "HTTP/0.9":  # it knows no heads, and whoever sent this does
            self.request_version = "HTTP/1.0"
        self._service.turned_away()
        self._respond(said(code, (message or "this request cannot be read")[:200]))

    def version_string(self) -> str:
        return "infra-ctl"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's signature
        """Nothing: who scrapes is no news."""


def _length(told: Sequence[str]) -> int:
    """Of a body. Raises UnreadableError where it is too long, or where it is told in two ways."""
    if len(set(told)) > 1:
        raise UnreadableError(400, "Content-Length is told twice, and not the same")
    digits = told[0].lstrip("0") or "0"
    # How many they are comes first: Python makes no number of thousands of digits.
    if not told[0].isdecimal() or len(digits) > len(str(MOST_BODY)) or int(digits) > MOST_BODY:
        raise _too_long()
    return int(digits)


def _too_long() -> UnreadableError:
    return UnreadableError(413, f"a request's body has at most {MOST_BODY >> 10} KiB")


def _too_large() -> UnreadableError:
    return UnreadableError(431, f"a request's head has at most {MOST_HEAD >> 10} KiB")
