"""Both sites under the whole monitoring stack: who answers, and which one alert tells of a fault."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from infra_ctl.city import load_city
from infra_ctl.hosts.roles.certificate import files
from infra_ctl.lab import faults, namespace
from infra_ctl.lab.rooms import certificate
from infra_ctl.lab.state import Fault
from infra_ctl.monitor.targets import labels_of
from tests.lab.city_slice import CitySlice
from tests.lab.eyes import TWO_SCRAPES, Eyes, becomes, eventually
from tests.lab.panels import blank, drawn
from tests.lab.two_sites import (
    CORES,
    DEPARTMENTS,
    DEVICES,
    HEARD,
    HOSTS,
    MONITOR,
    OFF,
    ROOMS,
    SPARE,
    WATCHER,
    Sites,
)

pytestmark = pytest.mark.live

AGENTS = (*CORES, "bk-r1", "bk-r2")
"""Routers with a host part."""
STANDING = {
    ("Watchdog", ""),
    ("HostDown", SPARE),
    ("SystemDown", "email"),
    ("BackupOld", "device"),
    ("BackupOld", "host"),
}
"""What is so, soon at least: alerting works, nothing is installed on the spare, nobody has made a backup."""
ABOUT = ("circuit", "registrar", "system", "host", "room", "device", "site", "object_kind")
LOSSY, NARROW = f"{HEARD}-1", f"{OFF}-1"
LIMIT = 1.0
"""Mbit/s."""
FULL = 14
"""So many packets of 1242 bytes are under way over it all the time: it is full, and need never drop one."""
LOAD = """
import socket, struct, sys, time
to, window, ours = sys.argv[1], int(sys.argv[2]), 0x1CF1
asking = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
asking.settimeout(5)
echo = struct.pack("!BBHHH", 8, 0, 0xFFFF - 0x0800 - ours, ours, 0) + bytes(1192)
begin, due = time.monotonic(), window
while time.monotonic() < begin + 1200:
    for _ in range(due):
        asking.sendto(echo, (to, 0))
    try:
        answer = asking.recv(2000)[20:]
        due = int(answer[0] == 0 and struct.unpack("!H", answer[4:6])[0] == ours)
    except TimeoutError:
        due = window
"""
"""For twenty minutes at most: longer than whoever waits for its alert does."""
FEW = 2
"""A machine that stalls may lose so many probes of either class."""
PORTALS = 'system=~".*portals?"'


@pytest.fixture
def city(sites: Sites) -> CitySlice:
    return sites.city


def test_every_panel_of_every_board_shows_what_it_names(watched: Eyes) -> None:
    """Those that are rightly empty say so: nothing is held, nothing backed up."""
    becomes(blank(watched), [])
    becomes(lambda: drawn(watched), {("dc", "bk"), *(("dc", each) for each in DEPARTMENTS)})


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
    becomes(lambda: named(watched, 'up{job="node"} == 0', "host"), {(SPARE,)})  # nothing is installed there

    of_circuits = "ifHCInOctets * on (device, ifName) group_left (circuit) circuit:interface:info"
    becomes(lambda: named(watched, of_circuits, "circuit"), {(f"bk-{each}",) for each in range(1, 5)})
    systems = {(name, family) for name in ("portal", "component-portals") for family in ("ipv4", "ipv6")}
    for key in ("probe_success == 1", "probe_http_status_code == 200", "probe_ssl_earliest_cert_expiry > 0"):
        probed = key.replace(" ", f"{{{PORTALS}}} ", 1)
        eventually(lambda ask=probed: named(watched, ask, "system", "family") >= systems)
        becomes(lambda ask=probed: named(watched, ask, "site", "pop"), {("dc", "hq")})


def told(eyes: Eyes, state: Literal["active", "suppressed"] = "active") -> set[tuple[str, str]]:
    """All alerts by name and what they are about, but for what always is.

    A slow budget's days are hours in a hurry, of which minutes are known: an outage of seconds uses it up.
    """
    found = {
        (each["alertname"].removeprefix("Infra"), next((each[label] for label in ABOUT if label in each), ""))
        for each in eyes.alerts(state)
        if each["alertname"] != "InfraSystemBudgetSlow"
    }
    return found - STANDING


@contextmanager
def filled(city: CitySlice, circuit: str) -> Iterator[None]:
    """While a circuit has more to carry than it can, from its near end."""
    link = city.spec.link(circuit)
    interfaces = load_city(city.inventory).intents[link.z.node].interfaces
    far = next(each.ipv4.ip for each in interfaces if each.circuit == circuit and each.ipv4 is not None)
    with namespace.inside(city.spec.namespace(link.a.node)):
        sending = subprocess.Popen((sys.executable, "-c", LOAD, str(far), str(FULL)))
    try:
        yield
        assert sending.poll() is None
    finally:
        sending.kill()
        sending.wait()


@contextmanager
def certified(city: CitySlice, hostname: str, role: str, pem: bytes) -> Iterator[None]:
    """While a host of a role has another certificate, key and all."""
    kept = {file: city.on(hostname, "cat", file) for file in files(role)}

    def give(texts: Mapping[str, str]) -> None:
        for file, text in texts.items():
            city.on(hostname, "sh", "-c", f"cat >{file}", text=text)
        city.on(hostname, "systemctl", "restart", "kamailio")

    try:
        give(dict.fromkeys(kept, pem.decode()))
        yield
    finally:
        give(kept)


def lost_of(eyes: Eyes, dscp_class: str) -> float:
    """Probes of two minutes, in both families and both ways over the lossy circuit."""
    lost = f'infra_circuit_probes_lost_total{{circuit="{LOSSY}",class="{dscp_class}"}}'
    return eyes.value(f"sum(increase({lost}[2m]))")


def test_three_faults_of_which_none_explains_another_are_a_ticket_each(
    city: CitySlice, watched: Eyes
) -> None:
    """Loss in the class of video alone; a circuit that is too narrow; a certificate that has ended.

    A full circuit has jitter too, and a registrar's certificate is its system's: no tickets of their own.
    """
    becomes(lambda: told(watched), set())
    ended = certificate(ROOMS, datetime.now(UTC) - timedelta(days=1))
    faults.break_(city.lab.root, Fault("loss", LOSSY, 0.03, video=True))
    lossy_from = time.time()
    faults.break_(city.lab.root, Fault("rate", NARROW, LIMIT))
    tickets = {("CircuitLoss", LOSSY), ("CircuitSlow", NARROW), ("CertificateExpires", ROOMS)}
    explained = {("CircuitJitter", NARROW), ("CertificateExpires", "video-conference")}
    try:
        with filled(city, NARROW), certified(city, ROOMS, "registrar", ended):
            all_from = time.time()
            becomes(lambda: told(watched), tickets)
            eventually(lambda: told(watched, "suppressed") >= explained)
            eventually(lambda: lost_of(watched, "video") > 2 * lost_of(watched, "default") + FEW)
    finally:
        faults.heal(city.lab.root)

    lost = f'{{__name__=~"infra_.*_lost_total",circuit=~"{LOSSY}|",site=~"{HEARD}|",class="video"}}'
    assert watched.scrapes(lost, lossy_from, lambda before, now: now > before) <= TWO_SCRAPES
    seconds = f'infra_circuit_rtt_seconds_sum{{circuit="{NARROW}"}}'
    assert watched.scrapes(seconds, all_from, lambda before, now: now > before + 0.1) <= TWO_SCRAPES
    end = f'infra_registrar_certificate_expiry_timestamp_seconds{{registrar="{ROOMS}"}}'
    assert watched.scrapes(end, all_from, lambda _before, now: now < all_from) <= TWO_SCRAPES
    becomes(lambda: told(watched), set())


def test_a_registrar_that_is_down_is_one_page(city: CitySlice, watched: Eyes) -> None:
    """The system that is nothing but this registrar is down with it, which is no second page."""
    city.on(ROOMS, "systemctl", "stop", "kamailio")
    stopped = time.time()
    try:
        becomes(lambda: told(watched), {("RegistrarDown", ROOMS)})
        eventually(lambda: ("SystemDown", "video-conference") in told(watched, "suppressed"))
    finally:
        city.on(ROOMS, "systemctl", "start", "kamailio")
    up = f'infra_registrar_up{{registrar="{ROOMS}"}}'
    assert watched.scrapes(up, stopped, lambda _before, now: now == 0) <= TWO_SCRAPES
    becomes(lambda: told(watched), set())
