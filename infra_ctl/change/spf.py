"""Shortest paths through OSPF's areas, from one router to all others.

A packet goes through its own area to a border router, through the backbone, and from a border router through
the area of its destination (RFC 2328, 3.2). So a router counts once for each area that it is in, and for
whether the packet is before, in or past the backbone.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from infra_ctl.change.topology import Topology

BACKBONE = 0
BEFORE, IN, PAST = range(3)

State: TypeAlias = tuple[str, int, int]
"""A router, where the packet is as to the backbone, and the number of the area."""

NO_LINK = 1 << 16


@dataclass(frozen=True, slots=True)
class Step:
    """How a state is best reached; `mtu` in bytes is that of the link that leads to it."""

    cost: int
    mtu: int
    previous: State | None


Tree: TypeAlias = Mapping[State, Step]


def tree(topology: Topology, source: str, version: int) -> Tree:
    """The best way to every state that can be reached from a router (Dijkstra's algorithm)."""
    found: dict[State, Step] = {}
    queue = [(0, state, NO_LINK, state) for state in _starts(topology, source, version)]
    heapq.heapify(queue)
    while queue:
        cost, state, mtu, previous = heapq.heappop(queue)
        if state in found:
            continue
        found[state] = Step(cost, mtu, None if previous == state else previous)
        for after, more, over in _moves(topology, state, version):
            if after not in found:
                heapq.heappush(queue, (cost + more, after, over, state))
    return found


def arrivals(topology: Topology, found: Tree, device: str, version: int) -> Iterator[State]:
    """The states of a router that a tree reaches."""
    for area in topology.areas(device, version):
        for phase in (IN,) if area == BACKBONE else (BEFORE, PAST):
            if (device, phase, area) in found:
                yield device, phase, area


def walk(found: Tree, state: State) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Routers on the way to a state, the source first, and the MTU of each link between them."""
    hops, mtus = [state[0]], []
    step = found[state]
    while step.previous is not None:
        if step.previous[0] != hops[-1]:
            hops.append(step.previous[0])
            mtus.append(step.mtu)
        step = found[step.previous]
    return tuple(reversed(hops)), tuple(reversed(mtus))


def _starts(topology: Topology, source: str, version: int) -> Iterator[State]:
    """A border router takes other areas' routes from the backbone only, while it has a neighbour there."""
    areas = topology.areas(source, version)
    if BACKBONE in areas:
        yield source, IN, BACKBONE
    if not any(link.area == BACKBONE for link in topology.links(source, version)):
        yield from ((source, BEFORE, area) for area in areas if area != BACKBONE)


def _moves(topology: Topology, state: State, version: int) -> Iterator[tuple[State, int, int]]:
    """Next states with cost and MTU: over a link of the area, or into another area at a border router."""
    device, phase, area = state
    for link in topology.links(device, version):
        if link.area == area:
            yield (link.peer, phase, area), link.cost, link.mtu
    areas = topology.areas(device, version)
    if phase == PAST or len(areas) < 2 or BACKBONE not in areas:
        return
    if phase == BEFORE:
        yield (device, IN, BACKBONE), 0, NO_LINK
    else:
        yield from (((device, PAST, other), 0, NO_LINK) for other in areas if other != BACKBONE)
