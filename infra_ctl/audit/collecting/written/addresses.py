"""The city's prefixes: each somebody's alone, and all of them out of what was assigned."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from infra_ctl.audit.collecting.written.reading import Found, Reading
from infra_ctl.controls.exhibit import Fact, Line
from infra_ctl.intent.purposes import Key, Network, is_aggregate


def overlaps(reading: Reading, _city: str) -> Found:
    """In the order of addresses: two prefixes overlap only if one holds the other."""
    return tuple(chain.from_iterable(_overlapping(reading, version) for version in (4, 6)))


def _overlapping(reading: Reading, version: int) -> Iterator[Fact]:
    ordered = sorted(
        ((network, name, line) for network, name, line in _taken(reading) if network.version == version),
        key=lambda each: (int(each[0].network_address), each[0].prefixlen),
    )
    outer: tuple[Network, str] | None = None
    for network, name, line in ordered:
        if outer is not None and int(network.network_address) <= int(outer[0].broadcast_address):
            yield Fact(f"{network} {name} in {outer[0]} {outer[1]}", line)
        else:
            outer = network, name


def _taken(reading: Reading) -> Iterator[tuple[Network, str, Line]]:
    """Every prefix that is something's own, what it is called, and where it is written."""
    for key, network in _leaves(reading):
        yield network, " ".join(key), Line(*reading.city.quote(key))
    for peer in reading.inventory.peers.values():
        for field in ("local_ipv4", "local_ipv6"):
            line = Line(*reading.inventory.quote("peers", peer.id, field))
            yield getattr(peer, field).network, peer.id, line


def outside(reading: Reading, _city: str) -> Found:
    """Of what the city gave out itself; neighbours outside assign their own."""
    pools = reading.inventory.addressing
    return tuple(
        Fact(f"{network} {' '.join(key)}", Line(*reading.city.quote(key)))
        for key, network in _leaves(reading)
        if pools.overrides.get(" ".join(key)) != network
        and not any(_holds(block, network) for block in (pools.ipv4, pools.ipv6, *pools.overrides.values()))
    )


def _leaves(reading: Reading) -> Iterator[tuple[Key, Network]]:
    """Aggregates are there to hold the others."""
    return ((key, network) for key, network in reading.city.prefixes.items() if not is_aggregate(key[1]))


def _holds(block: Network, network: Network) -> bool:
    same = block.version == network.version and block.prefixlen <= network.prefixlen
    return same and network.network_address in block
