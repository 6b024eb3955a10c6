"""The path exporter: loss, delay, jitter and path MTU of every circuit and site; each direction by STAMP."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Literal, TypeAlias

import click

from exporters.catalogue import METRICS, PATH
from exporters.serving import Block, Histogram, Observed, Series, one, serve
from infra_ctl.city import load_city
from infra_ctl.monitor.targets import PathTarget, path_targets
from infra_ctl.probe.counters import Reading
from infra_ctl.probe.prober import Prober
from infra_ctl.probe.targets import Pace, Target

Values: TypeAlias = Callable[[Reading], float]

PROBES: Mapping[str, Values] = {
    "probes_sent_total": lambda reading: reading.sent,
    "probes_lost_total": lambda reading: reading.lost,
    "jitter_seconds": lambda reading: reading.jitter,
}
STAMPS: Mapping[str, Values] = {
    "stamp_sent_total": lambda reading: reading.sent,
    "stamp_forward_lost_total": lambda reading: reading.forward_lost,
    "stamp_backward_lost_total": lambda reading: reading.backward_lost,
}


def main(argv: Sequence[str]) -> None:
    """`infra-ctl export path`."""
    serve(PATH, PathExporter, argv, *options())


class PathExporter:
    """The probe loop, and its counters as the page that Prometheus reads."""

    def __init__(
        self, *, interval: float, timeout: float, mtu_interval: float, stamp_port: int | None
    ) -> None:
        self._pace = Pace(interval, timeout, mtu_interval)
        self._stamp_port = stamp_port
        self.prober = Prober()
        self._tables: tuple[Table, ...] = ()
        self._targets = 0
        self._lock = Lock()

    def configure(self, inventory: Path) -> None:
        """Probe the circuits and sites of the city in a folder. Raises InfraCtlError."""
        self.watch(path_targets(load_city(inventory)))

    def watch(self, targets: Sequence[PathTarget]) -> None:
        """Probe these from now on. Raises InfraCtlError: those before go on."""
        echoes = tuple(each.echo(mtu=each.dscp_class == "default") for each in targets)
        tests = tuple(self._tests(targets))
        tables = tuple(_tables(targets, stamp=self._stamp_port is not None))
        with self._lock:
            self.prober.configure((*echoes, *tests), self._pace)
            self._tables, self._targets = tables, len(echoes) + len(tests)

    def collect(self) -> Iterable[Block]:
        """What the loop has counted; a loop that has ended is begun again, and its counts go on."""
        with self._lock:
            self.prober.ensure()
            tables, targets = self._tables, self._targets
            readings, late = self.prober.readings(), self.prober.lateness()
        yield one(METRICS["infra_path_targets"], targets)
        yield Histogram(METRICS["infra_path_lateness_seconds"]).block([Observed(late.buckets, late.total)])
        for table in tables:
            yield from table.blocks(readings)

    def close(self) -> None:
        with self._lock:  # a scrape under way must not begin the loop again
            self.prober.close()

    def _tests(self, targets: Sequence[PathTarget]) -> Iterator[Target]:
        if self._stamp_port is not None:
            for each in targets:
                if each.kind == "site":
                    yield each.stamp(self._stamp_port)


@dataclass(frozen=True, slots=True)
class Table:
    """Metrics of the same targets, whose counters are called `names`, in the order of the series' labels."""

    names: Sequence[str]
    series: Sequence[tuple[Series, Values]] = ()
    round_trips: Histogram | None = None

    def blocks(self, readings: Mapping[str, Reading]) -> Iterator[Block]:
        rows = [readings[name] for name in self.names]
        for series, value in self.series:
            yield series.block(map(value, rows))
        if self.round_trips is not None:
            yield self.round_trips.block(Observed(row.buckets, row.total) for row in rows)


def _tables(targets: Sequence[PathTarget], *, stamp: bool) -> Iterator[Table]:
    for kind in ("circuit", "site"):
        those = [each for each in targets if each.kind == kind]
        yield _table(those, f"infra_{kind}", PROBES, f"infra_{kind}_rtt_seconds", "echo")
        yield _mtu_table([each for each in those if each.dscp_class == "default"], f"infra_{kind}")
    sites = [each for each in targets if each.kind == "site" and stamp]
    yield _table(sites, "infra_site", STAMPS, "infra_site_stamp_rtt_seconds", "stamp")


def _table(
    targets: Sequence[PathTarget],
    prefix: str,
    values: Mapping[str, Values],
    round_trips: str,
    probe: Literal["echo", "stamp"],
) -> Table:
    labels = [(each.name, each.family, each.dscp_class) for each in targets]
    series = [(Series(METRICS[f"{prefix}_{name}"], labels), value) for name, value in values.items()]
    names = [each.counters(probe) for each in targets]
    return Table(names, series, Histogram(METRICS[round_trips], labels))


def _mtu_table(targets: Sequence[PathTarget], prefix: str) -> Table:
    series = Series(METRICS[f"{prefix}_path_mtu_bytes"], [(each.name, each.family) for each in targets])
    return Table([each.counters("echo") for each in targets], [(series, _mtu)])


def _mtu(reading: Reading) -> float:
    """Not a number until it was looked for: no comparison with it holds, so no alert fires."""
    return math.nan if reading.mtu is None else reading.mtu


def options() -> tuple[click.Option, ...]:
    """Its own, beside those of every exporter."""
    seconds = click.FloatRange(min=0.05, max=3600)
    return (
        click.Option(
            ["--probe.interval", "interval"],
            type=seconds,
            default=1.0,
            show_default=True,
            help="Seconds between two probes of a target.",
        ),
        click.Option(
            ["--probe.timeout", "timeout"],
            type=seconds,
            default=2.0,
            show_default=True,
            help="Seconds after which a probe is lost.",
        ),
        click.Option(
            ["--probe.mtu-interval", "mtu_interval"],
            type=click.FloatRange(min=1, max=86400),
            default=300.0,
            show_default=True,
            help="Seconds between two looks for the MTU of a path.",
        ),
        click.Option(
            ["--stamp.port", "stamp_port"],
            type=click.IntRange(1, 65535),
            help="Where every site has a STAMP reflector: its UDP port (862).",
        ),
    )
