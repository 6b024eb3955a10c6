"""What a change is expected to cost: neighbours, interfaces and paths that a wave's state has no more.

A wave makes a mixed state: some devices have their new configuration, others still the old one. What that
state lacks by the configurations alone is predicted, and its loss is no failure; any other loss is.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Iterator, Mapping

from infra_ctl.change.reach import Reach
from infra_ctl.change.router import Router
from infra_ctl.change.sessions import sessions
from infra_ctl.change.topology import VERSIONS, Topology, Wire
from infra_ctl.intent.expectations import Reachable


def named(protocol: str, interface: str, key: str) -> str:
    """A neighbour as losses name it, in words: `ospf neighbour 10.0.1.1 on eth0`."""
    parts = [f"{protocol} neighbour", key, f"on {interface}" if interface else ""]
    return " ".join(part for part in parts if part)


def path_named(question: Reachable, seen_from: str = "") -> str:
    """`path from dc-core1 to nk-pop1 over IPv4`, or, as nk-pop1 says it, `path to dc-core1 over IPv4`."""
    if seen_from == question.target:
        return f"path to {question.source} over {question.family}"
    return f"path from {question.source} to {question.target} over {question.family}"


def losses(
    before: Mapping[str, Router],
    after: Mapping[str, Router],
    wires: Iterable[Wire],
    waves: Iterable[Iterable[str]],
) -> dict[str, tuple[str, ...]]:
    """For each device of a wave, what it is expected to have no more once its wave is done, sorted.

    `after` has the new configuration of every device in `waves`, `before` the present one of all devices.
    """
    moved = {device for device, router in after.items() if router != before[device]}
    if not moved:
        return dict.fromkeys(after, ())
    reach = Reach(Topology(before, wires))
    stirred = _stirred(reach, after, moved)
    up_before = {device: frozenset(_up(reach, device)) for device in stirred}
    found: dict[str, tuple[str, ...]] = {}
    for wave in waves:
        members = tuple(wave)
        for device in members:
            reach.topology.replace(device, after[device])
        for device in members:
            up = _up(reach, device) if device in stirred else ()
            found[device] = tuple(sorted(up_before.get(device, frozenset()).difference(up)))
    return found


def _stirred(reach: Reach, after: Mapping[str, Router], moved: Collection[str]) -> set[str]:
    """Devices of a change that may lose something: those that move, next to them, and all that speak BGP."""
    wired = {far.device for device in moved for _near, far in reach.topology.wired(device)}
    return {
        device
        for device, router in after.items()
        if device in moved or device in wired or router.bgp or reach.topology.routers[device].bgp
    }


def cuts(
    before: Mapping[str, Router],
    after: Mapping[str, Router],
    wires: Iterable[Wire],
    waves: Iterable[tuple[Iterable[str], Collection[Reachable]]],
) -> tuple[tuple[str, ...], ...]:
    """For each wave, the paths of those asked for with it that there were and that its state has no more."""
    reach, old = Reach(Topology(before, wires)), Reach(Topology(before, wires))
    untouched = state = _revisions(reach)
    there_before = functools.cache(functools.partial(_there, old))
    known: dict[Reachable, bool] = {}
    found: list[tuple[str, ...]] = []
    for members, questions in waves:
        for device in members:
            reach.topology.replace(device, after[device])
        now = _revisions(reach)
        known = {each: lost for each, lost in known.items() if now[_version(each)] == state[_version(each)]}
        state = now
        for each in questions:
            if each not in known:
                touched = state[_version(each)] != untouched[_version(each)]
                known[each] = touched and there_before(each) and not _there(reach, each)
        found.append(tuple(sorted(path_named(each) for each in questions if known[each])))
    return tuple(found)


def _revisions(reach: Reach) -> dict[int, int]:
    return {version: reach.topology.revision(version) for version in VERSIONS}


def _version(question: Reachable) -> int:
    return question.address.version


def _there(reach: Reach, question: Reachable) -> bool:
    """One way: what an answer needs beside, the source's own prefix, is no different for another target."""
    return reach.path(question.source, question.address, question.mtu).ok


def _up(reach: Reach, device: str) -> Iterator[str]:
    for session in sessions(reach, device):
        if session.up:
            yield named(session.protocol, session.interface, session.key)
    for port in reach.topology.routers[device].ports:
        if reach.topology.up((device, port)):
            yield f"interface {port}"
