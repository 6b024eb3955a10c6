"""The page of the state exporter: routers as meant, otherwise, dead, and taken out of the inventory."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporters.catalogue import STATE
from exporters.serving.exposition import text
from exporters.state import FINDINGS, State
from infra_ctl.drivers.base import ConfigDriver, DeviceState, Neighbour
from infra_ctl.drivers.connection import Connection
from infra_ctl.errors import UnreachableError, UnusableError
from infra_ctl.verify.routing import routing_expectations
from infra_ctl.verify.watching import Way
from tests.unit.conftest import SmallCity
from tests.unit.meant import as_meant

WARD, POP = "nk-an-hoa-ce1", "nk-pop1"

Samples = Mapping[tuple[str, ...], float]


class Routers:
    """What every router of the small city says; one that says nothing is dead."""

    def __init__(self, small: SmallCity) -> None:
        self.small = small
        expected = routing_expectations(small.city, tuple(small.city.intents))
        self.states = {hostname: as_meant(each) for hostname, each in expected.items()}

    def open(self, way: Way) -> ConfigDriver:
        return cast(ConfigDriver, Session(self, way[1].device))

    def ways(self, *without: str) -> dict[str, Way]:
        return {
            hostname: ("frr", Connection(hostname, str(intent.management), "root", Path("known_hosts")))
            for hostname, intent in self.small.city.intents.items()
            if hostname not in without
        }


class Session:
    def __init__(self, routers: Routers, hostname: str) -> None:
        self.routers, self.hostname = routers, hostname

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def state(self, *, routes: bool, timeout: float) -> DeviceState:
        if self.hostname not in self.routers.states:
            raise UnreachableError(self.hostname, "no route to host")
        return self.routers.states[self.hostname]


@pytest.fixture
def routers(small: SmallCity) -> Routers:
    return Routers(small)


@pytest.fixture
def exporter(routers: Routers) -> Iterator[State]:
    made = State(context_name="live", interval=0.05, open_device=routers.open)
    yield made
    made.close()


def scraped(exporter: State) -> Samples:
    """By the metric's name and its labels' values, in the order of the page."""
    families = text_string_to_metric_families(text(exporter.collect()).decode())
    return {(each.name, *each.labels.values()): each.value for family in families for each in family.samples}


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def all_read(exporter: State) -> Samples:
    until(lambda: all(scraped(exporter)["infra_device_up", host] for host in of(exporter, "device_up")))
    return scraped(exporter)


def of(exporter: State, name: str) -> list[str]:
    return [key[1] for key in scraped(exporter) if key[0] == f"infra_{name}"]


def test_every_metric_of_the_catalogue_is_there_and_no_other(exporter: State, routers: Routers) -> None:
    exporter.watch(routers.small.city, routers.ways())
    names = [block.metric.name for block in exporter.collect()]
    assert sorted(names) == sorted(each.name for each in STATE.metrics)


def test_as_meant_all_is_up_and_nothing_missing(exporter: State, routers: Routers) -> None:
    exporter.watch(routers.small.city, routers.ways())
    found = all_read(exporter)
    assert {value for key, value in found.items() if key[0] == "infra_adjacency_up"} == {1}
    for name in ("prefixes_missing", "prefixes_unexpected", "adjacencies_unexpected"):
        assert {value for key, value in found.items() if key[0] == f"infra_{name}"} == {0}, name
    assert found["infra_prefixes_expected", WARD, "ipv6"] == 0
    assert found["infra_prefixes_expected", WARD, "ipv4"] > 10
    assert ("infra_adjacency_up", WARD, "ospf", POP) in found
    assert ("infra_adjacency_up", "dc-edge1", "bgp", "cpt-1") in found
    assert exporter.pages()[FINDINGS].body == b"{}"


def test_what_was_never_read_is_no_number(exporter: State, routers: Routers) -> None:
    del routers.states[WARD]
    exporter.watch(routers.small.city, routers.ways())
    found = scraped(exporter)
    assert found["infra_device_up", WARD] == 0
    assert found["infra_device_read_timestamp_seconds", WARD] == 0
    assert math.isnan(found["infra_adjacency_up", WARD, "ospf", POP])
    assert math.isnan(found["infra_adjacencies_unexpected", WARD, "ospf"])
    assert math.isnan(found["infra_prefixes_missing", WARD, "ipv4"])


def test_what_is_otherwise_is_told_and_named(exporter: State, routers: Routers) -> None:
    state = routers.states[WARD]
    stranger = Neighbour("ospf", "eth7", "10.9.9.9", up=True, detail="Full")
    fallen = tuple(replace(each, up=each.protocol != "bfd") for each in state.neighbours)
    routes = tuple(each for each in state.routes or ())[1:]
    lost = (state.routes or ())[0].prefix
    routers.states[WARD] = replace(state, neighbours=(*fallen, stranger), routes=routes)
    exporter.watch(routers.small.city, routers.ways())
    found = all_read(exporter)
    down = [key[1:] for key, value in found.items() if key[0] == "infra_adjacency_up" and not value]
    assert down == [(WARD, "bfd", POP)]
    assert found["infra_adjacencies_unexpected", WARD, "ospf"] == 1
    assert found["infra_prefixes_missing", WARD, "ipv4"] == 1
    assert json.loads(exporter.pages()[FINDINGS].body) == {
        WARD: {
            "down": [{"protocol": "bfd", "neighbour": POP}],
            "strangers": [{"protocol": "ospf", "neighbour": "10.9.9.9", "interface": "eth7"}],
            "missing_ipv4": [str(lost)],
        }
    }


def test_a_dead_router_keeps_what_it_said_with_its_time_while_others_go_on(
    exporter: State, routers: Routers, capsys: pytest.CaptureFixture[str]
) -> None:
    exporter.watch(routers.small.city, routers.ways())
    all_read(exporter)
    del routers.states[WARD]
    until(lambda: scraped(exporter)["infra_device_up", WARD] == 0)
    before = scraped(exporter)
    read = "infra_device_read_timestamp_seconds"
    until(lambda: scraped(exporter)[read, POP] > before[read, POP])
    after = scraped(exporter)
    assert after[read, WARD] == before[read, WARD] > 0
    assert after["infra_adjacency_up", WARD, "ospf", POP] == 1
    said = capsys.readouterr().err
    assert said.splitlines() == [f"{WARD}: no route to host"]


def test_a_new_inventory_is_judged_by_at_once(exporter: State, routers: Routers) -> None:
    exporter.watch(routers.small.city, routers.ways())
    all_read(exporter)
    exporter.watch(routers.small.city, routers.ways(WARD))
    found = scraped(exporter)
    assert WARD not in of(exporter, "device_up")
    assert found["infra_device_up", POP] == 1
    assert found["infra_adjacencies_unexpected", POP, "ospf"] == 1  # nobody is to be there any more
    assert found["infra_prefixes_unexpected", POP, "ipv4"] > 0


def test_a_live_router_is_reached_as_deploy_does_with_a_patience_of_its_own(
    routers: Routers, small_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFRA_CTL_KEY", "/somewhere/key")
    known_hosts = small_folder / "known_hosts"
    monkeypatch.setenv("INFRA_CTL_KNOWN_HOSTS", str(known_hosts))
    with pytest.raises(UnusableError, match=r"known_hosts: there is no such file .*INFRA_CTL_KNOWN_HOSTS"):
        State(context_name="live").configure(small_folder)
    known_hosts.touch()
    asked: dict[str, Connection] = {}

    def open_device(way: Way) -> ConfigDriver:
        asked[way[1].device] = way[1]
        return routers.open(way)

    exporter = State(context_name="live", interval=60.0, timeout=3.0, open_device=open_device)
    exporter.configure(small_folder)
    until(lambda: len(asked) == len(routers.states))
    exporter.close()
    found = asked[WARD]
    assert (found.timeout, found.compress, found.key_file) == (3.0, True, Path("/somewhere/key"))
    assert found.address == str(routers.small.city.intents[WARD].management)


def test_simulated_routers_are_refused(small_folder: Path) -> None:
    exporter = State(context_name="embedded")
    with pytest.raises(UnusableError, match="embedded has none"):
        exporter.configure(small_folder)
    exporter.close()


def test_whose_prefixes_are_missing_is_counted_by_site(exporter: State, routers: Routers) -> None:
    intents = routers.small.city.intents
    lost = next(
        each.ipv4.network for each in intents[WARD].interfaces if each.kind == "loopback" and each.ipv4
    )
    for hostname in ("dc-core1", POP):
        state = routers.states[hostname]
        kept = tuple(each for each in state.routes or () if each.prefix != lost)
        routers.states[hostname] = replace(state, routes=kept)
    # Who knows nothing has lost all others, and is no witness against them.
    routers.states["dc-edge1"] = replace(routers.states["dc-edge1"], routes=())
    exporter.watch(routers.small.city, routers.ways())
    found = all_read(exporter)
    missing = {
        key[1:]: value for key, value in found.items() if key[0] == "infra_site_prefixes_missing_devices"
    }
    assert {key for key, value in missing.items() if value} == {(intents[WARD].site, "ipv4")}
    assert missing[intents[WARD].site, "ipv4"] == 2
    assert found["infra_prefixes_missing", "dc-edge1", "ipv4"] > 10

    del routers.states[POP]
    until(lambda: scraped(exporter)["infra_device_up", POP] == 0)
    assert scraped(exporter)["infra_site_prefixes_missing_devices", intents[WARD].site, "ipv4"] == 1
