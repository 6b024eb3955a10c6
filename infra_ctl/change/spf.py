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
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from infra_ctl.change.topology import BACKBONE, Link, Stub, Topology

WITHIN, BEFORE, IN, PAST = range(4)

State: TypeAlias = tuple[str, int, int]
"""A router, where the packet is as to the backbone, and the number of the area."""

Move: TypeAlias = tuple[State, int, int]
"""The next state, what it costs to get there, and the MTU on the way, in bytes."""

Entry: TypeAlias = tuple[int, State, int, State]
"""A way to a state: its whole cost, the state, the MTU of its last link, and the state before."""

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
    """The best way to every state that can be reached from a router, save those of leaves (`with_leaves`).

    So it is as large as what ways lead through, whatever hangs on that.
    """

    def moves(state: State) -> Iterator[Move]:
        yield from _inside(topology, state, source, version)
        if _leads_on(topology, state, source, version):
            yield from _over(state, topology.through(state[0], version))

    return _settled([(0, state, NO_LINK, state) for state in _starts(topology, source, version)], moves)


def with_leaves(
    topology: Topology, found: dict[State, Step], source: str, devices: Iterable[str], version: int
) -> Tree:
    """A tree with the states of those devices that are leaves."""
    own: dict[State, Step] = {}
    for leaf in filter(topology.is_leaf, devices):
        last = list(_last(topology, found, source, leaf, version))
        own |= _settled(last, lambda state: _inside(topology, state, source, version))
    return ChainMap(own, found) if own else found


def graft(topology: Topology, found: dict[State, Step], source: str, stub: Stub, version: int) -> None:
    """Bring a tree up to a change of a device that no way leads through, and that is not its source."""
    for area in stub.areas:
        for phase in (WITHIN, BEFORE, IN, PAST):
            found.pop((stub.device, phase, area), None)
    for cost, state, mtu, before in _last(topology, found, source, stub.device, version):
        found[state] = Step(cost, mtu, before)


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
    if not topology.has_backbone(source, version):
        yield from ((source, BEFORE, area) for area in own)


def _settled(queue: list[Entry], moves: Callable[[State], Iterable[Move]]) -> dict[State, Step]:
    """The best way to all that the moves lead to (Dijkstra's algorithm)."""
    found: dict[State, Step] = {}
    heapq.heapify(queue)
    while queue:
        cost, state, mtu, previous = heapq.heappop(queue)
        if state in found:
            continue
        found[state] = Step(cost, mtu, None if previous == state else previous)
        for after, more, over in moves(state):
            if after not in found:
                heapq.heappush(queue, (cost + more, after, over, state))
    return found


def _last(topology: Topology, found: Tree, source: str, device: str, version: int) -> Iterator[Entry]:
    """From what a tree has reached over the wires of a device to its states."""
    for near, far in topology.wired(device):
        if (link := topology.link_to(far, near, version)) is None:
            continue
        for phase in (WITHIN, BEFORE, IN, PAST):
            before = far.device, phase, link.area
            if before in found and _leads_on(topology, before, source, version):
                yield found[before].cost + link.cost, (device, phase, link.area), link.mtu, before


def _leads_on(topology: Topology, state: State, source: str, version: int) -> bool:
    """Whether a packet goes on over links of the area."""
    device, phase, _area = state
    if version == 6 and device != source and topology.is_stub(device, 6):
        return False
    return phase != BEFORE or not topology.has_backbone(device, version)


def _over(state: State, links: Iterable[Link]) -> Iterator[Move]:
    """Over each link of the area."""
    _device, phase, area = state
    return (((link.peer, phase, area), link.cost, link.mtu) for link in links if link.area == area)


def _inside(topology: Topology, state: State, source: str, version: int) -> Iterator[Move]:
    """Into another area, at a border router."""
    device, phase, _area = state
    if phase not in (BEFORE, IN) or (version == 6 and device != source and topology.is_stub(device, 6)):
        return
    border = STUB_BORDER if version == 4 and topology.is_stub(device, 4) else 0
    areas = topology.areas(device, version)
    if phase == BEFORE and BACKBONE in areas:
        yield (device, IN, BACKBONE), border, NO_LINK
    if phase == IN:
        yield from (((device, PAST, other), border, NO_LINK) for other in areas if other != BACKBONE)
