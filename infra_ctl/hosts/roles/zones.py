"""What a router lets pass between zones, in an nftables table of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from infra_ctl.change.operations import Operation
from infra_ctl.hosts.roles import loading
from infra_ctl.intent.host import Opening, Protocol
from infra_ctl.intent.model import Network
from infra_ctl.intent.part import HostPart
from infra_ctl.render import host_text

TABLE = "zones"
RULES = loading.rules_of(TABLE)
INLINE = 4
"""So many networks stand in a rule itself; more have a set with a name."""


@dataclass(frozen=True, slots=True)
class Side:
    """Networks of one family that a rule is about."""

    networks: tuple[Network, ...]
    name: str = ""
    """Of the set that has them; empty where they are few."""

    @property
    def family(self) -> str:
        return "ip" if self.networks[0].version == 4 else "ip6"

    @property
    def is_anybody(self) -> bool:
        return self.networks[0].prefixlen == 0


@dataclass(frozen=True, slots=True)
class Door:
    """An opening in one family."""

    service: str
    protocol: Protocol
    port: int
    sources: Side
    targets: Side


def zones(part: HostPart) -> tuple[Operation, ...]:
    """Of a router that carries any."""
    if not part.zones:
        return ()
    what = "What may pass between the zones"
    return (
        *loading.table(TABLE, rules(part), guarded=True),
        loading.unit(TABLE, "rules.service", part, what=what, rules=RULES),
    )


def rules(part: HostPart) -> str:
    """What nft is given."""
    names: dict[tuple[Network, ...], str] = {}
    doors, sealed = (tuple(_doors(each, names)) for each in (part.openings, part.sealed))
    named = dict.fromkeys(
        side for door in (*doors, *sealed) for side in (door.sources, door.targets) if side.name
    )
    return host_text(
        "zones.nft",
        part,
        named=tuple(named),
        doors=doors,
        isolated=_sides(part.isolated),
        sealed=sealed,
        people=_sides(part.people),
        zones=_sides(part.zones),
        held=_sides(part.held),
        free=_sides(part.free),
    )


def _doors(openings: Iterable[Opening], names: dict[tuple[Network, ...], str]) -> Iterator[Door]:
    for each in openings:
        for sources in _families(each.sources):
            for targets in _families(each.targets):
                if sources[0].version == targets[0].version:
                    sides = (_named(networks, each.service, names) for networks in (sources, targets))
                    yield Door(each.service, each.protocol, each.port, *sides)


def _named(networks: tuple[Network, ...], service: str, names: dict[tuple[Network, ...], str]) -> Side:
    """A set has the name of the first service that needs it, and of its family."""
    if len(networks) <= INLINE:
        return Side(networks)
    if networks not in names:
        name = f"{service}-{networks[0].version}"
        taken = set(names.values())
        more = (f"{name}-{number}" for number in range(2, len(names) + 3))
        names[networks] = next(each for each in (name, *more) if each not in taken)
    return Side(networks, names[networks])


def _sides(networks: Sequence[Network]) -> tuple[Side, ...]:
    return tuple(Side(each) for each in _families(networks))


def _families(networks: Sequence[Network]) -> Iterator[tuple[Network, ...]]:
    for version in (4, 6):
        if found := tuple(network for network in networks if network.version == version):
            yield found
