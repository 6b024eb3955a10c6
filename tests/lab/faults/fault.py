"""What a fault is: when it strikes, whom, what it does while it lasts; leaving its block undoes it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from tests.lab.city_slice import COMMAND, Done, Running
from tests.lab.faults.ground import HOSTS, Ground


class Moment(StrEnum):
    """How far a deployment has come on the router that is struck."""

    BEFORE = "before"
    """It has not begun."""
    ARMED = "armed"
    """Its timer ticks, and the candidate is being applied."""
    APPLIED = "applied"
    """The candidate is in force and not confirmed."""


Evidence: TypeAlias = Callable[[Done], bool]
"""Whether a fault struck, told from how the deployment ended, and asked while the fault lasts.

A router that is struck under way is one that had neither confirmed nor gone back by then.
"""

Befall: TypeAlias = Callable[[Ground, str], AbstractContextManager[Evidence]]
Arrange: TypeAlias = Callable[[Ground, str], AbstractContextManager[object]]


def nothing(_site: Ground, _victim: str) -> AbstractContextManager[object]:
    """Nothing has to be made possible."""
    return nullcontext()


def missed(_done: Done) -> bool:
    """Of a fault whose moment never came."""
    return False


def as_typed(_site: Ground) -> tuple[str, ...]:
    """The command as an engineer types it."""
    return COMMAND


@dataclass(frozen=True)
class Fault:
    """One thing that can go wrong with a deployment."""

    name: str
    befall: Befall
    moments: tuple[Moment, ...] = (Moment.BEFORE,)
    arrange: Arrange = nothing
    """What makes it possible, from before the deployment until after it."""
    command: Callable[[Ground], tuple[str, ...]] = as_typed
    """How the deployment is started."""
    victims: tuple[str, ...] = HOSTS
    by_another: bool = False
    """Whether somebody else deploys the victim meanwhile: then that it is new may be their doing."""


def reached(site: Ground, victim: str, moment: Moment) -> bool:
    """Whether a router is that far, or further."""
    if moment is Moment.ARMED:
        return site.city.is_pending(victim)
    return moment is Moment.BEFORE or site.city.is_applied(victim)


def wait(site: Ground, victim: str, moment: Moment, deploying: Running) -> bool:
    """Wait for the moment; False where the deployment was over before it came, or never will come to it."""
    deadline = time.monotonic() + 60
    while not reached(site, victim, moment):
        if deploying.is_over() or time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True
