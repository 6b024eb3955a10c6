"""What a metric is, and what an exporter measures."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


UNITS = ("bytes_per_second", "seconds", "bytes", "ratio")
"""What a name may end with, `_total` aside, and OpenMetrics then calls its unit."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; `labels` in the order in which values are given for them."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    """Upper bounds of a histogram, without the last, which is infinite."""

    @property
    def family(self) -> str:
        """Its name in OpenMetrics, where a counter's series end with `_total` and the counter does not."""
        return self.name.removesuffix("_total") if self.kind is Kind.COUNTER else self.name

    @property
    def unit(self) -> str:
        """Empty where it counts things."""
        return next((unit for unit in UNITS if self.family.endswith(f"_{unit}")), "")


@dataclass(frozen=True, slots=True)
class Group:
    """What one exporter measures."""

    name: str
    """Of the exporter, as in `infra-ctl export NAME`; `every` for what all of them say of themselves."""
    about: str
    port: int
    """Where it listens, unless told otherwise; 0 where it is no exporter of its own."""
    metrics: tuple[Metric, ...] = ()


def counter(name: str, text: str, *labels: str) -> Metric:
    return Metric(name, Kind.COUNTER, text, labels)


def gauge(name: str, text: str, *labels: str) -> Metric:
    return Metric(name, Kind.GAUGE, text, labels)


def histogram(name: str, text: str, *labels: str, buckets: tuple[float, ...]) -> Metric:
    return Metric(name, Kind.HISTOGRAM, text, labels, buckets)
