"""Every kind of fault, each with its variants. `make test` meets one of each, `make soak` all in turn."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from itertools import product
from pathlib import Path

from infra_ctl.lab import faults
from infra_ctl.lab.state import Fault as Broken
from infra_ctl.lab.wiring import ports_of_nodes
from tests.dying import MOMENTS
from tests.lab.faults import door
from tests.lab.faults.fault import Fault, Moment
from tests.lab.faults.ground import HOSTS, POP, Ground, drop

WRITES = 25
"""So many times a deployment of two waves writes to its journal."""
UNDER_WAY = Moment.ARMED, Moment.APPLIED
WHENEVER = Moment.BEFORE, *UNDER_WAY
BACK_IN = 1.5
"""Seconds until power returns, or watchfrr starts a daemon again."""
CLOCK = "clock"
"""File of how many seconds the controller's clock is off."""


def dies_at(number: int, moment: str) -> Fault:
    """The controller is killed at a write to its journal."""
    command = (sys.executable, "-m", "tests.dying", str(number), moment)
    return Fault(f"{moment} write {number}", command=lambda _site: command)


def daemon_dies(daemon: str) -> Fault:
    """A daemon of FRR is killed, and started again as watchfrr does: all of them, where it was zebra."""

    @contextmanager
    def befall(site: Ground, victim: str) -> Iterator[None]:
        all_others = (*site.spec.node(victim).daemons, "staticd") if daemon == "zebra" else ()
        for each in (*all_others, daemon):
            faults.break_(site.root, Broken("killed", f"{victim}/{each}"))
        time.sleep(BACK_IN)
        faults.heal(site.root)
        yield

    victims = (POP,) if daemon == "bgpd" else HOSTS
    return Fault(daemon, UNDER_WAY, befall, victims=victims)


@contextmanager
def power_loss(site: Ground, victim: str) -> Iterator[None]:
    """A router loses power, and has it again."""
    faults.break_(site.root, Broken("off", victim))
    time.sleep(BACK_IN)
    faults.heal(site.root)
    yield


@contextmanager
def link_cut(site: Ground, victim: str) -> Iterator[None]:
    """A circuit carries nothing any more."""
    faults.break_(site.root, Broken("cut", site.circuit(victim).circuit))
    try:
        yield
    finally:
        faults.heal(site.root)


def lossy(share: int) -> Fault:
    """The way between the controller and a router loses packets, each direction for itself."""

    @contextmanager
    def befall(site: Ground, victim: str) -> Iterator[None]:
        inward = site.spec.namespace(victim), "mgmt0"
        outward = site.spec.management_namespace, dict(ports_of_nodes(site.spec))[victim]
        for where in (inward, outward):
            drop(site, *where, share)
        try:
            yield
        finally:
            for where in (inward, outward):
                drop(site, *where, 0)

    return Fault(f"{share} %", WHENEVER, befall)


def at_the_door(name: str, script: str) -> Fault:
    """A router deals with our commands in its own way."""
    return Fault(name, befall=lambda site, victim: door.kept(site.city, victim, script))


def full(folder: str) -> Fault:
    """There is not a byte left on a router's disk."""

    def arrange(site: Ground, victim: str) -> AbstractContextManager[None]:
        return door.small_disk(site.city, victim, folder)

    def befall(site: Ground, victim: str) -> AbstractContextManager[None]:
        return door.filled(site.city, victim, folder)

    return Fault(folder, WHENEVER, befall, arrange)


@contextmanager
def journal_full(site: Ground, _victim: str) -> Iterator[None]:
    with site.database.full():
        yield


@contextmanager
def journal_gone(site: Ground, _victim: str) -> Iterator[None]:
    with site.database.gone():
        yield


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
    def befall(site: Ground, _victim: str) -> Iterator[None]:
        put(site, seconds)
        yield

    return Fault(words, UNDER_WAY, befall, command=command)


@contextmanager
def second_controller(site: Ground, victim: str) -> Iterator[None]:
    """Somebody else deploys the same, from a laptop whose journal has heard of nothing."""
    journal = site.city.home / "another.db"
    journal.unlink(missing_ok=True)
    other = site.city.start("deploy", "--yes", "--timer", "8", victim, journal=journal)
    try:
        yield
    finally:
        done = other.end()
        assert done.code in (0, 4), done
        assert "Traceback" not in done.err, done


KINDS: Mapping[str, tuple[Fault, ...]] = {
    "controller killed": tuple(
        dies_at(number, moment) for number, moment in product(range(1, WRITES + 1), MOMENTS)
    ),
    "daemon killed": tuple(map(daemon_dies, ("bgpd", "ospfd", "zebra"))),
    "power loss": (Fault("", UNDER_WAY, power_loss),),
    "link cut": (Fault("", (Moment.APPLIED,), link_cut),),
    "loss on management": (lossy(30),),
    "confirm lost": tuple(at_the_door(name, script) for name, script in door.CONFIRM.items()),
    "disk full": tuple(map(full, (door.STATE, "/etc/frr"))),
    "controller's disk full": (Fault("", WHENEVER, journal_full),),
    "journal gone": (Fault("", UNDER_WAY, journal_gone),),
    "clock jumps": tuple(clock_jumps(f"{days:+} days", days * 86400) for days in (-400, -1, 1, 40)),
    "two controllers": (Fault("", WHENEVER, second_controller, by_another=True),),
    "slow device": (at_the_door("ten times", door.SLOW),),
}
