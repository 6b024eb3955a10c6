"""Every metric of every exporter: what it is called, what it means, what its labels are. A file an exporter.

An exporter writes what stands here and nothing else; rules, boards and docs/metrics.md are held against it.

python -m exporters.catalogue        docs/metrics.md, on stdout
"""

from __future__ import annotations

from collections.abc import Mapping

from exporters.catalogue.controller import CONTROLLER
from exporters.catalogue.itself import EVERY
from exporters.catalogue.metric import Group, Kind, Metric, counter, gauge, histogram
from exporters.catalogue.path import PATH
from exporters.catalogue.state import STATE
from exporters.catalogue.video import VIDEO

__all__ = [
    "CONTROLLER",
    "GROUPS",
    "METRICS",
    "PATH",
    "SD",
    "STATE",
    "VIDEO",
    "Group",
    "Kind",
    "Metric",
    "counter",
    "gauge",
    "histogram",
]

SD = Group("sd", "targets for Prometheus (http_sd), from the inventory and nothing else", 9874)

GROUPS: Mapping[str, Group] = {group.name: group for group in (PATH, VIDEO, STATE, CONTROLLER, SD, EVERY)}

METRICS: Mapping[str, Metric] = {metric.name: metric for group in GROUPS.values() for metric in group.metrics}
"""By name."""
