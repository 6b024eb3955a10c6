"""Which alerts are left out because a larger one explains them: by names and labels, then by the topology.

What wakes somebody is never left out for something that does not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import TypeAlias

from infra_ctl.city import City
from infra_ctl.intent.topology import Link, links
from infra_ctl.inventory.kinds import SiteKind
from infra_ctl.monitor.files import Value
from infra_ctl.monitor.targets import registrar_targets

PREFIX = "Infra"
Rule: TypeAlias = dict[str, Value]
CIRCUITS = (
    "CircuitDown",
    "CircuitLoss",
    "CircuitSlow",
    "CircuitJitter",
    "CircuitBudgetFast",
    "CircuitBudgetSlow",
)
ROUTING = ("AdjacencyMissing", "ProtocolSilent", "NeighbourUnexpected", "RoutesLost")
BEHIND = (
    *CIRCUITS,
    *ROUTING,
    "DeviceDown",
    "RoomDown",
    "RoomMediaPoor",
    "FamiliesApart",
    "PrometheusTargetMissing",
)
"""What a site that is cut off explains of itself."""
SYSTEMS = ("SystemDown", "SystemFamilyDown", "SystemBudgetFast", "SystemBudgetSlow")
EXPIRES = "CertificateExpires"
SITES = ("WardUnreachable", "PopUnreachable", "DataCentreUnreachable", "SiteNew")
CITYWIDE = (
    "CoreUnreachable",
    "FamilyUnreachable",
    "HostDown",
    "RegistrarDown",
    "PrefixesMissing",
    "PrefixesUnexpected",
)
TELLING = ("NotificationsFailing", "AlertmanagerUnreachable")
_ALONE = ("ce", "pop")
"""Roles of routers that are their site's only ones: what explains the site explains them."""


def inhibitions(city: City) -> tuple[Rule, ...]:
    """All of them. What cannot be told while a host is cut off is no failure of who tells it."""
    held = ("DeviceDown", *ROUTING, "PrometheusTargetMissing")
    return (
        _rule("CityUnreachable", (*SITES, *BEHIND, *SYSTEMS, *CITYWIDE, *TELLING)),
        _rule("PopUnreachable", ("WardUnreachable", "SiteNew", *BEHIND, "PrefixesMissing"), equal="pop"),
        _rule("WardUnreachable", BEHIND, equal="site"),
        _rule(
            "DataCentreUnreachable",
            (*BEHIND, *SYSTEMS, "HostDown", "RegistrarDown", "CoreUnreachable"),
            equal="site",
        ),
        _rule("DataCentreUnreachable", ("PrefixesMissing",), equal="pop"),
        # One of the two Alertmanagers stands in it.
        _rule("DataCentreUnreachable", ("AlertmanagerUnreachable",)),
        _rule("CoreUnreachable", held, equal="device"),
        _rule("CoreUnreachable", ("PrefixesMissing",), equal="pop"),
        _rule("SiteNew", BEHIND, equal="site"),
        _rule("Held", BEHIND, equal="site"),
        _rule("Held", held, equal="device"),
        _rule("FamilyUnreachable", ("FamiliesApart", "SystemFamilyDown")),
        _rule("FamilyUnreachable", ("PrefixesMissing", "RoutesLost"), equal="family"),
        _rule("CircuitDown", CIRCUITS[1:], equal="circuit"),
        _rule(
            "CircuitDown", ("AdjacencyMissing", "RoutesLost", "FamiliesApart", "RoomMediaPoor"), equal="site"
        ),
        _rule("CircuitDown", ("PrefixesMissing",), equal="pop"),
        *(_rule(f"Circuit{each}", ("RoomMediaPoor",), equal="site") for each in ("Loss", "Slow", "Jitter")),
        # One that is full does all three, and to the families as it pleases.
        _rule("CircuitLoss", ("CircuitSlow", "CircuitJitter"), equal="circuit"),
        _rule("CircuitSlow", ("CircuitJitter",), equal="circuit"),
        _rule("CircuitLoss", ("FamiliesApart",), equal="site"),
        _rule("CircuitBudgetFast", ("CircuitBudgetSlow",), equal="circuit"),
        _rule("AdjacencyMissing", ("RoutesLost", "FamiliesApart"), equal="site"),
        _rule("ProtocolSilent", ("RoutesLost", "FamiliesApart", "PrefixesMissing"), equal="pop"),
        _rule("DeviceDown", held[1:], equal="device"),
        _rule("DeviceDown", ("PrefixesMissing",), equal="pop"),
        _rule("SystemDown", SYSTEMS[1:], equal="system"),
        _rule("SystemBudgetFast", ("SystemBudgetSlow",), equal="system"),
        *_probers(),
        *_fronts(city),
        *_registrars(city),
        *_topology(city),
    )


def _probers() -> Iterator[Rule]:
    """Without the exporter that asks them, its targets are all gone at once."""
    missing = "PrometheusTargetMissing"
    yield _named([_is("ExporterDown"), 'job="blackbox-exporter"'], [_is(missing), 'job="blackbox"'])
    yield _named([_is(missing), 'job="snmp-exporter"'], [_is(missing), 'job="snmp"'])


def _fronts(city: City) -> Iterator[Rule]:
    """Whose requests come through another system is down with it."""
    behind = defaultdict(list)
    for name, system in city.inventory.systems.items():
        if system.front is not None:
            behind[system.front].append(name)
    for front, names in sorted(behind.items()):
        yield _named([_is("SystemDown"), f'system="{front}"'], [_are(SYSTEMS), _among("system", names)])


def _registrars(city: City) -> Iterator[Rule]:
    """What rooms register with is looked at by SIP; as a host of its system it is probed besides."""
    for registrar in registrar_targets(city):
        name = registrar.registrar
        systems = [each.id for each in city.inventory.systems.values() if name in each.runs_on]
        if systems:
            its = _among("system", systems)
            for source, targets in (("RegistrarDown", SYSTEMS), (EXPIRES, (EXPIRES,))):
                yield _named([_is(source), f'registrar="{name}"'], [_are(targets), its])


def _topology(city: City) -> Iterator[Rule]:
    """What hangs on a place or a router and has another's name on it."""
    every = links(city.inventory)
    circuits = [link for link in every if link.kind == "circuit"]
    for name, site in city.inventory.sites.items():
        routers = {host for host, intent in city.intents.items() if intent.site == name}
        if site.kind is SiteKind.POP:
            yield from _cut_off([_is("PopUnreachable"), f'site="{name}"'], routers, circuits)
            # Its wards have lost the family that it has lost.
            apart = [_is("FamiliesApart"), f'pop="{site.pop}"', f'site!="{name}"']
            yield _named([_is("FamiliesApart"), f'site="{name}"'], apart)
        if site.kind in (SiteKind.DC, SiteKind.DC_BACKUP):
            yield from _cut_off([_is("DataCentreUnreachable"), f'site="{name}"'], routers, circuits)
    for hostname, intent in city.intents.items():
        device = f'device="{hostname}"'
        if intent.role == "core":
            yield from _cut_off([_is("CoreUnreachable"), device], {hostname}, circuits)
        if intent.role not in _ALONE:
            yield from _explained([_are(("DeviceDown", "Held")), device], {hostname}, circuits)
        elif intent.role == "pop":
            yield from _explained([_is("Held"), device], {hostname}, circuits)


def _cut_off(source: list[str], routers: Collection[str], circuits: Collection[Link]) -> Iterator[Rule]:
    """Pages too: of sites that have no circuit to anybody else."""
    yield from _explained(source, routers, circuits)
    heads: defaultdict[str, set[str]] = defaultdict(set)
    for link in circuits:
        heads[link.z.device.site].add(link.a.device.hostname)
    if alone := sorted(site for site, its in heads.items() if its <= set(routers)):
        yield _named(source, [_are(("WardUnreachable", "SiteNew", *BEHIND)), _among("site", alone)])


def _explained(source: list[str], routers: Collection[str], circuits: Collection[Link]) -> Iterator[Rule]:
    """Circuits and neighbours of routers that are gone."""
    mine = [link.id for link in circuits if {link.a.device.hostname, link.z.device.hostname} & set(routers)]
    if mine:
        yield _named(source, [_are(CIRCUITS), _among("circuit", mine)])
    yield _named(source, [_is("AdjacencyMissing"), _among("neighbour", routers)])


def _rule(source: str, targets: Collection[str], equal: str | None = None) -> Rule:
    # Two alerts that both lack the label would be equal in it.
    more = [f'{equal}!=""'] if equal else []
    return _named([_is(source)], [_are(targets), *more]) | ({"equal": [equal]} if equal else {})


def _named(source: list[str], target: list[str]) -> Rule:
    return {"source_matchers": source, "target_matchers": target}


def _is(name: str) -> str:
    return f'alertname="{PREFIX}{name}"'


def _are(names: Collection[str]) -> str:
    return f'alertname=~"{PREFIX}({"|".join(names)})"'


def _among(label: str, values: Collection[str]) -> str:
    return f'{label}=~"{"|".join(sorted(values))}"'
