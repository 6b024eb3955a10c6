"""100,000 series on one page: our renderer and the library's, by CPU time, and what gzip adds."""

from __future__ import annotations

import gzip
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics_latest

from benchmarks.measure import Verdict
from exporters.catalogue import METRICS
from exporters.serving import Histogram, Observed, Series, exposition

SERIES = 100_000
HISTOGRAM_LINES = 16
"""Of one histogram with the catalogue's round trips: 14 buckets, sum and count."""


def run(_folder: Path, rounds: int) -> Iterator[Verdict]:
    """Print medians of CPU seconds; contenders take turns, so that a busy machine is busy for all."""
    contenders = dict(_contenders())
    spent: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, render in contenders.items():
            began = time.process_time()
            render()
            spent[name].append(time.process_time() - began)
    cpu = {name: statistics.median(seen) for name, seen in spent.items()}
    ours = cpu["ours"]
    print(f"\n{SERIES:,} series on a page, CPU seconds, median of {rounds}")
    for name, seconds in cpu.items():
        print(f"  {name:<28}{seconds:>8.3f}{seconds / ours:>8.1f} × ours")
    yield Verdict("CPU seconds", ours, 0.1)
    yield Verdict("× prometheus_client", cpu["prometheus_client"] / ours, 10, at_least=True)


def _contenders() -> Iterator[tuple[str, Callable[[], bytes]]]:
    labels = [(f"nk-circuit-{number}", "ipv4", "video") for number in range(SERIES)]
    values = [number * 1.37e-5 for number in range(SERIES)]
    gauge = METRICS["infra_circuit_jitter_seconds"]
    series = Series(gauge, labels)
    yield "ours", lambda: exposition.text([series.block(values)])
    yield "ours, OpenMetrics", lambda: exposition.openmetrics([series.block(values)])
    histogram = Histogram(METRICS["infra_circuit_rtt_seconds"], labels[: SERIES // HISTOGRAM_LINES])
    seen = Observed([7] * 14, 1.234567)
    yield "ours, as histograms", lambda: exposition.text([histogram.block(repeat(seen, len(histogram)))])
    page = exposition.text([series.block(values)])
    yield "gzip 1 of the page", lambda: gzip.compress(page, compresslevel=1)
    yield "gzip 9 of the page", lambda: gzip.compress(page, compresslevel=9)
    registry = CollectorRegistry()
    theirs = Gauge(gauge.name, gauge.help, gauge.labels, registry=registry)
    for each, value in zip(labels, values, strict=True):
        theirs.labels(*each).set(value)
    yield "prometheus_client", lambda: generate_latest(registry)
    yield "prometheus_client, OpenMetrics", lambda: openmetrics_latest(registry)
