"""Hosts, live: three Debians with systemd behind the cores, as an engineer and the controller meet them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from infra_ctl.inventory.models import HOST_ACCOUNT
from infra_ctl.lab import enter, faults, namespace, power
from infra_ctl.lab.requirements import CGROUPS, requirements
from infra_ctl.lab.state import Fault
from tests.lab.city_slice import CitySlice, Deployed, deployed_slice, until

pytestmark = pytest.mark.live

APP, DATABASE, PORTAL = HOSTS = ("dc-app-1", "dc-db-1", "dc-portal-1")


@pytest.fixture(scope="module")
def data_centre(
    _can_run: None, lab_name: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployed]:
    """Both cores, deployed, and three hosts in a zone each."""
    home = tmp_path_factory.mktemp("hosts")
    if missing := requirements(home, hosts=True):
        pytest.skip(f"no lab with hosts here: {'; '.join(missing)}")
    city = CitySlice(f"{lab_name}hosts", home)
    with deployed_slice(city, "role=core", "--hosts", " or ".join(HOSTS)) as found:
        yield found
    left = [group for each in CGROUPS for group in each.glob(f"{city.name}-*")]
    assert (left, namespace.processes(city.spec.namespaces())) == ([], {})


@pytest.fixture
def city(data_centre: Deployed) -> Iterator[CitySlice]:
    yield data_centre.city
    faults.heal(data_centre.city.lab.root)


def ssh(city: CitySlice, hostname: str, command: str) -> subprocess.CompletedProcess[str]:
    """As the controller does it: from the management namespace, through the cores, with the pinned key."""
    access = enter.access(city.lab.root)
    address = city.spec.node(hostname).management
    pinned = (f"UserKnownHostsFile={access.known_hosts}", "StrictHostKeyChecking=yes")
    options = (*pinned, "BatchMode=yes", "ConnectTimeout=5")
    argv = ["ssh", "-i", str(access.key), *(word for option in options for word in ("-o", option))]
    with namespace.inside(access.namespace):
        return subprocess.run(
            (*argv, f"{HOST_ACCOUNT}@{address}", command),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


def login(city: CitySlice, hostname: str, command: str) -> str:
    done = ssh(city, hostname, command)
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stdout


def is_running(city: CitySlice, hostname: str) -> bool:
    """Whether a host is on and its systemd has started everything."""
    if power.process_one(city.lab, city.spec, hostname) is None:
        return False
    argv = enter.command(city.lab.root, hostname, ("systemctl", "is-system-running"))
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout == "running\n"


def boot_id(city: CitySlice, hostname: str) -> str:
    return city.on(hostname, "journalctl", "--boot", "--output=json", "--lines=1").split('"_BOOT_ID":"')[1][
        :32
    ]


def reached(city: CitySlice) -> set[tuple[str, str]]:
    """Which host reaches which address of another."""
    found = set()
    for one in city.spec.hosts:
        others = [each for other in city.spec.hosts if other != one for each in (other.ipv4, other.ipv6)]
        for address in (str(other.ip) for other in others if other):
            argv = enter.command(city.lab.root, one.hostname, ("ping", "-q", "-c1", "-W1", address))
            if subprocess.run(argv, capture_output=True, check=False).returncode == 0:
                found.add((one.hostname, address))
    return found


def test_a_host_runs_systemd_and_lets_the_controller_in(city: CitySlice) -> None:
    for hostname in HOSTS:
        assert login(city, hostname, "hostname; sudo id -un") == f"{hostname}\nroot\n"
        assert is_running(city, hostname)


def test_a_package_is_installed_from_the_labs_own_repository(city: CitySlice) -> None:
    install = "sudo apt-get -qq update && sudo DEBIAN_FRONTEND=noninteractive apt-get -qq install chrony"
    login(city, PORTAL, f"{install} >/dev/null 2>&1")
    assert login(city, PORTAL, "systemctl is-active chrony") == "active\n"
    assert "chrony" in (city.lab.log("packages")).read_text()


def test_a_power_cut_leaves_the_disk(city: CitySlice) -> None:
    login(city, DATABASE, "echo kept >note; sync")
    before = boot_id(city, DATABASE)
    faults.break_(city.lab.root, Fault("off", DATABASE))
    status = json.loads(city.run("lab", "status", "--output", "json").out)
    assert [each["hostname"] for each in status["hosts"] if each["pid"] is None] == [DATABASE]
    assert f"{DATABASE} is off" in city.run("lab", "exec", DATABASE, "--", "true").err
    faults.heal(city.lab.root, DATABASE)
    assert login(city, DATABASE, "cat note") == "kept\n"
    assert boot_id(city, DATABASE) != before


def test_a_host_reboots_by_itself_under_whoever_is_on_it(city: CitySlice) -> None:
    before = boot_id(city, APP)
    with subprocess.Popen(enter.command(city.lab.root, APP, ("sleep", "600"))) as somebody:
        try:
            city.on(APP, "systemctl", "reboot")
            until(lambda: is_running(city, APP) and boot_id(city, APP) != before)
        finally:
            somebody.kill()
    login(city, APP, "true")


def test_a_host_that_switched_itself_off_is_started_by_the_next_up(city: CitySlice) -> None:
    city.on(APP, "systemctl", "poweroff")
    until(lambda: power.process_one(city.lab, city.spec, APP) is None)
    assert city.run("lab", "up", "role=core", "--hosts", " or ".join(HOSTS)).code == 0
    assert login(city, APP, "hostname") == f"{APP}\n"


def test_one_core_is_enough_for_the_hosts(city: CitySlice) -> None:
    """The machine's power is cut without a word: gateways that do not answer are found out."""
    everybody = {
        (one.hostname, str(address.ip))
        for one in city.spec.hosts
        for other in city.spec.hosts
        if other != one
        for address in (other.ipv4, other.ipv6)
        if address
    }
    assert len(everybody) == 12
    faults.break_(city.lab.root, Fault("off", "dc-core1"))
    until(lambda: reached(city) == everybody, 60)
    for hostname in HOSTS:
        until(lambda hostname=hostname: ssh(city, hostname, "true").returncode == 0)


def test_a_daemon_of_a_host_is_for_its_systemd_to_mind(city: CitySlice) -> None:
    done = city.run("lab", "break", "killed", f"{APP}/cron")
    assert done.code == 1
    assert done.err == (
        f"error: systemd minds the daemons of a host: infra-ctl lab exec {APP} -- systemctl stop cron\n"
    )


def test_a_swapped_host_is_new(city: CitySlice) -> None:
    login(city, PORTAL, "touch note")
    said = city.run("lab", "swap", PORTAL).out
    assert said.startswith(f"{PORTAL}: new hardware on day 0, host key SHA256:")
    assert city.on(PORTAL, "ls", "/home/infra") == ""
    assert "Host key verification failed" in ssh(city, PORTAL, "true").stderr
