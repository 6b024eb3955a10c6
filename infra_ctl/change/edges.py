"""Which host has to come before which in a plan, and why: open before a service moves, close after it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from infra_ctl.change.plan import After
from infra_ctl.change.sequence import Company


@dataclass(frozen=True, slots=True)
class Standing:
    """How a host, or the host part of a router, stands to others: all that its place in a plan depends on."""

    site: str
    kind: str
    """What it is: of a large change one of each kind is tried first."""
    router: str = ""
    """The router that it is the host part of."""
    serves: frozenset[str] = frozenset()
    """Services that it answers for."""
    needs: frozenset[str] = frozenset()
    """Hosts that it asks."""
    partners: frozenset[str] = frozenset()
    """Hosts that stand in for it."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A host that changes, and the services that it opens something for or closes something of."""

    standing: Standing
    opens: frozenset[str] = field(default_factory=frozenset)
    closes: frozenset[str] = field(default_factory=frozenset)

    @property
    def only_closes(self) -> bool:
        return bool(self.closes) and not self.opens


def edges(turns: Mapping[str, Turn], routers: Mapping[str, Collection[str]]) -> tuple[After, ...]:
    """All edges between hosts that change, and to routers that do, which are by site; sorted."""
    found = {*_from_routers(turns, routers), *_from_parts(turns), *_from_servers(turns)}
    return tuple(sorted(found, key=lambda each: (each.name, each.first, each.reason)))


def _from_routers(turns: Mapping[str, Turn], routers: Mapping[str, Collection[str]]) -> Iterator[After]:
    for name, turn in turns.items():
        standing = turn.standing
        for router in routers.get(standing.site, ()):
            if not standing.router:
                yield After(name=name, first=router, reason="it leads there")
            elif standing.router == router:
                yield After(name=name, first=router, reason="it is the same router")


def _from_parts(turns: Mapping[str, Turn]) -> Iterator[After]:
    """A router that opens a way to a service comes before who answers for it; one that only closes, after."""
    parts = {name: turn for name, turn in turns.items() if turn.standing.router}
    for host in turns.keys() - parts.keys():
        serves = turns[host].standing.serves
        for name, turn in parts.items():
            if opened := turn.opens & serves:
                yield After(name=host, first=name, reason=f"it lets in who asks for {_names(opened)}")
            elif turn.only_closes and (closed := turn.closes & serves):
                yield After(name=name, first=host, reason=f"it still answers for {_names(closed)}")


def _from_servers(turns: Mapping[str, Turn]) -> Iterator[After]:
    """Who is asked comes before who asks; if it only closes what nobody is to ask for any more, after."""
    for host, turn in turns.items():
        for name in turn.standing.needs & turns.keys():
            if turns[name].only_closes:
                closed = _names(turns[name].closes)
                yield After(name=name, first=host, reason=f"it may still ask for {closed}")
            else:
                yield After(name=host, first=name, reason=f"it answers {host}")


def company(turns: Mapping[str, Turn]) -> Company:
    """Who stands in for whom, and what each is."""
    return Company(
        {name: set(turn.standing.partners) for name, turn in turns.items()},
        {name: turn.standing.kind for name, turn in turns.items()},
    )


def _names(services: Collection[str]) -> str:
    return ", ".join(sorted(services))
