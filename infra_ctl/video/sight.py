"""Rooms and registrars, asked over every transport at once; nobody waits for another."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Awaitable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from infra_ctl.monitor.targets import RegistrarTarget, RoomTarget, Transport
from infra_ctl.probe.sip.bindings import Binding, bindings
from infra_ctl.probe.sip.client import Answer, Client, Endpoint, is_open
from infra_ctl.probe.sip.message import Request, options, whereabouts

AT_ONCE = 256
"""Connections under way, each with a socket: to those who answer, and, beside them, to those who do not."""
MOST_SILENT = 4096
"""Connections under way at most to those who do not answer: ten thousand of them in half a minute."""
SPARE_FILES = 512
"""Of those that the process may open: for whoever scrapes, and for whoever answers."""
SPACING = 0.002
"""Seconds between two questions to one registrar: what a whole city knows is not asked of it in one burst."""


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

    @classmethod
    def failed(cls, target: RoomTarget | RegistrarTarget, cause: str) -> Self:
        """Nothing could be seen."""
        if isinstance(target, RoomTarget) and target.protocol == "h323":
            return cls(port=Answer(failure=cause))
        return cls({transport: Answer(failure=cause) for transport in target.transports})

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
    """Looks at rooms and registrars in one event loop, a question within `timeout` seconds of its turn.

    Questions by UDP wait for nobody, however many there are. Only the connections of TCP and TLS do: of those
    who have just answered by UDP among themselves, and of all others, who may be dead, among themselves.
    In a `hurry` nobody is asked by UDP first: all connections are made as to those who may be dead.
    """

    def __init__(self, timeout: float, silent_at_once: int = AT_ONCE, *, hurry: bool = False) -> None:
        self._timeout, self._hurry = timeout, hurry
        self._free: dict[RegistrarTarget, float] = {}
        self._client = Client()
        self._answering, self._silent = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(silent_at_once)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    async def room(
        self,
        room: RoomTarget,
        registrars: Iterable[RegistrarTarget] = (),
        *,
        was_up: bool = True,
        own: Mapping[RegistrarTarget, Awaitable[Sight]] | None = None,
    ) -> Sight:
        """A room itself, and what registrars know of it; `was_up` tells of one that speaks no UDP.

        `own` is what is seen of the registrars themselves just now, where somebody looks.
        """
        if room.protocol == "h323":
            async with self._gate(is_there=was_up):
                return Sight(port=await is_open(room.address, room.port, self._timeout))
        registrars = tuple(registrars)
        answers, entries = await asyncio.gather(
            self._answers(room, room.room, was_up=was_up),
            asyncio.gather(*(self._entry(room, each, (own or {}).get(each)) for each in registrars)),
        )
        known = zip((each.registrar for each in registrars), entries, strict=True)
        return Sight(answers, entries=dict(known))

    async def registrar(self, registrar: RegistrarTarget, *, was_up: bool = True) -> Sight:
        """A registrar itself."""
        return Sight(await self._answers(registrar, "", was_up=was_up))

    async def _entry(
        self, room: RoomTarget, registrar: RegistrarTarget, own: Awaitable[Sight] | None
    ) -> Entry:
        """What one registrar knows of a room: by UDP, and where that is not answered by TCP.

        Not by TCP where the registrar itself has just not answered by it.
        """
        domain = room.registrar or next(iter(registrar.names), str(registrar.address))
        failure = ""
        for transport in ("udp", "tcp"):
            if transport not in registrar.transports:
                continue
            if transport == "tcp" and own and not (await own).answers["tcp"].is_reached:
                break
            await self._spaced(registrar)
            end = Endpoint(registrar.address, registrar.port, transport)
            answer = await self._asked(end, whereabouts(room.room, domain), is_there=own is not None)
            if answer.response and answer.is_healthy:
                return Entry(bindings(answer.response), time.time())
            failure = failure or answer.in_words
            if answer.is_reached:
                break
        return Entry(None, time.time(), failure)

    def close(self) -> None:
        """In the loop that looked."""
        self._client.close()

    async def _answers(
        self, target: RoomTarget | RegistrarTarget, user: str, *, was_up: bool
    ) -> Mapping[Transport, Answer]:
        """By UDP first, which tells whether anybody is there."""

        def asked(transport: Transport, *, is_there: bool) -> Coroutine[None, None, Answer]:
            end = _end(target, transport)
            return self._asked(end, options(user, str(end.address), end.port), is_there=is_there)

        answers: dict[Transport, Answer] = {}
        if self._hurry:
            all_ = (asked(transport, is_there=False) for transport in target.transports)
            return dict(zip(target.transports, await asyncio.gather(*all_), strict=True))
        if "udp" in target.transports:
            answers["udp"] = await asked("udp", is_there=True)
            was_up = answers["udp"].is_reached
        others = [transport for transport in target.transports if transport != "udp"]
        found = await asyncio.gather(*(asked(transport, is_there=was_up) for transport in others))
        answers |= zip(others, found, strict=True)
        return {transport: answers[transport] for transport in target.transports}

    async def _asked(self, end: Endpoint, what: Request, *, is_there: bool) -> Answer:
        """Its time begins when it is its turn."""
        if end.transport == "udp":
            return await self._client.ask(end, what, self._timeout)
        async with self._gate(is_there=is_there):
            return await self._client.ask(end, what, self._timeout)

    async def _spaced(self, registrar: RegistrarTarget) -> None:
        """Wait until it is its turn to be asked something again."""
        now = time.monotonic()
        turn = max(now, self._free.get(registrar, now))
        self._free[registrar] = turn + SPACING
        await asyncio.sleep(turn - now)

    def _gate(self, *, is_there: bool) -> asyncio.Semaphore:
        return self._answering if is_there else self._silent


def most_silent() -> int:
    """As many as there are files for."""
    may_open, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, min(MOST_SILENT, may_open - SPARE_FILES))


def open_many_files() -> None:
    """As many as we may: who does not answer has a socket each, and nobody here uses select()."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _end(target: RoomTarget | RegistrarTarget, transport: Transport) -> Endpoint:
    port = target.tls_port if transport == "tls" else target.port
    name = next(iter(target.names), "") if isinstance(target, RegistrarTarget) else ""
    return Endpoint(target.address, port, transport, name)
