"""Hosts in a plan: what each one's own facts say would be done to it, and where it stands in the order.

A host has no candidate and no fingerprint: it is asked each time, by the operations that are to hold on it.
A port that moves is opened first and closed by a second run: see `change.openings`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from infra_ctl.change import openings
from infra_ctl.change.edges import Standing, Turn, company, edges
from infra_ctl.change.openings import Doors
from infra_ctl.change.operations import File, Operation, Predicted, written
from infra_ctl.change.plan import Plan, PlannedHost, Status
from infra_ctl.change.sequence import sequence
from infra_ctl.city import City
from infra_ctl.drivers.hosts import HostFleet, HostWork, Prediction
from infra_ctl.errors import DeviceError, RefusedError, UnreachableError
from infra_ctl.hosts import state
from infra_ctl.hosts.difference import hidden
from infra_ctl.hosts.meant import Kept, Meant
from infra_ctl.hosts.papers import paper
from infra_ctl.intent.host import Opening
from infra_ctl.masking import Masking
from infra_ctl.secrets import references


@dataclass(frozen=True, slots=True)
class JudgedHost:
    """A host as planned."""

    planned: PlannedHost
    doors: Doors
    unreachable: bool = False
    operations: str = field(default="", repr=False)
    """What it needs nothing of any more, to be remembered; empty where it does."""
    papers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What is in the files now that the law judges it by, by operation, secrets as they are."""


@dataclass(frozen=True, slots=True)
class Foresight:
    """All that predicting hosts needs beside their names."""

    fleet: HostFleet
    meant: Mapping[str, Meant]
    """All hosts and host parts that there are."""
    masking: Masking

    def parts_of(self, routers: Collection[str], hosts: Collection[str] = ()) -> tuple[str, ...]:
        """Host parts, `dc-core1/host`, of routers, and of those before hosts: both doors open in turn."""
        sites = {self.meant[name].standing.site for name in hosts if name in self.meant}
        return tuple(name for name in self.meant if "/" in name and self._is_of(name, routers, sites))

    def _is_of(self, part: str, routers: Collection[str], sites: Collection[str]) -> bool:
        meant = self.meant[part]
        leads_there = bool(meant.openings) and meant.standing.site in sites
        return leads_there or meant.standing.router in routers

    def judge(
        self, names: Collection[str], on_done: Callable[[str], None] = lambda _name: None
    ) -> dict[str, JudgedHost]:
        """Each host by what it has; one that fails says why. A port that moves is opened only, at first."""
        direct = self._predicted(dict.fromkeys(names, Kept()), on_done)
        moving = {name: each.doors.moving for name, each in direct.items()}
        services = {opening.service for each in moving.values() for opening in each}
        if not services:
            return direct
        both = self._predicted(self._keeping(services, moving))
        unmade = {service for service in services if not self._is_made(service, both)}
        if unmade != services:
            both = self._predicted(self._keeping(unmade, moving))
        return {name: both.get(name, each) for name, each in direct.items()}

    def _keeping(self, services: Collection[str], moving: Mapping[str, Iterable[Opening]]) -> dict[str, Kept]:
        """What whoever has to do with services keeps while their ports move, also who is not planned."""
        stay = openings.of(services, moving)
        asked = {opening for each in stay.values() for opening in each}
        return {
            name: Kept(
                stay.get(name, ()),
                tuple(sorted((each for each in asked if each.service in meant.asks), key=openings.in_words)),
            )
            for name, meant in self.meant.items()
            if meant.concerns(services)
        }

    def _is_made(self, service: str, both: Mapping[str, JudgedHost]) -> bool:
        """Whether everybody has the new port beside the old one already: then that may go."""
        concerned = (each for name, each in both.items() if self.meant[name].concerns([service]))
        return all(each.planned.status is Status.UNCHANGED for each in concerned)

    def _predicted(
        self, wanted: Mapping[str, Kept], on_done: Callable[[str], None] = lambda _name: None
    ) -> dict[str, JudgedHost]:
        """Hosts with what each one keeps for now."""
        operations = {name: self.meant[name].operations(kept) for name, kept in wanted.items()}
        stay = {name: tuple(map(openings.in_words, kept.own)) for name, kept in wanted.items()}
        return self.predicted(operations, stay, on_done)

    def predicted(
        self,
        wanted: Mapping[str, tuple[Operation, ...]],
        stay: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
        on_done: Callable[[str], None] = lambda _name: None,
    ) -> dict[str, JudgedHost]:
        """What these operations would do to hosts; `stay` is what is kept for now, in words."""
        works = [self._work(name, each) for name, each in wanted.items()]
        kept = {
            state.OPENINGS,
            *(each.id for operations in wanted.values() for each in operations if paper(each)),
        }
        said = self.fleet.driver.predict(works, sorted(kept), on_done) if works else {}
        return {
            name: self._judged(name, wanted[name], said[name], stay.get(name, ())) for name in sorted(wanted)
        }

    def _work(self, name: str, operations: tuple[Operation, ...]) -> HostWork:
        return self.fleet.work(name, operations, self.masking.resolve)

    def _judged(
        self,
        name: str,
        operations: tuple[Operation, ...],
        said: Prediction | DeviceError,
        kept: tuple[str, ...],
    ) -> JudgedHost:
        texts = (each.text for each in operations if isinstance(each, File) and each.id == state.OPENINGS)
        intended = state.parsed(next(texts, ""))
        if isinstance(said, DeviceError):
            cause = self.masking.mask(said.cause)
            planned = PlannedHost(name=name, status=Status.FAILED, cause=cause)
            return JudgedHost(planned, Doors((), intended), isinstance(said, UnreachableError))
        present = state.parsed(said.texts.get(state.OPENINGS, ""))
        planned = self._planned(name, operations, said, kept)
        unchanged = written(operations) if planned.status is Status.UNCHANGED else ""
        return JudgedHost(planned, Doors(present, intended), operations=unchanged, papers=said.texts)

    def _planned(
        self,
        name: str,
        operations: tuple[Operation, ...],
        said: Prediction,
        kept: tuple[str, ...],
    ) -> PlannedHost:
        shown = shown_of(operations, said.changes, self.masking)
        rests_on = base(operations, shown, said.digests, self.masking)
        if not shown:
            return PlannedHost(name=name, status=Status.UNCHANGED, base=rests_on, kept=kept)
        return PlannedHost(
            name=name,
            status=Status.CHANGED,
            base=rests_on,
            operations=operations,
            resolved=self.masking.digest(written(operations)),
            changes=shown,
            kept=kept,
        )


def shown_of(
    operations: Iterable[Operation], changes: Iterable[Predicted], masking: Masking
) -> tuple[Predicted, ...]:
    """What may be shown of changes: no line of a file that holds secrets, for a mask knows today's only."""
    secret = {each.id for each in operations if isinstance(each, File) and references(each.text)}
    known = (masked(each, masking) for each in changes)
    return tuple(
        each.model_copy(update={"diff": hidden(each.diff)}) if each.id in secret else each for each in known
    )


def masked(predicted: Predicted, masking: Masking) -> Predicted:
    """What may be shown of an operation."""
    shown = {"says": masking.mask(predicted.says), "diff": masking.mask(predicted.diff)}
    return predicted.model_copy(update=shown)


def base(
    operations: tuple[Operation, ...],
    changes: Iterable[Predicted],
    digests: Mapping[str, str],
    masking: Masking,
) -> str:
    """Keyed hash of what would be done to a host, of what is to hold on it, and of what its files have now.

    What a private file has is not in the words of what would be done to it.
    """
    said = json.dumps([[each.model_dump() for each in changes], dict(digests)], sort_keys=True)
    return masking.digest(f"{said}\n{written(operations)}")


def with_hosts(plan: Plan, city: City, meant: Mapping[str, Meant], judged: Mapping[str, JudgedHost]) -> Plan:
    """A plan of devices with hosts in it. Raises RefusedError where hosts wait for each other."""
    turns = {
        name: _turn(meant[name].standing, each.doors)
        for name, each in judged.items()
        if each.planned.status is Status.CHANGED
    }
    found = edges(turns, _routers(city, {host.hostname for host in plan.changed}))
    order = sequence(plan.waves, turns.keys(), found, company(turns))
    waves = order.waves
    cuts = dict(zip(plan.waves, plan.cuts, strict=True))
    update = {
        "hosts": tuple(each.planned for each in judged.values()),
        "waves": waves,
        "cuts": tuple(cuts.get(wave, ()) for wave in waves),
        "after": order.after,
        "breaks": tuple(
            broken.model_copy(update={"wave": waves.index(plan.waves[broken.wave - 1]) + 1})
            for broken in plan.breaks
        ),
        "behind": (*plan.behind, *_behind(plan, judged)),
        "held": city.held((*(device.hostname for device in plan.devices), *judged)),
    }
    return plan.model_copy(update=update)


def _turn(standing: Standing, doors: Doors) -> Turn:
    return Turn(standing, doors.opens, frozenset(each.service for each in doors.going))


def _routers(city: City, changing: Collection[str]) -> Mapping[str, list[str]]:
    """Routers that change, by site."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for hostname in sorted(changing):
        found[city.intents[hostname].site].append(hostname)
    return found


def _behind(plan: Plan, judged: Mapping[str, JudgedHost]) -> tuple[str, ...]:
    """Hosts that nobody reaches while routers are still to change, or to be reached: they may lead there."""
    if not plan.changed and not plan.behind:
        return ()
    return tuple(name for name, each in judged.items() if each.unreachable)


def repredicted(plan: Plan, fleet: HostFleet | None, masking: Masking) -> Plan:
    """A saved plan's hosts as they are now. Raises RefusedError where one of them changed since.

    A host that cannot be reached is planned as failed.
    """
    changing = {host.name: host for host in plan.changed_hosts}
    if not changing:
        return plan
    if fleet is None:
        raise RefusedError(f"{next(iter(changing))}: {plan.context} has no hosts")
    works = [fleet.work(name, host.operations, masking.resolve) for name, host in changing.items()]
    said = fleet.driver.predict(works)
    failed: dict[str, str] = {}
    for name, answer in said.items():
        if isinstance(answer, DeviceError):
            failed[name] = masking.mask(answer.cause)
            continue
        operations = changing[name].operations
        shown = shown_of(operations, answer.changes, masking)
        now = base(operations, shown, answer.digests, masking)
        if now != changing[name].base:
            raise RefusedError(f"{name} changed since plan {plan.id} was made: plan again")
    return _without(plan, failed) if failed else plan


def _without(plan: Plan, failed: Mapping[str, str]) -> Plan:
    """A plan whose hosts in `failed` have, each with its cause."""
    hosts = tuple(
        host.model_copy(update={"status": Status.FAILED, "cause": failed[host.name]})
        if host.name in failed
        else host
        for host in plan.hosts
    )
    left = [tuple(name for name in wave if name not in failed) for wave in plan.waves]
    pairs = [(wave, cut) for wave, cut in zip(left, plan.cuts, strict=True) if wave]
    waves, cuts = tuple(wave for wave, _ in pairs), tuple(cut for _, cut in pairs)
    return plan.model_copy(update={"hosts": hosts, "waves": waves, "cuts": cuts})
