"""Which alert silences which, as one table: what stands in it is so, and nothing else is."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from infra_ctl.city import City
from infra_ctl.monitor.inhibition import inhibitions
from infra_ctl.monitor.rules import rule_files

SHORT = {
    "circuit's": "CircuitDown CircuitLoss CircuitSlow CircuitJitter CircuitBudgetFast CircuitBudgetSlow",
    "routing": "AdjacencyMissing ProtocolSilent NeighbourUnexpected RoutesLost",
    "site's": "circuit's routing DeviceDown RoomDown RoomMediaPoor FamiliesApart PrometheusTargetMissing",
    "system's": "SystemDown SystemFamilyDown SystemBudgetFast SystemBudgetSlow",
}
TABLE = """
CityUnreachable           *  WardUnreachable PopUnreachable DataCentreUnreachable CoreUnreachable SiteNew
                             FamilyUnreachable site's system's PrefixesMissing PrefixesUnexpected
                             RegistrarDown HostDown NotificationsFailing AlertmanagerUnreachable
PopUnreachable          pop  WardUnreachable SiteNew site's PrefixesMissing
WardUnreachable        site  site's
DataCentreUnreachable  site  site's system's HostDown RegistrarDown CoreUnreachable
DataCentreUnreachable   pop  PrefixesMissing
DataCentreUnreachable     *  AlertmanagerUnreachable
CoreUnreachable      device  DeviceDown routing PrometheusTargetMissing
CoreUnreachable         pop  PrefixesMissing
SiteNew                site  site's
Held                   site  site's
Held                 device  DeviceDown routing PrometheusTargetMissing
FamilyUnreachable         *  FamiliesApart SystemFamilyDown
FamilyUnreachable    family  PrefixesMissing RoutesLost
CircuitDown         circuit  CircuitLoss CircuitSlow CircuitJitter CircuitBudgetFast CircuitBudgetSlow
CircuitDown            site  AdjacencyMissing RoutesLost FamiliesApart RoomMediaPoor
CircuitDown             pop  PrefixesMissing
CircuitLoss         circuit  CircuitSlow CircuitJitter
CircuitLoss            site  RoomMediaPoor FamiliesApart
CircuitSlow         circuit  CircuitJitter
CircuitSlow            site  RoomMediaPoor
CircuitJitter          site  RoomMediaPoor
CircuitBudgetFast   circuit  CircuitBudgetSlow
AdjacencyMissing       site  RoutesLost FamiliesApart
ProtocolSilent          pop  RoutesLost FamiliesApart PrefixesMissing
DeviceDown           device  routing PrometheusTargetMissing
DeviceDown              pop  PrefixesMissing
SystemDown           system  SystemFamilyDown SystemBudgetFast SystemBudgetSlow
SystemBudgetFast     system  SystemBudgetSlow
"""
"""Source, label in which both are equal (`*`: none), what is left out. What the topology adds is below."""
TOPOLOGY = """
PopUnreachable           WardUnreachable SiteNew site's
DataCentreUnreachable    WardUnreachable SiteNew site's
CoreUnreachable          WardUnreachable SiteNew site's
DeviceDown               circuit's AdjacencyMissing
Held                     circuit's AdjacencyMissing
FamiliesApart            FamiliesApart
SystemDown               system's
RegistrarDown            system's
CertificateExpires       CertificateExpires
ExporterDown             PrometheusTargetMissing
PrometheusTargetMissing  PrometheusTargetMissing
"""
"""Of one object of the source by name, and of those of the targets that hang on it."""
ALWAYS = {
    "CityUnreachable": "nothing is larger",
    "CircuitFull": "a week's figure: what is down now does not explain it",
    "DiskFull": "a host that answers says so of itself",
    "ClockOff": "the same",
    "ExporterDown": "of the monitoring host itself, whatever the network does",
    "ProbesStalled": "the same",
    "ReadsStalled": "the same",
    "JournalDown": "the same",
    "ConfigReloadFailed": "the same",
    "RuleFailing": "the same",
    "ScrapeLimitReached": "the same",
    "Watchdog": "it is to fire",
    "RunFailed": "what infra-ctl did",
    "RunStuck": "the same",
    "HoldExpired": "the same",
    "BackupOld": "the same",
    "BackupsUnseen": "the same",
    "AuditOld": "what is called by a timer, whatever the network does",
    "Drift": "what somebody did, whatever the network does",
    "Held": "told to nobody",
}
"""What nothing silences, and why."""

Pairs = set[tuple[str, str, str]]


def names(matchers: list[str]) -> list[str]:
    """`CircuitDown` of `alertname="InfraCircuitDown"`."""
    found = next(each for each in matchers if each.startswith("alertname"))
    return re.findall("[A-Z][A-Za-z]+", found.partition("Infra")[2])


def is_by_name(rule: dict[str, Any]) -> bool:
    return len(rule["source_matchers"]) == 1


def pairs(rules: list[dict[str, Any]]) -> Pairs:
    return {
        (source, "".join(rule.get("equal", ["*"])), target)
        for rule in rules
        for source in names(rule["source_matchers"])
        for target in names(rule["target_matchers"])
    }


def written(table: str, columns: int) -> Pairs:
    """A row goes on where a line begins with a blank."""
    found: Pairs = set()
    head: list[str] = []
    for line in table.strip().splitlines():
        words = line.split()
        if not line.startswith(" "):
            head, words = words[:columns], words[columns:]
        source, equal = (*head, "*")[:2]
        found |= {(source, equal, target) for word in words for target in long(word)}
    return found


def long(word: str) -> list[str]:
    return [each for part in SHORT[word].split() for each in long(part)] if word in SHORT else [word]


@pytest.fixture(scope="module")
def severities(city: City) -> dict[str, str]:
    files = (yaml.safe_load(file.text()) for file in rule_files(city))
    rules = [rule for file in files for group in file["groups"] for rule in group["rules"]]
    return {
        rule["alert"].removeprefix("Infra"): rule["labels"]["severity"] for rule in rules if "alert" in rule
    }


def test_what_silences_what_stands_in_the_table(city: City) -> None:
    rules = inhibitions(city)
    assert pairs([each for each in rules if is_by_name(each)]) == written(TABLE, 2)
    assert pairs([each for each in rules if not is_by_name(each)]) == written(TOPOLOGY, 1)


def test_who_must_be_equal_in_a_label_has_it(city: City) -> None:
    for rule in inhibitions(city):
        for label in rule.get("equal", ()):
            assert f'{label}!=""' in rule["target_matchers"]


def test_what_wakes_somebody_is_silenced_by_nothing_less(city: City, severities: dict[str, str]) -> None:
    for source, _, target in pairs(list(inhibitions(city))):
        if severities[target] == "page":
            assert severities[source] == "page", (source, target)


def test_every_alert_is_explained_by_something_or_says_why_not(
    city: City, severities: dict[str, str]
) -> None:
    assert set(severities) - {target for *_, target in pairs(list(inhibitions(city)))} == set(ALWAYS)
