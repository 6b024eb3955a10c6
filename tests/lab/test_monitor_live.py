"""The whole monitoring stack on a live slice, in a hurry: what is broken shows, and one page tells of it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any
from urllib.parse import quote

import pytest

from infra_ctl.city import load_city
from infra_ctl.lab import faults, namespace
from infra_ctl.lab.monitor import vantage
from infra_ctl.lab.monitor.preparing import stood_in
from infra_ctl.lab.monitor.processes import fetch
from infra_ctl.lab.state import Fault
from tests.lab.city_slice import POP, CitySlice, Deployed, until

pytestmark = pytest.mark.live

PROGRAMS = ("prometheus", "prometheus-alertmanager", "prometheus-frr-exporter", "prometheus-snmp-exporter")
UP = ("monitor", "up", "--hurry", "10")
SECONDS = 240
"""An alert in a hurry takes half a minute; the rest is for a busy machine."""
SITES = 8
ALONE = {"nk-an-hoa", "nk-thoi-binh", "nk-an-nghiep"}
"""Wards that hang on nk-pop1 and on nobody else; nk-cai-khe has another way."""


@dataclass(frozen=True)
class Eyes:
    """What Prometheus and Alertmanager know, asked from where they stand."""

    city: CitySlice
    address: IPv4Address

    def ask(self, port: int, path: str) -> Any:
        code, body = fetch(self.city.spec.monitor_namespace, self.address, port, path, 30)
        assert code == 200, body
        return json.loads(body)

    def pages(self, state: str) -> set[tuple[str, str]]:
        """Pages about places, by name and site: those that are told, or those that a larger one explains."""
        found = (each for each in self.ask(9093, "/api/v2/alerts") if each["status"]["state"] == state)
        labels = [each["labels"] for each in found]
        return {
            (each["alertname"], each["site"])
            for each in labels
            if each["severity"] == "page" and "site" in each
        }

    def told(self) -> set[tuple[str, str]]:
        return self.pages("active")

    def value(self, expression: str) -> float:
        """Of a query with one answer; 0 where it has none."""
        found = self.ask(9090, f"/api/v1/query?query={quote(expression)}")["data"]["result"]
        return float(found[0]["value"][1]) if found else 0.0

    def fired(self) -> set[tuple[str, str]]:
        """Every page about a place that Prometheus has raised so far."""
        raised = 'max_over_time(ALERTS{severity="page",alertstate="firing",site!=""}[1h])'
        found = self.ask(9090, f"/api/v1/query?query={quote(raised)}")["data"]["result"]
        return {(each["metric"]["alertname"], each["metric"]["site"]) for each in found}


@pytest.fixture(scope="module")
def eyes(deployed: Deployed) -> Iterator[Eyes]:
    if absent := [program for program in PROGRAMS if shutil.which(program) is None]:
        pytest.skip(f"not installed: {', '.join(absent)}")
    city = deployed.city
    done = city.run(*UP)
    assert done.code == 0, done
    try:
        yield Eyes(city, IPv4Address("10.20.0.19"))
    finally:
        ended = city.run("monitor", "down")
    assert ended.code == 0, ended
    assert not namespace.exists(city.spec.monitor_namespace)
    assert not (city.lab.root / "monitor").exists()


def eventually(condition: Callable[[], bool]) -> None:
    def looked() -> bool:
        time.sleep(0.5)
        return condition()

    until(looked, SECONDS)


def status(city: CitySlice) -> Any:
    return city.run("monitor", "status", "--output", "json").json


def test_where_it_stands_is_made_anew_after_an_interrupt_and_at_once_after_an_end(city: CitySlice) -> None:
    spec = city.spec
    stand_in = stood_in(load_city(city.inventory), spec, None)
    with namespace.inside(spec.lan_namespace):
        before = [name for _, name in socket.if_nameindex()]
    namespace.batch([f"netns add {spec.monitor_namespace}"])  # as a start that was killed leaves it
    try:
        for _ in range(3):
            vantage.build(spec, stand_in)
            for end in (stand_in.ipv4, stand_in.ipv6):
                assert end is not None
                assert f"{end.ip}" in addresses(spec.monitor_namespace)
            vantage.clear(spec, stand_in)
    finally:
        vantage.clear(spec, stand_in)
    assert not namespace.exists(spec.monitor_namespace)
    with namespace.inside(spec.lan_namespace):
        assert [name for _, name in socket.if_nameindex()] == before


def addresses(name: str) -> str:
    done = subprocess.run(("ip", "-n", name, "-br", "address"), capture_output=True, text=True, check=True)
    return done.stdout


def test_everything_is_up_and_every_target_is_scraped(eyes: Eyes) -> None:
    hostnames = set(eyes.city.hostnames)
    eventually(lambda: eyes.value('count(up{job="frr"} == 1)') == len(hostnames))
    eventually(lambda: not (seen := status(eyes.city))["unscraped"] and not seen["down"])
    seen = status(eyes.city)
    assert seen["is_up"]
    assert {part["name"] for part in seen["parts"]} >= {f"frr-exporter {host}" for host in hostnames}
    eventually(lambda: eyes.value("count(site:probes_lost:ratio_rate1m == 0)") == SITES)
    eventually(lambda: eyes.value('min(infra_site_stamp_rtt_seconds_count{site="nk-an-hoa"})') > 0)


def test_a_ward_that_is_cut_off_is_one_page_and_a_lossy_circuit_shows(eyes: Eyes, city: CitySlice) -> None:
    lost = 'sum(infra_circuit_probes_lost_total{{circuit="{}"}})'
    clean = eyes.value(lost.format("bt-2"))
    faults.break_(city.lab.root, Fault("loss", "bt-binh-thuy-1", 0.03))
    faults.break_(city.lab.root, Fault("cut", "nk-an-hoa-1"))
    eventually(lambda: eyes.told() == {("InfraWardUnreachable", "nk-an-hoa")})
    eventually(lambda: eyes.value(lost.format("bt-binh-thuy-1")) > 0)
    assert eyes.value(lost.format("bt-2")) == clean
    assert eyes.fired() == {("InfraWardUnreachable", "nk-an-hoa")}

    faults.heal(city.lab.root)
    eventually(lambda: eyes.told() == set())


def test_a_pop_that_is_down_is_one_page_and_its_wards_are_none(eyes: Eyes, city: CitySlice) -> None:
    faults.break_(city.lab.root, Fault("off", POP))
    wards = {("InfraWardUnreachable", site) for site in ALONE}
    eventually(lambda: eyes.told() == {("InfraPopUnreachable", "nk")} and eyes.pages("suppressed") >= wards)
    assert not any(site == "nk-cai-khe" for _, site in eyes.fired()), "it has another way"

    faults.heal(city.lab.root)
    eventually(lambda: eyes.told() == set())
    before = {part["name"]: part["pid"] for part in status(city)["parts"]}
    assert before[f"frr-exporter {POP}"] is None, "it had no power"
    done = city.run(*UP)
    assert done.code == 0, done
    after = {part["name"]: part["pid"] for part in status(city)["parts"]}
    assert {name for name in after if after[name] != before[name]} == {f"frr-exporter {POP}", "reflector"}
