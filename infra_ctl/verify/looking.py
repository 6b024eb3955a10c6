"""Looking at the network until it is as intended or the patience is at its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from infra_ctl.change.plan import Plan, Status
from infra_ctl.city import City
from infra_ctl.drivers.base import Address, DeviceState
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.errors import DeviceError
from infra_ctl.evidence import Evidence, collect
from infra_ctl.intent.expectations import (
    LOOPBACK,
    DeviceExpectation,
    Reachable,
    device_expectations,
    from_cores,
)
from infra_ctl.outcome import Outcome, Verdict
from infra_ctl.verify.judgement import Place, judge

PAUSE = 2.0
"""Seconds between two looks."""


def look(
    city: City,
    fleet: Fleet,
    hostnames: Collection[str],
    there: Collection[str],
    patience: float,
    on_done: Callable[[str], None],
) -> tuple[Outcome, ...]:
    """Every check of the devices called `hostnames`; again while some fail and `patience` (seconds) lasts.

    `there` are all the devices that exist: a twin may be a slice of the city.
    """
    wanted = set(hostnames)
    expected = _expected(city, there, wanted)
    questions = _questions(city, there, wanted)
    outcomes: tuple[Outcome, ...] = ()

    def fine() -> bool:
        nonlocal outcomes
        outcomes = judge(expected, questions, collect(fleet, hostnames, questions, on_done))
        return all(outcome.verdict is Verdict.PASS for outcome in outcomes)

    _until(fine, patience)
    return outcomes


def at_stake(city: City, plan: Plan, there: Collection[str]) -> list[Reachable]:
    """Addresses of the devices that a plan changes, to be asked for before it is carried out.

    None for a plan about all that is there: everything has to answer after it, whatever did before.
    """
    about = {device.hostname for device in plan.devices if device.status is not Status.FAILED}
    if about.issuperset(there):
        return []
    return _questions(city, there, {device.hostname for device in plan.changed})


@dataclass(frozen=True, slots=True)
class Changed:
    """What a run left behind: who is to be judged, and what may be asked of whom."""

    seen: Mapping[str, DeviceState]
    """The devices that it changed, as each looked when it was tested."""
    settled: Collection[str]
    """Devices that are as intended, these among them."""
    answered: Collection[Reachable]
    """What answered before the run."""
    kept: Collection[Place] = ()
    """Interfaces that intent has no more, whose neighbours stay until the next run."""


def unmet(
    city: City, fleet: Fleet, changed: Changed, there: Collection[str], patience: float
) -> list[Outcome]:
    """What the devices that a run changed lack of their intent, once it had time to come up.

    One that met its intent when it was tested is not asked again, for what a later wave does to an adjacency
    is seen from its other end. Devices that are not settled owe the changed ones nothing: perhaps they are to
    be deployed next. So what intent makes reachable has to be where it answered before, or where all that is
    there is settled.
    """
    undeployed = set(city.intents).difference(changed.settled)
    expected = [
        each
        for each in _expected(city, there, changed.seen)
        if _bad(each, changed.seen[each.hostname], undeployed, changed.kept)
    ]
    if lacking := _neighbours_unmet(fleet, expected, undeployed, changed.kept, patience):
        return lacking
    everything = set(changed.settled).issuperset(there)
    questions = _one_way_to_each_lan(_questions(city, there, changed.seen))
    return _silent(fleet, [each for each in questions if everything or each in changed.answered], patience)


def _until(fine: Callable[[], bool], patience: float) -> None:
    """Look until all is well, or for `patience` seconds; once at least."""
    deadline = time.monotonic() + patience
    while not fine() and time.monotonic() < deadline:
        time.sleep(PAUSE)


def _neighbours_unmet(
    fleet: Fleet,
    expected: list[DeviceExpectation],
    undeployed: Collection[str],
    kept: Collection[Place],
    patience: float,
) -> list[Outcome]:
    bad: dict[DeviceExpectation, list[Outcome]] = {each: [] for each in expected}

    def fine() -> bool:
        nonlocal bad
        states = collect(fleet, [each.hostname for each in bad], ()).states
        judged = {each: _bad(each, states[each.hostname], undeployed, kept) for each in bad}
        bad = {each: outcomes for each, outcomes in judged.items() if outcomes}
        return not bad

    if bad:
        _until(fine, patience)
    return [outcome for outcomes in bad.values() for outcome in outcomes]


def _silent(fleet: Fleet, questions: list[Reachable], patience: float) -> list[Outcome]:
    """Asked once neighbours are up, with patience of its own: routes follow, and a busy net loses packets."""
    silent: dict[Reachable, list[Outcome]] = {}

    def fine() -> bool:
        nonlocal silent
        asked = list(silent) or questions
        evidence = collect(fleet, (), asked)
        judged = {each: _failing(judge((), [each], evidence)) for each in asked}
        silent = {each: outcomes for each, outcomes in judged.items() if outcomes}
        return not silent

    if questions:
        _until(fine, patience)
    return [outcome for outcomes in silent.values() for outcome in outcomes]


def _questions(city: City, there: Collection[str], wanted: Collection[str]) -> list[Reachable]:
    """From the cores to everything of `wanted` that intent makes reachable."""
    return [each for each in from_cores(city.intents, there) if each.target in wanted]


def _one_way_to_each_lan(questions: Iterable[Reachable]) -> list[Reachable]:
    """Whoever reaches a router's loopback reaches its LANs as any other does, or as none: one core asks."""
    first: dict[tuple[str, Address], Reachable] = {}
    return [
        each
        for each in questions
        if each.what == LOOPBACK or first.setdefault((each.target, each.address), each) is each
    ]


def _bad(
    expected: DeviceExpectation,
    state: DeviceState | DeviceError,
    undeployed: Collection[str],
    kept: Collection[Place],
) -> list[Outcome]:
    return _failing(judge([expected], (), Evidence({expected.hostname: state}, {}), undeployed, kept))


def _failing(outcomes: Iterable[Outcome]) -> list[Outcome]:
    return [each for each in outcomes if each.verdict in (Verdict.FAIL, Verdict.ERROR)]


def _expected(city: City, there: Collection[str], wanted: Collection[str]) -> list[DeviceExpectation]:
    everything = device_expectations(city.intents, there, tuple(city.inventory.peers))
    return [each for each in everything if each.hostname in wanted]
