"""Every metric that a rule asks for exists, with the labels that it is asked for by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
import yaml

from exporters.catalogue import METRICS, Kind
from infra_ctl.city import City
from infra_ctl.monitor.probers import COLUMNS
from infra_ctl.monitor.rules import rule_files

OTHERS = {
    "ALERTS",
    "ALERTS_FOR_STATE",
    "up",
    "probe_success",
    "probe_ssl_earliest_cert_expiry",
    "alertmanager_config_last_reload_successful",
    "alertmanager_notifications_failed_total",
    "blackbox_exporter_config_last_reload_successful",
    "prometheus_config_last_reload_successful",
    "node_filesystem_avail_bytes",
    "node_filesystem_readonly",
    "node_filesystem_size_bytes",
    "node_time_seconds",
    "prometheus_notifications_dropped_total",
    "prometheus_notifications_errors_total",
    "prometheus_rule_evaluation_failures_total",
    "prometheus_target_scrape_pool_exceeded_label_limits_total",
    "prometheus_target_scrape_pool_exceeded_target_limit_total",
    "prometheus_target_scrapes_exceeded_sample_limit_total",
    *(name for name, *_ in COLUMNS),
}
"""Of the good exporters and of the stack, as their Debian packages have them."""

FACT = re.compile("infra_([a-z]+_info|circuit_([a-z]+_limit|capacity)_.+)")
"""What the controller's exporter tells of the inventory and alerts are judged by."""


@pytest.fixture(scope="module")
def rules(city: City) -> list[dict[str, Any]]:
    files = (yaml.safe_load(file.text()) for file in rule_files(city))
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]


def selectors(expression: str) -> list[Any]:
    found: list[Any] = []

    def look(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)

    promql_parser.walk(promql_parser.parse(expression), look)
    return found


def series() -> Iterator[tuple[str, set[str]]]:
    """What is exposed of our metrics, and its labels."""
    for metric in METRICS.values():
        labels = {*metric.labels, "job", "instance"}
        if metric.kind is Kind.HISTOGRAM:
            yield f"{metric.name}_bucket", {*labels, "le"}
            yield f"{metric.name}_sum", labels
            yield f"{metric.name}_count", labels
        else:
            yield metric.name, labels


def test_every_metric_is_exposed_or_recorded(rules: list[dict[str, Any]]) -> None:
    recorded = {rule["record"] for rule in rules if "record" in rule}
    known = {name for name, _ in series()} | recorded | OTHERS
    asked = {each.name for rule in rules for each in selectors(rule["expr"])}
    assert asked - known == set()
    assert {name for name in asked if ":" in name} <= recorded


def test_ours_are_asked_for_by_labels_that_they_have(rules: list[dict[str, Any]]) -> None:
    labels = dict(series())
    for rule in rules:
        for each in selectors(rule["expr"]):
            if each.name in labels:
                assert {match.name for match in each.matchers.matchers} <= labels[each.name], rule["expr"]


def test_what_is_recorded_is_named_level_metric_operation(rules: list[dict[str, Any]]) -> None:
    for rule in rules:
        if "record" in rule:
            assert rule["record"].count(":") == 2
            assert rule["record"].split(":")[0].islower()


def test_facts_hold_for_an_hour_in_every_rule_that_asks_for_them(rules: list[dict[str, Any]]) -> None:
    """Alerts must not fall silent with the controller's exporter; how far IPv6 is wakes nobody."""
    held = re.compile(r"last_over_time\(([a-z_:]+)\[1h\]\)")
    remembered = {name for rule in rules for name in held.findall(rule["expr"])}
    told = {
        rule["record"]: rule["expr"] for rule in rules if rule.get("record", "").endswith(":told:timestamp")
    }
    assert set(told) <= remembered
    for rule in rules:
        if rule.get("record") not in told:
            asked = {each.name for each in selectors(rule["expr"]) if FACT.fullmatch(each.name)}
            assert asked <= set(held.findall(rule["expr"])), rule["expr"]
