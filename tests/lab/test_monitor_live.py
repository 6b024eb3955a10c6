"""The whole monitoring stack on a live slice, in a hurry: what is broken shows, and one page tells of it."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from typing import Literal

import pytest

from infra_ctl.city import load_city
from infra_ctl.lab import faults, namespace
from infra_ctl.lab.monitor import vantage
from infra_ctl.lab.monitor.preparing import stood_in
from infra_ctl.lab.state import Fault
from tests.lab.city_slice import POP, CitySlice, Deployed
from tests.lab.eyes import Eyes, eventually, watching

pytestmark = pytest.mark.live

SITES = 8
ALONE = {"nk-an-hoa", "nk-thoi-binh", "nk-an-nghiep"}
"""Wards that hang on nk-pop1 and on nobody else; nk-cai-khe has another way."""


@pytest.fixture(scope="module")
def eyes(deployed: Deployed) -> Iterator[Eyes]:
    with watching(deployed.city, "dc-monitor-1") as eyes:
        yield eyes


def pages(eyes: Eyes, state: Literal["active", "suppressed"] = "active") -> set[tuple[str, str]]:
    """Pages about places, by name and site."""
    return {
        (each["alertname"], each["site"])
        for each in eyes.alerts(state)
        if each["severity"] == "page" and "site" in each
    }


def fired(eyes: Eyes) -> set[tuple[str, str]]:
    """Every page about a place that Prometheus has raised so far."""
    raised = eyes.query('max_over_time(ALERTS{severity="page",alertstate="firing",site!=""}[1h])')
    return {(labels["alertname"], labels["site"]) for labels, _ in raised}


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
    eventually(lambda: not (seen := eyes.status())["unscraped"] and not seen["down"])
    seen = eyes.status()
    assert seen["is_up"]
    assert {part["name"] for part in seen["parts"]} >= {f"frr-exporter {host}" for host in hostnames}
    eventually(lambda: eyes.value("count(site:probes_lost:ratio_rate1m == 0)") == SITES)
    eventually(lambda: eyes.value('min(infra_site_stamp_rtt_seconds_count{site="nk-an-hoa"})') > 0)


def test_a_ward_that_is_cut_off_is_one_page_and_a_lossy_circuit_shows(eyes: Eyes, city: CitySlice) -> None:
    lost = 'sum(infra_circuit_probes_lost_total{{circuit="{}"}})'
    clean = eyes.value(lost.format("bt-2"))
    faults.break_(city.lab.root, Fault("loss", "bt-binh-thuy-1", 0.03))
    faults.break_(city.lab.root, Fault("cut", "nk-an-hoa-1"))
    eventually(lambda: pages(eyes) == {("InfraWardUnreachable", "nk-an-hoa")})
    eventually(lambda: eyes.value(lost.format("bt-binh-thuy-1")) > 0)
    assert eyes.value(lost.format("bt-2")) == clean
    assert fired(eyes) == {("InfraWardUnreachable", "nk-an-hoa")}

    faults.heal(city.lab.root)
    eventually(lambda: pages(eyes) == set())


def test_a_pop_that_is_down_is_one_page_and_its_wards_are_none(eyes: Eyes, city: CitySlice) -> None:
    faults.break_(city.lab.root, Fault("off", POP))
    wards = {("InfraWardUnreachable", site) for site in ALONE}
    eventually(lambda: pages(eyes) == {("InfraPopUnreachable", "nk")} and pages(eyes, "suppressed") >= wards)
    assert not any(site == "nk-cai-khe" for _, site in fired(eyes)), "it has another way"

    faults.heal(city.lab.root)
    eventually(lambda: pages(eyes) == set())
    before = {part["name"]: part["pid"] for part in eyes.status()["parts"]}
    assert before[f"frr-exporter {POP}"] is None, "it had no power"
    done = eyes.up()
    assert done.code == 0, done
    after = {part["name"]: part["pid"] for part in eyes.status()["parts"]}
    assert {name for name in after if after[name] != before[name]} == {f"frr-exporter {POP}", "reflector"}
