"""What a Prometheus answers over its HTTP API; where a city's is, and how one logs in there."""

from __future__ import annotations

import json
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from infra_ctl.city import City
from infra_ctl.errors import UnusableError
from infra_ctl.monitor.jobs import monitoring_hosts
from infra_ctl.monitor.stack import PROMETHEUS, Stack

PATIENCE = 30.0
"""Seconds for one question, from the first packet to the last."""
MOST = 64 << 20
"""Bytes of an answer."""


@dataclass(frozen=True, slots=True)
class Server:
    """A Prometheus, and how it is spoken to."""

    url: str
    name: str = ""
    """On its certificate, where that is not the address's."""
    authority: str = ""
    """File of who has signed it; those that the machine knows without."""
    user: str = ""
    password: str = field(default="", repr=False)
    """Goes nowhere without TLS."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The value of one series."""

    labels: Mapping[str, str]
    value: float

    def __str__(self) -> str:
        """As Prometheus writes it."""
        name = self.labels.get("__name__", "")
        labels = ",".join(f'{key}="{each}"' for key, each in sorted(self.labels.items()) if key != "__name__")
        return f"{name}{{{labels}}} {self.value:.6g}"


def servers(city: City, resolve: Callable[[str], str], url: str, *, is_plain: bool) -> tuple[Server, ...]:
    """The one at a URL, or without one those of the monitoring hosts, the data centre's first.

    `resolve` gives a secret for its reference. Raises SecretError, and UnusableError for what is no URL.
    """
    stacks = [Stack(city, host, "http", is_plain) for host in monitoring_hosts(city)]
    if not url:
        return tuple(_guarded(stack, stack.url(PROMETHEUS), resolve) for stack in stacks)
    address = checked(url)
    known = next((stack for stack in stacks if stack.own(PROMETHEUS) == address.netloc), None)
    if known is not None and address.scheme == "https":
        return (_guarded(known, url, resolve),)
    web = city.inventory.monitoring.web
    if address.scheme == "http" or web is None or is_plain:
        return (Server(url),)
    return (Server(url, "", web.authority, web.user, resolve(web.secret)),)


def _guarded(stack: Stack, url: str, resolve: Callable[[str], str]) -> Server:
    if (web := stack.web) is None:
        return Server(url)
    return Server(url, stack.server_name, web.authority, web.user, resolve(web.secret))


def checked(url: str) -> SplitResult:
    """The parts of an address of a Prometheus. Raises UnusableError where it is none."""
    try:
        found = urlsplit(url)
        is_one = found.scheme in ("http", "https") and bool(found.hostname) and (found.port or 1) > 0
    except ValueError:
        is_one = False
    if not is_one:
        raise UnusableError(f"'{url}' is no address of a Prometheus, such as https://10.19.0.19:9090")
    if found.username or found.password:
        raise UnusableError(
            "put no password into the address of Prometheus: monitoring.yaml says who logs in"
        )
    return found


def ask(server: Server, query: str, at: float, *, patience: float = PATIENCE) -> tuple[Sample, ...]:
    """The series that an expression has at a time. Raises UnusableError where that cannot be told."""
    try:
        status, body = _fetched(server, urlencode({"query": query, "time": f"{at:.3f}"}), patience)
    except (OSError, HTTPException) as exc:  # certificates too: an SSLError is an OSError
        raise UnusableError(f"{server.url} does not answer: {_cause(exc)}") from exc
    if status in _CLOSED:
        raise UnusableError(f"{server.url} lets nobody in as '{server.user}'")
    try:
        said = json.loads(body)
        # A warning tells that some of it may be missing.
        against = said.get("error") or " ".join(said.get("warnings", ()))
        found = () if against else tuple(map(_sample, said["data"]["result"]))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as exc:
        raise UnusableError(f"{server.url} answers HTTP {status}, and not as a Prometheus does") from exc
    if against:
        raise UnusableError(f"{server.url} answers {query} with: {' '.join(against.split())}")
    return found


_CLOSED = (401, 403)


def _sample(series: Any) -> Sample:
    return Sample(dict(series["metric"]), float(series["value"][1]))


def _fetched(server: Server, form: str, patience: float) -> tuple[int, bytes]:
    url, ends = checked(server.url), time.monotonic() + patience
    connection = HTTPConnection(url.hostname or "", url.port or _PORTS[url.scheme], timeout=patience)
    try:
        connection.connect()
        if url.scheme == "https":
            trusted = ssl.create_default_context(cafile=server.authority or None)
            connection.sock = trusted.wrap_socket(
                connection.sock, server_hostname=server.name or url.hostname
            )
        headers = {"Content-Type": "application/x-www-form-urlencoded", **_login(server, url)}
        connection.request("POST", f"{url.path.rstrip('/')}/api/v1/query", form, headers)
        answer = connection.getresponse()
        return answer.status, b"".join(_pieces(answer, ends))
    finally:
        connection.close()


_PORTS = {"http": 80, "https": 443}


def _pieces(answer: HTTPResponse, ends: float) -> Iterator[bytes]:
    """Whoever answers byte by byte, or without an end, is not listened to for ever."""
    size = 0
    while piece := answer.read1(1 << 16):
        size += len(piece)
        if size > MOST:
            raise OSError(f"more than {MOST} bytes")
        if time.monotonic() > ends:
            raise TimeoutError("timed out")
        yield piece


def _login(server: Server, url: SplitResult) -> Mapping[str, str]:
    if not server.user or url.scheme != "https":
        return {}
    pair = b64encode(f"{server.user}:{server.password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def _cause(exc: Exception) -> str:
    if isinstance(exc, ssl.SSLCertVerificationError):
        return f"its certificate: {exc.verify_message}"
    said = exc.strerror if isinstance(exc, OSError) else None
    return " ".join((said or f"{exc}" or type(exc).__name__).split())
