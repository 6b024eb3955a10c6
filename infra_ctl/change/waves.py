"""The order of a change: farthest from the controller first, and never two that stand in for each other.

A device that is configured wrongly cuts off what lies behind it, so what lies behind comes first. Two devices
stand in for each other when they are of one site, as two edge routers are, or when a third one's ways to the
controller begin with them: a ward's two PoPs, a PoP's two cores. One of them always stays as it is while the
other changes.

The promise of a wave: should all of it fail, nobody outside of it is cut off whom one of it alone would not
have cut off.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from infra_ctl.intent.topology import distances

if TYPE_CHECKING:
    from networkx import DiGraph

LARGEST = 32
"""Devices in a wave: all of it must be applied and tested before the first one's timer runs out."""


def waves(
    changed: Collection[str],
    links: Iterable[tuple[str, str]],
    roots: Collection[str],
    sites: Iterable[Collection[str]] = (),
) -> tuple[tuple[str, ...], ...]:
    """`changed` in waves. `links` are pairs of joined devices, `roots` those that the controller hangs on.

    `sites` are the devices of each site.

    Devices that no link leads to come first: nothing can depend on them. Linear in devices and links.
    """
    neighbours = _neighbours(links)
    cutters = _Cutters(neighbours, roots)
    distance = distances(neighbours, roots)
    rings: defaultdict[int, list[str]] = defaultdict(list)
    for device in sorted(changed):
        rings[distance.get(device, len(distance))].append(device)
    partners = _partners(neighbours, distance, sites)
    found: list[tuple[str, ...]] = []
    for ring in sorted(rings, reverse=True):
        for wave in _apart(rings[ring], partners):
            found.extend(_kept_promise(wave, cutters))
    return tuple(found)


def leaves(links: Iterable[tuple[str, str]], roots: Collection[str]) -> frozenset[str]:
    """Devices that nothing hangs on: none of their neighbours is farther from the roots than they are."""
    neighbours = _neighbours(links)
    distance = distances(neighbours, roots)
    return frozenset(
        device
        for device, far in distance.items()
        if all(distance[each] <= far for each in neighbours[device])
    )


class _Cutters:
    """Who alone cuts off whom: the dominators of the graph, seen from the controller."""

    def __init__(self, neighbours: Mapping[str, set[str]], roots: Collection[str]) -> None:
        import networkx

        self._graph: DiGraph[str] = networkx.DiGraph(
            (a, z) for a, around in neighbours.items() for z in around
        )
        self._graph.add_edges_from((_CONTROLLER, root) for root in roots)
        self._above = networkx.immediate_dominators(self._graph, _CONTROLLER)

    def break_promise(self, wave: Collection[str]) -> bool:
        """Whether a wave, failing, cuts off somebody whom none of it cuts off alone."""
        failing = set(wave)
        reached, waiting = {_CONTROLLER}, deque([_CONTROLLER])
        while waiting:
            for device in self._graph.successors(waiting.popleft()):
                if device not in reached and device not in failing:
                    reached.add(device)
                    waiting.append(device)
        lost = self._above.keys() - reached - failing
        return any(failing.isdisjoint(self._alone(device)) for device in lost)

    def _alone(self, device: str) -> Iterator[str]:
        while device != _CONTROLLER:
            device = self._above[device]
            yield device


_CONTROLLER = ""
"""What all roots hang on; no device has an empty name."""


def _kept_promise(wave: tuple[str, ...], cutters: _Cutters) -> list[tuple[str, ...]]:
    """The wave, or its halves, and theirs, until none breaks the promise: one device alone never does."""
    if len(wave) == 1 or not cutters.break_promise(wave):
        return [wave]
    half = len(wave) // 2
    return [*_kept_promise(wave[:half], cutters), *_kept_promise(wave[half:], cutters)]


def _neighbours(links: Iterable[tuple[str, str]]) -> Mapping[str, set[str]]:
    neighbours: defaultdict[str, set[str]] = defaultdict(set)
    for a, z in links:
        neighbours[a].add(z)
        neighbours[z].add(a)
    return neighbours


def _partners(
    neighbours: Mapping[str, set[str]], distance: Mapping[str, int], sites: Iterable[Collection[str]]
) -> Mapping[str, set[str]]:
    """For each device those that stand in for it: of its site, or other ways to a root of what is behind.

    Roots stand in for each other: the controller hangs on all of them.
    """
    partners: defaultdict[str, set[str]] = defaultdict(set)
    groups = [[device for device, far in distance.items() if far == 0], *map(list, sites)]
    for device, around in neighbours.items():
        groups.append([each for each in around if distance.get(each, 0) <= distance.get(device, 0)])
    for group in groups:
        for device in group:
            partners[device].update(each for each in group if each != device)
    return partners


def _apart(ring: Iterable[str], partners: Mapping[str, set[str]]) -> list[tuple[str, ...]]:
    """First fit: each device into the first wave that has room and none of its partners."""
    found: list[list[str]] = []
    banned: list[set[str]] = []
    for device in ring:
        for wave, unwelcome in zip(found, banned, strict=True):
            if device not in unwelcome and len(wave) < LARGEST:
                break
        else:
            wave, unwelcome = [], set()
            found.append(wave)
            banned.append(unwelcome)
        wave.append(device)
        unwelcome.update(partners.get(device, ()))
    return [tuple(wave) for wave in found]
