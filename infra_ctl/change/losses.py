"""What a change is expected to cost: neighbours, interfaces and paths that a wave's state has no more.

A wave makes a mixed state: some devices have their new configuration, others still the old one. What that
state lacks by the configurations alone is predicted, and its loss is no failure; any other loss is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from infra_ctl.change.reach import Reach
from infra_ctl.change.router import Router
from infra_ctl.change.sessions import sessions
from infra_ctl.change.topology import Topology, Wire
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
    reach = Reach(Topology(before, wires))
    up_before = {device: frozenset(_up(reach, device)) for device in after}
    found: dict[str, tuple[str, ...]] = {}
    for wave in waves:
        members = tuple(wave)
        for device in members:
            reach.topology.replace(device, after[device])
        for device in members:
            found[device] = tuple(sorted(up_before[device].difference(_up(reach, device))))
    return found


def cuts(
    before: Mapping[str, Router],
    after: Mapping[str, Router],
    wires: Iterable[Wire],
    waves: Iterable[tuple[Iterable[str], Collection[Reachable]]],
) -> tuple[tuple[str, ...], ...]:
    """For each wave, the paths of those asked for with it that there were and that its state has no more."""
    reach = Reach(Topology(before, wires))
    old = Reach(Topology(before, wires))
    untouched = reach.topology.revision
    found: list[tuple[str, ...]] = []
    for members, questions in waves:
        for device in members:
            reach.topology.replace(device, after[device])
        asked = questions if reach.topology.revision != untouched else ()
        lost = (each for each in asked if _there(old, each) and not _there(reach, each))
        found.append(tuple(sorted(map(path_named, lost))))
    return tuple(found)


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
