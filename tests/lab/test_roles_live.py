"""What hosts are there for, live: each service is asked by who may ask it, and answers."""

from __future__ import annotations

import time

import pytest

from infra_ctl.city import load_city
from tests.lab.city_slice import CitySlice, until
from tests.lab.two_sites import APP, DATABASE, LOGS, MONITOR, NAMES, PORTAL, REPLICA, ROOMS, TIME, Sites

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
