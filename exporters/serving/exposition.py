"""Series → the text that Prometheus reads, in its own format 0.0.4 and in OpenMetrics.

What costs is the same for every scrape: names, labels, escaping. So they are written once, when it is known
what is measured, and a scrape puts values behind them. A line is the same in both formats; only heads differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain

from exporters.catalogue import Kind, Metric

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Block:
    """All series of one metric with their values, a line each, ready to be sent."""

    metric: Metric
    lines: str


class Series:
    """The series of a counter or gauge, one for each set of labels."""

    def __init__(self, metric: Metric, labels: Iterable[Sequence[str]] = ((),)) -> None:
        """`labels` are values in the catalogue's order, a set each; without labels there is one series."""
        self.metric = metric
        self._prefixes = [f"{metric.name}{_braces(metric, values)} " for values in labels]

    def __len__(self) -> int:
        return len(self._prefixes)

    def block(self, values: Iterable[float]) -> Block:
        """With a value each, in the order of the labels. Raises ValueError where there are more or fewer."""
        # The plus makes a number of a bool, which `True` would not be to Prometheus.
        pairs = zip(self._prefixes, values, strict=True)
        return Block(self.metric, "".join([f"{prefix}{+value}\n" for prefix, value in pairs]))


@dataclass(frozen=True, slots=True)
class Observed:
    """What a histogram has seen: how many in each bucket of its own, the infinite one last, and their sum."""

    counts: Sequence[int]
    sum: float


class Histogram:
    """The series of a histogram."""

    def __init__(self, metric: Metric, labels: Iterable[Sequence[str]] = ((),)) -> None:
        self.metric = metric
        self._prefixes = [tuple(_parts(metric, values)) for values in labels]

    def __len__(self) -> int:
        return len(self._prefixes)

    def block(self, observed: Iterable[Observed]) -> Block:
        """With what was seen of each, in the order of the labels; raises ValueError as `Series` does."""
        lines: list[str] = []
        for prefixes, seen in zip(self._prefixes, observed, strict=True):
            upto = list(accumulate(seen.counts))
            values = chain(upto, (seen.sum, upto[-1]))
            lines += [f"{prefix}{+value}\n" for prefix, value in zip(prefixes, values, strict=True)]
        return Block(self.metric, "".join(lines))


def one(metric: Metric, value: float, *labels: str) -> Block:
    """A metric that has one series."""
    return Series(metric, [labels]).block([value])


def text(blocks: Iterable[Block]) -> bytes:
    """The page in Prometheus' own format."""
    return "".join([f"{_text_head(block.metric)}{block.lines}" for block in blocks]).encode()


def openmetrics(blocks: Iterable[Block]) -> bytes:
    """The page in OpenMetrics."""
    page = "".join([f"{_openmetrics_head(block.metric)}{block.lines}" for block in blocks])
    return f"{page}# EOF\n".encode()


def _parts(metric: Metric, values: Sequence[str]) -> Iterable[str]:
    """What stands before each value of a histogram: its buckets, sum and count."""
    for bound in (*metric.buckets, float("inf")):
        le = "+Inf" if bound == float("inf") else str(float(bound))
        braces = _braces(metric, values, f'le="{le}"')
        yield f"{metric.name}_bucket{braces} "
    yield f"{metric.name}_sum{_braces(metric, values)} "
    yield f"{metric.name}_count{_braces(metric, values)} "


def _braces(metric: Metric, values: Sequence[str], last: str = "") -> str:
    if len(values) != len(metric.labels):
        raise ValueError(f"{metric.name} has labels {metric.labels}, not values {tuple(values)}")
    pairs = [f'{name}="{_escaped(value)}"' for name, value in zip(metric.labels, values, strict=True)]
    inside = ",".join([*pairs, last] if last else pairs)
    return f"{{{inside}}}" if inside else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _text_head(metric: Metric) -> str:
    meaning = metric.help.replace("\\", "\\\\").replace("\n", "\\n")
    return f"# HELP {metric.name} {meaning}\n# TYPE {metric.name} {metric.kind}\n"


def _openmetrics_head(metric: Metric) -> str:
    unit = metric.unit if metric.kind is not Kind.COUNTER else ""
    units = f"# UNIT {metric.family} {unit}\n" if unit else ""
    return f"# HELP {metric.family} {_escaped(metric.help)}\n# TYPE {metric.family} {metric.kind}\n{units}"
