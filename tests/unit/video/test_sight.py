"""Rooms on loopback that answer and rooms that never do, looked at together."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any

from infra_ctl.monitor.targets import RoomTarget
from infra_ctl.video.sight import Looking

LOOPBACK = ip_address("127.0.0.1")
DEAD = 50


def reply(request: bytes) -> bytes:
    via = re.search(r"^Via: .*$", request.decode(), re.MULTILINE)
    assert via is not None
    return f"SIP/2.0 200 OK\r\n{via[0].strip()}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n".encode()


class Ears(asyncio.DatagramProtocol):
    def __init__(self, *, answers: bool) -> None:
        self.answers = answers

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if self.answers:
            self.transport.sendto(reply(data), addr)


@asynccontextmanager
async def room(*, answers: bool) -> AsyncIterator[tuple[RoomTarget, asyncio.Event]]:
    """One that takes what it is sent over UDP and TCP; the event tells of its first connection."""
    came = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.set()
        try:
            if answers:
                writer.write(reply(await reader.readuntil(b"\r\n\r\n")))
            await reader.read()
        finally:
            writer.transport.abort()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    loop = asyncio.get_running_loop()
    ears, _ = await loop.create_datagram_endpoint(lambda: Ears(answers=answers), ("127.0.0.1", port))
    try:
        yield RoomTarget("r", "s", "sip", LOOPBACK, ("udp", "tcp"), None, "720p", "m", port=port), came
    finally:
        ears.close()
        listening.close()


async def looked() -> tuple[dict[str, int], int]:
    """What a living room says, and how many dead ones were still looked at then, of `DEAD`."""
    async with (
        room(answers=False) as (dead, came),
        room(answers=True) as (living, _),
        Looking(0.5, silent_at_once=1) as looking,
    ):
        begun = [asyncio.create_task(looking.room(dead)) for _ in range(DEAD)]
        await came.wait()  # from now on they stand in a line, half a minute long
        sight = await looking.room(living)
        left = sum(not task.done() for task in begun)
        for task in begun:
            task.cancel()
        await asyncio.gather(*begun, return_exceptions=True)
    return {transport: answer.status for transport, answer in sight.answers.items()}, left


def test_who_answers_does_not_wait_for_those_who_never_do() -> None:
    statuses, left = asyncio.run(looked())
    assert statuses == {"udp": 200, "tcp": 200}
    assert left > 0


def test_who_never_answers_is_told_by_every_transport() -> None:
    async def run() -> list[str]:
        async with room(answers=False) as (dead, _), Looking(0.1) as looking:
            sight = await looking.room(dead)
            assert not sight.is_up
            return [answer.failure for answer in sight.answers.values()]

    assert asyncio.run(run()) == ["nobody answers", "nobody answers"]
