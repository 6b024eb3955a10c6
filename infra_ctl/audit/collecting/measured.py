"""What Prometheus has measured: one question a metric, whatever the number of objects."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TypeAlias

from infra_ctl.audit.collecting.part import Part, Subject
from infra_ctl.city import City
from infra_ctl.controls.catalogue import FACTS
from infra_ctl.controls.exhibit import Fact, Kind, Line, Scalar
from infra_ctl.errors import InfraCtlError, UnusableError
from infra_ctl.monitor.querying import Sample, Server, ask, servers

ENOUGH = 1800
"""Of the 2016 samples of 5 minutes in 7 days, as the alert has it: with fewer it is no week."""
LOAD, SAMPLES = "circuit:traffic_load:ratio_p95_7d", "circuit:traffic_samples:count7d"
UP = 'up{job=~"node|frr|snmp"}'
TEMPERATURE, HUMIDITY, UPS = "site:temperature:celsius", "site:humidity:ratio", "site:ups_ready:bool"
SENT = "forwarder:sent:timestamp"
"""These four are of rules of a city's own: what sensors say is called as their makers call it."""

Said: TypeAlias = tuple[Fact, ...] | str
"""Of one object: its values, or why nobody knows."""


def collect(
    city: City, resolve: Callable[[str], str], at: datetime, url: str = "", *, is_plain: bool = False
) -> Mapping[Subject, Part]:
    """Of every object that something is measured of; `url` goes before the monitoring hosts' own.

    `resolve` gives a secret for its reference; `is_plain` where the stack has neither TLS nor passwords.
    """
    subjects = _subjects(city)
    try:
        asking: _Asking | str = _first(servers(city, resolve, url, is_plain=is_plain), at)
    except InfraCtlError as error:
        asking = f"{error}"
    facts: dict[Subject, dict[str, tuple[Fact, ...]]] = {subject: {} for subject in subjects}
    missing: dict[Subject, dict[str, str]] = {subject: {} for subject in subjects}
    for fact, read in _MEASURES.items():
        mine = [subject for subject in subjects if subject[0] in FACTS[fact].of]
        for subject, said in _said(asking, read, mine).items():
            if isinstance(said, str):
                missing[subject][fact] = said
            else:
                facts[subject][fact] = said
    return {subject: Part({}, facts[subject], missing[subject]) for subject in subjects}


def _subjects(city: City) -> tuple[Subject, ...]:
    of: Sequence[tuple[Kind, Iterable[str]]] = (
        ("city", [city.inventory.city.slug]),
        ("site", city.inventory.sites),
        ("device", city.intents),
        ("circuit", [circuit.id for circuit in city.inventory.circuits.values()]),
        ("host", city.hosts),
    )
    return tuple((kind, name) for kind, names in of for name in names)


@dataclass(frozen=True, slots=True)
class _Asking:
    """A Prometheus that answers, and the time of all questions."""

    server: Server
    at: float

    def all(self, query: str) -> tuple[Sample, ...]:
        """Raises UnusableError."""
        return ask(self.server, query, self.at)

    def by(self, label: str, query: str) -> Mapping[str, Sequence[Sample]]:
        """Series by one of their labels; what is no number was not measured."""
        found: defaultdict[str, list[Sample]] = defaultdict(list)
        for sample in self.all(query):
            if math.isfinite(sample.value):
                found[sample.labels.get(label, "")].append(sample)
        return found

    def fact(self, sample: Sample, value: Scalar | None = None) -> Fact:
        return Fact(sample.value if value is None else value, Line(self.server.url, 0, f"{sample}"))

    def without(self, query: str) -> str:
        return f"{self.server.url} has no series of {query}"


Read: TypeAlias = Callable[[_Asking, Sequence[Subject]], Mapping[Subject, Said]]


def _said(asking: _Asking | str, read: Read, subjects: Sequence[Subject]) -> Mapping[Subject, Said]:
    if isinstance(asking, str):
        return dict.fromkeys(subjects, asking)
    try:
        return read(asking, subjects)
    except UnusableError as error:
        return dict.fromkeys(subjects, f"{error}")


def _first(known: Sequence[Server], at: datetime) -> _Asking:
    """The first that answers at all. Raises UnusableError where none does."""
    causes = []
    for server in known:
        asking = _Asking(server, at.replace(tzinfo=UTC).timestamp())
        try:
            asking.all("vector(1)")
        except UnusableError as error:
            causes.append(f"{error}")
        else:
            return asking
    raise UnusableError("; ".join(causes) or "no host has the role monitoring: --prometheus URL names one")


def _utilisation(asking: _Asking, subjects: Sequence[Subject]) -> Mapping[Subject, Said]:
    loads, samples = asking.by("circuit", LOAD), asking.by("circuit", SAMPLES)

    def of(circuit: str) -> Said:
        if not (found := loads.get(circuit)):
            return asking.without(f'{LOAD}{{circuit="{circuit}"}}')
        if few := [each for each in samples.get(circuit, ()) if each.value < ENOUGH]:
            return f"{asking.server.url} has no week of it yet: {few[0]}"
        return tuple(map(asking.fact, found))

    return {subject: of(subject[1]) for subject in subjects}


def _watched(asking: _Asking, subjects: Sequence[Subject]) -> Mapping[Subject, Said]:
    """Every exporter of a machine is to answer; what Prometheus knows nothing of is not watched."""
    series = {"device": asking.by("device", UP), "host": asking.by("host", UP)}

    def of(kind: str, name: str) -> Said:
        if not (found := series[kind].get(name)):
            return (
                Fact(value=False, line=Line(asking.server.url, 0, f'no series of up{{{kind}="{name}"}}')),
            )
        worst = min(found, key=lambda each: each.value)
        return (asking.fact(worst, worst.value == 1),)

    return {subject: of(*subject) for subject in subjects}


def _beat(asking: _Asking, subjects: Sequence[Subject]) -> Mapping[Subject, Said]:
    """Of several forwarders the last one counts: one may stand by."""
    found = [each for each in asking.all(SENT) if math.isfinite(each.value)]
    if not found:
        return dict.fromkeys(subjects, asking.without(SENT))
    newest = max(found, key=lambda each: each.value)
    return dict.fromkeys(subjects, (asking.fact(newest, asking.at - newest.value),))


def _sensors(query: str, asking: _Asking, subjects: Sequence[Subject]) -> Mapping[Subject, Said]:
    """A value a sensor; a site without one is not measured, which is known."""
    found = asking.by("site", query)
    return {subject: tuple(map(asking.fact, found.get(subject[1], ()))) for subject in subjects}


def _ups(asking: _Asking, subjects: Sequence[Subject]) -> Mapping[Subject, Said]:
    """Of several supplies at a site every one."""
    found = asking.by("site", UPS)

    def of(site: str) -> Said:
        if site not in found:
            return asking.without(f'{UPS}{{site="{site}"}}')
        worst = min(found[site], key=lambda each: each.value)
        return (asking.fact(worst, worst.value == 1),)

    return {subject: of(subject[1]) for subject in subjects}


_MEASURES: Mapping[str, Read] = {
    "circuit.utilisation": _utilisation,
    "forwarder.beat": _beat,
    "machine.watched": _watched,
    "site.humidity": partial(_sensors, HUMIDITY),
    "site.temperature": partial(_sensors, TEMPERATURE),
    "site.ups": _ups,
}
