"""Looking at the network until it is as intended or the patience is at its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping

from infra_ctl.change.plan import Plan, Status
from infra_ctl.city import City
from infra_ctl.drivers.base import DeviceState
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.evidence import Answer, Evidence, collect
from infra_ctl.intent.expectations import DeviceExpectation, Reachable, device_expectations, reachability
from infra_ctl.outcome import Outcome, Verdict
from infra_ctl.verify.judgement import judge

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
    deadline = time.monotonic() + patience
    wanted = set(hostnames)
    expected = _expected(city, there, wanted)
    questions = _questions(city, there, wanted)
    while True:
        outcomes = judge(expected, questions, collect(fleet, hostnames, questions, on_done))
        if all(outcome.verdict is Verdict.PASS for outcome in outcomes) or time.monotonic() >= deadline:
            return outcomes
        time.sleep(PAUSE)


def answering(city: City, fleet: Fleet, plan: Plan, there: Collection[str]) -> frozenset[Reachable]:
    """Which addresses of the devices that a plan changes answer the data centre now.

    A plan about all that is there is not asked: everything has to answer after it, whatever did before.
    """
    if _settled(plan).issuperset(there):
        return frozenset()
    questions = _questions(city, there, {device.hostname for device in plan.changed})
    answers = collect(fleet, (), questions).answers
    return frozenset(each for each, said in answers.items() if isinstance(said, Answer) and said.full)


def unmet(
    city: City,
    fleet: Fleet,
    plan: Plan,
    there: Collection[str],
    seen: Mapping[str, DeviceState],
    answered: Collection[Reachable],
    patience: float,
) -> list[Outcome]:
    """What the devices that a plan changed lack of their intent, once it had time to come up.

    `seen` is what each looked like when it was tested: one that met its intent then is not asked again, for
    what a later wave does to an adjacency is seen from its other end. Devices that the plan is not about owe
    the changed ones nothing: perhaps they are to be deployed next. So what intent makes reachable has to be
    where it answered before, in `answered`, or where the plan is about all that is there.
    """
    settled = _settled(plan)
    undeployed = set(city.intents) - settled
    changed = {device.hostname for device in plan.changed}
    evidence = Evidence(seen, {})
    expected = [
        each
        for each in _expected(city, there, changed)
        if each.hostname not in seen or _bad(each, evidence, undeployed)
    ]
    if lacking := _neighbours_unmet(fleet, expected, undeployed, patience):
        return lacking
    questions = _questions(city, there, changed)
    return _silent(fleet, [q for q in questions if q in answered or settled.issuperset(there)], patience)


def _settled(plan: Plan) -> set[str]:
    """Devices that are as intended once the plan is carried out."""
    return {device.hostname for device in plan.devices if device.status is not Status.FAILED}


def _neighbours_unmet(
    fleet: Fleet, expected: list[DeviceExpectation], undeployed: Collection[str], patience: float
) -> list[Outcome]:
    deadline = time.monotonic() + patience
    while expected:
        evidence = collect(fleet, [each.hostname for each in expected], ())
        bad = {each: _bad(each, evidence, undeployed) for each in expected}
        expected = [each for each in expected if bad[each]]
        if time.monotonic() >= deadline:
            return [outcome for each in expected for outcome in bad[each]]
        if expected:
            time.sleep(PAUSE)
    return []


def _silent(fleet: Fleet, questions: list[Reachable], patience: float) -> list[Outcome]:
    """Asked once neighbours are up, with patience of its own: routes follow, and a busy net loses packets."""
    deadline = time.monotonic() + patience
    while questions:
        evidence = collect(fleet, (), questions)
        silent = [one for one in judge((), questions, evidence) if one.verdict is not Verdict.PASS]
        questions = [each for each in questions if evidence.answers[each] != Answer(full=True, small=True)]
        if time.monotonic() >= deadline:
            return silent
        if questions:
            time.sleep(PAUSE)
    return []


def _questions(city: City, there: Collection[str], wanted: Collection[str]) -> list[Reachable]:
    """From both cores to everything of `wanted` that intent makes reachable."""
    sources = [host for host in there if city.intents[host].role == "core"]
    return [each for each in reachability(city.intents, there, sources) if each.target in wanted]


def _bad(expected: DeviceExpectation, evidence: Evidence, undeployed: Collection[str]) -> list[Outcome]:
    outcomes = judge([expected], (), evidence, undeployed)
    return [each for each in outcomes if each.verdict in (Verdict.FAIL, Verdict.ERROR)]


def _expected(city: City, there: Collection[str], wanted: Collection[str]) -> list[DeviceExpectation]:
    everything = device_expectations(city.intents, there, tuple(city.inventory.peers))
    return [each for each in everything if each.hostname in wanted]
