"""prometheus.yml: what is scraped, how often, and how much of it at most."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from infra_ctl.city import City
from infra_ctl.hosts.roles.monitoring import HOME
from infra_ctl.intent.expectations import device_expectations
from infra_ctl.monitor.files import MonitorFile, Value
from infra_ctl.monitor.hurry import span
from infra_ctl.monitor.jobs import discovery, monitoring_hosts, registry
from infra_ctl.monitor.probers import asked
from infra_ctl.monitor.stack import ALERTMANAGER, BLACKBOX, EXPORTERS, PROMETHEUS, SD, SNMP, Stack
from infra_ctl.monitor.targets import path_targets, registrar_targets, room_targets

ROOM_TO_GROW = 2
"""A limit is for what nobody has planned: twice what the inventory explains is left alone."""
HISTOGRAM = 16
"""Series of one histogram of round trips: buckets, sum and count."""
LABELS, LABEL_BYTES = 32, 512
Limits: TypeAlias = Mapping[str, int]
_ASKED: Mapping[str, tuple[str, int | None]] = {
    "node": ("host", None),
    "frr": ("device", None),
    "snmp": ("device", SNMP),
    "blackbox": ("__param_target", BLACKBOX),
}
"""By job, the label that `instance` is named after (names say more than addresses), and the prober's port."""


def prometheus_files(stack: Stack) -> tuple[MonitorFile, ...]:
    """prometheus.yml, how it is started, and where `file` finds its targets."""
    files = [MonitorFile("prometheus.yml", _config(stack)), _started(stack)]
    if stack.discovery == "file":
        for job, targets in registry().items():
            text = json.dumps(discovery(targets(stack.city)), indent=1, ensure_ascii=False)
            files.append(MonitorFile(f"sd/{job}.json", f"{text}\n"))
    return tuple(files)


def sample_limits(city: City) -> Limits:
    """By job, the samples of one scrape beyond which it is thrown away."""
    expected = {
        "path": _path_samples(city),
        "video": len(room_targets(city)) * (12 + 3 * (HISTOGRAM + 3)) + len(registrar_targets(city)) * 8,
        "state": _state_samples(city),
        "controller": _facts(city),
        "node": 1500,
        "snmp": 20 * _most_interfaces(city),
        "frr": 200 + 60 * _most_interfaces(city),
        "blackbox": 60,
        "own": 5000,
    }
    return {job: math.ceil(ROOM_TO_GROW * (samples + 200) / 500) * 500 for job, samples in expected.items()}


def _path_samples(city: City) -> int:
    """Echo and STAMP, each with a histogram and its counters."""
    return len(path_targets(city)) * 2 * (HISTOGRAM + 4)


def _state_samples(city: City) -> int:
    expected = device_expectations(city.intents, city.intents, city.inventory.peers)
    return sum(len(each.adjacencies) + 16 for each in expected)


def _facts(city: City) -> int:
    inventory = city.inventory
    kinds = inventory.sites, inventory.circuits, inventory.rooms, city.intents, inventory.systems
    return 6 * sum(map(len, kinds)) + 10 * len(inventory.holds)


def _most_interfaces(city: City) -> int:
    return max((len(intent.interfaces) for intent in city.intents.values()), default=0) + 4


def _config(stack: Stack) -> Value:
    monitoring, limits = stack.city.inventory.monitoring, sample_limits(stack.city)
    return {
        "global": {
            "scrape_interval": span(f"{monitoring.intervals.own}s", stack.hurry),
            "scrape_timeout": span(f"{min(10, monitoring.intervals.own)}s", stack.hurry),
            "evaluation_interval": span("15s", stack.hurry),
            "external_labels": dict(stack.replica),
        },
        "alerting": {
            "alert_relabel_configs": [{"action": "labeldrop", "regex": "replica"}],
            "alertmanagers": list(_alertmanagers(stack)),
        },
        "rule_files": ["rules/*.yml"],
        "scrape_configs": [*_own(stack, limits), *_ours(stack, limits), *_others(stack, limits)],
    }


def _alertmanagers(stack: Stack) -> Iterator[Value]:
    """Of every host of the role, each by the name that its certificate has."""
    for host, target in zip(monitoring_hosts(stack.city), stack.everywhere(ALERTMANAGER), strict=True):
        yield {**stack.client_of(host), "static_configs": [{"targets": [target]}]}


def _own(stack: Stack, limits: Limits) -> Iterator[Value]:
    parts = {"prometheus": PROMETHEUS, "alertmanager": ALERTMANAGER, "snmp-exporter": SNMP}
    for job, port in {**parts, "blackbox-exporter": BLACKBOX, "sd": SD}.items():
        yield {
            **_job(stack, job, limits),
            **stack.client,
            "static_configs": [{"targets": [stack.own(port)]}],
        }


def _ours(stack: Stack, limits: Limits) -> Iterator[Value]:
    """They say themselves of which site and device they speak."""
    for job in stack.exporters:
        static = [{"targets": [stack.own(EXPORTERS[job])]}]
        yield {
            **_job(stack, job, limits),
            "honor_labels": True,
            **stack.client,
            "static_configs": static,
        }


def _others(stack: Stack, limits: Limits) -> Iterator[Value]:
    for job, targets in registry().items():
        found = {
            **_job(stack, job, limits),
            "target_limit": ROOM_TO_GROW * max(1, len(targets(stack.city))),
        }
        if job == "snmp":
            found |= {"metrics_path": "/snmp", "params": asked(stack.snmp_exporter), **stack.client}
        if job == "blackbox":
            found |= {"metrics_path": "/probe", **stack.client}
        yield {**found, **_discovered(stack, job), "relabel_configs": _relabelled(stack, job)}


def _job(stack: Stack, job: str, limits: Limits) -> dict[str, Value]:
    interval = stack.city.inventory.monitoring.intervals.of(job)
    return {
        "job_name": job,
        "scrape_interval": span(f"{interval}s", stack.hurry),
        "scrape_timeout": span(f"{min(interval, 30 if job == 'snmp' else 10)}s", stack.hurry),
        "sample_limit": limits.get(job, limits["own"]),
        "label_limit": LABELS,
        "label_value_length_limit": LABEL_BYTES,
    }


def _discovered(stack: Stack, job: str) -> Value:
    if stack.discovery == "file":
        return {"file_sd_configs": [{"files": [f"sd/{job}.json"]}]}
    client = {name: value for name, value in stack.client.items() if name != "scheme"}
    return {"http_sd_configs": [{"url": stack.url(SD, f"/sd/{job}"), **client}]}


def _relabelled(stack: Stack, job: str) -> list[Value]:
    """A prober is asked for its targets."""
    label, port = _ASKED[job]
    named = {"source_labels": [label], "target_label": "instance"}
    if port is None:
        return [named]
    return [
        {"source_labels": ["__address__"], "target_label": "__param_target"},
        named,
        {"target_label": "__address__", "replacement": stack.own(port)},
    ]


def _started(stack: Stack) -> MonitorFile:
    """But for the folder of its data, which is Debian's."""
    monitoring = stack.city.inventory.monitoring
    size = monitoring.retention_bytes
    return stack.started(
        "prometheus",
        f"--config.file={HOME}/prometheus.yml",
        f"--web.listen-address={stack.own(PROMETHEUS)}",
        f"--storage.tsdb.retention.time={monitoring.retention}s",
        *((f"--storage.tsdb.retention.size={size}B",) if size is not None else ()),
    )
