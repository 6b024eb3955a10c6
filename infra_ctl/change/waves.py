"""The order of a change: farthest from the controller first, and never two that stand in for each other.

A device that is configured wrongly cuts off what lies behind it, so what lies behind comes first. Two devices
stand in for each other when they are of one site, as two edge routers are, or when a third one's ways to the
controller begin with them: a ward's two PoPs, a PoP's two cores. One of them always stays as it is while the
other changes.

The promise of a wave: should all of it fail, nobody outside of it is cut off whom one of it alone would not
have cut off.

A large change tries itself out: its first wave is one device, the canary, and so is the first of each kind;
then waves of a kind grow. An order keeps why each device is in no earlier wave, so that nobody has to guess.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from infra_ctl.intent.topology import distances

LARGEST = 48
"""Devices in a wave: all of it must be applied and tested before the first one's timer runs out.

A router applies a whole configuration in 1 to 3 s, 16 at once: 48 of them within 9 s. On the twin all share
two cores, and 48 times 2 s are 48 s. The test takes 30 s at the most: 80 s of the timer's 120 s.
"""
SMALL = 12
"""A change of so many devices is tried out by its first wave as it is: it has no canary."""
GROWTH = 8
"""Each wave of a kind may have so many times as many of it as the one before: 1, 8, then the largest."""


class Cause(StrEnum):
    """Why a device is not in a wave that has its distance."""

    PARTNER = "partner"
    """One of that wave stands in for it."""
    PROMISE = "promise"
    """With those of that wave it would have been all ways to what lies behind."""
    CANARY = "canary"
    """Of its kind that wave tries one alone."""
    SIZE = "size"
    """That wave has as many as it may."""


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Why a device is not in a wave (from 1); `because` names those of that wave that are the cause."""

    wave: int
    cause: Cause
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a device stands: its wave, and the first one that has devices of its distance, both from 1."""

    wave: int
    first: int
    distance: int | None
    """Links to the nearest device that the controller hangs on; None where no link leads to it."""
    held_back: tuple[HeldBack, ...]
    """Waves that it was kept out of though they had room."""


@dataclass(frozen=True, slots=True)
class Order:
    """The waves of a change, the place of each of its devices, and those that try a kind out, by kind."""

    waves: tuple[tuple[str, ...], ...]
    places: Mapping[str, Place]
    canaries: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ground:
    """What an order rests on."""

    links: Collection[tuple[str, str]]
    """Pairs of joined devices."""
    roots: Collection[str]
    """Devices that the controller hangs on."""
    sites: Collection[Collection[str]] = ()
    """The devices of each site."""
    kinds: Mapping[str, str] = field(default_factory=dict)
    """What each device is; those that are not here are of one kind."""

    def kind(self, device: str) -> str:
        return self.kinds.get(device, "")


def order(changed: Collection[str], ground: Ground) -> Order:
    """`changed` in waves. Devices that no link leads to come first: nothing can depend on them.

    Linear in devices and links, where no device has more neighbours because the city is larger.
    """
    neighbours = _neighbours(ground.links)
    distance = distances(neighbours, ground.roots)
    regions = _Regions(neighbours, distance)
    rings: defaultdict[int, list[str]] = defaultdict(list)
    for device in sorted(changed):
        rings[distance.get(device, len(distance))].append(device)
    filling = _Filling(ground, _partners(neighbours, distance, ground.sites), large=len(changed) > SMALL)
    for far in sorted(rings, reverse=True):
        filling.ring(rings[far], regions.beyond(far))
    return filling.order(distance)


def in_rings(
    rings: Iterable[Collection[str]], partners: Mapping[str, set[str]], kinds: Mapping[str, str]
) -> Order:
    """Waves over what has no distance and an order all the same: each ring comes whole before the next."""
    ordered = [sorted(ring) for ring in rings]
    filling = _Filling(Ground((), (), kinds=kinds), partners, large=sum(map(len, ordered)) > SMALL)
    for ring in ordered:
        filling.ring(ring, {})
    return filling.order({})


def leaves(links: Iterable[tuple[str, str]], roots: Collection[str]) -> frozenset[str]:
    """Devices that nothing hangs on: none of their neighbours is farther from the roots than they are."""
    neighbours = _neighbours(links)
    distance = distances(neighbours, roots)
    return frozenset(
        device
        for device, far in distance.items()
        if all(distance[each] <= far for each in neighbours[device])
    )


def hanging_on(device: str, ground: Ground) -> tuple[str, ...]:
    """Devices that have no way to the controller but through this one, sorted."""
    neighbours = _neighbours(ground.links)
    others = {each: around - {device} for each, around in neighbours.items() if each != device}
    without = distances(others, [root for root in ground.roots if root != device])
    return tuple(sorted(distances(neighbours, ground.roots).keys() - without.keys() - {device}))


@dataclass(frozen=True, slots=True, eq=False)
class _Region:
    """Devices behind a ring that reach each other without it; `ways` are those of the ring that lead in."""

    ways: set[str]


class _Regions:
    """What lies beyond each ring of devices of one distance, from the farthest ring inwards."""

    def __init__(self, neighbours: Mapping[str, set[str]], distance: Mapping[str, int]) -> None:
        self._neighbours = neighbours
        self._distance = distance
        self._rings: defaultdict[int, list[str]] = defaultdict(list)
        for device, far in distance.items():
            self._rings[far].append(device)
        self._joined = max(self._rings, default=0) + 1
        self._above: dict[str, str] = {}

    def beyond(self, far: int) -> Mapping[str, Collection[_Region]]:
        """By device of the ring `far`, the regions behind it that it is one of several ways to.

        To be asked from the farthest ring inwards.
        """
        while self._joined > far + 1:
            self._joined -= 1
            self._join(self._rings[self._joined])
        found: defaultdict[str, _Region] = defaultdict(lambda: _Region(set()))
        for device in self._rings.get(far, ()):
            for top in self._behind(device):
                found[top].ways.add(device)
        held: defaultdict[str, list[_Region]] = defaultdict(list)
        for region in found.values():
            for device in region.ways if len(region.ways) > 1 else ():
                held[device].append(region)
        return held

    def _behind(self, device: str) -> set[str]:
        far = self._distance[device]
        return {self._top(each) for each in self._neighbours.get(device, ()) if self._distance[each] > far}

    def _join(self, ring: Iterable[str]) -> None:
        """Add a ring to the regions of those beyond it."""
        for device in ring:
            self._above[device] = device
            for each in self._neighbours.get(device, ()):
                if each in self._above:
                    self._above[self._top(each)] = self._top(device)

    def _top(self, device: str) -> str:
        """What a region is known by; the way there is shortened as it is gone."""
        while (above := self._above[device]) != device:
            self._above[device] = self._above[above]
            device = above
        return device


class _Wave:
    """A wave that is being filled."""

    def __init__(
        self, number: int, partners: Mapping[str, set[str]], beyond: Mapping[str, Collection[_Region]]
    ) -> None:
        self.number = number
        self.devices: set[str] = set()
        self._partners = partners
        self._beyond = beyond
        self._lost: Counter[_Region] = Counter()

    def objection(self, device: str) -> HeldBack | None:
        """What speaks against having this device too."""
        if partners := self.devices & self._partners.get(device, set()):
            return HeldBack(self.number, Cause.PARTNER, tuple(sorted(partners)))
        for region in self._beyond.get(device, ()):
            if self._lost[region] == len(region.ways) - 1:
                others = tuple(sorted(region.ways - {device}))
                return HeldBack(self.number, Cause.PROMISE, others)
        return None

    def add(self, device: str) -> None:
        self.devices.add(device)
        self._lost.update(self._beyond.get(device, ()))


class _Filling:
    """Waves, filled one by one: what one has no room for, or must not have, waits for the next."""

    def __init__(self, ground: Ground, partners: Mapping[str, set[str]], *, large: bool) -> None:
        self.waves: list[tuple[str, ...]] = []
        self.first: dict[str, int] = {}
        self.held_back: defaultdict[str, list[HeldBack]] = defaultdict(list)
        self.canaries: dict[str, str] = {}
        self._kind = ground.kind
        self._partners = partners
        self._large = large
        self._room: dict[str, int] = {}

    def ring(self, devices: Collection[str], beyond: Mapping[str, Collection[_Region]]) -> None:
        """Devices of one distance, in as many waves as they need."""
        self.first |= dict.fromkeys(devices, len(self.waves) + 1)
        waiting: defaultdict[str, deque[str]] = defaultdict(deque)
        for device in devices:
            waiting[self._kind(device)].append(device)
        while any(waiting.values()):
            wave = _Wave(len(self.waves) + 1, self._partners, beyond)
            for kind, queue in waiting.items():
                self._fill(wave, kind, queue)
            self.waves.append(tuple(sorted(wave.devices)))

    def order(self, distance: Mapping[str, int]) -> Order:
        """What has come of it."""
        places = {
            device: Place(
                number, self.first[device], distance.get(device), tuple(self.held_back.get(device, ()))
            )
            for number, wave in enumerate(self.waves, start=1)
            for device in wave
        }
        return Order(tuple(self.waves), places, self.canaries)

    def _fill(self, wave: _Wave, kind: str, queue: deque[str]) -> None:
        """As many of a kind as there is room for; those that the wave must not have keep their turn.

        Of a canary's wave all are asked, though there is no room: who would have waited for another reason is
        worth knowing, and it is once a kind.
        """
        room = self._room_for(kind, wave)
        taken: list[str] = []
        unfit: list[str] = []
        while queue and (len(taken) < room or room == 1):
            device = queue.popleft()
            if held := wave.objection(device):
                self.held_back[device].append(held)
                unfit.append(device)
            elif len(taken) < room:
                wave.add(device)
                taken.append(device)
            else:
                unfit.append(device)
        queue.extendleft(reversed(unfit))
        if taken:
            self._tried(kind, taken[0])

    def _room_for(self, kind: str, wave: _Wave) -> int:
        """A large change begins with one device and nothing beside it."""
        if self._large and not self.waves and wave.devices:
            return 0
        room = self._room.get(kind, 1 if self._large else LARGEST)
        return min(room, LARGEST - len(wave.devices))

    def _tried(self, kind: str, device: str) -> None:
        if not self._large:
            return
        self.canaries.setdefault(kind, device)
        self._room[kind] = min(LARGEST, self._room.get(kind, 1) * GROWTH)


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
