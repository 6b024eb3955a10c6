"""The state exporter: every router's neighbours and routing tables against what the inventory means."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import click

from exporters.catalogue import METRICS, STATE
from exporters.serving import Block, Page, Series, serve
from infra_ctl.city import load_city
from infra_ctl.context.options import ContextOption
from infra_ctl.drivers.registry import open_driver
from infra_ctl.errors import UnusableError
from infra_ctl.intent.expectations import FAMILIES
from infra_ctl.intent.prefixes import origins
from infra_ctl.verify.routing import Routing, RoutingExpectation, judge_routing, routing_expectations
from infra_ctl.verify.watching import Look, Sweep, Watch, Way

if TYPE_CHECKING:
    from infra_ctl.city import City
    from infra_ctl.drivers.base import ConfigDriver, Network

PROTOCOLS = ("bfd", "bgp", "ospf", "ospf6")
FINDINGS = "/findings"


def main(argv: Sequence[str]) -> None:
    """`infra-ctl export state`."""
    serve(STATE, State, argv, *_OPTIONS)


class State:
    """Judges a device whenever it was read; a scrape only has the last judgements written down."""

    def __init__(
        self,
        *,
        context_name: str,
        interval: float = 60.0,
        timeout: float = 10.0,
        workers: int = 8,
        open_device: Callable[[Way], ConfigDriver] = lambda way: open_driver(*way),
    ) -> None:
        self._context_name = context_name
        self._expected: Mapping[str, RoutingExpectation] = {}
        self._judged: dict[str, Routing] = {}
        self._series = Table({}, {})
        self._is_up: dict[str, bool] = {}
        self._lock = Lock()
        self._sweep = Sweep(interval, timeout, workers)
        self._watch = Watch(self._sweep, open_device, self._learn)

    def configure(self, inventory: Path) -> None:
        """Raises InfraCtlError, also where a twin is not there."""
        from infra_ctl.context import context
        from infra_ctl.context.devices import connection, inside, present

        where = context(self._context_name, inventory)
        if where.kind == "embedded":
            raise UnusableError("the state exporter reads routers, and context embedded has none")
        if not where.known_hosts.is_file():  # nobody could be asked, and each would say so
            raise UnusableError(
                f"{where.known_hosts}: there is no such file of host keys (INFRA_CTL_KNOWN_HOSTS)"
            )
        city = load_city(inventory)
        there = present(where, city)
        intents = {hostname: city.intents[hostname] for hostname in there}
        ways = {
            hostname: (
                intent.platform,
                replace(connection(where, intent), compress=True, timeout=self._sweep.timeout),
            )
            for hostname, intent in intents.items()
        }
        # What reads them is there; the pages are served from where we stand.
        with inside(where):
            self.watch(city, ways)

    def watch(self, city: City, ways: Mapping[str, Way]) -> None:
        """Read these devices, which are all that exist of a city, from now on."""
        expected = routing_expectations(city, tuple(ways))
        table = Table(expected, origins(city.intents, tuple(ways)))
        self._watch.configure(ways)
        with self._lock:
            self._expected, self._series, self._judged = expected, table, {}
            for hostname, look in self._watch.looks().items():
                self._judge(hostname, look)

    def collect(self) -> Iterator[Block]:
        with self._lock:
            table, judged = self._series, dict(self._judged)
            looks = self._watch.looks()
        yield from table.blocks(looks, judged)

    def pages(self) -> Mapping[str, Page]:
        """Which neighbours and prefixes they are that the metrics only count."""
        with self._lock:
            judged = dict(self._judged)
        found = {hostname: told for hostname, each in sorted(judged.items()) if (told := _findings(each))}
        body = json.dumps(found, indent=1).encode()
        return {FINDINGS: Page("application/json", body)}

    def close(self) -> None:
        self._watch.close()

    def _learn(self, hostname: str, look: Look) -> None:
        with self._lock:
            self._judge(hostname, look)
            is_news = self._is_up.get(hostname, True) is not look.is_up
            self._is_up[hostname] = look.is_up
        if is_news:
            click.echo(f"{hostname}: {look.cause or 'is read again'}", err=True)

    def _judge(self, hostname: str, look: Look) -> None:
        """What it last said stays where it says nothing any more; the time of that tells."""
        if hostname in self._expected and look.state is not None:
            self._judged[hostname] = judge_routing(self._expected[hostname], look.state)


class Table:
    """Everything that is told of some devices; it is there from the start, not a number until it was read."""

    def __init__(
        self, expected: Mapping[str, RoutingExpectation], origins: Mapping[Network, frozenset[str]]
    ) -> None:
        self._expected, self._origins = expected, origins
        self._sites = [
            (site, family) for site in sorted(set().union(*origins.values())) for family in FAMILIES
        ]
        self._hostnames = tuple(expected)
        self._peerings = [(name, *each) for name, meant in expected.items() for each in meant.peerings]
        self._protocols = [(name, protocol) for name in expected for protocol in PROTOCOLS]
        self._tables = [(name, family) for name in expected for family in FAMILIES]
        sizes = [len(expected[name].tables[family].expected) for name, family in self._tables]
        self._fixed = Series(METRICS["infra_prefixes_expected"], self._tables).block(sizes)
        self._of_devices = {
            name: Series(METRICS[name], [(hostname,) for hostname in self._hostnames]) for name in _LOOKS
        }
        self._up = Series(METRICS["infra_adjacency_up"], self._peerings)
        self._strangers = Series(METRICS["infra_adjacencies_unexpected"], self._protocols)
        self._missing = Series(METRICS["infra_prefixes_missing"], self._tables)
        self._unexpected = Series(METRICS["infra_prefixes_unexpected"], self._tables)
        self._unknown = Series(METRICS["infra_site_prefixes_missing_devices"], self._sites)

    def blocks(self, looks: Mapping[str, Look], judged: Mapping[str, Routing]) -> Iterator[Block]:
        """As of now: what was looked at, and how that was judged."""
        newest = [looks.get(hostname, Look()) for hostname in self._hostnames]
        for name, value in _LOOKS.items():
            yield self._of_devices[name].block(map(value, newest))
        yield self._fixed
        yield self._up.block(
            judged[name].up[protocol, peer] if name in judged else math.nan
            for name, protocol, peer in self._peerings
        )
        yield self._strangers.block(
            sum(each.protocol == protocol for each in judged[name].strangers) if name in judged else math.nan
            for name, protocol in self._protocols
        )
        differences = [
            judged[name].tables.get(family) if name in judged else None for name, family in self._tables
        ]
        yield self._missing.block(math.nan if each is None else len(each.missing) for each in differences)
        yield self._unexpected.block(
            math.nan if each is None else len(each.unexpected) for each in differences
        )
        yield self._unknown.block(self._without(looks, judged))

    def _without(self, looks: Mapping[str, Look], judged: Mapping[str, Routing]) -> Iterator[float]:
        """How many devices lack a site, a site and family at a time."""
        read = {name: each for name, each in judged.items() if name in looks and looks[name].is_up}
        found = Counter(pair for name, each in read.items() for pair in self._lacked(name, each))
        yield from (found[pair] if read else math.nan for pair in self._sites)

    def _lacked(self, hostname: str, routing: Routing) -> set[tuple[str, str]]:
        """Sites of which a device lacks a prefix; who lacks most of all has himself lost the others."""
        return {
            (site, family)
            for family, each in routing.tables.items()
            if 2 * len(each.missing) <= len(self._expected[hostname].tables[family].expected)
            for network in each.missing
            for site in self._origins.get(network, ())
        }


_LOOKS: Mapping[str, Callable[[Look], float]] = {
    "infra_device_up": lambda look: look.is_up,
    "infra_device_read_timestamp_seconds": lambda look: look.read_at,
    "infra_device_read_seconds": lambda look: look.seconds,
}


def _findings(routing: Routing) -> dict[str, Any]:
    """What is not as meant; nothing where all is."""
    down = [
        {"protocol": protocol, "neighbour": peer} for (protocol, peer), up in routing.up.items() if not up
    ]
    strangers = [
        {"protocol": each.protocol, "neighbour": each.key, "interface": each.interface}
        for each in routing.strangers
    ]
    prefixes = {
        f"{kind}_{family}": sorted(map(str, networks))
        for family, each in routing.tables.items()
        for kind, networks in (("missing", each.missing), ("unexpected", each.unexpected))
    }
    found = {"down": down, "strangers": strangers, **prefixes}
    return {name: told for name, told in found.items() if told}


_OPTIONS = (
    ContextOption(help="Whose routers are read: live, lab or lab:NAME."),
    click.Option(
        ["--sweep.interval", "interval"],
        type=click.FloatRange(min=1),
        default=60.0,
        show_default=True,
        metavar="SECONDS",
        help="From one reading of a device to the next.",
    ),
    click.Option(
        ["--sweep.timeout", "timeout"],
        type=click.FloatRange(min=0.1),
        default=10.0,
        show_default=True,
        metavar="SECONDS",
        help="For each of: connecting, logging in, the answer.",
    ),
    click.Option(
        ["--sweep.workers", "workers"],
        type=click.IntRange(min=1, max=64),
        default=8,
        show_default=True,
        help="Devices that are read at a time.",
    ),
)
