"""Rooms and registrars, asked over every transport at once; nobody waits for another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from infra_ctl.monitor.targets import RegistrarTarget, RoomTarget, Transport
from infra_ctl.probe.sip.bindings import Binding, bindings
from infra_ctl.probe.sip.client import Answer, Endpoint, ask, is_open
from infra_ctl.probe.sip.message import options, whereabouts

Where = TypeVar("Where")
What = TypeVar("What")

AT_ONCE = 256
"""Questions under way: each has a socket, and a process may have a thousand."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a registrar knows of a room; `bindings` is None where it does not say."""

    bindings: tuple[Binding, ...] | None
    at: float
    """When it said so, seconds since 1970."""
    failure: str = ""

    def leading_to(self, room: RoomTarget) -> Binding | None:
        """The one that lasts longest of those that lead to the room itself; a name may do that."""
        found = [each for each in self.bindings or () if leads_to(each, room)]
        return max(found, key=lambda each: each.expires or 0, default=None)


def leads_to(binding: Binding, room: RoomTarget) -> bool:
    """Whether a call to it would come to the room. Where a name leads, nobody here can know."""
    if binding.expires == 0 or not binding.host:
        return False
    return binding.address is None or binding.address in room.addresses


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen of a room, or of a registrar, just now."""

    answers: Mapping[Transport, Answer] = field(default_factory=dict)
    """To OPTIONS, by transport; empty of a room that speaks H.323."""
    port: Answer | None = None
    """Of an H.323 room: whether its port is open."""
    entries: Mapping[str, Entry] = field(default_factory=dict)
    """Of a SIP room, by registrar."""

    @property
    def is_up(self) -> bool:
        """Any final response, or an open port."""
        return bool(self.port and not self.port.failure) or any(a.is_reached for a in self.answers.values())

    @property
    def best(self) -> Answer | None:
        """The answer that speaks best for it: healthy, else busy, else any; None where nobody answered."""
        reached = [answer for answer in self.answers.values() if answer.is_reached]
        order = (lambda a: a.is_healthy, lambda a: a.is_busy, lambda a: not a.is_degraded, lambda _a: True)
        return next((a for test in order for a in reached if test(a)), None)

    @property
    def certificate_expiry(self) -> datetime | None:
        """Of what was shown over TLS; None where nothing was, or nothing that could be read."""
        shown = next((a.certificate for a in self.answers.values() if a.certificate), None)
        return shown.expires if shown else None

    @property
    def failures(self) -> str:
        """Why nobody answered, each reason once."""
        failed = [*self.answers.values(), *([self.port] if self.port else [])]
        return ", ".join(dict.fromkeys(answer.failure for answer in failed if answer.failure))


class Looking:
    """Looks at rooms and registrars: as many questions at once as are good, each within `timeout` seconds."""

    def __init__(self, timeout: float, at_once: int = AT_ONCE) -> None:
        self._timeout = timeout
        self._gate = asyncio.Semaphore(at_once)

    async def room(self, room: RoomTarget, registrars: Iterable[RegistrarTarget] = ()) -> Sight:
        """A room itself, and what registrars know of it."""
        if room.protocol == "h323":
            return Sight(port=await self._within(is_open, room.address, room.port))
        registrars = tuple(registrars)
        answers, entries = await asyncio.gather(
            self._answers(room, room.room), asyncio.gather(*(self.entry(room, each) for each in registrars))
        )
        known = zip((each.registrar for each in registrars), entries, strict=True)
        return Sight(answers, entries=dict(known))

    async def registrar(self, registrar: RegistrarTarget) -> Sight:
        """A registrar itself."""
        return Sight(await self._answers(registrar, ""))

    async def entry(self, room: RoomTarget, registrar: RegistrarTarget) -> Entry:
        """What one registrar knows of a room: by UDP, and where that is not answered by TCP."""
        domain = room.registrar or next(iter(registrar.names), str(registrar.address))
        failure = ""
        for transport in ("udp", "tcp"):
            if transport not in registrar.transports:
                continue
            end = Endpoint(registrar.address, registrar.port, transport)
            answer = await self._within(ask, end, whereabouts(room.room, domain))
            if answer.response and answer.is_healthy:
                return Entry(bindings(answer.response), time.time())
            failure = failure or answer.in_words
            if answer.is_reached:
                break
        return Entry(None, time.time(), failure)

    async def _answers(self, target: RoomTarget | RegistrarTarget, user: str) -> Mapping[Transport, Answer]:
        ends = [_end(target, transport) for transport in target.transports]
        asked = (options(user, str(end.address), end.port) for end in ends)
        answers = await asyncio.gather(
            *(self._within(ask, end, what) for end, what in zip(ends, asked, strict=True))
        )
        return dict(zip(target.transports, answers, strict=True))

    async def _within(
        self, ask_: Callable[[Where, What, float], Awaitable[Answer]], where: Where, what: What
    ) -> Answer:
        """Its time begins when it is its turn."""
        async with self._gate:
            return await ask_(where, what, self._timeout)


def _end(target: RoomTarget | RegistrarTarget, transport: Transport) -> Endpoint:
    port = target.tls_port if transport == "tls" else target.port
    name = next(iter(target.names), "") if isinstance(target, RegistrarTarget) else ""
    return Endpoint(target.address, port, transport, name)
