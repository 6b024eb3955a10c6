"""Both sites under the whole monitoring stack: who answers, and which one alert tells of a fault."""

from __future__ import annotations

import pytest

from infra_ctl.city import load_city
from infra_ctl.monitor.targets import labels_of
from tests.lab.city_slice import CitySlice
from tests.lab.eyes import Eyes, becomes, eventually
from tests.lab.panels import blank, drawn
from tests.lab.two_sites import CORES, DEPARTMENTS, DEVICES, HOSTS, MONITOR, SPARE, WATCHER, Sites

pytestmark = pytest.mark.live

AGENTS = (*CORES, "bk-r1", "bk-r2")
"""Routers with a host part."""
PORTALS = 'system=~".*portals?"'


@pytest.fixture
def city(sites: Sites) -> CitySlice:
    return sites.city


def test_every_panel_of_every_board_shows_what_it_names(watched: Eyes) -> None:
    """Those that are rightly empty say so: nothing is held, nothing backed up."""
    becomes(blank(watched), [])
    assert drawn(watched) == {("dc", "bk"), *(("dc", each) for each in DEPARTMENTS)}


def named(eyes: Eyes, expression: str, *labels: str) -> set[tuple[str, ...]]:
    """These labels of every series that answers."""
    return {tuple(found.get(label, "") for label in labels) for found, _ in eyes.query(expression)}


def test_the_good_exporters_answer_and_say_whose_each_series_is(city: CitySlice, watched: Eyes) -> None:
    """Routers by frr_exporter, some by SNMP too; hosts by node_exporter; portals by blackbox."""
    known = load_city(city.inventory)
    routers = {name: known.intents[name].site for name in city.hostnames}
    agents = {name: routers[name] for name in AGENTS}
    hosts = {name: known.hosts[name].site for name in {*HOSTS, WATCHER} - {MONITOR}}
    for job, label, places, key in (
        ("frr", "device", routers, "frr_ospf_neighbors > 0"),
        ("snmp", "device", agents, "ifHCInOctets > 0"),
        ("node", "host", hosts, "node_boot_time_seconds > 0"),
    ):
        labels = (label, "site", "pop", "owner")
        promised = {(name, *labels_of(known, site).values()) for name, site in places.items()}
        for expression in (f'up{{job="{job}"}} == 1', key):
            becomes(lambda ask=(expression, *labels): named(watched, *ask), promised)
    assert len(routers) == DEVICES
    assert named(watched, 'up{job="node"} == 0', "host") == {(SPARE,)}, "nothing is installed there"

    of_circuits = "ifHCInOctets * on (device, ifName) group_left (circuit) circuit:interface:info"
    becomes(lambda: named(watched, of_circuits, "circuit"), {(f"bk-{each}",) for each in range(1, 5)})
    systems = {(name, family) for name in ("portal", "component-portals") for family in ("ipv4", "ipv6")}
    for key in ("probe_success == 1", "probe_http_status_code == 200", "probe_ssl_earliest_cert_expiry > 0"):
        probed = key.replace(" ", f"{{{PORTALS}}} ", 1)
        eventually(lambda ask=probed: named(watched, ask, "system", "family") >= systems)
        assert named(watched, probed, "site", "pop") == {("dc", "hq")}
