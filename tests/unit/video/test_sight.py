"""Rooms on loopback that answer and rooms that never do, looked at together."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from infra_ctl.monitor.targets import RegistrarTarget, RoomTarget
from infra_ctl.probe.sip.client import Answer
from infra_ctl.probe.sip.message import Response
from infra_ctl.video import sight
from infra_ctl.video.sight import SPACING, Looking, Sight

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


class Came(asyncio.Event):
    """Tells of a first connection; and how many there were, and how many together at most."""

    count = now = most = 0

    def enter(self) -> None:
        self.count, self.now = self.count + 1, self.now + 1
        self.most = max(self.most, self.now)
        self.set()


@asynccontextmanager
async def room(*, answers: bool) -> AsyncIterator[tuple[RoomTarget, Came]]:
    """One that takes what it is sent over UDP and TCP."""
    came = Came()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.enter()
        try:
            if answers:
                writer.write(reply(await reader.readuntil(b"\r\n\r\n")))
            await reader.read()
        finally:
            came.now -= 1
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


def test_those_who_never_answer_have_as_many_connections_as_they_may() -> None:
    async def run() -> Came:
        async with room(answers=False) as (dead, came), Looking(0.1, silent_at_once=2) as looking:
            await asyncio.gather(*(looking.room(dead) for _ in range(6)))
            return came

    came = asyncio.run(run())
    assert came.count == 6
    assert came.most <= 3  # one may be told late that it was given up


def test_one_that_speaks_no_udp_and_was_up_stands_in_no_line() -> None:
    async def run() -> bool:
        async with (
            room(answers=False) as (dead, came),
            room(answers=True) as (living, _),
            Looking(30, silent_at_once=1) as looking,
        ):
            mute, fluent = (replace(each, transports=("tcp",)) for each in (dead, living))
            waiting = asyncio.create_task(looking.room(mute, was_up=False))
            await came.wait()
            behind = asyncio.create_task(looking.room(fluent, was_up=False))
            sight = await looking.room(fluent, was_up=True)
            is_behind = not behind.done()
            for task in (waiting, behind):
                task.cancel()
            await asyncio.gather(waiting, behind, return_exceptions=True)
            return sight.is_up and is_behind

    assert asyncio.run(run())


def test_in_a_hurry_no_transport_waits_for_another() -> None:
    async def run() -> bool:
        async with room(answers=False) as (dead, came), Looking(30, hurry=True) as looking:
            task = asyncio.create_task(looking.room(dead))
            await asyncio.wait_for(came.wait(), 20)  # while the question by UDP is still under way
            is_under_way = not task.done()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return is_under_way

    assert asyncio.run(run())


@pytest.mark.parametrize("speaks_tcp", [True, False])
def test_a_registrar_is_asked_by_tcp_only_where_it_answers_that_itself(*, speaks_tcp: bool) -> None:
    async def run() -> tuple[str, int]:
        async with room(answers=False) as (silent, came), Looking(0.1) as looking:
            registrar = RegistrarTarget("reg", "s", LOOPBACK, ("udp", "tcp"), ("x",), port=silent.port)
            asked = RoomTarget("r", "s", "sip", LOOPBACK, (), "x", "720p", "m")
            own = asyncio.get_running_loop().create_future()
            own.set_result(Sight({"tcp": Answer(Response(200, "", {}) if speaks_tcp else None)}))
            sight = await looking.room(asked, [registrar], own={registrar: own})
            return sight.entries["reg"].failure, came.count

    assert asyncio.run(run()) == ("nobody answers", int(speaks_tcp))


def test_a_registrar_is_not_asked_for_all_rooms_in_one_breath(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async def ask(*_: object) -> Answer:
        return Answer(Response(200, "", {}))

    async def run() -> None:
        registrars = [RegistrarTarget(name, "s", LOOPBACK, ("udp",), ("x",)) for name in ("first", "second")]
        asked = RoomTarget("r", "s", "sip", LOOPBACK, (), "x", "720p", "m")
        async with Looking(1) as looking:
            for _ in range(3):
                await looking.room(asked, registrars)

    monkeypatch.setattr(sight.Client, "ask", ask)
    monkeypatch.setattr(sight.asyncio, "sleep", sleep)
    monkeypatch.setattr(sight.time, "monotonic", lambda: 1000.0)
    asyncio.run(run())
    assert waited == pytest.approx([0, 0, SPACING, SPACING, 2 * SPACING, 2 * SPACING])
