"""Whom the controller loses its way to while a plan is carried out, and which change breaks which path.

The controller hangs on the data centre's cores. It has a way to a device where one of the cores reaches the
device's management address and is reached from there. A device that had one before the run must have one in
every state that the run makes; one that had none, as a router on day 0, cannot lose it.

A wave's members are applied at the same time, and each may be taken back by itself, so a wave of n members
makes any of 2ⁿ states. They need not all be looked at. First every member counts as either of its
configurations, and a way counts only where each step of it is there whoever has changed: a device with such a
way has it in all of those states (`ways`). For the others the states are looked at one by one: each member
alone, then all of them, and last, for whom these leave a way, every mixture of up to `MOST` members: of all,
or of those that stand on a way of the device before or after, the others counting as either. So nobody is
overlooked, as who loses two ways to two members; and of more than `MOST` members a device may count as lost
that has a way in each state, but another one in each.

Not looked at are states in which a member of an earlier wave was taken back and the run was told to go on
(`--max-fail`): what those cut shows in the tests after each wave.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from infra_ctl.change.plan import Break
from infra_ctl.change.reach import Reach
from infra_ctl.change.router import Address, Router
from infra_ctl.change.topology import Topology, Wire
from infra_ctl.change.ways import Ways

MOST = 4
"""Members of a wave on the ways of one device, whose mixtures are looked at one by one."""


def breaks(
    before: Mapping[str, Router],
    after: Mapping[str, Router],
    wires: Sequence[Wire],
    waves: Iterable[Collection[str]],
    roots: Collection[str],
    addresses: Mapping[str, Address],
) -> tuple[Break, ...]:
    """Each device that loses its way, once, with the first state that it has none in; in the order of waves.

    `after` has the new configuration of every device in `waves`, `before` the present one of all devices.
    Roots have to be in `addresses`, those to be reached by device.
    """
    moved = {device for device, router in after.items() if matters(before[device]) != matters(router)}
    if not moved:
        return ()
    run = _Run(before, after, wires, Ways(before, wires, roots, addresses), addresses)
    had = set(addresses) - run.ways.unreached
    found: list[Break] = []
    for number, wave in enumerate(waves, start=1):
        members = [device for device in wave if device in moved]
        lost = run.wave(number, members, had) if members else []
        had.difference_update(each.device for each in lost)
        found += lost
    return tuple(found)


def matters(router: Router) -> object:
    """What decides over ways: all of it as to IPv4, as the router's own choices of costs do not."""
    ports = {
        name: (port.shutdown, [each for each in port.addresses if each.version == 4], port.ospf.get(4))
        for name, port in router.ports.items()
    }
    return ports, router.ospf.get(4)


@dataclass(frozen=True, slots=True)
class _Run:
    """A run under way: `ways` stand as the waves before have left them."""

    before: Mapping[str, Router]
    after: Mapping[str, Router]
    wires: Sequence[Wire]
    ways: Ways
    addresses: Mapping[str, Address]

    def wave(self, number: int, members: Sequence[str], had: Collection[str]) -> list[Break]:
        """Whom a wave loses, sorted; then all of it has changed."""
        self._put(members, self.before, self.after)
        suspects = sorted(self.ways.unreached.intersection(had))
        found = self._looked_at(number, members, suspects) if suspects else {}
        self._put(members, self.after)
        return [found[device] for device in sorted(found)]

    def _put(self, members: Iterable[str], *configurations: Mapping[str, Router]) -> None:
        for device in members:
            self.ways.put(device, *(each[device] for each in configurations))

    def _looked_at(self, number: int, members: Sequence[str], suspects: Sequence[str]) -> dict[str, Break]:
        """Those of the suspects that a state of the wave leaves without a way."""
        found: dict[str, Break] = {}
        self._put(members, self.before)
        hops = {device: self.ways.hops(device) for device in suspects}
        bearers = {device: self.ways.bearers(device) for device in suspects}
        states: list[tuple[str, ...]] = [*((member,) for member in members), tuple(members)]
        for changed in states:
            self._put(changed, self.after)
            for device in self.ways.unreached.intersection(bearers):
                found[device] = self._break(device, number, changed, hops[device])
                del bearers[device]
            if changed == states[-1]:
                bearers = {device: seen | self.ways.bearers(device) for device, seen in bearers.items()}
            self._put(changed, self.before)
        self._put(members, self.before, self.after)
        for device, seen in bearers.items():
            if (mixture := self._mixture(device, members, seen)) is not None:
                found[device] = self._break(device, number, mixture, hops[device])
        return found

    def _mixture(
        self, device: str, members: Sequence[str], bearers: Collection[str]
    ) -> tuple[str, ...] | None:
        """Members whose change, others being either, may leave a device no way; None if there are none."""
        bearing = [each for each in members if each in bearers or len(members) <= MOST]
        if len(bearing) > MOST:
            return tuple(members)
        try:
            for configurations in product((self.before, self.after), repeat=len(bearing)):
                for member, configuration in zip(bearing, configurations, strict=True):
                    self._put([member], configuration)
                if device in self.ways.unreached:
                    chosen = zip(bearing, configurations, strict=True)
                    return tuple(member for member, each in chosen if each is self.after)
        finally:
            self._put(bearing, self.before, self.after)
        return None

    def _break(self, device: str, number: int, changed: Sequence[str], hops: Sequence[str]) -> Break:
        return Break(device=device, wave=number, change=tuple(changed), path=self._path(device, hops))

    def _path(self, device: str, hops: Sequence[str]) -> str:
        """What is in the way that a device had, in the state that there is now."""
        fabric, root = self.ways.fabric, hops[0]
        said = next(filter(None, (fabric.obstacle(a, z) for a, z in pairwise(hops))), "")
        if not said:
            reach = Reach(Topology({host: fabric.runs(host)[0] for host in self.before}, self.wires))
            said = reach.round_trip(root, self.addresses[root], self.addresses[device]).obstacle
        return f"no way from {root}: {said or 'none that stands whoever of the wave has changed'}"
