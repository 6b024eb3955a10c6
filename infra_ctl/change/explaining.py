"""Why a device or host stands where it stands in a change, from the reasons that its order has kept."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from infra_ctl.change.plan import Plan, Status
from infra_ctl.change.waves import Cause, Ground, HeldBack, Order


@dataclass(frozen=True, slots=True)
class Explanation:
    """A device's place in words; mappings are from a device to its wave."""

    device: str
    wave: int
    waves: int
    distance: int | None
    canary: str
    """The kind that it tries out for the others; empty where it does not."""
    before: Mapping[str, int]
    """What lies right behind it: farther from the controller, so it comes before."""
    after: Mapping[str, int]
    """What it hangs on: nearer, so it comes after."""
    kept_out: tuple[HeldBack, ...]
    """Earlier waves that have its distance, and why it is in none of them."""


def explain(device: str, order: Order, ground: Ground) -> Explanation:
    """Why a device that changes stands where it stands."""
    place = order.places[device]
    around = {z if a == device else a for a, z in ground.links if device in (a, z)}
    beside = {each: order.places[each] for each in sorted(around) if each in order.places}
    kind = ground.kind(device)
    return Explanation(
        device=device,
        wave=place.wave,
        waves=len(order.waves),
        distance=place.distance,
        canary=kind if order.canaries.get(kind) == device else "",
        before={each: its.wave for each, its in beside.items() if its.wave < place.first},
        after={each: its.wave for each, its in beside.items() if its.first > place.wave},
        kept_out=tuple(_kept_out(device, order, kind)),
    )


def _kept_out(device: str, order: Order, kind: str) -> Iterator[HeldBack]:
    """A wave that had nothing against the device had no room for it."""
    place = order.places[device]
    held = {each.wave: each for each in place.held_back}
    canary = order.canaries.get(kind, "")
    for number in range(place.first, place.wave):
        tries = number == 1 and bool(order.canaries)
        if number in held:
            yield held[number]
        elif tries or canary in order.waves[number - 1]:
            yield HeldBack(number, Cause.CANARY, order.waves[0] if tries else (canary,))
        else:
            yield HeldBack(number, Cause.SIZE, ())


@dataclass(frozen=True, slots=True)
class HostExplanation:
    """A host's place: what comes before it and after it, each with its wave and the reason."""

    host: str
    wave: int
    waves: int
    before: tuple[tuple[str, int, str], ...]
    after: tuple[tuple[str, int, str], ...]


def explain_host(name: str, plan: Plan) -> HostExplanation:
    """Why a host that changes stands where it stands."""
    waves = {each: number for number, wave in enumerate(plan.waves, start=1) for each in wave}
    edges = [each for each in plan.after if each.name in waves and each.first in waves]
    return HostExplanation(
        name,
        waves[name],
        len(plan.waves),
        tuple((each.first, waves[each.first], each.reason) for each in edges if each.name == name),
        tuple((each.name, waves[each.name], each.reason) for each in edges if each.first == name),
    )


def nowhere(name: str, plan: Plan, nearer: Collection[str]) -> tuple[str, str]:
    """Why a device or host is in no wave: its status, and that in words; `nearer` are what leads to it."""
    if name in plan.behind:
        first = [each for each in nearer if each in plan.steps or each in plan.behind]
        return "behind", f"behind {', '.join(first) or 'routers that change'}: comes in the run after"
    part = next((each for each in plan.parts if each.name == name), None)
    if part is None:
        return "not selected", "not selected"
    return part.status, f"failed: {part.cause}" if part.status is Status.FAILED else part.status


def host_in_words(why: HostExplanation) -> Iterator[tuple[str, str]]:
    """What is said of each thing, a line each."""
    yield "wave", f"{why.wave} of {why.waves}"
    for first, wave, reason in why.before:
        yield "first", f"{first} (wave {wave}): {reason}"
    for then, wave, reason in why.after:
        yield "then", f"{then} (wave {wave}): {reason}"


def in_words(why: Explanation) -> Iterator[tuple[str, str]]:
    """What is said of each thing, a line each."""
    far = "no link leads there" if why.distance is None else _links(why.distance)
    yield "wave", f"{why.wave} of {why.waves}, {far} from where the controller is"
    if why.canary:
        yield "canary", f"the first {why.canary}: the others wait until it is confirmed"
    if why.before:
        yield "first", f"{_names(why.before)}: behind {why.device}, and cut off if it fails"
    if why.after:
        yield "then", f"{_names(why.after)}: {why.device} hangs on them"
    for held in why.kept_out:
        yield f"not in {held.wave}", _WORDS[held.cause].format(others=" ".join(held.because))


_WORDS = {
    Cause.PARTNER: "{others} stands in for it there",
    Cause.PROMISE: "with {others} it is every way to what lies behind them",
    Cause.CANARY: "{others} is tried alone there",
    Cause.SIZE: "that wave is full",
}


def _links(distance: int) -> str:
    return f"{distance} link{'' if distance == 1 else 's'}"


MOST = 6
"""Devices that a line names."""


def _names(devices: Mapping[str, int]) -> str:
    """`a (wave 1) b (wave 2) and 3 more`."""
    named = [f"{device} (wave {wave})" for device, wave in list(devices.items())[:MOST]]
    more = [f"and {len(devices) - MOST} more"] if len(devices) > MOST else []
    return " ".join(named + more)
