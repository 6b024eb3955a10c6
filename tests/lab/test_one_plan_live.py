"""Hosts and routers in one plan, live: one command, gone on with when killed, no request lost on the way."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from itertools import pairwise

import pytest

from infra_ctl.city import load_city
from infra_ctl.lab import enter, faults, namespace
from infra_ctl.secrets import open_vault
from tests.lab import canary
from tests.lab.city_slice import CitySlice, Done, until
from tests.lab.two_sites import ALL, APP, CORE, CORES, DEVICES, HOSTS, MONITOR, PORTAL, Sites

pytestmark = pytest.mark.live

PARTS = {f"{router}/host" for router in (*CORES, "bk-r1", "bk-r2")}
PAIR = f"{APP} or {PORTAL}"
ENOUGH = 20
"""Requests that tell something, before a change begins, and after it."""
PROBE = """
import http.client, select, ssl, sys
address, source, name = sys.argv[1:]
context = ssl._create_unverified_context()
asked = 0
while not select.select([sys.stdin], [], [], 0.05)[0] and asked < 20000:
    print("asking", flush=True)
    asked += 1
    try:
        way = http.client.HTTPSConnection(address, timeout=10, source_address=(source, 0), context=context)
        way.request("GET", "/health", headers={"Host": name})
        answer = way.getresponse()
        said = answer.read().decode().strip()
        assert (answer.status, said) == (200, "one-stop dc-app-1"), (answer.status, said[:80])
    except Exception as error:
        print(f"request {asked}: {error!r}")
    finally:
        way.close()
print(f"asked {asked}")
"""

KNOWS_BOTH = """
import http.client, select, ssl, sys
address, *ports = sys.argv[1:]
context = ssl._create_unverified_context()
def ask(port):
    way = http.client.HTTPSConnection(address, int(port), timeout=10, context=context)
    try:
        way.request("GET", "/health", headers={"Host": "one-stop.cantho.example"})
        answer = way.getresponse()
        said = answer.read().decode().strip()
        assert (answer.status, said) == (200, "one-stop dc-app-1"), (answer.status, said[:80])
    finally:
        way.close()
asked, answered = 0, []
while not select.select([sys.stdin], [], [], 0.05)[0] and asked < 20000:
    print("asking", flush=True)
    asked += 1
    try:
        ask(ports[0])
    except Exception as first:
        try:
            ask(ports[1])
            ports.reverse()
        except Exception as second:
            print(f"request {asked}: {first!r}, {second!r}")
            continue
    if answered[-1:] != ports[:1]:
        answered.append(ports[0])
print(f"answered by {' then '.join(answered)}")
print(f"asked {asked}")
"""
"""The port that answered last is asked first."""
CONNECT = """
import socket, sys
for address in sys.argv[2:]:
    try:
        socket.create_connection((address, int(sys.argv[1])), 3).close()
        print("let through")
    except TimeoutError:
        print("denied")
"""


@pytest.fixture
def city(sites: Sites) -> CitySlice:
    return sites.city


def deployed(city: CitySlice, *arguments: str) -> Done:
    done = city.run("deploy", *arguments, "--yes")
    assert done.code == 0, done
    return done


def through_the_portal(city: CitySlice) -> tuple[str, ...]:
    """Somebody asks the application through its portal."""
    inventory = load_city(city.inventory)
    manager = inventory.host("dc-ntp-1").addresses[0]
    own = (each.ipv4 for each in inventory.intents[CORE].interfaces if each.ipv4 is not None)
    source = next(str(each.ip) for each in own if ip_address(manager) in each.network)
    address = str(inventory.host(PORTAL).addresses[0])
    command = ("python3", "-c", PROBE, address, source, "one-stop.cantho.example")
    return enter.command(city.lab.root, CORE, command)


def from_the_portal(city: CitySlice, script: str, *arguments: str) -> tuple[str, ...]:
    """Somebody in another zone asks, by way of the cores; the machine has the Python for it."""
    within = namespace.RUN / city.spec.namespace(PORTAL)
    return ("nsenter", f"--net={within}", "--", "python3", "-c", script, *arguments)


@contextmanager
def asking(command: tuple[str, ...]) -> Iterator[list[str]]:
    """Somebody asks every 50 ms, before and after as well: what went wrong, and how often it was asked."""
    heard, said = list[str](), list[str]()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as probe:

        def hear() -> None:
            for line in probe.stdout or ():
                heard.append(line.strip())

        def hear_more() -> None:
            more = len(heard) + ENOUGH
            until(lambda: len(heard) >= more, 60)

        hearing = threading.Thread(target=hear)
        hearing.start()
        try:
            hear_more()
            yield said
            hear_more()
        finally:
            if probe.stdin is not None:
                probe.stdin.close()
            hearing.join()
    said += [line for line in heard if line != "asking"]


def in_order(done: Done) -> list[str]:
    """Who ended, wave by wave and run by run; host parts, one after the other, as one.

    The host that monitors asks there too, and comes in a wave with parts or portal: it is left out.
    """
    names = re.findall(r"^wave \d+/\d+  (\S+) ", done.out, re.MULTILINE)
    found = ["parts" if name in PARTS else name for name in names if name != MONITOR]
    return [name for before, name in pairwise(["", *found]) if (before, name) != ("parts", "parts")]


def test_one_deploy_brings_routers_then_hosts_to_what_they_should_be(sites: Sites) -> None:
    """Hosts are out of reach until the cores route; nobody has to ask for them twice."""
    first = sites.first
    assert first.end(CORE).split(" · ")[-1].startswith("confirmed")
    assert f"next    {len(HOSTS)} hosts behind them" in first.out
    for name in HOSTS:
        assert " · done " in first.end(name)
    assert deployed(sites.city, ALL).out.startswith(f"no changes ({DEVICES} devices, {len(HOSTS)} hosts, ")


def test_a_run_that_was_killed_among_its_hosts_is_gone_on_with(city: CitySlice) -> None:
    city.on(APP, "rm", "/etc/infra-ctl/openings.json")
    city.on(PORTAL, "rm", "/etc/infra-ctl/openings.json")
    city.on(APP, "sh", "-c", "echo gone >>/etc/nginx/nginx.conf")
    running = city.start("deploy", PAIR, "--yes")

    def is_under_way() -> bool:
        return any(state == "applying" for state, _ in city.ends(city.runs()[0].id).values())

    until(is_under_way, 120, running)
    running.kill()
    run = city.runs()[0].id
    resumed = city.run("resume", run, "--yes")
    assert resumed.code == 0, resumed
    assert {state for state, _ in city.ends(run).values()} == {"done"}
    assert deployed(city, PAIR).out.startswith("no changes (2 devices, 2 hosts, ")


def test_a_port_moves_and_no_request_is_lost(city: CitySlice) -> None:
    """One edit and one command: on the routers, the application, the portal; then closed behind them.

    Firewalls of both hosts, the zone ACLs of both routers and the port of the service change. One client asks
    through the portal, another one knows both ports and asks the application itself, from another zone.
    The other site's routers lead to it, and who monitors asks it: left out, they would keep the old port.
    """
    deployed(city, ALL)
    city.on(CORE, "nft", "add", "table", "netdev", "infra_ctl_lab")
    city.write("systems.yaml", "[https/8443]", "[https/9443]")
    planned = city.run("plan", ALL)
    assert f"keeps   one-stop/https tcp 8443 on {APP}, until a second run" in planned.out, planned
    address = str(load_city(city.inventory).host(APP).addresses[0])
    knowing = from_the_portal(city, KNOWS_BOTH, address, "8443", "9443")
    with asking(through_the_portal(city)) as said, asking(knowing) as knew:
        done = deployed(city, ALL)
    (asked_for,) = said
    assert int(asked_for.removeprefix("asked ")) > 2 * ENOUGH
    by_both, asked_directly = knew
    assert by_both == "answered by 8443 then 9443"
    assert int(asked_directly.removeprefix("asked ")) > 2 * ENOUGH
    assert in_order(done) == ["parts", APP, PORTAL, PORTAL, APP, "parts"]
    assert re.search(r"^made    now .*one-stop/https tcp 8443", done.out, re.MULTILINE), done
    ports = city.on(APP, "sh", "-c", "ss -Htln | awk '{print $4}' | sed 's/.*://' | sort -un").split()
    assert ("9443" in ports, "8443" in ports) == (True, False)
    ruled = [city.on(APP, "nft", "list", "table", "inet", "host")]
    ruled += [city.on(core, "nft", "list", "table", "inet", "zones") for core in CORES]
    assert {("dport 9443" in rules, "dport 8443" in rules) for rules in ruled} == {(True, False)}
    assert "table netdev infra_ctl_lab" in city.on(CORE, "nft", "list", "tables"), "a fault of the lab stays"
    city.on(CORE, "nft", "delete", "table", "netdev", "infra_ctl_lab")
    assert deployed(city, ALL).out.startswith(f"no changes ({DEVICES} devices, {len(HOSTS)} hosts, ")


def test_routers_deny_what_hosts_would_let_in_and_still_do_after_a_power_cut(city: CitySlice) -> None:
    """With the firewalls of both hosts gone, in both families. The rest of the host part is back as well."""
    for name in (APP, PORTAL):
        city.on(name, "nft", "flush", "ruleset")
    addresses = tuple(map(str, load_city(city.inventory).host(APP).addresses))

    def said(port: str) -> list[str]:
        command = from_the_portal(city, CONNECT, port, *addresses)
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[:-1]

    try:
        assert said("9443") == ["let through"] * 2
        assert said("22") == ["denied"] * 2
        faults.reboot(city.lab.root, CORE)
        assert "dport 9443" in city.on(CORE, "nft", "list", "table", "inet", "zones")
        for check in ("vlans check", "queues check", "agent check"):
            city.on(CORE, "sh", "-c", f"exec /etc/infra-ctl/{check}")
        assert "htb 1: root" in city.on(CORE, "tc", "qdisc", "show", "dev", "eth10"), "a circuit"
        assert "htb" not in city.on(CORE, "tc", "qdisc", "show", "dev", "eth2"), "a cable inside the site"
        assert 'iifname "eth1.90" ip dscp set af41' in city.on(CORE, "nft", "list", "table", "inet", "marks")
    finally:
        for name in (APP, PORTAL):
            city.on(name, "systemctl", "reload", "nftables")


def test_no_key_of_snmp_is_anywhere_but_where_the_agent_has_it(city: CitySlice) -> None:
    vault = open_vault(city.lab.root / "vault.yml", city.lab.root / "vault-password")
    keys = [vault["snmp/auth"], vault["snmp/privacy"]]
    assert keys[0] in city.on(CORE, "cat", "/etc/snmp/snmpd.conf"), "what is looked for is there"
    written = {
        name: text for name, text in canary.files(city.home / "var").items() if "/var/lab/" not in name
    }
    assert written, "the controller's own"
    assert canary.found(keys, written | canary.journal(city)) == []
    assert canary.on_router(city, CORE, keys) == []


def test_a_host_with_another_host_key_is_pinned_anew_by_somebody_who_compared_them(city: CitySlice) -> None:
    """As after a new installation at the same address; what it lacks is done over the accepted key."""
    key = "/etc/ssh/ssh_host_ed25519_key"
    renew = f"rm {key}* /etc/infra-ctl/openings.json && ssh-keygen -q -t ed25519 -N '' -f {key}"
    city.on(APP, "sh", "-c", f"{renew} && systemctl restart ssh")
    fingerprint = city.on(APP, "ssh-keygen", "-lf", key).split()[1]
    shown = city.run("plan", APP).out
    assert f"! {APP}   its ssh-ed25519 host key {fingerprint} is not the one that is pinned" in shown
    wrong = city.run("replace", APP, "--host-key", f"{fingerprint}x", "--yes")
    assert (wrong.code, f"{APP} shows host key {fingerprint}, not " in wrong.err) == (4, True), wrong
    replaced = city.run("replace", APP, "--host-key", fingerprint, "--yes")
    assert replaced.code == 0, replaced
    assert f"shown   {fingerprint}   ssh-ed25519\n" in replaced.out
    assert "/etc/infra-ctl/openings.json" in replaced.end(APP)
    assert replaced.out.index("1 done · run ") > replaced.out.index(f"pinned  {fingerprint} in ")
    assert deployed(city, ALL).out.startswith(f"no changes ({DEVICES} devices, {len(HOSTS)} hosts, ")
