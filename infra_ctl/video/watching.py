"""Rooms and registrars looked at again and again, each in its own time, in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import Future
from threading import Thread
from typing import Any, TypeAlias

from infra_ctl.errors import UnusableError
from infra_ctl.monitor.targets import RegistrarTarget, RoomTarget
from infra_ctl.video.sight import Looking, Sight, most_silent

Watched: TypeAlias = RoomTarget | RegistrarTarget
See: TypeAlias = Callable[[Watched, Sight], None]
HANDOVER_SECONDS = 30.0
"""For the thread to take new targets, on a machine that is busy."""


class Watch:
    """Tells `see` what was seen, from its own thread; one target that does not answer holds up no other.

    `tell` is told, in a line, what should not have happened.
    """

    def __init__(
        self, interval: float, timeout: float, see: See, tell: Callable[[str], None] = lambda _line: None
    ) -> None:
        self._interval, self._timeout, self._see, self._tell = interval, timeout, see, tell
        self._tasks: dict[Watched, asyncio.Task[None]] = {}
        self._registrars: tuple[RegistrarTarget, ...] = ()
        self._loop = asyncio.new_event_loop()
        self._looking = Looking(timeout, most_silent())
        self._up: dict[Watched, bool] = {}
        self._thread = Thread(target=self._run, name="rooms", daemon=True)
        self._thread.start()

    def look_at(self, rooms: Sequence[RoomTarget], registrars: Sequence[RegistrarTarget]) -> None:
        """From now on at these; those that stay as they are keep their turns.

        Raises UnusableError where the machine is too busy: at those before, then.
        """
        taken = self._told(self._take(rooms, tuple(registrars)))
        try:
            taken.result(HANDOVER_SECONDS)
        except TimeoutError:
            taken.cancel()
            raise UnusableError(f"rooms are not taken over within {HANDOVER_SECONDS:g} s") from None

    def look_now(self, target: Watched, timeout: float) -> Sight:
        """At one out of its turn, which it keeps. Raises TimeoutError where the machine is too busy."""
        looked = self._out_of_turn(target, timeout)
        return asyncio.run_coroutine_threadsafe(looked, self._loop).result(2 * timeout + HANDOVER_SECONDS)

    def every(self, seconds: float, do: Callable[[], None]) -> None:
        """Do something beside it, which must not take long."""
        self._told(self._repeat(seconds, do))

    def close(self) -> None:
        """End what is under way; only once."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(HANDOVER_SECONDS)

    def _told(self, what: Coroutine[Any, Any, None]) -> Future[None]:
        return asyncio.run_coroutine_threadsafe(what, self._loop)

    def _run(self) -> None:
        self._loop.run_forever()
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(self._end(left))
        self._loop.close()

    async def _end(self, left: Iterable[asyncio.Task[None]]) -> None:
        await asyncio.gather(*left, return_exceptions=True)
        self._looking.close()

    async def _take(self, rooms: Sequence[RoomTarget], registrars: tuple[RegistrarTarget, ...]) -> None:
        self._registrars = registrars
        targets: tuple[Watched, ...] = (*rooms, *registrars)
        for gone in self._tasks.keys() - set(targets):
            self._tasks.pop(gone).cancel()
            self._up.pop(gone, None)
        for turn, target in enumerate(targets):
            if target not in self._tasks:
                wait = self._interval * turn / len(targets)
                self._tasks[target] = asyncio.create_task(self._again(target, wait))

    async def _out_of_turn(self, target: Watched, timeout: float) -> Sight:
        """Of a room, all registrars are asked: somebody wants to know why."""
        async with Looking(timeout) as looking:
            if isinstance(target, RoomTarget):
                return await looking.room(target, self._registrars if target.registrar else ())
            return await looking.registrar(target)

    async def _once(self, target: Watched) -> Sight:
        """Registrars as of now: they may have changed since the room was first looked at.

        One that was silent itself is asked of no room: ten thousand would wait for it.
        """
        was_up = self._up.get(target, False)
        if not isinstance(target, RoomTarget):
            return await self._looking.registrar(target, was_up=was_up)
        known = [each for each in self._registrars if target.registrar and self._up.get(each, True)]
        return await self._looking.room(target, known, was_up=was_up)

    async def _again(self, target: Watched, wait: float) -> None:
        """The first look comes in its turn, so that not all ask at once for ever."""
        due = self._loop.time() + wait
        while True:
            await asyncio.sleep(due - self._loop.time())
            try:
                sight = await self._once(target)
            except Exception as error:  # noqa: BLE001 - a defect met at one must not end the watch of it for ever
                cause = f"a defect of infra-ctl: {type(error).__name__}: {error}"
                sight = Sight.failed(target, cause)
                self._tell(f"{target.room if isinstance(target, RoomTarget) else target.registrar}: {cause}")
            self._up[target] = sight.is_up
            self._see(target, sight)
            due = max(due + self._interval, self._loop.time())

    async def _repeat(self, seconds: float, do: Callable[[], None]) -> None:
        while True:
            do()
            await asyncio.sleep(seconds)
