"""An exporter of the tests, served on loopback in this process, and a client that shows every byte."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest

from exporters.catalogue import METRICS, PATH
from exporters.serving import Block, Page, one
from exporters.serving.itself import Itself
from exporters.serving.listening import MOST_CONNECTIONS, Address, begin, end, listen
from exporters.serving.protection import FileProtection, Unprotected
from exporters.serving.reloading import Reloading
from exporters.serving.routes import Orders, Routes
from exporters.serving.running import Serving
from infra_ctl.errors import UnknownError, UnusableError


class Fake:
    """Measures one gauge, probes the target `room`, has a page, and waits where a test says so."""

    def __init__(self) -> None:
        self.value = 1.0
        self.configured: list[Path] = []
        self.is_bad = False
        self.defect: Exception | None = None
        self.gate: Event | None = None
        self.probe_gate: Event | None = None
        self.probing = Event()
        self.inside = Event()
        self.timeouts: list[float] = []

    def configure(self, inventory: Path) -> None:
        if self.is_bad:
            raise UnusableError("the inventory of the test is bad")
        self.configured.append(inventory)

    def collect(self) -> Iterable[Block]:
        self.inside.set()
        if self.gate is not None:
            self.gate.wait(60)
        if self.defect is not None:
            raise self.defect
        yield one(METRICS["infra_path_targets"], self.value)

    def close(self) -> None:
        pass

    def probe(self, target: str, module: str, timeout: float, say: Callable[[str], None]) -> Iterable[Block]:
        self.timeouts.append(timeout)
        self.probing.set()
        if self.probe_gate is not None:
            self.probe_gate.wait(60)
        if target != "room":
            raise UnknownError(f"there is no room '{target}'")
        if module not in ("", "sip"):
            raise UnknownError(f"there is no module '{module}'; there is sip")
        say(f"asked {target}")
        yield one(METRICS["infra_room_up"], 1, target)

    def pages(self) -> Mapping[str, Page]:
        return {"/sd/node": Page("application/json", b"[]")}


@dataclass(frozen=True, slots=True)
class Response:
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True, slots=True)
class Served:
    """A running server, and how to speak to it."""

    exporter: Fake
    itself: Itself
    serving: Serving
    port: int
    context: ssl.SSLContext | None = None
    said: list[str] = field(default_factory=list)

    def connect(self, context: ssl.SSLContext | None = None) -> socket.socket:
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        context = context or self.context
        return context.wrap_socket(plain, server_hostname="localhost") if context else plain

    def send(self, data: bytes, context: ssl.SSLContext | None = None) -> Response:
        with self.connect(context) as connection:
            with suppress(ConnectionError):  # it may have its answer before it has sent all
                connection.sendall(data)
            return received(connection)

    def get(self, path: str, method: str = "GET", **headers: str) -> Response:
        named = {"Host": "localhost", "Connection": "close"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        return self.send(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode())

    def metric(self, name: str) -> float:
        """Of what the exporter says of itself."""
        found = next(block for block in self.itself.collect() if block.metric.name == name)
        return float(found.lines.split()[-1])


def received(connection: socket.socket) -> Response:
    data = b""
    with suppress(ConnectionError):  # what the server has not read makes its end a reset
        while chunk := connection.recv(65536):
            data += chunk
    if not data:
        raise ConnectionResetError("nothing came back")
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    return Response(int(lines[0].split()[1]), {name.lower(): v for name, v in headers.items()}, body)


Serve = Callable[..., Served]


@pytest.fixture
def serve_fake(tmp_path: Path) -> Iterator[Serve]:
    """Serve a Fake, protected by a web configuration file where one is named."""
    with ExitStack() as running:

        def started(
            web: Path | None = None,
            *,
            context: ssl.SSLContext | None = None,
            is_lifecycle: bool = True,
            most_at_once: int = 16,
            most: int = MOST_CONNECTIONS,
        ) -> Served:
            exporter, itself, said = Fake(), Itself("path"), list[str]()
            reloading = Reloading(exporter.configure, tmp_path, itself.reloaded)
            reloading.first()
            orders = Orders(reloading.again, is_lifecycle)
            routes = Routes(PATH, exporter, itself, orders, most_at_once=most_at_once)
            routes.is_ready = True
            protection = FileProtection(web, said.append) if web else Unprotected()
            serving = Serving(protection, routes, itself)
            port = running.enter_context(_listening(serving, most))
            return Served(exporter, itself, serving, port, context, said)

        yield started


@contextmanager
def _listening(serving: Serving, most: int) -> Iterator[int]:
    listeners = listen((Address("127.0.0.1", 0),), serving, most)
    begin(listeners)
    try:
        yield int(listeners[0].server_address[1])
    finally:
        end(listeners)
