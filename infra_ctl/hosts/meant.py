"""A host as plans see it: what is to hold on it, what it lets in, and how it stands to others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType

from infra_ctl.change.edges import Standing
from infra_ctl.change.operations import Operation
from infra_ctl.hosts.roles import of_host, of_router
from infra_ctl.intent.host import Exit, HostIntent, Opening
from infra_ctl.intent.part import KIND, HostPart


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays on a host for now though it is not intended."""

    own: tuple[Opening, ...] = ()
    """What it lets in."""
    others: tuple[Opening, ...] = ()
    """What those that it asks let in: it may still ask there."""


@dataclass(frozen=True, slots=True)
class Meant:
    """A host, or the host part of a router, as it is meant to be."""

    standing: Standing
    operations: Callable[[Kept], tuple[Operation, ...]] = field(repr=False)
    """All that is to hold on it."""
    openings: tuple[Opening, ...] = ()
    """What it lets in, for which service."""
    asks: frozenset[str] = frozenset()
    """Services that it may ask others for."""

    def concerns(self, services: Collection[str]) -> bool:
        """Whether it answers for any of them, asks for it, or lets others ask."""
        return any(each.service in services for each in self.openings) or not self.asks.isdisjoint(services)


class Hosts(Mapping[str, Meant]):
    """Hosts and host parts that there are, by name; each is worked out when it is first asked for."""

    def __init__(
        self,
        intents: Mapping[str, HostIntent],
        names: Iterable[str],
        parts: Mapping[str, HostPart] = MappingProxyType({}),
    ) -> None:
        self._intents = intents
        self._parts = parts
        self._known: dict[str, Meant | None] = dict.fromkeys((*names, *parts))

    def __getitem__(self, name: str) -> Meant:
        known = self._known[name]
        if known is None:
            known = _part(self._parts[name]) if name in self._parts else _host(self._intents[name])
            self._known[name] = known
        return known

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def _host(intent: HostIntent) -> Meant:
    standing = Standing(
        site=intent.site,
        kind=next(iter(intent.roles), ""),
        serves=frozenset(each.service for each in intent.openings),
        needs=frozenset(intent.needs),
        partners=frozenset(intent.partners),
    )
    asks = frozenset(each.service for each in intent.exits)
    return Meant(standing, partial(_operations, intent), intent.openings, asks)


def _part(part: HostPart) -> Meant:
    kind = f"{part.role} {KIND}".lstrip()
    standing = Standing(part.site, kind, part.router, partners=frozenset(part.partners))
    return Meant(standing, lambda kept: of_router.operations(part, kept.own), part.openings)


def _operations(intent: HostIntent, kept: Kept) -> tuple[Operation, ...]:
    exits = (*intent.exits, *_former(intent.exits, kept.others))
    return of_host.operations(replace(intent, exits=exits), kept.own)


def _former(exits: Collection[Exit], others: Iterable[Opening]) -> Iterable[Exit]:
    """Where else a host may ask those that it asks for a service."""
    for opening in others:
        for each in exits:
            if each.service == opening.service:
                yield replace(each, protocol=opening.protocol, port=opening.port)
