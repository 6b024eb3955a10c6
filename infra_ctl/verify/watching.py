"""Reading devices again and again over sessions that are kept, each at its own time and none for another.

A device that could not be read is asked by workers of its own until it answers: those of the others never
wait for it.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from queue import SimpleQueue
from threading import Condition, Thread
from typing import TypeAlias

from infra_ctl.drivers.base import ConfigDriver, DeviceState
from infra_ctl.drivers.connection import Connection
from infra_ctl.errors import DeviceError, InfraCtlError, SessionLostError

Way: TypeAlias = tuple[str, Connection]
"""A device's platform, and how it is reached: a session is kept for as long as neither changes."""

WAITS = (1, 1, 2, 4)
"""Sweeps until the next try, by how often a device was tried in vain; the last for ever after."""

FAREWELL = 1.0
"""Seconds for workers to end; one that is still waiting for a device is left behind."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """Seconds: from one reading of a device to the next, and for each step of a reading."""

    interval: float = 60.0
    timeout: float = 10.0
    workers: int = 8
    """Devices that are read at a time; as many again where one could not be read."""


@dataclass(frozen=True, slots=True)
class Look:
    """What came of the newest readings of one device."""

    is_up: bool = False
    cause: str = "was not read yet"
    """Why it is not; empty where it is."""
    seconds: float = 0.0
    """That the newest reading took, however it ended."""
    state: DeviceState | None = None
    """What it last said, perhaps a while ago."""
    read_at: float = 0.0
    """When that was, in seconds since the epoch; 0: never."""


def next_turn(hostname: str, now: float, interval: float, failures: int = 0) -> float:
    """When a device is read again that was tried so often in vain.

    Each has a place of its own in the interval, so that a sweep is spread over all of it.
    """
    place = zlib.crc32(hostname.encode()) / 2**32 * interval
    return place + ((now - place) // interval + WAITS[min(failures, len(WAITS) - 1)]) * interval


@dataclass(slots=True, eq=False)
class _Kept:
    """A device between and in its readings. Whoever has taken it (`is_taken`) may use its session."""

    hostname: str
    way: Way
    due: float
    look: Look = field(default_factory=Look)
    driver: ConfigDriver | None = None
    """With an open session."""
    failures: int = 0
    is_taken: bool = False
    is_gone: bool = False

    def close(self) -> None:
        driver, self.driver = self.driver, None
        if driver is not None:
            with suppress(Exception):  # a session that cannot even be ended is not there
                driver.__exit__(None, None, None)


class Watch:
    """Devices that are read for as long as they are watched."""

    def __init__(
        self, sweep: Sweep, open_device: Callable[[Way], ConfigDriver], on_look: Callable[[str, Look], None]
    ) -> None:
        """`on_look` is called after every reading, by the thread that made it."""
        self._sweep, self._open, self._on_look = sweep, open_device, on_look
        self._kept: dict[str, _Kept] = {}
        self._changed = Condition()
        self._is_over = False
        self._sound, self._doubtful = SimpleQueue[_Kept | None](), SimpleQueue[_Kept | None]()
        self._threads: list[Thread] = []

    def configure(self, ways: Mapping[str, Way]) -> None:
        """Watch these from now on: new ones are read at once, sessions of those that stay are kept."""
        with self._changed:
            before, now = self._kept, time.monotonic()
            stay = {name: kept for name, kept in before.items() if ways.get(name) == kept.way}
            self._kept = {
                name: stay.get(name) or self._new(name, way, before.get(name), now)
                for name, way in ways.items()
            }
            gone = [kept for name, kept in before.items() if name not in stay]
            for kept in gone:
                kept.is_gone = True
            idle = [kept for kept in gone if not kept.is_taken]
            self._changed.notify()
            self._begin()
        for kept in idle:
            kept.close()

    def looks(self) -> Mapping[str, Look]:
        """The newest of every device that is watched."""
        with self._changed:
            return {hostname: kept.look for hostname, kept in self._kept.items()}

    def close(self) -> None:
        """End sessions and workers."""
        self.configure({})
        with self._changed:
            self._is_over = True
            self._changed.notify()
        for queue in (self._sound, self._doubtful):
            for _ in range(self._sweep.workers):
                queue.put(None)
        deadline = time.monotonic() + FAREWELL
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _new(self, hostname: str, way: Way, before: _Kept | None, now: float) -> _Kept:
        """One that is reached in another way by now still has what it said."""
        return _Kept(hostname, way, now, before.look if before else Look())

    def _begin(self) -> None:
        """Threads inherit the network namespace of the one that starts them."""
        if self._threads or not self._kept:
            return
        works = [self._sound, self._doubtful] * self._sweep.workers
        self._threads = [Thread(target=self._work, args=(queue,), daemon=True) for queue in works]
        self._threads.append(Thread(target=self._hand_out, daemon=True))
        for thread in self._threads:
            thread.start()

    def _hand_out(self) -> None:
        """Give devices to workers as they become due."""
        with self._changed:
            while not self._is_over:
                waiting = [kept for kept in self._kept.values() if not kept.is_taken]
                now = time.monotonic()
                for kept in waiting:
                    if kept.due <= now:
                        kept.is_taken = True
                        (self._doubtful if kept.failures else self._sound).put(kept)
                next_due = min((kept.due for kept in waiting if kept.due > now), default=None)
                self._changed.wait(None if next_due is None else next_due - now)

    def _work(self, queue: SimpleQueue[_Kept | None]) -> None:
        while (kept := queue.get()) is not None:
            look = kept.look if kept.is_gone else self._read(kept)
            with self._changed:
                kept.look = look
                kept.failures = 0 if look.is_up else kept.failures + 1
                kept.due = next_turn(kept.hostname, time.monotonic(), self._sweep.interval, kept.failures)
                kept.is_taken = False
                is_gone = kept.is_gone
                self._changed.notify()
            if is_gone:
                kept.close()
            else:
                with suppress(Exception):  # a listener whose log is gone must not end the watch of a city
                    self._on_look(kept.hostname, look)

    def _read(self, kept: _Kept) -> Look:
        began = time.monotonic()
        try:
            state, cause = self._state(kept), ""
        except DeviceError as error:
            state, cause = None, error.cause
        except InfraCtlError as error:
            state, cause = None, str(error)
        except Exception as error:  # noqa: BLE001 - a defect met on one device must not end the others' watch
            state, cause = None, f"a defect of infra-ctl: {type(error).__name__}: {error}"
        seconds = time.monotonic() - began
        if state is None:
            kept.close()
            return replace(kept.look, is_up=False, cause=cause, seconds=seconds)
        return Look(is_up=True, cause="", seconds=seconds, state=state, read_at=time.time())

    def _state(self, kept: _Kept) -> DeviceState:
        """By the session that is kept; by a new one where it was cut, which is no fault of the device."""
        timeout, began = self._sweep.timeout, time.monotonic()
        if kept.driver is not None:
            try:
                return kept.driver.state(routes=True, timeout=timeout)
            except SessionLostError:
                kept.close()
                if time.monotonic() - began >= timeout:
                    raise
        driver = self._open(kept.way)
        driver.__enter__()
        kept.driver = driver
        return driver.state(routes=True, timeout=timeout)
