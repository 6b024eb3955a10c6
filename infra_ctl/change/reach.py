"""Who reaches whom, in both families, by the configurations of all routers.

Routes are those of connected subnets and of OSPF. Not followed are static routes, routes learned by BGP,
and filters (see `reading`). An address that no router has counts as a host that answers, where it is in the
subnet of a LAN or of a wire that leads outside.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from infra_ctl.change import spf
from infra_ctl.change.router import Address
from infra_ctl.change.topology import VERSIONS, End, Place, Stub, Topology


@dataclass(frozen=True, slots=True)
class Path:
    """The routers on a packet's way, the source first, or what is in its way."""

    hops: tuple[str, ...] = ()
    obstacle: str = ""

    @property
    def ok(self) -> bool:
        return not self.obstacle


class Reach:
    """Answers over one topology; trees of shortest paths are kept up as it changes."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self._trees: dict[tuple[str, int], dict[spf.State, spf.Step]] = {}
        self._revisions = {version: topology.revision(version) for version in VERSIONS}
        """Up to where the trees have followed the topology."""
        self._wires_to: dict[str, Mapping[str, tuple[End, End]]] = {}

    def path(self, source: str, target: Address, size: int | None = None) -> Path:
        """How a packet of `size` bytes (None for a small one) gets from a router to an address, one way."""
        if source not in self.topology.routers:
            return Path(obstacle=f"nothing is known of {source}")
        owner = self.topology.owner(target)
        if owner and owner[0] == source:
            return Path((source,))
        if owner and not self.topology.up(owner):
            return Path(obstacle=f"{'/'.join(owner)} is down")
        gateways = [place for place in self.topology.connected(target) if owner or self._leads_on(place)]
        if not gateways:
            return Path(obstacle=f"nobody has {target}")
        return self._through(gateways, owner, source, target, size)

    def round_trip(
        self, source: str, source_address: Address, target: Address, size: int | None = None
    ) -> Path:
        """The way to an address, if an answer of the same size finds its way back to the source's."""
        there = self.path(source, target, size)
        if not there.ok:
            return there
        back = self.path(there.hops[-1], source_address, size)
        return there if back.ok else Path(obstacle=f"no way back: {back.obstacle}")

    def _leads_on(self, place: Place) -> bool:
        """Whether there may be hosts behind an interface that have no configuration here."""
        far = self.topology.far(place)
        return place[1] != "lo" and (far is None or far.device not in self.topology.routers)

    def _through(
        self, gateways: list[Place], owner: Place | None, source: str, target: Address, size: int | None
    ) -> Path:
        """The cheapest way to a router that is on the target's subnet, and over that subnet."""
        if on_it := next((place for place in gateways if place[0] == source), None):
            return self._over(on_it, (source,), (), owner, size)
        near = {place[0] for place in gateways}
        tree = spf.with_leaves(
            self.topology, self._tree(source, target.version), source, near, target.version
        )
        ways = [
            (tree[state].cost, place, state)
            for place in gateways
            for state in self._announced(place, tree, target.version)
        ]
        if not ways:
            return Path(obstacle=self._why_not(source, gateways, target))
        _, place, state = min(ways)
        return self._over(place, *spf.walk(tree, state), owner, size)

    def _over(
        self,
        place: Place,
        hops: tuple[str, ...],
        mtus: tuple[int, ...],
        owner: Place | None,
        size: int | None,
    ) -> Path:
        """A way that ends on the subnet of `place`, checked for its MTU; the owner may be one hop further."""
        if owner is None or owner[0] != hops[-1]:
            mtus = (*mtus, self.topology.mtu(place))
        if owner is not None and owner[0] != hops[-1]:
            hops = (*hops, owner[0])
        for hop, mtu in zip(hops, mtus, strict=False):
            if size is not None and size > mtu:
                return Path(obstacle=f"{size} bytes do not fit into the MTU of {mtu} behind {hop}")
        return Path(hops)

    def _announced(self, place: Place, tree: spf.Tree, version: int) -> Iterator[spf.State]:
        """States of a router in which others have a route to the subnet of its interface."""
        area, everywhere = self._announcement(place, version)
        for state in spf.arrivals(self.topology, tree, place[0], version):
            if everywhere or state[2] == area:
                yield state

    def _announcement(self, place: Place, version: int) -> tuple[int | None, bool]:
        """The area that a router announces an interface's subnet into, and whether into all of them."""
        router = self.topology.routers[place[0]]
        process, port = router.ospf.get(version), router.ports[place[1]].ospf.get(version)
        return int(port.area) if port else None, process is not None and process.connected

    def _why_not(self, source: str, gateways: list[Place], target: Address) -> str:
        names = ", ".join("/".join(place) for place in gateways)
        if all(self._announcement(place, target.version) == (None, False) for place in gateways):
            return f"{names} does not announce {target}"
        broken = self._broken(source, gateways[0][0], target.version)
        return f"no OSPF path from {source} to {names}{broken and f': {broken}'}"

    def _broken(self, source: str, target: str, version: int) -> str:
        """What is in the way on the shortest way over wires, seen first from the source; nothing if none."""
        nearer, found = self._nearer(source), ""
        while target in nearer:
            near, far = nearer[target]
            found = self.topology.obstacle(near, far, version) or found
            target = near.device
        return found

    def _nearer(self, source: str) -> Mapping[str, tuple[End, End]]:
        """By device, the last wire of the shortest way to it, whatever runs over it. Wires do not change."""
        if source not in self._wires_to:
            found: dict[str, tuple[End, End]] = {}
            waiting = deque([source])
            while waiting:
                for near, far in self.topology.wired(waiting.popleft()):
                    if far.device not in found and far.device != source:
                        found[far.device] = near, far
                        waiting.append(far.device)
            self._wires_to[source] = found
        return self._wires_to[source]

    def _tree(self, source: str, version: int) -> dict[spf.State, spf.Step]:
        for stirred in self.topology.stirred[version][self._revisions[version] :]:
            self._follow(stirred, version)
        self._revisions[version] = self.topology.revision(version)
        key = source, version
        if key not in self._trees:
            self._trees[key] = spf.tree(self.topology, source, version)
        return self._trees[key]

    def _follow(self, stirred: Stub | None, version: int) -> None:
        """Bring all trees up to a change, or drop those that it may have changed anywhere."""
        if stirred is not None and self.topology.is_leaf(stirred.device):
            self._trees.pop((stirred.device, version), None)
            return
        for key, tree in list(self._trees.items()):
            if key[1] != version:
                continue
            if stirred is None or stirred.device == key[0]:
                del self._trees[key]
            else:
                spf.graft(self.topology, tree, key[0], stirred, version)
