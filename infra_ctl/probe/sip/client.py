"""Questions by UDP, TCP or TLS, and what became of each. Never raises for what others do."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Literal, Self, TypeAlias

from infra_ctl.probe.sip.certificate import Certificate, certificate, unverified
from infra_ctl.probe.sip.datagrams import Datagrams
from infra_ctl.probe.sip.message import Local, MalformedError, Request, Response, Stream, host_text

Transport: TypeAlias = Literal["udp", "tcp", "tls"]
BUSY = (486, 600)
READ = 4096


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where somebody is asked."""

    address: IPv4Address | IPv6Address
    port: int
    transport: Transport
    name: str = ""
    """What TLS is told that we look for; nothing where there is no name."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a question: a final response, or why there is none."""

    response: Response | None = None
    seconds: float = 0.0
    """From the question to its answer, or until it was given up."""
    failure: str = ""
    certificate: Certificate | None = None

    @property
    def status(self) -> int:
        """0 where nobody answered."""
        return self.response.status if self.response else 0

    @property
    def in_words(self) -> str:
        """`200 OK`, or why there is none."""
        return f"{self.status} {self.response.reason}".strip() if self.response else self.failure

    @property
    def is_reached(self) -> bool:
        """Any final response: somebody is there."""
        return self.response is not None

    @property
    def is_healthy(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_degraded(self) -> bool:
        return self.status == 503

    @property
    def is_busy(self) -> bool:
        """It would refuse a call because it is in one (RFC 3261, 11.2: as an INVITE would be answered)."""
        return self.status in BUSY


class Client:
    """Asks within one event loop. By UDP all questions share a socket; over TCP and TLS each has its own."""

    def __init__(self) -> None:
        self._datagrams = Datagrams()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    async def ask(self, endpoint: Endpoint, request: Request, timeout: float) -> Answer:
        """Ask, and wait at most so many seconds."""
        started = time.monotonic()
        asking = _Asking(endpoint, request)
        try:
            if endpoint.transport == "udp":
                asking.is_sent = True
                response = await self._datagrams.ask(endpoint.address, endpoint.port, request, timeout)
            else:
                async with asyncio.timeout(timeout):
                    response = await asking.by_stream()
        except TimeoutError:
            failure = "nobody answers" if asking.is_sent else "no connection in time"
        except ssl.SSLError as error:
            failure = f"no TLS: {(error.reason or 'refused').lower().replace('_', ' ')}"
        except MalformedError as error:
            failure = f"malformed answer: {error}"
        except OSError as error:
            failure = _in_words(error)
        else:
            return Answer(response, time.monotonic() - started, "", asking.shown)
        return Answer(None, time.monotonic() - started, failure, asking.shown)

    def close(self) -> None:
        """In the loop that asked."""
        self._datagrams.close()


class _Asking:
    """One question over a connection; `shown` is the certificate that was seen, answer or none."""

    def __init__(self, endpoint: Endpoint, request: Request) -> None:
        self._endpoint, self._request = endpoint, request
        self.shown: Certificate | None = None
        self.is_sent = False

    async def by_stream(self) -> Response:
        """Ask once: a stream repeats by itself. Raises OSError where there is no connection, or no answer."""
        end, secure = self._endpoint, self._endpoint.transport == "tls"
        reader, writer = await asyncio.open_connection(
            str(end.address),
            end.port,
            ssl=unverified() if secure else None,
            server_hostname=(end.name or str(end.address)) if secure else None,
        )
        try:
            if secure:
                shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
                self.shown = certificate(shown) if shown else None
            writer.write(self._encoded(writer.transport))
            self.is_sent = True
            stream = Stream()
            while read := await reader.read(READ):
                for response in stream.fed(read):
                    if response.is_final and self._request.is_answered_by(response):
                        return response
            raise ConnectionResetError("the connection was closed without an answer")
        finally:
            # What it still has to say is of no use; a goodbye that is not answered would hold us up.
            writer.transport.abort()

    def _encoded(self, transport: asyncio.BaseTransport) -> bytes:
        host, port = transport.get_extra_info("sockname")[:2]
        return self._request.encoded(self._endpoint.transport, Local(host_text(host), port))


async def is_open(address: IPv4Address | IPv6Address, port: int, timeout: float) -> Answer:
    """Whether a TCP port takes connections: all that is asked of H.323. There is no response in it."""
    started = time.monotonic()
    try:
        async with asyncio.timeout(timeout):
            _, writer = await asyncio.open_connection(str(address), port)
    except TimeoutError:
        return Answer(failure="no connection in time", seconds=time.monotonic() - started)
    except OSError as error:
        return Answer(failure=_in_words(error), seconds=time.monotonic() - started)
    writer.transport.abort()
    return Answer(seconds=time.monotonic() - started)


def _in_words(error: OSError) -> str:
    known = {
        ConnectionRefusedError: "refused: nothing listens there",
        PermissionError: "forbidden by this machine's own firewall",
        ConnectionResetError: "the connection was cut",
        socket.gaierror: "no address",
    }
    return known.get(type(error), (error.strerror or str(error) or type(error).__name__).lower())
