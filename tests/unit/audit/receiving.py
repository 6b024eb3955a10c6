"""Who is told, on the loopback: a real HTTP server and a real mail server that keep what they are told."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

PATIENCE = 120.0
"""Seconds that a slow machine may take to start one."""


@dataclass
class Receiver:
    """An HTTP server; it answers in turn what it is to answer, then 200."""

    answers: list[int] = field(default_factory=list)
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    """Path, headers and body of each request."""
    url: str = ""


@contextmanager
def receiver(*answers: int, tls: tuple[str, str] | None = None) -> Iterator[Receiver]:
    """One at a free port, until the block ends; `tls` is its certificate and key."""
    kept = Receiver([*answers])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.got.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(kept.answers.pop(0) if kept.answers else 200)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = False

        def handle_error(self, *_request: object) -> None:
            """A client that does not trust us hangs up; that is what is tested."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    kept.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Mailbox:
    """A mail server: what it took, and whom it refuses."""

    port: int = 0
    refuses: frozenset[str] = frozenset()
    busy: bool = False
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    letters: list[EmailMessage] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address in self.refuses:
            return "550 5.1.1 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.busy:
            return "451 4.3.2 come again later"
        letter = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        self.to.append(envelope.rcpt_tos)
        return "250 OK"

    def login(self, _server: Any, _session: Any, _envelope: Any, mechanism: str, said: Any) -> AuthResult:
        assert isinstance(said, LoginPassword), mechanism
        self.logins.append((said.login, said.password))
        return AuthResult(success=said.password == b"s3cret", handled=False)


@contextmanager
def mailbox(tls: tuple[str, str] | None = None) -> Iterator[Mailbox]:
    """One at a free port, until the block ends; with a certificate it asks for STARTTLS and a login."""
    kept = Mailbox()
    guarded: dict[str, Any] = {}
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        guarded = {
            "tls_context": context,
            "require_starttls": True,
            "authenticator": kept.login,
            "auth_required": True,
        }
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        kept.port = listener.getsockname()[1]
        controller = _Bound(listener, kept, hostname="127.0.0.1", port=kept.port, **guarded)
        controller.start()
        try:
            yield kept
        finally:
            controller.stop()


class _Bound(Controller):
    """It looks for itself at its port, and so cannot be left to choose one."""

    def __init__(self, listener: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, ready_timeout=PATIENCE, **kwargs)
        self._listener = listener

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._listener, ssl=self.ssl_context)
