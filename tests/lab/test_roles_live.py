"""What hosts are there for, live: each service is asked by who may ask it, and answers."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from infra_ctl.city import load_city
from infra_ctl.hosts.roles.monitoring import OURS, PARTS
from infra_ctl.lab import faults, namespace
from infra_ctl.lab.rooms import REGISTER_SECONDS
from infra_ctl.lab.state import Fault
from tests.lab.city_slice import CitySlice, until
from tests.lab.two_sites import (
    APP,
    ASTRAY,
    DATABASE,
    HEARD,
    LOGS,
    MONITOR,
    NAMES,
    OFF,
    PORTAL,
    REPLICA,
    ROOMS,
    TIME,
    Sites,
)

pytestmark = pytest.mark.live

SOON = 180
"""Seconds until what is under way has arrived, on a busy machine."""
SIGNATURES = "/var/lib/clamav/daily.cvd"
SCRAPE = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=30).read().decode())"
OPTIONS = """
import socket, ssl, sys
address, way, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
kind = socket.SOCK_DGRAM if way == "UDP" else socket.SOCK_STREAM
asking = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
asking.settimeout(30)
asking.connect((address, port))
if way == "TLS":
    context = ssl._create_unverified_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    asking = context.wrap_socket(asking)
own, place = asking.getsockname()[:2]
own, to = (f"[{each}]" if ":" in each else each for each in (own, address))
asking.sendall((
    f"OPTIONS sip:{to}:{port} SIP/2.0\\r\\n"
    f"Via: SIP/2.0/{way} {own}:{place};branch=z9hG4bK1;rport\\r\\n"
    f"From: <sip:trial@{to}>;tag=1\\r\\nTo: <sip:{to}>\\r\\n"
    "Call-ID: trial\\r\\nCSeq: 1 OPTIONS\\r\\nMax-Forwards: 5\\r\\nContent-Length: 0\\r\\n\\r\\n"
).encode())
print(asking.recv(4096).decode().splitlines()[0])
"""


@pytest.fixture
def city(sites: Sites) -> CitySlice:
    return sites.city


def addresses(city: CitySlice, hostname: str) -> list[str]:
    return [str(each) for each in load_city(city.inventory).host(hostname).addresses]


def metrics(city: CitySlice, hostname: str) -> dict[str, float]:
    """What the node exporter of a host tells the monitoring host of its signatures."""
    address = addresses(city, hostname)[0]
    said = city.on(MONITOR, "python3", "-c", SCRAPE, f"http://{address}:9100/metrics").splitlines()
    return {line.split()[0]: float(line.split()[1]) for line in said if line.startswith("av_")}


def psql(city: CitySlice, hostname: str, statement: str) -> str:
    return city.on(
        hostname, "runuser", "-u", "postgres", "--", "psql", "-Atq", "-d", "shared", "-c", statement
    )


def test_hosts_have_the_time_of_the_citys_server(city: CitySlice) -> None:
    chosen = f"^* {addresses(city, TIME)[0]} "
    for hostname in (APP, REPLICA):
        until(lambda hostname=hostname: chosen in city.on(hostname, "chronyc", "-n", "sources"), SOON)


def test_hosts_resolve_names_of_the_city_in_both_families_and_back(city: CitySlice) -> None:
    domain = load_city(city.inventory).intents["dc-core1"].domain
    wanted = addresses(city, APP)
    found = city.on(PORTAL, "getent", "ahosts", f"{APP}.{domain}").split("\n")
    assert {line.split()[0] for line in found if line} == set(wanted)
    for address in wanted:
        assert city.on(PORTAL, "getent", "hosts", address).split()[1] == f"{APP}.{domain}"
    assert "nameserver 127.0.0.1" in city.on(NAMES, "cat", "/etc/resolv.conf")


def test_what_a_host_logs_arrives_in_its_file_at_the_collector(city: CitySlice) -> None:
    mark = f"trial {time.time_ns()}"
    city.on(PORTAL, "logger", "-t", "trial", mark)
    search = f"grep -ls '{mark}' /var/log/city/*/*.log || :"
    until(lambda: city.on(LOGS, "sh", "-c", search).endswith(f"/{PORTAL}.log\n"), SOON)


def test_the_age_of_signatures_is_told_to_who_monitors(city: CitySlice) -> None:
    tell = ("systemctl", "start", "infra-ctl-signature-age.service")
    city.on(APP, *tell)
    assert metrics(city, APP) == {"av_signatures_present": 0}
    made = int(time.time()) - 5000
    head = f"ClamAV-VDB:a trial:1:1:90:md5:signature:builder:{made}:"
    city.on(APP, "sh", "-c", f"cat >{SIGNATURES}", text=head)
    try:
        city.on(APP, *tell)
        told = metrics(city, APP)
    finally:
        city.on(APP, "rm", SIGNATURES)
        city.on(APP, *tell)
    assert told["av_signatures_present"] == 1
    assert 5000 <= told["av_signature_age_seconds"] < 5000 + SOON


def test_the_registrar_answers_by_udp_tcp_and_tls_in_both_families(city: CitySlice) -> None:
    for address in addresses(city, ROOMS):
        for way, port in (("UDP", 5060), ("TCP", 5060), ("TLS", 5061)):
            asked = city.on(ROOMS, "python3", "-c", OPTIONS, address, way, str(port))
            assert asked == "SIP/2.0 200 OK\n", (address, way)


def test_a_monitoring_host_has_its_programs_and_runs_none_before_it_is_told_how(city: CitySlice) -> None:
    units = (*PARTS.values(), *OURS)
    said = city.on(MONITOR, "sh", "-c", f"systemctl is-enabled {' '.join(units)}").split()
    assert said == ["enabled"] * len(units)
    said = city.on(MONITOR, "sh", "-c", f"systemctl is-active {' '.join(units)} || :").split()
    assert said == ["inactive"] * len(units)
    assert "prometheus" in city.on(MONITOR, "stat", "-c", "%U %a", "/etc/infra-ctl/tls/monitoring.key")


def switch_on_again(city: CitySlice, room: str) -> None:
    """It asks its registrar at once: one that was on before there was a registrar waits ever longer."""
    faults.break_(city.lab.root, Fault("off", room))
    faults.heal(city.lab.root, room)


@contextmanager
def lead_astray(city: CitySlice, room: str) -> Iterator[None]:
    """While the registrar has another place of the room than it is at, and the room does not say better."""
    accounts = city.lab.node(room) / "accounts"
    kept = accounts.read_text()
    accounts.write_text(kept.replace(f"regint={REGISTER_SECONDS}", "regint=0"))
    try:
        switch_on_again(city, room)
        for contact in ("Contact: *\r\nExpires: 0", "Contact: <sip:room@192.0.2.7:5060>;expires=300"):
            assert register(city, room, contact) == "SIP/2.0 200 OK"
        yield
    finally:
        accounts.write_text(kept)
        switch_on_again(city, room)


def register(city: CitySlice, room: str, contact: str) -> str:
    """What the registrar answers to this room's LAN, by TCP."""
    name = f"{room}@sip.cantho.example"
    said = (
        f"REGISTER sip:sip.cantho.example SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKa\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:{name}>;tag=a\r\nTo: <sip:{name}>\r\nCall-ID: {time.time_ns()}\r\n"
        f"CSeq: 1 REGISTER\r\n{contact}\r\nContent-Length: 0\r\n\r\n"
    )
    to = (addresses(city, ROOMS)[0], 5060)
    with namespace.inside(city.spec.namespace(room)), socket.create_connection(to, 30) as asking:
        asking.sendall(said.encode())
        return asking.recv(4096).decode().splitlines()[0]


def test_a_room_registers_through_the_zones_and_each_that_is_not_ready_is_told_why(city: CitySlice) -> None:
    """One behind a lossy circuit, which is registered all the same; one that is off; one led astray."""
    heard, off, astray = (f"{site}-room" for site in (HEARD, OFF, ASTRAY))
    switch_on_again(city, heard)
    until(lambda: " 200 OK " in city.lab.log(heard).read_text(), SOON)  # an older binding may be there
    try:
        with lead_astray(city, astray):
            faults.break_(city.lab.root, Fault("loss", f"{HEARD}-1", 0.05))
            faults.break_(city.lab.root, Fault("off", off))
            told = city.run("video", "ready", heard, off, astray, "--output", "json")
    finally:
        faults.heal(city.lab.root)
    assert told.code == 3, told
    found = {each["room"]: [(c["part"], c["object"]) for c in each["causes"]] for each in told.json["rooms"]}
    assert found[heard] == [("circuit", f"{HEARD}-1")], told
    assert found[off][0] == ("room", off), told
    assert found[astray] == [("registrar", ROOMS)], told


def test_the_replica_has_what_is_written_to_the_primary_and_takes_nothing_itself(city: CitySlice) -> None:
    psql(city, DATABASE, "CREATE TABLE trial (said text); INSERT INTO trial VALUES ('hello')")
    try:
        there = "SELECT to_regclass('trial') IS NOT NULL"
        until(lambda: psql(city, REPLICA, there) == "t\n", SOON)
        until(lambda: psql(city, REPLICA, "SELECT said FROM trial") == "hello\n", SOON)
        assert psql(city, REPLICA, "SELECT pg_is_in_recovery()") == "t\n"
        assert psql(city, DATABASE, "SELECT state FROM pg_stat_replication") == "streaming\n"
    finally:
        psql(city, DATABASE, "DROP TABLE trial")
