"""Every kind of fault, each with its variants. `make test` meets one of each, `make soak` all in turn."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

from infra_ctl.lab import faults
from infra_ctl.lab.state import Fault as Broken
from infra_ctl.lab.wiring import ports_of_nodes
from tests.dying import DIED, MOMENTS
from tests.lab.city_slice import Done, Running
from tests.lab.faults import door
from tests.lab.faults.fault import Evidence, Fault, Moment
from tests.lab.faults.ground import HOSTS, POP, Ground, drop, dropped

WRITES = 19
"""So many times a deployment of two waves writes to its journal."""
UNDER_WAY = Moment.ARMED, Moment.APPLIED
WHENEVER = Moment.BEFORE, *UNDER_WAY
BACK_IN = 1.5
"""Seconds until power returns, or watchfrr starts a daemon again."""
MEANWHILE = 5.0
"""Seconds that a router is held at most, of the eight of its timer."""
NO_SPACE = "No space left on device"
TIMESTAMPS = "SELECT id, at FROM events"
CLOCK = "clock"
"""File of how many seconds the controller's clock is off."""


def dies_at(number: int, moment: str) -> Fault:
    """The controller is killed at a write to its journal."""
    command = (sys.executable, "-m", "tests.dying", str(number), moment)

    def befall(_site: Ground, _victim: str) -> AbstractContextManager[Evidence]:
        return nullcontext(lambda done: done.code == DIED)

    return Fault(f"{moment} write {number}", befall, command=lambda _site: command)


def daemon_dies(daemon: str) -> Fault:
    """A daemon of FRR is killed, and started again as watchfrr does: all of them, where it was zebra."""

    @contextmanager
    def befall(site: Ground, victim: str) -> Iterator[Evidence]:
        all_others = (*site.spec.node(victim).daemons, "staticd") if daemon == "zebra" else ()
        before = process(site, victim, daemon)
        for each in (*all_others, daemon):
            faults.break_(site.root, Broken("killed", f"{victim}/{each}"))
        in_time = site.city.is_pending(victim)
        time.sleep(BACK_IN)
        faults.heal(site.root)
        yield lambda _done: in_time and process(site, victim, daemon) != before

    victims = (POP,) if daemon == "bgpd" else HOSTS
    return Fault(daemon, befall, UNDER_WAY, victims=victims)


def process(site: Ground, victim: str, daemon: str) -> str:
    """A daemon's process, as it says itself."""
    return site.city.on_disk(victim, f"run/frr/{daemon}.pid").read_text()


@contextmanager
def power_loss(site: Ground, victim: str) -> Iterator[Evidence]:
    """A router loses power, and has it again: its first process is another one of the machine's.

    What the router itself calls its processes says nothing: it counts anew at each start.
    """
    first = site.city.lab.node(victim) / "pid"
    before = first.read_text()
    faults.break_(site.root, Broken("off", victim))
    in_time = site.city.is_pending(victim)
    time.sleep(BACK_IN)
    faults.heal(site.root)
    yield lambda _done: in_time and first.read_text() != before


@contextmanager
def link_cut(site: Ground, victim: str) -> Iterator[Evidence]:
    """A circuit carries nothing any more."""
    circuit = site.circuit(victim)
    faults.break_(site.root, Broken("cut", circuit.circuit))
    in_time = site.city.is_pending(victim)
    try:
        yield lambda _done: in_time and not site.carries(circuit)
    finally:
        faults.heal(site.root)


def lossy(share: int) -> Fault:
    """The way between the controller and a router loses packets, each direction for itself."""

    @contextmanager
    def befall(site: Ground, victim: str) -> Iterator[Evidence]:
        inward = site.spec.namespace(victim), "mgmt0"
        outward = site.spec.management_namespace, dict(ports_of_nodes(site.spec))[victim]
        for where in (inward, outward):
            drop(*where, share)
        try:
            yield lambda _done: any(dropped(namespace) for namespace, _ in (inward, outward))
        finally:
            for where in (inward, outward):
                drop(*where, 0)

    return Fault(f"{share} %", befall, WHENEVER)


def at_the_door(name: str, script: str) -> Fault:
    """A router deals with our commands in its own way."""

    @contextmanager
    def befall(site: Ground, victim: str) -> Iterator[Evidence]:
        with door.kept(site.city, victim, script):
            yield lambda _done: site.city.on_disk(victim, door.MET).exists()

    return Fault(name, befall)


def held(site: Ground, victim: str) -> AbstractContextManager[object]:
    """A router gets no further than armed until it is released."""
    return site.city.held(victim)


def full(folder: str) -> Fault:
    """There is not a byte left on a router's disk."""

    def arrange(site: Ground, victim: str) -> AbstractContextManager[None]:
        return door.small_disk(site.city, victim, folder)

    @contextmanager
    def befall(site: Ground, victim: str) -> Iterator[Evidence]:
        with door.filled(site.city, victim, folder):
            under_way = site.city.is_pending(victim)
            yield lambda done: under_way or NO_SPACE in done.out

    return Fault(folder, befall, WHENEVER, arrange)


def is_missed(done: Done) -> bool:
    """A deployment cannot end well without its journal."""
    return done.code != 0


@contextmanager
def journal_full(site: Ground, _victim: str) -> Iterator[Evidence]:
    with site.database.full():
        yield is_missed


@contextmanager
def journal_gone(site: Ground, _victim: str) -> Iterator[Evidence]:
    with site.database.gone():
        yield is_missed


def clock_jumps(words: str, seconds: int) -> Fault:
    """The controller's clock is set while it works."""

    def file(site: Ground) -> Path:
        return site.city.home / CLOCK

    def put(site: Ground, offset: int) -> None:
        new = file(site).with_suffix(".new")
        new.write_text(str(offset))
        new.replace(file(site))

    def command(site: Ground) -> tuple[str, ...]:
        put(site, 0)
        return (sys.executable, "-m", "tests.jumping", str(file(site)))

    @contextmanager
    def befall(site: Ground, _victim: str) -> Iterator[Evidence]:
        before = set(site.database.rows(TIMESTAMPS))
        put(site, seconds)
        yield lambda _done: any(is_off(at, seconds) for _, at in {*site.database.rows(TIMESTAMPS)} - before)

    return Fault(words, befall, UNDER_WAY, command=command)


def is_off(at: object, seconds: int) -> bool:
    """Whether something was written when the clock was off by about so much; by now that was a moment ago."""
    true = datetime.now(UTC).replace(tzinfo=None)
    return abs(datetime.fromisoformat(str(at)) - true - timedelta(seconds=seconds)) < timedelta(hours=1)


@contextmanager
def second_controller(site: Ground, victim: str) -> Iterator[Evidence]:
    """Somebody else deploys the same, from a laptop whose journal has heard of nothing."""
    with another(site, victim) as (_, met):
        yield met


@contextmanager
def second_controller_meanwhile(site: Ground, victim: str) -> Iterator[Evidence]:
    """… while it is under way: the router goes on once the other one has seen that."""
    with another(site, victim) as (other, met):
        other.is_over(within=MEANWHILE)
        site.city.release(victim)
        yield met


@contextmanager
def another(site: Ground, victim: str) -> Iterator[tuple[Running, Evidence]]:
    """The deployment of another laptop, and whether it met ours; nothing is left of it after the block."""
    journal = site.city.home / "another.db"
    journal.unlink(missing_ok=True)
    other = site.city.start("deploy", "--yes", "--timer", "8", victim, journal=journal)

    def met(_done: Done) -> bool:
        done = other.end()
        assert done.code in (0, 4), done
        assert "Traceback" not in done.err, done
        return not done.out.startswith("no changes")

    try:
        yield other, met
    finally:
        if not other.is_over():
            other.kill()


KINDS: Mapping[str, tuple[Fault, ...]] = {
    "controller killed": tuple(
        dies_at(number, moment) for number, moment in product(range(1, WRITES + 1), MOMENTS)
    ),
    "daemon killed": tuple(map(daemon_dies, ("bgpd", "ospfd", "zebra"))),
    "power loss": (Fault("", power_loss, UNDER_WAY),),
    "link cut": (Fault("", link_cut, (Moment.APPLIED,)),),
    "loss on management": (lossy(30),),
    "confirm lost": tuple(at_the_door(name, script) for name, script in door.CONFIRM.items()),
    "disk full": tuple(map(full, (door.STATE, "/etc/frr"))),
    "controller's disk full": (Fault("", journal_full, WHENEVER),),
    "journal gone": (Fault("", journal_gone, UNDER_WAY),),
    "clock jumps": tuple(clock_jumps(f"{days:+} days", days * 86400) for days in (-400, -1, 1, 40)),
    "two controllers": (
        Fault("at once", second_controller, by_another=True),
        Fault("meanwhile", second_controller_meanwhile, (Moment.ARMED,), held, by_another=True),
    ),
    "slow device": (at_the_door("ten times", door.SLOW),),
}
