"""The order of a change: farthest from the controller first, and never two that stand in for each other.

A device that is configured wrongly cuts off what lies behind it, so what lies behind comes first. Two devices
stand in for each other when a third one's ways to the controller begin with them: a ward's two PoPs, a PoP's
two cores. One of them always stays as it is while the other changes.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping

LARGEST = 32
"""Devices in a wave: all of it must be applied and tested before the first one's timer runs out."""


def waves(
    changed: Collection[str], links: Iterable[tuple[str, str]], roots: Collection[str]
) -> tuple[tuple[str, ...], ...]:
    """`changed` in waves. `links` are pairs of joined devices, `roots` those that the controller hangs on.

    Devices that no link leads to come first: nothing can depend on them. Linear in devices and links.
    """
    neighbours = _neighbours(links)
    distance = _distances(neighbours, roots)
    rings: defaultdict[int, list[str]] = defaultdict(list)
    for device in sorted(changed):
        rings[distance.get(device, len(distance))].append(device)
    partners = _partners(neighbours, distance)
    found: list[tuple[str, ...]] = []
    for ring in sorted(rings, reverse=True):
        found.extend(_apart(rings[ring], partners))
    return tuple(found)


def _neighbours(links: Iterable[tuple[str, str]]) -> Mapping[str, set[str]]:
    neighbours: defaultdict[str, set[str]] = defaultdict(set)
    for a, z in links:
        neighbours[a].add(z)
        neighbours[z].add(a)
    return neighbours


def _distances(neighbours: Mapping[str, set[str]], roots: Collection[str]) -> dict[str, int]:
    """Links to the nearest root, breadth first."""
    distance = dict.fromkeys(roots, 0)
    waiting = deque(roots)
    while waiting:
        device = waiting.popleft()
        for neighbour in neighbours.get(device, ()):
            if neighbour not in distance:
                distance[neighbour] = distance[device] + 1
                waiting.append(neighbour)
    return distance


def _partners(neighbours: Mapping[str, set[str]], distance: Mapping[str, int]) -> Mapping[str, set[str]]:
    """For each device those that stand in for it: other ways towards a root of something behind it.

    Roots stand in for each other: the controller hangs on all of them.
    """
    partners: defaultdict[str, set[str]] = defaultdict(set)
    groups = [[device for device, far in distance.items() if far == 0]]
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
