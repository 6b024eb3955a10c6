"""Our text, read by parsers that are not ours."""

from __future__ import annotations

import math

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from exporters.catalogue import METRICS, Kind, Metric
from exporters.serving import Block, Histogram, Observed, Series, exposition, one

NASTY = 'a"b\\c\nd{}=, Cần Thơ'


def blocks(metric: Metric) -> Block:
    """A metric with one set of labels, each as nasty as a label can be."""
    labels = [tuple(f"{label} {NASTY}" for label in metric.labels)]
    if metric.kind is Kind.HISTOGRAM:
        return Histogram(metric, labels).block([Observed([1] * (len(metric.buckets) + 1), 2.5)])
    return Series(metric, labels).block([42])


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_both_formats_say_the_same_of_every_metric(metric: Metric) -> None:
    (plain,) = read_text(exposition.text([blocks(metric)]).decode())
    (newer,) = read_openmetrics(exposition.openmetrics([blocks(metric)]).decode())
    assert plain.documentation == newer.documentation == metric.help
    assert plain.type == newer.type == metric.kind
    assert newer.unit == metric.unit
    for family in (plain, newer):
        for sample in family.samples:
            labels = {name: value for name, value in sample.labels.items() if name != "le"}
            assert labels == {label: f"{label} {NASTY}" for label in metric.labels}
    assert [(s.name, s.value) for s in plain.samples] == [(s.name, s.value) for s in newer.samples]


def test_a_histogram_adds_up() -> None:
    metric = METRICS["infra_site_rtt_seconds"]
    counts = [1, 0, 2, *[0] * 10, 4]
    block = Histogram(metric, [("s", "ipv4", "video")]).block([Observed(counts, 9.5)])
    (family,) = read_text(exposition.text([block]).decode())
    buckets = {sample.labels.get("le"): sample.value for sample in family.samples}
    assert (buckets["0.0005"], buckets["0.002"], buckets["2.048"], buckets["+Inf"]) == (1, 3, 3, 7)
    assert [sample.value for sample in family.samples[-2:]] == [9.5, 7]


@pytest.mark.parametrize("value", [0, 1.5, 1e300, -3, math.inf, -math.inf, math.nan, True, 1 << 60])
def test_every_number_is_read_as_it_is(value: float) -> None:
    block = one(METRICS["infra_path_targets"], value)
    for read, text in ((read_text, exposition.text), (read_openmetrics, exposition.openmetrics)):
        (family,) = read(text([block]).decode())
        found = family.samples[0].value
        assert found == value or (math.isnan(found) and math.isnan(value))


def test_a_series_needs_every_label_and_every_value() -> None:
    metric = METRICS["infra_circuit_jitter_seconds"]
    with pytest.raises(ValueError, match="has labels"):
        Series(metric, [("circuit", "ipv4")])
    series = Series(metric, [("circuit", "ipv4", "video")])
    for values in ([], [1, 2]):
        with pytest.raises(ValueError, match="zip"):
            series.block(values)
    histogram = Histogram(METRICS["infra_circuit_rtt_seconds"], [("circuit", "ipv4", "video")])
    with pytest.raises(ValueError, match="zip"):
        histogram.block([Observed([1, 2, 3], 0)])


def test_a_metric_without_labels_has_no_braces() -> None:
    assert one(METRICS["infra_journal_up"], 1).lines == "infra_journal_up 1\n"
    assert Series(METRICS["infra_ipv6_stage"], []).block([]).lines == ""
