"""Which prefixes of one address family are taken: overlap in constant time, whatever the lengths.

Numbers, not `ipaddress` objects: a city of 10,000 sites has 80,000 prefixes. A prefix of length n is a number
of n bits, its first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple

from infra_ctl.intent.purposes import Key, Network, is_aggregate, version


class Bits(NamedTuple):
    """A prefix as its first `length` bits."""

    number: int
    length: int

    @classmethod
    def of(cls, network: Network) -> Bits:
        length = network.prefixlen
        return cls(int(network.network_address) >> (network.max_prefixlen - length), length)

    def slot(self, index: int, length: int) -> Bits | None:
        """The prefix of `length` that is number `index` in this one, from 0; None where it has no such."""
        extra = length - self.length
        return Bits(self.number << extra | index, length) if 0 <= index >> extra < 1 else None

    def network(self, family: int) -> Network:
        """As an object; `family` is 4 or 6."""
        if family == 4:
            return IPv4Network((self.number << (32 - self.length), self.length))
        return IPv6Network((self.number << (128 - self.length), self.length))


@dataclass(frozen=True, slots=True)
class Claim:
    """Who has a prefix."""

    key: Key
    bits: Bits


class Space:
    """What is taken of one family; `lengths` are all that will ever be taken or asked about."""

    def __init__(self, lengths: Iterable[int]) -> None:
        self._lengths = sorted(set(lengths))
        self._taken: dict[int, dict[int, Claim]] = {length: {} for length in self._lengths}
        self._inside: dict[int, dict[int, Claim]] = {length: {} for length in self._lengths}

    def clash(self, bits: Bits) -> Claim | None:
        """A claim that overlaps `bits`: around it, equal to it, or inside it."""
        number, length = bits
        for shorter in self._lengths:
            if shorter > length:
                break
            if (claim := self._taken[shorter].get(number >> (length - shorter))) is not None:
                return claim
        return self._inside[length].get(number)

    def take(self, key: Key, bits: Bits) -> Claim | None:
        """Claim `bits`, unless that would overlap: then the claim in the way is returned."""
        if (other := self.clash(bits)) is not None:
            return other
        claim = Claim(key, bits)
        number, length = bits
        self._taken[length][number] = claim
        for shorter in self._lengths:
            if shorter >= length:
                break
            self._inside[shorter].setdefault(number >> (length - shorter), claim)
        return None

    def next_free(self, pool: Bits, index: int, length: int) -> tuple[int, Bits] | None:
        """The first free prefix of `length` in `pool` from slot `index` on, with its slot; None when full."""
        while (bits := pool.slot(index, length)) is not None:
            if (claim := self.clash(bits)) is None:
                return index, bits
            index = max(index, _last_slot(claim.bits, pool, length)) + 1
        return None


def _last_slot(bits: Bits, pool: Bits, length: int) -> int:
    """The last slot of `length` in `pool` that `bits` covers or lies in."""
    shift = length - bits.length
    last = ((bits.number + 1) << shift) - 1 if shift >= 0 else bits.number >> -shift
    return last - (pool.number << (length - pool.length))


class Spaces:
    """All that is taken. A family has two spaces: sites lie inside their PoP's aggregate, as they should."""

    def __init__(self, needs: Iterable[tuple[str, int]]) -> None:
        """`needs` are purpose and length of everything that will be taken or asked for."""
        lengths: dict[tuple[int, bool], set[int]] = {}
        for purpose, length in needs:
            lengths.setdefault((version(purpose), is_aggregate(purpose)), set()).add(length)
        self._spaces = {place: Space(found) for place, found in lengths.items()}

    def of(self, purpose: str) -> Space:
        return self._spaces[version(purpose), is_aggregate(purpose)]
