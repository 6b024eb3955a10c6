"""The loop from outside: started, told whom to probe, read, and started again if it ends."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Self

from infra_ctl.errors import UnusableError
from infra_ctl.probe.counters import LOOP, SCRAP, Counters, Reading
from infra_ctl.probe.targets import Order, Pace, Target

ANSWER_SECONDS = 60.0
"""For the loop to start and to take an order of ten thousand targets on a machine that is busy."""
GROWTH = 256


class Prober:
    """A loop and the counters that it shares, which outlive it."""

    def __init__(self) -> None:
        self._counters = Counters.create(GROWTH)
        self._room = GROWTH
        self._slots: dict[str, int] = {}
        self._order: Order | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The loop's process."""
        return self._process.pid if self._process else None

    def configure(self, targets: Sequence[Target], pace: Pace) -> None:
        """Probe these from now on; one that was there keeps its counts. Raises UnusableError.

        Slots that fall free are given away at the next call at the earliest, when nothing writes to them.
        """
        if self._is_closed:
            raise UnusableError("the probe loop has been ended")
        slots = {each.name: self._slots[each.name] for each in targets if each.name in self._slots}
        new = [each.name for each in targets if each.name not in slots]
        taken = {*self._slots.values(), LOOP, SCRAP}
        free = (slot for slot in range(len(taken) + len(new)) if slot not in taken)
        fresh = dict(zip(new, free, strict=False))
        slots |= fresh
        room = max(self._room, -(-(1 + max(slots.values(), default=SCRAP)) // GROWTH) * GROWTH)
        self._grow(room)
        order = Order(pace, room, tuple(fresh.values()), {slots[each.name]: each for each in targets})
        self._give(order)
        self._slots, self._order = slots, order

    def readings(self) -> Mapping[str, Reading]:
        """Every target's record, by its name; of a target of which nothing is known yet, noughts."""
        slots = self._slots  # before the records, which only ever grow
        records = self._counters.readings()
        return {name: records[slot] for name, slot in slots.items()}

    def lateness(self) -> Reading:
        """How late the loop's turns were."""
        return self._counters.lateness()

    def ensure(self) -> bool:
        """Start the loop again if it has ended; whether it had. Raises UnusableError."""
        if self._order is None or (self._process is not None and self._process.poll() is None):
            return False
        self._give(Order(self._order.pace, self._order.slots, (), self._order.targets))
        return True

    def close(self) -> None:
        """End the loop, for good: what it counted can be read still."""
        self._stop()
        self._order, self._is_closed = None, True
        self._counters.close()

    def _grow(self, room: int) -> None:
        if room > self._room:
            self._counters, self._room = self._counters.resized(room), room

    def _give(self, order: Order) -> None:
        control = self._control
        try:
            if control is None or self._process is None or self._process.poll() is not None:
                control = self._start()
        except OSError as error:  # no more processes or files, for now
            self._stop()
            raise UnusableError(f"the probe loop cannot be started: {error.strerror}") from error
        try:
            control.sendall(order.line())
            answer = _line(control)
        except OSError as error:
            self._stop()
            raise UnusableError(f"the probe loop does not answer: {error}") from error
        if answer:
            raise UnusableError(f"cannot probe: {answer} (raw sockets need CAP_NET_RAW)")

    def _start(self) -> socket.socket:
        self._stop()
        # `-P`: root starts it, and what lies in the folder that we were started in is no module of ours.
        self._control, theirs = socket.socketpair()
        self._control.settimeout(ANSWER_SECONDS)
        with theirs:
            descriptors = theirs.fileno(), self._counters.descriptor
            command = (sys.executable, "-P", "-m", "infra_ctl.probe.loop", *map(str, descriptors))
            self._process = subprocess.Popen(command, pass_fds=descriptors)  # noqa: S603 - our own module
        return self._control

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
            self._process.kill()
            self._process.wait()
        self._control = self._process = None


def _line(control: socket.socket) -> str:
    """The loop's answer. Raises OSError when it ends, or takes too long."""
    deadline = time.monotonic() + ANSWER_SECONDS
    answer = b""
    while not answer.endswith(b"\n"):
        read = control.recv(4096)
        if not read or time.monotonic() > deadline:
            raise ConnectionResetError("it ended; see its own message above")
        answer += read
    return answer.decode().strip()
