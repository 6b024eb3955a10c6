"""What is answered to a request: pages, scrapes, probes and orders to the exporter. Knows no sockets."""

from __future__ import annotations

import gzip
import html
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from traceback import extract_tb
from urllib.parse import parse_qs

import click

from exporters.catalogue import Group
from exporters.serving import exposition
from exporters.serving.exporter import Exporter, MultiTarget, Page, Publisher
from exporters.serving.exposition import Block
from exporters.serving.itself import Itself
from exporters.serving.protection import Guard
from exporters.serving.wishes import takes_gzip, takes_openmetrics
from infra_ctl.errors import InfraCtlError, UnknownError

PLAIN = "text/plain; charset=utf-8"
READING = ("GET", "HEAD")
CHANGING = ("POST", "PUT")
WORTH_PACKING = 1024
"""Bytes below which gzip costs more than it saves."""
USUAL_TIMEOUT, OFFSET, LONGEST = 10.0, 0.5, 120.0
"""Seconds: where Prometheus names none, what is left for the answer's own way, and at the very most."""


@dataclass(frozen=True, slots=True)
class Request:
    """What matters of a request. Header names are in lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: int
    body: bytes = b""
    content_type: str = PLAIN
    headers: Mapping[str, str] = field(default_factory=dict)


def said(status: int, line: str, **headers: str) -> Answer:
    """One line for people; `Retry_After` and the like are headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, f"{line}\n".encode(), headers=named)


@dataclass(frozen=True, slots=True)
class Orders:
    """What a request may make the exporter do."""

    reload: Callable[[], str]
    """Read the inventory again; what went wrong, empty where nothing did."""
    is_lifecycle: bool = False
    """Whether requests may give that order, too."""


class Routes:
    """All pages of one exporter."""

    def __init__(
        self, group: Group, exporter: Exporter, itself: Itself, orders: Orders, *, most_at_once: int = 16
    ) -> None:
        self._group, self._exporter, self._itself, self._orders = group, exporter, itself, orders
        self._scrapes, self._probes = BoundedSemaphore(most_at_once), BoundedSemaphore(most_at_once)
        self.is_ready = False

    def answer(self, request: Request, guard: Guard) -> Answer:
        """Never raises: what goes wrong is an answer, too."""
        try:
            found = _refused(request, guard) or self._routed(request)
        except Exception as error:  # noqa: BLE001 - an exporter is a plug-in: its defect ends no server
            click.echo(f"{self._group.name}: {request.path}: {where(error)}", err=True)
            found = said(500, "this request met a defect of the exporter; its log says where")
        if found.status >= 400:
            self._itself.rejected()
        return found

    def _routed(self, request: Request) -> Answer:
        pages = self._exporter.pages() if isinstance(self._exporter, Publisher) else {}
        if request.path == "/-/reload":
            return _only(CHANGING, request) or self._reload()
        if refused := _only(READING, request):
            known = request.path in self._paths or request.path in pages
            return refused if known else _unknown(request)
        if request.path in pages:
            page = pages[request.path]
            return Answer(200, page.body, page.content_type)
        return self._own(request, pages)

    @property
    def _paths(self) -> tuple[str, ...]:
        probes = ("/probe",) if isinstance(self._exporter, MultiTarget) else ()
        return ("/", "/metrics", "/-/healthy", "/-/ready", *probes)

    def _own(self, request: Request, pages: Mapping[str, Page]) -> Answer:
        if request.path == "/":
            return Answer(200, self._landing(pages), "text/html; charset=utf-8")
        if request.path == "/-/healthy":
            return said(200, "healthy")
        if request.path == "/-/ready":
            return said(200, "ready") if self.is_ready else said(503, "not ready", Retry_After="1")
        if request.path == "/metrics":
            return _at_most(self._scrapes, lambda: packed(request, self._metrics(request)))
        if request.path == "/probe" and isinstance(self._exporter, MultiTarget):
            exporter = self._exporter
            return _at_most(self._probes, lambda: packed(request, probed(exporter, request)))
        return _unknown(request)

    def _metrics(self, request: Request) -> Answer:
        try:
            return exposed(request, [*self._exporter.collect(), *self._itself.collect()])
        except InfraCtlError as error:
            return said(500, str(error))

    def _reload(self) -> Answer:
        if not self._orders.is_lifecycle:
            return said(403, "reloading by request is off: start with --web.enable-lifecycle, or send SIGHUP")
        failure = self._orders.reload()
        return (
            said(500, f"the inventory before this one stays: {failure}") if failure else said(200, "reloaded")
        )

    def _landing(self, pages: Mapping[str, Page]) -> bytes:
        """For people who open the port in a browser."""
        paths = [path for path in (*self._paths, *pages) if path not in ("/", "/probe")]
        links = "".join(f'<li><a href="{html.escape(path)}">{html.escape(path)}</a>' for path in paths)
        about = html.escape(self._group.about)
        probe = "<li>/probe?target=TARGET&amp;module=MODULE" if "/probe" in self._paths else ""
        title = f"infra-ctl {self._group.name} exporter"
        return (
            f"<!DOCTYPE html>\n<html lang=en><meta charset=utf-8><title>{title}</title>\n"
            f"<h1>{title}</h1>\n<p>{about}\n<ul>{links}{probe}</ul>\n"
        ).encode()


def _at_most(room: BoundedSemaphore, work: Callable[[], Answer]) -> Answer:
    """Work for so many requests at a time; one more is to come again."""
    if not room.acquire(blocking=False):
        return said(503, "too many requests at a time", Retry_After="1")
    try:
        return work()
    finally:
        room.release()


def probed(exporter: MultiTarget, request: Request) -> Answer:
    """One target, looked at now."""
    given = parse_qs(request.query, keep_blank_values=True)
    target, module = (given.get(name, [""])[-1] for name in ("target", "module"))
    if not target:
        return said(400, "which target? /probe?target=TARGET")
    try:
        timeout = _timeout(request.headers.get("x-prometheus-scrape-timeout-seconds"))
    except ValueError as error:
        return said(400, str(error))
    told: list[str] = []
    try:
        blocks = list(exporter.probe(target, module, timeout, told.append))
    except UnknownError as error:
        return said(400, str(error))
    except InfraCtlError as error:
        return said(500, str(error))
    if given.get("debug") == ["true"]:
        log = "".join(f"{line}\n" for line in (*told, "", "metrics:"))
        return Answer(200, log.encode() + exposition.text(blocks))
    return exposed(request, blocks)


def _timeout(header: str | None) -> float:
    """Seconds that a probe may take so that its answer still comes in time."""
    try:
        seconds = float(header) if header else USUAL_TIMEOUT
    except ValueError:
        seconds = 0
    if not 0 < seconds < float("inf"):
        raise ValueError(f"X-Prometheus-Scrape-Timeout-Seconds: {header!r} is no number of seconds")
    return min(LONGEST, max(seconds - OFFSET, seconds / 2))


def exposed(request: Request, blocks: Iterable[Block]) -> Answer:
    """In the format that the request asks for."""
    if takes_openmetrics(request.headers.get("accept", "")):
        return Answer(200, exposition.openmetrics(blocks), exposition.OPENMETRICS)
    return Answer(200, exposition.text(blocks), exposition.TEXT)


def packed(request: Request, answer: Answer) -> Answer:
    """As gzip, where the request takes that: the fastest level, for most of it is the same words again."""
    headers, body = {**answer.headers, "Vary": "Accept, Accept-Encoding"}, answer.body
    if len(body) >= WORTH_PACKING and takes_gzip(request.headers.get("accept-encoding", "")):
        body, headers["Content-Encoding"] = gzip.compress(body, compresslevel=1, mtime=0), "gzip"
    return Answer(answer.status, body, answer.content_type, headers)


def _refused(request: Request, guard: Guard) -> Answer | None:
    """By the web configuration; it covers every path."""
    if guard.bucket is not None and not guard.bucket.takes():
        return said(429, "too many requests", Retry_After="1")
    if guard.passwords is None or guard.passwords.lets_in(request.headers.get("authorization", "")):
        return None
    return said(401, "who is it?", WWW_Authenticate="Basic")


def _only(methods: tuple[str, ...], request: Request) -> Answer | None:
    if request.method in methods:
        return None
    return said(405, f"{request.path} takes {' and '.join(methods)}", Allow=", ".join(methods))


def _unknown(request: Request) -> Answer:
    return said(404, f"there is no page {request.path!r}; / lists them")


def where(error: BaseException) -> str:
    """A defect on one line: what, and the last place that it came by."""
    last = extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {' '.join(str(error).split())} ({last.filename}:{last.lineno})"
