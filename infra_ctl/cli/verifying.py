"""Looking at the network until it is as intended or the patience is at its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from infra_ctl.change.plan import Plan, Status
from infra_ctl.cli.context import Context
from infra_ctl.cli.devices import present
from infra_ctl.evidence import collect
from infra_ctl.intent.expectations import DeviceExpectation, device_expectations, reachability
from infra_ctl.outcome import Outcome, Verdict
from infra_ctl.verify import judge

if TYPE_CHECKING:
    from infra_ctl.city import City
    from infra_ctl.drivers.fleet import Fleet

PAUSE = 2.0
"""Seconds between two looks."""


def look(
    context: Context,
    city: City,
    fleet: Fleet,
    hostnames: Collection[str],
    patience: float,
    on_done: Callable[[str], None],
) -> tuple[Outcome, ...]:
    """Every check of the devices called `hostnames`; again while some fail and `patience` (seconds) lasts."""
    deadline = time.monotonic() + patience
    there, wanted = present(context, city), set(hostnames)
    expected = _expected(context, city, hostnames)
    sources = [host for host in there if city.intents[host].role == "core"]
    questions = [each for each in reachability(city.intents, there, sources) if each.target in wanted]
    while True:
        outcomes = judge(expected, questions, collect(fleet, hostnames, questions, on_done))
        if all(outcome.verdict is Verdict.PASS for outcome in outcomes) or time.monotonic() >= deadline:
            return outcomes
        time.sleep(PAUSE)


def unmet(context: Context, city: City, fleet: Fleet, plan: Plan, patience: float) -> list[Outcome]:
    """What the devices that a plan changed lack of their intent, once it had time to come up.

    Devices that the plan is not about owe them nothing: perhaps they are to be deployed next.
    """
    settled = {device.hostname for device in plan.devices if device.status is not Status.FAILED}
    undeployed = set(city.intents) - settled
    expected = _expected(context, city, [device.hostname for device in plan.changed])
    deadline = time.monotonic() + patience
    while True:
        evidence = collect(fleet, [each.hostname for each in expected], ())
        found = [(each, judge([each], (), evidence, undeployed)) for each in expected]
        bad = [(each, [one for one in outcomes if one.verdict in _BAD]) for each, outcomes in found]
        expected = [each for each, outcomes in bad if outcomes]
        if not expected or time.monotonic() >= deadline:
            return [outcome for _, outcomes in bad for outcome in outcomes]
        time.sleep(PAUSE)


_BAD = (Verdict.FAIL, Verdict.ERROR)


def _expected(context: Context, city: City, hostnames: Collection[str]) -> list[DeviceExpectation]:
    wanted = set(hostnames)
    all_of_them = device_expectations(city.intents, present(context, city), tuple(city.inventory.peers))
    return [each for each in all_of_them if each.hostname in wanted]
