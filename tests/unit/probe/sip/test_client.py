"""Questions to servers that answer late, wrongly, in pieces or not at all."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from infra_ctl.lab.rooms import certificate
from infra_ctl.probe.sip import datagrams
from infra_ctl.probe.sip.client import Answer, Client, Endpoint, is_open
from infra_ctl.probe.sip.datagrams import waits
from infra_ctl.probe.sip.message import options

LOOPBACK = ip_address("127.0.0.1")
Reply = Callable[[bytes, int], list[bytes]]
"""What a server says to a request, and the how many-th it is."""


def reply(request: bytes, status: str, branch: str = "") -> bytes:
    text = request.decode()
    via = re.search(r"^Via: .*$", text, re.MULTILINE)
    assert via is not None
    line = re.sub("branch=.*", f"branch={branch}", via[0]) if branch else via[0].strip()
    return f"SIP/2.0 {status}\r\n{line}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n".encode()


class Server(asyncio.DatagramProtocol):
    def __init__(self, replies: Reply) -> None:
        self.replies, self.requests = replies, 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.requests += 1
        for each in self.replies(data, self.requests):
            self.transport.sendto(each, addr)


async def asked(end: Endpoint, timeout: float) -> Answer:
    async with Client() as client:
        return await client.ask(end, options("a", "127.0.0.1", end.port), timeout)


def asked_by_udp(replies: Reply, timeout: float = 10) -> tuple[Answer, int]:
    async def run() -> tuple[Answer, int]:
        loop = asyncio.get_running_loop()
        transport, server = await loop.create_datagram_endpoint(lambda: Server(replies), ("127.0.0.1", 0))
        try:
            port = transport.get_extra_info("sockname")[1]
            found = await asked(Endpoint(LOOPBACK, port, "udp"), timeout)
            return found, server.requests
        finally:
            transport.close()

    return asyncio.run(run())


def test_a_request_that_was_lost_is_repeated() -> None:
    found, requests = asked_by_udp(lambda data, number: [reply(data, "200 OK")] if number == 2 else [])
    assert (found.status, found.in_words, requests) == (200, "200 OK", 2)
    assert found.seconds >= 0.5  # T1: counted from the first


def test_it_is_repeated_at_the_times_of_rfc_3261() -> None:
    assert list(islice(waits(), 6)) == [0.5, 1, 2, 4, 4, 4]


def test_rubbish_strangers_and_provisional_answers_are_not_the_answer() -> None:
    def replies(data: bytes, _number: int) -> list[bytes]:
        stranger = reply(data, "200 OK", branch="z9hG4bKelse")
        return [b"\x00", stranger, reply(data, "100 Trying"), reply(data, "503 Full")]

    found, _ = asked_by_udp(replies)
    assert (found.status, found.is_reached, found.is_healthy, found.is_degraded) == (503, True, False, True)


def test_one_who_is_at_it_is_asked_again_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 3261, 17.1.2.2: after a provisional answer T2 apart; else it would be four times in this second."""
    monkeypatch.setattr(datagrams, "T1", 0.1)
    _, requests = asked_by_udp(lambda data, _number: [reply(data, "100 Trying")], timeout=1.0)
    assert requests <= 3


def test_nobody_who_answers_is_given_up_in_time() -> None:
    found, requests = asked_by_udp(lambda _data, _number: [], timeout=0.8)
    assert (found.status, found.is_reached, found.failure, requests) == (0, False, "nobody answers", 2)


def served(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    use: Callable[[int], Awaitable[Answer]],
    context: ssl.SSLContext | None = None,
) -> Answer:
    @asynccontextmanager
    async def server() -> Any:
        async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await serve(reader, writer)
            finally:
                writer.transport.abort()

        listening = await asyncio.start_server(one, "127.0.0.1", 0, ssl=context)
        async with listening:
            yield listening.sockets[0].getsockname()[1]

    async def run() -> Answer:
        async with server() as port:
            return await use(port)

    return asyncio.run(run())


async def in_pieces(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    said = reply(await reader.readuntil(b"\r\n\r\n"), "486 Busy Here")
    for at in range(0, len(said), 7):
        writer.write(said[at : at + 7])
        await writer.drain()
        await asyncio.sleep(0)


def over(transport: Any, timeout: float = 10) -> Callable[[int], Awaitable[Answer]]:
    return lambda port: asked(Endpoint(LOOPBACK, port, transport), timeout)


async def curious(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    asked = await reader.readuntil(b"\r\n\r\n")
    question = (
        b"OPTIONS sip:infra-ctl@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP x;branch=z9hG4bKx\r\nl: 2\r\n\r\nhi"
    )
    writer.write(question + reply(asked, "200 OK"))
    await writer.drain()


def test_who_asks_something_first_is_heard_out() -> None:
    assert served(curious, over("tcp")).in_words == "200 OK"


def test_an_answer_in_pieces_is_put_together() -> None:
    found = served(in_pieces, over("tcp"))
    assert (found.status, found.is_busy) == (486, True)


@pytest.mark.parametrize("days", [30, -30])
def test_a_certificate_is_read_that_nobody_would_trust(days: int, tmp_path: Path) -> None:
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
    (tmp_path / "both.pem").write_bytes(certificate("hall", end))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    found = served(in_pieces, over("tls"), context)
    assert found.status == 486
    assert found.certificate is not None
    assert (found.certificate.subject, found.certificate.expires) == ("CN=hall", end)


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"220 mail.example ESMTP\r\n\r\n")
    await writer.drain()


async def gone(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("serve", "transport", "failure"),
    [
        (silent, "tcp", "nobody answers"),
        (silent, "tls", "no connection in time"),
        (rude, "tcp", "malformed answer: does not begin as a SIP response"),
        (gone, "tcp", "the connection was cut"),
    ],
)
def test_what_is_no_answer_is_a_failure_in_words(serve: Any, transport: str, failure: str) -> None:
    found = served(serve, over(transport, 0.5 if serve is silent else 10))
    assert not found.is_reached
    assert found.failure.startswith(failure)


def test_a_shut_port_is_told_at_once() -> None:
    async def run() -> tuple[Answer, Answer, Answer]:
        shut = await asyncio.start_server(lambda _reader, writer: writer.transport.abort(), "127.0.0.1", 0)
        port = shut.sockets[0].getsockname()[1]
        opened = await is_open(LOOPBACK, port, 10)
        shut.close()
        await shut.wait_closed()
        return opened, await is_open(LOOPBACK, port, 10), await over("udp")(port)

    opened, shut, by_udp = asyncio.run(run())
    assert (opened.failure, shut.failure, by_udp.failure) == ("", *["refused: nothing listens there"] * 2)


def test_a_shut_port_is_told_to_who_asked_it_and_to_nobody_else() -> None:
    """All questions by UDP share a socket; one that answers late is asked beside many shut ports."""

    async def run() -> tuple[Answer, list[Answer]]:
        loop = asyncio.get_running_loop()
        late, _ = await loop.create_datagram_endpoint(
            lambda: Server(lambda data, number: [reply(data, "200 OK")] if number == 2 else []),
            ("127.0.0.1", 0),
        )
        shut, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, ("127.0.0.1", 0))
        port, nobodys = (each.get_extra_info("sockname")[1] for each in (late, shut))
        shut.abort()
        await asyncio.sleep(0)
        async with Client() as client:

            async def ask(port: int) -> Answer:
                return await client.ask(Endpoint(LOOPBACK, port, "udp"), options("a", "a", port), 20)

            found, *refused = await asyncio.gather(ask(port), *(ask(nobodys) for _ in range(50)))
        late.abort()
        return found, refused

    found, refused = asyncio.run(run())
    assert found.status == 200
    assert {each.failure for each in refused} == {"refused: nothing listens there"}


def unreachable(asker: int, port: int) -> bytes:
    """ICMP: no such port at loopback. Of what it is about there is UDP's header, and no more (RFC 792)."""
    sent = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 428, 0, 0, 64, 17, 0, *[LOOPBACK.packed] * 2)
    quoted = sent + struct.pack("!HHHH", asker, port, 408, 0)
    words = struct.unpack(f"!{len(quoted) // 2}H", quoted)
    folded = (0x0303 + sum(words)) % 0xFFFF
    return struct.pack("!BBHI", 3, 3, 0xFFFF - folded, 0) + quoted


@pytest.mark.skipif(os.geteuid() != 0, reason="only root says what a router says")
def test_a_refusal_without_the_question_is_told_to_who_asked_there_and_to_nobody_else() -> None:
    async def run() -> list[Answer]:
        loop = asyncio.get_running_loop()

        class Refused(Server):
            def datagram_received(self, data: bytes, addr: Any) -> None:
                router.sendto(unreachable(addr[1], self.transport.get_extra_info("sockname")[1]), addr)

        def late(data: bytes, number: int) -> list[bytes]:
            return [reply(data, "200 OK")] if number == 2 else []

        there = ("127.0.0.1", 0)
        refused, _ = await loop.create_datagram_endpoint(lambda: Refused(lambda *_: []), there)
        other, _ = await loop.create_datagram_endpoint(lambda: Server(late), there)
        ports = [each.get_extra_info("sockname")[1] for each in (refused, other)]
        try:
            async with Client() as client:
                ends = [Endpoint(LOOPBACK, port, "udp") for port in ports]
                asking = (client.ask(end, options("a", "a", end.port), 20) for end in ends)
                return list(await asyncio.gather(*asking))
        finally:
            refused.abort()
            other.abort()

    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as router:
        found, other = asyncio.run(run())
    assert (found.failure, other.status) == ("refused: nothing listens there", 200)


def test_what_another_peer_says_is_no_answer() -> None:
    """Somebody who knows the branch, from another port."""

    async def run() -> Answer:
        loop = asyncio.get_running_loop()
        stranger, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, ("127.0.0.1", 0))

        class Relay(Server):
            def datagram_received(self, data: bytes, addr: Any) -> None:
                stranger.sendto(reply(data, "200 OK"), addr)

        asked_, _ = await loop.create_datagram_endpoint(lambda: Relay(lambda *_: []), ("127.0.0.1", 0))
        try:
            port = asked_.get_extra_info("sockname")[1]
            return await asked(Endpoint(LOOPBACK, port, "udp"), 0.8)
        finally:
            asked_.abort()
            stranger.abort()

    assert asyncio.run(run()).failure == "nobody answers"
