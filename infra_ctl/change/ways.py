"""Which devices have a way from a root and back, kept up while configurations change one after the other.

What `Reach.round_trip` says for one address a device, for all of them at once; a root is reached where it
tells others of its own address. For each root there are two forests over the states of `spf`: what its
packets come to, and from where packets come to it. A change looks again only at what hung on the links that
it took away, so a whole run costs about as much as its devices have links. Costs decide over none of this: a
state that any way leads to has a best way.

Where a router may run either of two configurations, a way counts only if it is there with both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from infra_ctl.change.fabric import VERSION, Difference, Fabric, port_of
from infra_ctl.change.router import Address, Router
from infra_ctl.change.spf import BEFORE, IN, PAST, WITHIN, State
from infra_ctl.change.topology import BACKBONE, Wire

PHASES = WITHIN, BEFORE, IN, PAST


class Ways:
    """`addresses` are those to be reached, by device; `roots` are devices too, and have one each."""

    def __init__(
        self,
        routers: Mapping[str, Router],
        wires: Iterable[Wire],
        roots: Collection[str],
        addresses: Mapping[str, Address],
    ) -> None:
        self.fabric = Fabric(routers, wires)
        self._addresses = addresses
        self._trips = {root: (_Forest(self.fabric), _Forest(self.fabric, back=True)) for root in roots}
        for root in self._trips:
            self._plant(root)
        self.unreached = {device for device in addresses if not self.reached(device)}
        """Devices that no root has a way to and back."""

    def put(self, device: str, *routers: Router) -> None:
        """Let a device have any of some configurations."""
        difference = self.fabric.put(device, routers)
        touched = {device}
        for root, (there, back) in self._trips.items():
            begins_anew = device == root or root in difference.turned
            if begins_anew and (there.starts, back.starts) != (self._starts(root), self._ends(root)):
                self._plant(root)
                touched.update(self._addresses)
            else:
                touched |= there.update(difference) | back.update(difference)
        for each in touched & self._addresses.keys():
            (self.unreached.discard if self.reached(each) else self.unreached.add)(each)

    def reached(self, device: str) -> bool:
        """Whether a root has a way to the device's address, and the device one back to the root's."""
        return next(self._trip(device), None) is not None

    def hops(self, device: str) -> tuple[str, ...]:
        """The routers on a way to a device, its root first; none where it is not reached."""
        return next((there.way(state) for there, state, _back, _start in self._trip(device)), ())

    def bearers(self, device: str) -> set[str]:
        """The routers on a way to a device and on one back."""
        for there, state, back, start in self._trip(device):
            return {*there.way(state), *back.way(start)}
        return set()

    def _trip(self, device: str) -> Iterator[tuple[_Forest, State, _Forest, State]]:
        """From each root that has a way there and one back, with the states in which they end and begin."""
        wanted = self._announced(device, self._addresses[device])
        for there, back in self._trips.values():
            ends = (state for state in wanted if state in there.previous)
            starts = (state for state in self._starts(device) if state in back.previous)
            yield from ((there, end, back, start) for end, start in zip(ends, starts, strict=False))

    def _plant(self, root: str) -> None:
        there, back = self._trips[root]
        there.plant(self._starts(root))
        back.plant(self._ends(root))

    def _starts(self, device: str) -> frozenset[State]:
        """Where a packet may begin, as `spf` has it."""
        areas = self.fabric.areas(device)
        phases = (WITHIN, BEFORE) if self.fabric.alone(device) else (WITHIN,)
        own = {(device, phase, area) for area in areas if area != BACKBONE for phase in phases}
        return frozenset(own | ({(device, IN, BACKBONE)} if BACKBONE in areas else set()))

    def _ends(self, root: str) -> frozenset[State]:
        return self._announced(root, self._addresses[root])

    def _announced(self, device: str, address: Address) -> frozenset[State]:
        """States in which others have a route to a device's address for certain."""
        found: frozenset[State] | None = None
        for router in self.fabric.runs(device):
            port = port_of(router, address)
            if port is None or not self.fabric.up(device, port):
                return frozenset()
            process, ospf = router.ospf.get(VERSION), port.ospf.get(VERSION)
            states = {
                (device, phase, area)
                for area in self.fabric.areas(device)
                if (process is not None and process.connected) or (ospf and int(ospf.area) == area)
                for phase in ((IN,) if area == BACKBONE else (WITHIN, PAST))
            }
            found = frozenset(states) if found is None else found & states
        return found or frozenset()


class _Forest:
    """States that a root's packets come to, or, `back`, come from; each with the one nearer to the root."""

    def __init__(self, fabric: Fabric, *, back: bool = False) -> None:
        self._fabric = fabric
        self._back = back
        self.starts: frozenset[State] = frozenset()
        self.previous: dict[State, State | None] = {}
        self._next: defaultdict[State, set[State]] = defaultdict(set)

    def plant(self, starts: frozenset[State]) -> None:
        """Begin anew."""
        self.starts = starts
        self.previous = dict.fromkeys(starts)
        self._next.clear()
        self._grow(starts)

    def way(self, state: State) -> tuple[str, ...]:
        """The routers on the way to a state."""
        hops = [state[0]]
        before = self.previous[state]
        while before is not None:
            if before[0] != hops[-1]:
                hops.append(before[0])
            before = self.previous[before]
        return tuple(reversed(hops))

    def update(self, difference: Difference) -> set[str]:
        """Follow a change of the fabric. Returns devices with states that went or came."""
        fallen = self._fall(self._loose(difference))
        caught = [state for near, state in self._perhaps(difference) if self._hang(state, near)]
        caught += [state for state in fallen if self._catch(state)]
        grown = self._grow(caught)
        return {state[0] for state in (*fallen, *grown)}

    def _loose(self, difference: Difference) -> Iterator[State]:
        """States whose way led over what is gone."""
        for near, far, area in difference.gone:
            for phase in PHASES:
                if self.previous.get((far, phase, area)) == (near, phase, area):
                    yield far, phase, area
        for device in difference.turned:
            for state in self._states(device):
                around = [(state, each) for each in self._next.get(state, ())]
                if (before := self.previous.get(state)) is not None:
                    around.append((before, state))
                yield from (each for first, each in around if not self._follows(first, each))

    def _fall(self, loose: Iterable[State]) -> set[State]:
        """Take states out, with all that hang on them."""
        fallen: set[State] = set()
        waiting = list(loose)
        while waiting:
            state = waiting.pop()
            if state not in fallen:
                fallen.add(state)
                waiting.extend(self._next.get(state, ()))
        for state in fallen:
            before = self.previous.pop(state)
            self._next.pop(state, None)
            if before is not None and before in self._next:
                self._next[before].discard(state)
        return fallen

    def _perhaps(self, difference: Difference) -> Iterator[tuple[State, State]]:
        """Steps that what is new may have made possible."""
        for near, far, area in difference.new:
            steps = (((near, phase, area), (far, phase, area)) for phase in PHASES)
            yield from (step for step in steps if self._follows(*step))
        for device in difference.turned:
            for state in self._states(device):
                yield from ((before, state) for before in self._backward(state))
                yield from ((state, after) for after in self._onward(state))

    def _states(self, device: str) -> Iterator[State]:
        """Those that a router may be in."""
        for area in {BACKBONE, *self._fabric.areas(device)}:
            yield from ((device, phase, area) for phase in PHASES)

    def _catch(self, state: State) -> bool:
        """Hang a state on any that leads to it; whether there is one."""
        return any(self._hang(state, before) for before in self._backward(state) if before in self.previous)

    def _hang(self, state: State, before: State) -> bool:
        """Hang a state that is not there on one that is, which leads to it; whether that was so."""
        if state in self.previous or before not in self.previous:
            return False
        self.previous[state] = before
        self._next[before].add(state)
        return True

    def _grow(self, states: Iterable[State]) -> list[State]:
        """Hang on `states` what follows from them. Returns them and it."""
        grown = list(states)
        for state in grown:
            grown.extend(after for after in self._onward(state) if self._hang(after, state))
        return grown

    def _onward(self, state: State) -> Iterator[State]:
        return _before(self._fabric, state) if self._back else _after(self._fabric, state)

    def _backward(self, state: State) -> Iterator[State]:
        return _after(self._fabric, state) if self._back else _before(self._fabric, state)

    def _follows(self, state: State, after: State) -> bool:
        return _moves(self._fabric, after, state) if self._back else _moves(self._fabric, state, after)


def _after(fabric: Fabric, state: State) -> Iterator[State]:
    """The next states of a packet: `spf` says why."""
    device, phase, area = state
    if phase == BEFORE and BACKBONE in fabric.areas(device):
        yield device, IN, BACKBONE
    if phase != BEFORE or fabric.alone(device):
        yield from ((peer, phase, area) for peer in fabric.peers(device, area))
    if phase == IN:
        yield from ((device, PAST, other) for other in fabric.areas(device) if other != BACKBONE)


def _before(fabric: Fabric, state: State) -> Iterator[State]:
    """The states that `_after` leads here from."""
    device, phase, area = state
    for peer in fabric.peers(device, area):
        if phase != BEFORE or fabric.alone(peer):
            yield peer, phase, area
    if (phase, area) == (IN, BACKBONE) and BACKBONE in fabric.areas(device):
        yield from ((device, BEFORE, other) for other in fabric.areas(device) if other != BACKBONE)
    if phase == PAST and area != BACKBONE and area in fabric.areas(device):
        yield device, IN, BACKBONE


def _moves(fabric: Fabric, state: State, after: State) -> bool:
    """Whether `_after` leads from one state to another."""
    device, phase, area = state
    if after[0] != device:
        is_peer = after[1:] == (phase, area) and after[0] in fabric.peers(device, area)
        return is_peer and (phase != BEFORE or fabric.alone(device))
    if phase == BEFORE:
        return after[1] == IN and BACKBONE in fabric.areas(device)
    return phase == IN and after[1] == PAST and after[2] in fabric.areas(device)
