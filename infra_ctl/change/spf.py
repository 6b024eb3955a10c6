"""Shortest paths through OSPF's areas, from one router to all others.

A packet stays within its area, or it goes to a border router, through the backbone, and from a border router
through the area of its destination (RFC 2328, 3.2). So a router counts once for each area that it is in, and
for where the packet is as to the backbone. Every router on the way decides anew: a border router that has a
neighbour in the backbone knows other areas from the backbone only, and passes nothing on to another border
router through an area that they share. FRR's OSPFv2 was seen to do so; its OSPFv3 lets more through, which
is not relied on.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from infra_ctl.change.topology import BACKBONE, Stub, Topology

WITHIN, BEFORE, IN, PAST = range(4)

State: TypeAlias = tuple[str, int, int]
"""A router, where the packet is as to the backbone, and the number of the area."""

NO_LINK = 1 << 16
STUB_BORDER = 0xFF0000
"""What FRR's OSPFv2 puts a summary at, at a border router that has `max-metric`."""


@dataclass(frozen=True, slots=True)
class Step:
    """How a state is best reached; `mtu` in bytes is that of the link that leads to it."""

    cost: int
    mtu: int
    previous: State | None


Tree: TypeAlias = Mapping[State, Step]


def tree(topology: Topology, source: str, version: int) -> dict[State, Step]:
    """The best way to every state that can be reached from a router (Dijkstra's algorithm)."""
    found: dict[State, Step] = {}
    queue = [(0, state, NO_LINK, state) for state in _starts(topology, source, version)]
    heapq.heapify(queue)
    while queue:
        cost, state, mtu, previous = heapq.heappop(queue)
        if state in found:
            continue
        found[state] = Step(cost, mtu, None if previous == state else previous)
        if version == 6 and state[0] != source and topology.is_stub(state[0], 6):
            continue
        for after, more, over in _moves(topology, state, version):
            if after not in found:
                heapq.heappush(queue, (cost + more, after, over, state))
    return found


def graft(topology: Topology, found: dict[State, Step], stub: Stub, version: int) -> None:
    """Bring a tree up to a change of a device that no way leads through, and that is not its source."""
    for area in stub.areas:
        for phase in (WITHIN, BEFORE, IN, PAST):
            found.pop((stub.device, phase, area), None)
    for near, far in topology.wired(stub.device):
        if (link := topology.link_to(far, near, version)) is None:
            continue
        for phase in (WITHIN, BEFORE, IN, PAST):
            before = far.device, phase, link.area
            if before in found and not (phase == BEFORE and _has_backbone(topology, far.device, version)):
                cost = found[before].cost + link.cost
                found[stub.device, phase, link.area] = Step(cost, link.mtu, before)


def arrivals(topology: Topology, found: Tree, device: str, version: int) -> Iterator[State]:
    """The states of a router that a tree reaches, and in which a packet may have reached its destination."""
    for area in topology.areas(device, version):
        for phase in (IN,) if area == BACKBONE else (WITHIN, PAST):
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
    areas = topology.areas(source, version)
    own = [area for area in areas if area != BACKBONE]
    yield from ((source, WITHIN, area) for area in own)
    if BACKBONE in areas:
        yield source, IN, BACKBONE
    if not _has_backbone(topology, source, version):
        yield from ((source, BEFORE, area) for area in own)


def _moves(topology: Topology, state: State, version: int) -> Iterator[tuple[State, int, int]]:
    """Next states with cost and MTU: over a link of the area, or into another area at a border router."""
    device, phase, area = state
    border = STUB_BORDER if version == 4 and topology.is_stub(device, 4) else 0
    if phase == BEFORE and BACKBONE in topology.areas(device, version):
        yield (device, IN, BACKBONE), border, NO_LINK
        if _has_backbone(topology, device, version):
            return
    for link in topology.links(device, version):
        if link.area == area:
            yield (link.peer, phase, area), link.cost, link.mtu
    if phase == IN:
        others = (other for other in topology.areas(device, version) if other != BACKBONE)
        yield from (((device, PAST, other), border, NO_LINK) for other in others)


def _has_backbone(topology: Topology, device: str, version: int) -> bool:
    return any(link.area == BACKBONE for link in topology.links(device, version))
