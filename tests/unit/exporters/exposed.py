"""What a city's exporters expose when all is well, behind a proxy that answers for every address of the city.

Ours are written by their own exposition, the controller is the real one, and a real node_exporter stands for
every host. What snmp_exporter, blackbox_exporter and the stack itself would say is made up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TypeAlias
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

from exporters.catalogue import GROUPS, Kind, Metric
from exporters.controller import Controller
from exporters.serving import Block, Histogram, Observed, Series
from exporters.serving.exposition import TEXT, text
from exporters.serving.itself import Itself
from infra_ctl.city import City
from infra_ctl.intent.expectations import device_expectations
from infra_ctl.intent.topology import links
from infra_ctl.monitor.stack import BLACKBOX, EXPORTERS, SNMP
from infra_ctl.monitor.targets import CLASSES, FAMILIES, path_targets, registrar_targets, room_targets

NODE = 9100
QUARTER = 90 * 86400
Sets: TypeAlias = Mapping[tuple[str, ...], Sequence[Sequence[str]]]
"""Values of labels, by the labels' names."""


def made_up(group: str, city: City, since: float) -> Iterator[Block]:
    """All metrics of an exporter, with counters that have grown since it was begun."""
    sets, seconds = _sets(city), int(time.time() - since) + 1
    for metric in GROUPS[group].metrics:
        labels = sets[metric.labels]
        if metric.kind is Kind.HISTOGRAM:
            counts = [0, 0, 10 * seconds, *(0 for _ in metric.buckets[2:])]
            yield Histogram(metric, labels).block([Observed(counts, 0.02 * seconds)] * len(labels))
        else:
            yield Series(metric, labels).block([_value(metric, seconds)] * len(labels))


def _value(metric: Metric, seconds: int) -> float:
    name = metric.name
    if metric.kind is Kind.COUNTER:
        return seconds / 100 if "lost" in name or "unanswered" in name else 10.0 * seconds
    if name.endswith("expiry_timestamp_seconds"):
        return time.time() + QUARTER
    if name.endswith("timestamp_seconds"):
        return time.time()
    known = {
        "jitter_seconds": 0.001,
        "mtu_bytes": 1500,
        "sip_status": 200,
        "rating_estimate": 91,
        "mos_estimate": 4.3,
        "missing": 0,
        "unexpected": 0,
        "expected": 20,
    }
    return next((value for end, value in known.items() if name.endswith(end)), 1)


def _sets(city: City) -> Sets:
    paths = path_targets(city)
    rooms, registrars = room_targets(city), registrar_targets(city)
    expected = device_expectations(city.intents, city.intents, city.inventory.peers)
    found: dict[tuple[str, ...], list[tuple[str, ...]]] = {
        (): [()],
        ("device",): [(each.hostname,) for each in expected],
        ("device", "family"): [(each.hostname, family) for each in expected for family in FAMILIES],
        ("device", "protocol"): [(each.hostname, "ospf") for each in expected],
        ("device", "protocol", "neighbour"): [
            (each.hostname, adjacency.protocol, adjacency.peer)
            for each in expected
            for adjacency in each.adjacencies
        ],
        ("room",): [(room.room,) for room in rooms],
        ("room", "transport"): [(room.room, transport) for room in rooms for transport in room.transports],
        ("registrar",): [(each.registrar,) for each in registrars],
        ("registrar", "transport"): [(each.registrar, one) for each in registrars for one in each.transports],
    }
    for kind in ("circuit", "site"):
        named = [(each.name, each.family) for each in paths if each.kind == kind]
        found[(kind, "family")] = list(dict.fromkeys(named))
        found[(kind, "family", "class")] = [(*each, of) for each in dict.fromkeys(named) for of in CLASSES]
    return found


def interfaces(city: City, address: str, since: float) -> str:
    """As snmp_exporter tells of the router with a management address."""
    octets = int(1_000_000 * (time.time() - since + 1))
    device = next(intent for intent in city.intents.values() if str(intent.management) == address)
    names = {link.z.interface for link in links(city.inventory) if link.z.device.hostname == device.hostname}
    return "".join(
        f'{metric}{{ifName="{name}",ifAlias="",ifIndex="{index}"}} {octets}\n'
        for metric in ("ifHCInOctets", "ifHCOutOctets")
        for index, name in enumerate(sorted(names))
    )


def _answers(city: City, controller: Controller, node: str) -> Callable[[str], str]:
    since = time.time()
    itself = {name: Itself(name) for name in EXPORTERS}
    ports = {port: name for name, port in EXPORTERS.items()}
    for each in itself.values():
        each.reloaded(well=True)

    def ours(name: str) -> str:
        blocks = controller.collect() if name == "controller" else made_up(name, city, since)
        return text([*blocks, *itself[name].collect()]).decode()

    @lru_cache(1)
    def host(_now: int) -> str:
        with urlopen(node, timeout=30) as found:
            return str(found.read().decode())

    def answer(url: str) -> str:
        split = urlsplit(url)
        if split.port in ports:
            return ours(ports[split.port])
        if split.port == NODE:
            return host(int(time.time()) // 2)
        if split.port == SNMP and split.path == "/snmp":
            return interfaces(city, parse_qs(split.query)["target"][0], since)
        if split.port == BLACKBOX and split.path == "/probe":
            return f"probe_success 1\nprobe_ssl_earliest_cert_expiry {time.time() + QUARTER:.0f}\n"
        return ""

    return answer


@contextmanager
def proxied(city: City, controller: Controller, node: str) -> Iterator[str]:
    """The URL of a proxy behind which the city's exporters are; `node` is the real one's."""
    answer = _answers(city, controller, node)

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(ConnectionError):  # whoever asks does not wait for long, and asks again
                body = answer(self.path).encode()
                self.send_response(200)
                self.send_header("Content-Type", TEXT)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
