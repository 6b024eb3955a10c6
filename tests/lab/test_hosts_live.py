"""Hosts, live: Debians with systemd behind the routers, as an engineer and the controller meet them.

What befalls them befalls hosts that are deployed: in the end there is nothing to deploy.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from functools import partial
from itertools import permutations

import pytest

from infra_ctl.errors import LabError
from infra_ctl.inventory.models import HOST_ACCOUNT
from infra_ctl.lab import enter, faults, namespace, power
from infra_ctl.lab.state import Fault
from tests.lab.city_slice import CitySlice, until
from tests.lab.two_sites import ALL, APP, BOOTED, CORE, DATABASE, PORTAL, ROOMED, ROUTERS, SPARE, Sites

pytestmark = pytest.mark.live

THREE = (APP, DATABASE, PORTAL)
"""In a zone each."""
BOOTING = 180
"""Seconds in which a host boots by itself, or gateways that are gone are found out, on a busy machine."""


@pytest.fixture
def city(sites: Sites) -> Iterator[CitySlice]:
    yield sites.city
    faults.heal(sites.city.lab.root)


def ssh(city: CitySlice, hostname: str, command: str) -> subprocess.CompletedProcess[str]:
    """As the controller does it: from the management namespace, through the cores, with the pinned key."""
    access = enter.access(city.lab.root)
    address = city.spec.node(hostname).management
    pinned = (f"UserKnownHostsFile={access.known_hosts}", "StrictHostKeyChecking=yes")
    options = (*pinned, "BatchMode=yes", "ConnectTimeout=20")
    argv = ["ssh", "-i", str(access.key), *(word for option in options for word in ("-o", option))]
    with namespace.inside(access.namespace):
        return subprocess.run(
            (*argv, f"{HOST_ACCOUNT}@{address}", command),
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )


def is_let_in(city: CitySlice, hostname: str) -> bool:
    return ssh(city, hostname, "true").returncode == 0


def login(city: CitySlice, hostname: str, command: str) -> str:
    done = ssh(city, hostname, command)
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stdout


def boot(city: CitySlice, hostname: str) -> str:
    """Which boot of a host it is that has started everything; none while it is off or on its way."""
    script = "[ $(systemctl is-system-running) = running ] && cat /proc/sys/kernel/random/boot_id"
    try:
        argv = enter.command(city.lab.root, hostname, ("sh", "-c", script))
    except LabError:
        return ""
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60).stdout


def order(city: CitySlice, hostname: str, verb: str) -> None:
    """Have a host end itself; whoever says so may be ended before it is told that it is done."""
    argv = enter.command(city.lab.root, hostname, ("systemctl", verb))
    subprocess.run(argv, capture_output=True, check=False, timeout=60)


def ways(city: CitySlice) -> set[tuple[str, str]]:
    """From which host to which address of another, among the three."""
    hosts = [each for each in city.spec.hosts if each.hostname in THREE]
    return {
        (one.hostname, str(address.ip))
        for one, other in permutations(hosts, 2)
        for address in (other.ipv4, other.ipv6)
        if address
    }


def answers(city: CitySlice, hostname: str, address: str) -> bool:
    ping = enter.command(city.lab.root, hostname, ("ping", "-q", "-c1", "-W2", address))
    return subprocess.run(ping, capture_output=True, check=False, timeout=60).returncode == 0


def test_a_host_runs_systemd_and_lets_the_controller_in(city: CitySlice) -> None:
    for hostname in (*THREE, SPARE):
        assert login(city, hostname, "hostname; sudo id -un") == f"{hostname}\nroot\n"
        assert boot(city, hostname)


def test_a_package_is_installed_from_the_labs_own_repository(city: CitySlice) -> None:
    install = "sudo apt-get -qq update && sudo DEBIAN_FRONTEND=noninteractive apt-get -qq install tree"
    login(city, PORTAL, f"{install} >/dev/null 2>&1")
    assert login(city, PORTAL, "tree --version").startswith("tree v")
    assert "/tree_" in (city.lab.log("packages")).read_text()


def test_a_power_cut_leaves_the_disk(city: CitySlice) -> None:
    login(city, DATABASE, "echo kept >note; sync")
    before = boot(city, DATABASE)
    faults.break_(city.lab.root, Fault("off", DATABASE))
    status = json.loads(city.run("lab", "status", "--output", "json").out)
    assert [each["hostname"] for each in status["hosts"] if each["pid"] is None] == [DATABASE]
    assert f"{DATABASE} is off" in city.run("lab", "exec", DATABASE, "--", "true").err
    faults.heal(city.lab.root, DATABASE)
    assert login(city, DATABASE, "cat note") == "kept\n"
    assert boot(city, DATABASE) != before


def test_a_host_reboots_by_itself_under_whoever_is_on_it(city: CitySlice) -> None:
    before = boot(city, APP)
    with subprocess.Popen(enter.command(city.lab.root, APP, ("sleep", "600"))) as somebody:
        try:
            order(city, APP, "reboot")
            until(lambda: boot(city, APP) not in ("", before), BOOTING)
        finally:
            somebody.kill()
    login(city, APP, "true")


def test_a_host_that_switched_itself_off_is_started_by_the_next_up(city: CitySlice) -> None:
    order(city, APP, "poweroff")
    until(lambda: power.process_one(city.lab, city.spec, APP) is None, BOOTING)
    assert city.run("lab", "up", ROUTERS, "--hosts", BOOTED, "--rooms", ROOMED).code == 0
    assert login(city, APP, "hostname") == f"{APP}\n"


def test_one_core_is_enough_for_the_hosts(city: CitySlice) -> None:
    """The machine's power is cut without a word: gateways that do not answer are found out."""
    assert len(ways(city)) == 12
    faults.break_(city.lab.root, Fault("off", CORE))
    until(lambda: all(answers(city, *way) for way in ways(city)), BOOTING)
    for hostname in THREE:
        until(partial(is_let_in, city, hostname), BOOTING)


def test_a_daemon_of_a_host_is_for_its_systemd_to_mind(city: CitySlice) -> None:
    done = city.run("lab", "break", "killed", f"{APP}/cron")
    assert done.code == 2
    stop = f"infra-ctl lab exec --context lab:{city.name} {APP} -- systemctl stop cron"
    assert done.err == f"error: systemd minds the daemons of a host: {stop}\n"


def test_a_swapped_host_is_new(city: CitySlice) -> None:
    login(city, SPARE, "touch note")
    said = city.run("lab", "swap", SPARE).out
    assert said.startswith(f"{SPARE}: new hardware on day 0, host key SHA256:")
    assert city.on(SPARE, "ls", "/home/infra") == ""
    assert "Host key verification failed" in ssh(city, SPARE, "true").stderr


def test_hosts_that_had_their_power_cut_are_as_they_were_deployed(city: CitySlice) -> None:
    done = city.run("deploy", ALL, "--yes")
    assert (done.code, done.out.partition(" (")[0]) == (0, "no changes"), done
