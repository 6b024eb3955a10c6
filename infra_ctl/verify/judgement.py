"""Checks judge what was collected: is the network as the inventory says? Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TypeAlias

from infra_ctl.drivers.base import DeviceState, Neighbour
from infra_ctl.errors import DeviceError
from infra_ctl.evidence import Answer, Evidence
from infra_ctl.intent.expectations import LINK_LOCAL, Adjacency, DeviceExpectation, Reachable
from infra_ctl.intent.model import Interface
from infra_ctl.outcome import Outcome, Verdict

Place: TypeAlias = tuple[str, str]
"""A device and its interface."""


def judge(
    expectations: Iterable[DeviceExpectation],
    reachability: Iterable[Reachable],
    evidence: Evidence,
    undeployed: Collection[str] = (),
    kept: Collection[Place] = (),
) -> tuple[Outcome, ...]:
    """One outcome a check and object; what could not be asked is ERROR, never PASS.

    A neighbour that is not up is SKIP where it is one of `undeployed`, devices that may not be as intended.
    One that nobody designed is no finding on an interface that is `kept` until the next run.
    """
    found: list[Outcome] = []
    for expected in expectations:
        state = evidence.states[expected.hostname]
        if isinstance(state, DeviceError):
            found.append(Outcome("device", expected.hostname, Verdict.ERROR, state.cause))
        else:
            found += _interfaces(expected, state)
            found += _neighbours(expected, state, undeployed, kept)
    for question in reachability:
        found += _reachable(question, evidence.answers[question])
    return tuple(found)


def _interfaces(expected: DeviceExpectation, state: DeviceState) -> Iterator[Outcome]:
    seen = {interface.name: interface for interface in state.interfaces}
    for wanted in expected.interfaces:
        place = f"{expected.hostname}/{wanted.name}"
        interface = seen.get(wanted.name)
        if interface is None:
            yield Outcome("interface", place, Verdict.FAIL, "is not there")
            continue
        if not wanted.enabled:
            held = ["is up, and is to be shut off"] if interface.up else []
            yield _outcome("interface", place, "shut off, as intended", held)
            continue
        wrong = [] if interface.up else ["is down"]
        if wanted.kind != "loopback" and interface.mtu != wanted.mtu:
            wrong.append(f"has MTU {interface.mtu}, not {wanted.mtu}")
        wrong += [f"lacks {address}" for address in _addresses(wanted) if address not in interface.addresses]
        yield _outcome("interface", place, "up, as intended", wrong)


def _addresses(interface: Interface) -> list[object]:
    return [address for address in (interface.ipv4, interface.ipv6) if address is not None]


def _neighbours(
    expected: DeviceExpectation, state: DeviceState, undeployed: Collection[str], kept: Collection[Place]
) -> Iterator[Outcome]:
    """Those that were designed, and none besides."""
    pairs, others = paired(expected, state)
    for adjacency, neighbour in pairs.items():
        family = " IPv6" if adjacency.key == LINK_LOCAL else ""
        name = f"{expected.hostname} {adjacency.peer} {adjacency.interface}{family}".rstrip()
        wrong = ["is not there"] if neighbour is None else [] if neighbour.up else [f"is {neighbour.detail}"]
        if wrong and adjacency.peer in undeployed:
            yield Outcome(adjacency.protocol, name, Verdict.SKIP, f"{adjacency.peer} is not deployed yet")
        else:
            yield _outcome(adjacency.protocol, name, "up", wrong)
    for neighbour in others:
        if neighbour.up and (expected.hostname, neighbour.interface) not in kept:
            name = f"{expected.hostname} {neighbour.key} {neighbour.interface}".rstrip()
            yield Outcome(neighbour.protocol, name, Verdict.FAIL, "is a neighbour that nobody designed")


def paired(
    expected: DeviceExpectation, state: DeviceState
) -> tuple[Mapping[Adjacency, Neighbour | None], tuple[Neighbour, ...]]:
    """Designed adjacencies with the neighbour that was seen in their place, and all other neighbours."""
    seen = {(n.protocol, n.interface, n.foreseeable_key): n for n in state.neighbours}
    wanted = {(a.protocol, a.interface, a.key): a for a in expected.adjacencies}
    pairs = {adjacency: seen.get(place) for place, adjacency in wanted.items()}
    return pairs, tuple(seen[place] for place in sorted(seen.keys() - wanted.keys()))


def _reachable(question: Reachable, answer: Answer | DeviceError) -> Iterator[Outcome]:
    """Whether it answers, and whether it does in packets of its path's MTU."""
    name = f"{question.target} {question.what} {question.address} from {question.source}"
    if isinstance(answer, DeviceError):
        yield Outcome("reachable", name, Verdict.ERROR, f"{question.source}: {answer.cause}")
    else:
        silent = [] if answer.small else [f"does not answer over {question.family}"]
        yield _outcome("reachable", name, f"answers over {question.family}", silent)
    if isinstance(answer, DeviceError) or not answer.small:
        yield Outcome("path-mtu", name, Verdict.SKIP, "does not answer at all")
    else:
        narrow = [] if answer.full else [f"small packets pass, {question.mtu} bytes do not"]
        yield _outcome("path-mtu", name, f"{question.mtu} bytes pass", narrow)


def _outcome(check: str, name: str, fine: str, wrong: list[str]) -> Outcome:
    if wrong:
        return Outcome(check, name, Verdict.FAIL, "; ".join(wrong))
    return Outcome(check, name, Verdict.PASS, fine)
