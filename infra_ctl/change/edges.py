"""Which host has to come before which in a plan, and why: open before a service moves, close after it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from infra_ctl.change.plan import After
from infra_ctl.change.sequence import Company, partners


@dataclass(frozen=True, slots=True)
class Standing:
    """How a host stands to others: all that its place in a plan depends on."""

    name: str
    site: str
    kind: str
    """What it is: `database`, `portal`, `host part`."""
    router: str = ""
    """The router that it is the host part of."""
    serves: frozenset[str] = frozenset()
    """Services that it answers for."""
    asks: frozenset[str] = frozenset()
    """Services that it asks others for."""
    copies: frozenset[str] = frozenset()
    """Hosts whose data it keeps a copy of."""
    stands_in_for: frozenset[str] = frozenset()
    """What it and its partners are there for, each in words that they share."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A host that changes, and the services that it opens something for or closes something of."""

    standing: Standing
    opens: frozenset[str] = field(default_factory=frozenset)
    closes: frozenset[str] = field(default_factory=frozenset)


def edges(turns: Mapping[str, Turn], routers: Mapping[str, Collection[str]]) -> tuple[After, ...]:
    """All edges between hosts that change, and to routers of their sites, sorted; `routers` are by site."""
    found = {
        *_from_routers(turns, routers),
        *_from_parts(turns),
        *_from_servers(turns),
        *_from_originals(turns),
    }
    return tuple(sorted(found, key=lambda each: (each.name, each.first, each.reason)))


def _from_routers(turns: Mapping[str, Turn], routers: Mapping[str, Collection[str]]) -> Iterator[After]:
    for name, turn in turns.items():
        if turn.standing.router:
            yield After(name=name, first=turn.standing.router, reason="is the same router, and leads there")
            continue
        for router in routers.get(turn.standing.site, ()):
            yield After(name=name, first=router, reason="leads there")


def _from_parts(turns: Mapping[str, Turn]) -> Iterator[After]:
    """A router that opens something for a service comes before who answers for it; if it only closes, after."""
    for name, turn in turns.items():
        if not turn.standing.router:
            continue
        for host, other in turns.items():
            if other.standing.router:
                continue
            if shared := turn.opens & other.standing.serves:
                yield After(name=host, first=name, reason=f"lets in what asks for {_names(shared)}")
            elif not turn.opens and (shared := turn.closes & (other.standing.serves | other.standing.asks)):
                yield After(name=name, first=host, reason=f"uses {_names(shared)}, which it closes a way to")


def _from_servers(turns: Mapping[str, Turn]) -> Iterator[After]:
    """Who answers for a service in a new place comes before who asks there; if it only closes, after."""
    for name, turn in turns.items():
        if turn.standing.router:
            continue
        for host, other in turns.items():
            if host == name or not (asked := other.standing.asks & turn.standing.serves):
                continue
            if opened := asked & turn.opens:
                yield After(name=host, first=name, reason=f"answers for {_names(opened)}")
            elif not turn.opens and (closed := asked & turn.closes):
                yield After(name=name, first=host, reason=f"asks for {_names(closed)}")


def _from_originals(turns: Mapping[str, Turn]) -> Iterator[After]:
    for name, turn in turns.items():
        for original in turn.standing.copies & turns.keys():
            yield After(name=name, first=original, reason="has the data that it copies")


def company(turns: Mapping[str, Turn]) -> Company:
    """Who stands in for whom, and what each is."""
    groups: dict[str, list[str]] = {}
    for name, turn in turns.items():
        for purpose in turn.standing.stands_in_for:
            groups.setdefault(purpose, []).append(name)
    return Company(partners(groups.values()), {name: turn.standing.kind for name, turn in turns.items()})


def _names(services: Collection[str]) -> str:
    return ", ".join(sorted(services))
