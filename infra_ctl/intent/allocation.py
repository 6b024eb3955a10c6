"""Address allocation: deterministic, locked, and nobody is renumbered because of somebody else.

`demands.py` says who needs what; here each need gets a prefix. In this order: the inventory's override, what
the lock holds, the slot that the address plan's formula prefers, the next free one. Prefixes of objects that
are gone stay reserved until their lines leave the lock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from infra_ctl.errors import InventoryError, Problem
from infra_ctl.intent.demands import Demand, aggregates, leaves
from infra_ctl.intent.lock import LOCK_FILE
from infra_ctl.intent.purposes import Key, Network, fault, is_aggregate, is_purpose, version
from infra_ctl.intent.space import Bits, Claim, Spaces
from infra_ctl.inventory import Inventory

CITY_FILE = "city.yaml"
"""Where overrides are written."""


@dataclass(frozen=True, slots=True)
class Allocations:
    """The prefix of every object and purpose that the inventory needs one for."""

    prefixes: Mapping[Key, Network]

    def ipv4(self, name: str, purpose: str) -> IPv4Network:
        """Of an object, for a purpose without its family: `loopback`, `link`, `site`, `zone-servers`…"""
        network = self.prefixes[name, f"{purpose}-ipv4"]
        assert isinstance(network, IPv4Network)  # noqa: S101 - purposes.fault has refused anything else
        return network

    def ipv6(self, name: str, purpose: str) -> IPv6Network:
        """As `ipv4`. Every object has one, whatever its stage: reserving costs nothing, renumbering does."""
        network = self.prefixes[name, f"{purpose}-ipv6"]
        assert isinstance(network, IPv6Network)  # noqa: S101 - purposes.fault has refused anything else
        return network


def allocate(inventory: Inventory, locked: Mapping[Key, Network], folder: Path = Path()) -> Allocations:
    """A prefix for every need. Raises InventoryError with every conflict and every pool that is full.

    `folder` is where the inventory was read from, for the problems to name.
    """
    fixed = _Fixed(folder, locked, _overrides(inventory, folder))
    prefixes = _assign(list(aggregates(inventory)), fixed.of(aggregates=True))
    prefixes |= _assign(list(leaves(inventory, prefixes)), fixed.of(aggregates=False))
    if unknown := sorted(fixed.overrides.keys() - prefixes.keys()):
        raise InventoryError([_override(folder, key, "nothing in the inventory needs it") for key in unknown])
    return Allocations(prefixes)


def relocked(allocations: Allocations, locked: Mapping[Key, Network]) -> dict[Key, Network]:
    """What the lock should hold from now on: all that it held, and all that is allocated."""
    return {**locked, **allocations.prefixes}


def missing(allocations: Allocations, locked: Mapping[Key, Network]) -> list[Key]:
    """What the inventory needs and the lock does not hold, or holds otherwise than an override says."""
    return sorted(key for key, network in allocations.prefixes.items() if locked.get(key) != network)


def stale(allocations: Allocations, locked: Mapping[Key, Network]) -> list[Key]:
    """What the lock still reserves for objects that are gone."""
    return sorted(locked.keys() - allocations.prefixes.keys())


@dataclass(frozen=True, slots=True)
class _Fixed:
    """What is not for the formula to decide; an override wins over the lock."""

    folder: Path
    locked: Mapping[Key, Network]
    overrides: Mapping[Key, Network]

    def of(self, *, aggregates: bool) -> _Fixed:
        """The part that is about aggregates, or the part that is not."""
        locked, overrides = (
            {key: network for key, network in sorted(each.items()) if is_aggregate(key[1]) is aggregates}
            for each in (self.locked, self.overrides)
        )
        return _Fixed(self.folder, locked, overrides)

    def prefixes(self) -> dict[Key, Network]:
        """Overrides last: of two that are at odds, the override is what somebody just wrote."""
        locked = {key: network for key, network in self.locked.items() if key not in self.overrides}
        return {**locked, **self.overrides}

    def problem(self, key: Key, network: Network, other: Claim) -> Problem:
        """Two that are at odds."""
        file = CITY_FILE if key in self.overrides else LOCK_FILE
        there = other.bits.network(network.version)
        message = f"{network} of {' '.join(key)} overlaps {there} of {' '.join(other.key)}"
        return Problem(str(self.folder / file), 0, 0, message)


def _overrides(inventory: Inventory, folder: Path) -> dict[Key, Network]:
    overrides: dict[Key, Network] = {}
    problems: list[Problem] = []
    for written, network in inventory.addressing.overrides.items():
        name, _, purpose = written.partition(" ")
        wrong = (
            fault(purpose, network) if is_purpose(purpose) else "write `<object> <purpose>`, as in the lock"
        )
        if wrong is None:
            overrides[name, purpose] = network
        else:
            problems.append(_override(folder, (name, purpose), wrong))
    if problems:
        raise InventoryError(problems)
    return overrides


def _override(folder: Path, key: Key, message: str) -> Problem:
    return Problem(str(folder / CITY_FILE), 0, 0, f"override {' '.join(key).rstrip()!r}: {message}")


def _assign(demands: Sequence[Demand], fixed: _Fixed) -> dict[Key, Network]:
    """Preferred slots first, for all, then the next free: who fits the formula keeps to it.

    Sorted by object, so that the order of the files means nothing.
    """
    given = fixed.prefixes()
    spaces, problems = _reserve(demands, given, fixed)
    found: dict[Key, Network] = {}
    waiting: list[Demand] = []
    for demand in sorted(demands):
        if demand.key in given:
            found[demand.key] = given[demand.key]
        elif (bits := _preferred(demand, spaces)) is not None:
            found[demand.key] = bits.network(version(demand.key[1]))
        else:
            waiting.append(demand)
    for demand, free in _next_free(waiting, spaces):
        if free is None:
            problems.append(_full(demand, fixed.folder))
        else:
            found[demand.key] = free.network(version(demand.key[1]))
    if problems:
        raise InventoryError(problems)
    return found


def _reserve(
    demands: Sequence[Demand], given: Mapping[Key, Network], fixed: _Fixed
) -> tuple[Spaces, list[Problem]]:
    """What the lock and the overrides hold, and where they are at odds."""
    needs = [(demand.key[1], demand.length) for demand in demands]
    needs += [(key[1], network.prefixlen) for key, network in given.items()]
    spaces = Spaces(needs)
    problems = [
        fixed.problem(key, network, claim)
        for key, network in given.items()
        if (claim := spaces.of(key[1]).take(key, Bits.of(network))) is not None
    ]
    return spaces, problems


def _preferred(demand: Demand, spaces: Spaces) -> Bits | None:
    bits = None if demand.slot is None else demand.pool.slot(demand.slot, demand.length)
    if bits is None or spaces.of(demand.key[1]).take(demand.key, bits) is not None:
        return None
    return bits


def _next_free(waiting: Sequence[Demand], spaces: Spaces) -> Iterator[tuple[Demand, Bits | None]]:
    """Each pool is gone through once, whatever the number of those who wait for it."""
    reached: dict[tuple[Bits, int], int] = {}
    for demand in waiting:
        space, pool = spaces.of(demand.key[1]), (demand.pool, demand.length)
        free = space.next_free(demand.pool, reached.get(pool, 0), demand.length)
        if free is not None:
            reached[pool] = free[0]
            space.take(demand.key, free[1])
        yield demand, free[1] if free is not None else None


def _full(demand: Demand, folder: Path) -> Problem:
    pool = demand.pool.network(version(demand.key[1]))
    message = (
        f"{' '.join(demand.key)}: no /{demand.length} is left in {pool}; widen the pool or free stale lines"
    )
    return Problem(str(folder / CITY_FILE), 0, 0, message)
