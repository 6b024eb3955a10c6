"""The loop that probes, a process of its own: nothing that is asked of its parent holds it up.

It is started by `prober` with two descriptors: a socket on which orders come as lines, each answered with a
line that is empty or says what is wrong, and the memory of the counters. It ends when the socket does.
"""

from __future__ import annotations

import gc
import os
import random
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import Protocol

from infra_ctl.probe.counters import LATENESS_BOUNDS, LOOP, SCRAP, Counters
from infra_ctl.probe.echo import Asked, Echoes
from infra_ctl.probe.looking import Look
from infra_ctl.probe.schedule import Ring
from infra_ctl.probe.sender import Sender
from infra_ctl.probe.targets import EchoTarget, Order, StampTarget, Target

SWEEP = 0.03
"""Seconds between two looks at all sockets and at the orders, one with each turn where many are probed: the
kernel has stamped what has arrived, so there is no hurry."""


class Member(Protocol):
    """What takes turns."""

    slot: int

    def send(self) -> None: ...


class Loop:
    """Targets in turn, their engines, and the orders that change them."""

    def __init__(self, control: socket.socket, memory: int) -> None:
        control.setblocking(False)
        self._control = control
        self._begun = b""
        self._counters = Counters(memory, SCRAP + 1)
        self._echoes: dict[socket.AddressFamily, Echoes] = {}
        self._senders: dict[tuple[socket.AddressFamily, int], Sender] = {}
        self._members: dict[int, tuple[Target, Member]] = {}
        self._turns: Ring[Member] = Ring((), 1.0, 0.0)
        self._looks: Ring[Look] = Ring((), 1.0, 0.0)

    def run(self) -> None:
        """Probe until whoever gives the orders is gone."""
        swept = time.monotonic()
        while True:
            now = time.monotonic()
            if now >= self._turns.due:
                self._turn(now)
            if now >= self._looks.due:
                for look in self._looks.turn(now)[0]:
                    look.begin()
            if now >= swept + SWEEP:
                swept = now
                self._sweep()
                if not self._obeyed():
                    return
            wake = min(self._turns.due, self._looks.due, swept + 2 * SWEEP)  # with a turn rather than between
            time.sleep(max(wake - time.monotonic(), 0))

    def _turn(self, now: float) -> None:
        members, late = self._turns.turn(now)
        for member in members:
            member.send()
        self._counters.answered(LOOP, late, bounds=LATENESS_BOUNDS)

    def _engines(self) -> list[Echoes | Sender]:
        return [*self._echoes.values(), *self._senders.values()]

    def _sweep(self) -> None:
        for engine in self._engines():
            engine.receive()
            engine.expire()

    def _obeyed(self) -> bool:
        """Take the next order, if a whole one is there; False when no more can come."""
        try:
            read = self._control.recv(1 << 20)
        except BlockingIOError:
            return True
        self._begun += read
        line, newline, rest = self._begun.partition(b"\n")
        if newline:
            self._begun = rest
            self._control.send(self._answer(Order.read(line)))
        return bool(read)

    def _answer(self, order: Order) -> bytes:
        try:
            self._obey(order)
        except OSError as error:
            return f"{error.strerror}\n".encode()
        return b"\n"

    def _obey(self, order: Order) -> None:
        """A target that was there goes on as it was: its numbers, its last round trip, its session."""
        self._counters = self._counters.resized(order.slots)
        for engine in self._engines():
            engine.counters, engine.timeout = self._counters, order.pace.timeout
        for slot in order.fresh:
            self._counters.clear(slot)
        before = self._members
        self._members = {slot: self._kept(slot, target, order) for slot, target in order.targets.items()}
        self._let_go(before)
        now = time.monotonic()
        members = [member for _target, member in self._members.values()]
        self._turns = Ring(members, order.pace.interval, now)
        self._looks = Ring(self._mtu_looks(), order.pace.mtu_interval, now)
        gc.freeze()  # what lives as long as the targets is not looked through again and again

    def _kept(self, slot: int, target: Target, order: Order) -> tuple[Target, Member]:
        kept = self._members.get(slot)
        if kept is not None and kept[0] == target and slot not in order.fresh:
            return kept
        return target, self._member(slot, target, order)

    def _let_go(self, before: dict[int, tuple[Target, Member]]) -> None:
        """What is still under way to a target that went counts for nobody."""
        for slot, (_target, member) in before.items():
            if self._members.get(slot, (None, None))[1] is not member:
                member.slot = SCRAP

    def _member(self, slot: int, target: Target, order: Order) -> Member:
        family = socket.AF_INET if target.address.version == 4 else socket.AF_INET6
        if isinstance(target, EchoTarget):
            return self._echo(family, order).asked(slot, target)
        return self._sender(family, target, order).session(slot, target)

    def _echo(self, family: socket.AddressFamily, order: Order) -> Echoes:
        if family not in self._echoes:
            self._echoes[family] = Echoes(family, self._counters, order.pace.timeout)
        return self._echoes[family]

    def _sender(self, family: socket.AddressFamily, target: StampTarget, order: Order) -> Sender:
        key = family, target.dscp
        if key not in self._senders:
            self._senders[key] = Sender(family, target.dscp, self._counters, order.pace.timeout)
        return self._senders[key]

    def _mtu_looks(self) -> list[Look]:
        """In another order each time, so that however often there are new orders nobody is always last."""
        looks = [
            Look(member, "ipv4" if target.address.version == 4 else "ipv6")
            for target, member in self._members.values()
            if isinstance(target, EchoTarget) and target.mtu and isinstance(member, Asked)
        ]
        random.shuffle(looks)
        return looks


def main(argv: list[str]) -> int:
    """Run the loop over the descriptors of the control socket and the memory."""
    for number in (signal.SIGINT, signal.SIGHUP):  # for the parent, whose end ends us
        signal.signal(number, signal.SIG_IGN)
    with suppress(PermissionError):  # needs CAP_SYS_NICE; without it, it is late when the machine is busy
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    control, memory = map(int, argv)
    Loop(socket.socket(fileno=control), memory).run()
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
