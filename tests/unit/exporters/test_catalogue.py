"""The catalogue keeps Prometheus' own rules, and its page says what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from exporters.catalogue import GROUPS, METRICS, Kind, Metric
from exporters.catalogue.page import page

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"


def test_the_page_is_what_the_command_prints() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_no_name_stands_twice() -> None:
    assert len(METRICS) == sum(len(group.metrics) for group in GROUPS.values())


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_a_metric_keeps_the_conventions(metric: Metric) -> None:
    assert re.fullmatch(r"(infra|process)(_[a-z0-9]+)+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
    assert bool(metric.buckets) == (metric.kind is Kind.HISTOGRAM)
    assert list(metric.buckets) == sorted(set(metric.buckets))
    assert metric.help.endswith(".")
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", label) for label in metric.labels)
    assert not {"le", "job", "instance", "type"} & set(metric.labels)
