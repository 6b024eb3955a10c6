"""Procedures and backups of a living host: cut off, patched, brought back, kept; another does not answer."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from ipaddress import ip_address

import pytest

from infra_ctl.city import load_city
from infra_ctl.lab import faults
from infra_ctl.lab.state import Fault
from tests.lab.city_slice import CitySlice
from tests.lab.test_procedures_live import ansible, changed
from tests.lab.two_sites import APP, CORE, CORES, MONITOR, SPARE, Sites

pytestmark = pytest.mark.live

PARTNER = CORES[1]
SYSCTL, CHRONY = "/etc/sysctl.d/60-infra-ctl.conf", "/etc/chrony/chrony.conf"
ALICE = "Accepted publickey for alice from 10.9.9.9 port 5022 ssh2: ED25519 SHA256:abcdefgh"
CONNECT = """
import socket, sys
for way in sys.argv[2:]:
    address, source = way.split()
    try:
        socket.create_connection((address, int(sys.argv[1])), 3, (source, 0)).close()
        print("let through")
    except TimeoutError:
        print("denied")
"""
UPDATE = """
set -e
mkdir -p /srv/updates && cd /srv/updates
for version in 1 2; do
    mkdir -p tiny/DEBIAN
    printf 'Package: tiny\\nVersion: %s\\nArchitecture: all\\nMaintainer: a test\\nDescription: tiny\\n' \
        $version >tiny/DEBIAN/control
    dpkg-deb --build tiny tiny-$version.deb
done
dpkg -i tiny-1.deb
{
    cat tiny/DEBIAN/control
    echo "Filename: ./tiny-2.deb"
    echo "Size: $(stat -c %s tiny-2.deb)"
    echo "SHA256: $(sha256sum tiny-2.deb | cut -d' ' -f1)"
} >Packages
echo 'deb [trusted=yes] file:/srv/updates ./' >/etc/apt/sources.list.d/tiny.list
"""
"""A package, and where there is a newer one."""
AS_BEFORE = "dpkg --purge tiny; rm -r /srv/updates /etc/apt/sources.list.d/tiny.list"
NOTHING_ELSE = "rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*"
"""A router of a lab has the sources of this machine, and no way to them."""


@pytest.fixture
def city(sites: Sites) -> CitySlice:
    return sites.city


def asked(city: CitySlice) -> int:
    """How often the host has let somebody in."""
    return city.on(APP, "journalctl", "-q", "-o", "cat", "-t", "sshd").count("Accepted ")


def let_through(city: CitySlice, port: int) -> list[bool]:
    """Whether the host answers the network of administrators, over IPv4 and over IPv6."""
    found = load_city(city.inventory)
    own = [each for each in found.intents[CORE].interfaces if each.kind != "loopback"]
    sources = [
        (there, here.ip)
        for near, there in zip(found.host(MONITOR).addresses, found.host(APP).addresses, strict=True)
        for each in own
        for here in (each.ipv4, each.ipv6)
        if here is not None and ip_address(str(near)) in here.network
    ]
    assert len(sources) == 2
    ways = [f"{there} {here}" for there, here in sources]
    said = city.on(CORE, "python3", "-c", CONNECT, str(port), *ways)
    return [line == "let through" for line in said.splitlines()]


def version(city: CitySlice, hostname: str) -> str:
    return city.on(hostname, "dpkg-query", "--show", "--showformat=${Version}", "tiny")


def boot(city: CitySlice) -> str:
    """Which boot of the host this is."""
    return city.on(APP, "journalctl", "-q", "-b", "-n1", "-o", "json").split('"_BOOT_ID":"')[1][:32]


def kinds(city: CitySlice, before: int) -> list[tuple[str, str]]:
    """Kind and state of the runs since there were so many, oldest first."""
    return [(run.kind, run.state) for run in reversed(city.runs()[: len(city.runs()) - before])]


def last_deploy(city: CitySlice) -> str:
    """The newest run that did something to the host."""
    runs = (run.id for run in city.runs() if run.kind != "procedure")
    return next(run for run in runs if city.ends(run).get(APP, ("", ""))[0] == "done")


def git(city: CitySlice, *words: str) -> str:
    folder = city.home / "var" / "backup" / f"lab-{city.name}"
    return subprocess.run(("git", "-C", folder, *words), capture_output=True, text=True, check=True).stdout


def kept(city: CitySlice) -> Mapping[str, str]:
    """The one commit of a new backup of the host."""
    (commit,) = city.json("backup", APP)["commits"]
    return commit


def test_a_wrong_vault_key_is_told_before_anybody_is_asked(city: CitySlice) -> None:
    password = city.lab.root / "vault-password"
    right, runs, before = password.read_text(), city.runs(), asked(city)
    assert before > 0, "the host says so of those who deployed it"
    password.write_text("wrong\n")
    try:
        ends = [city.run("procedure", "run", "patch", APP, "--yes"), city.run("deploy", APP, "--yes")]
    finally:
        password.write_text(right)
    cause = f"error: {city.lab.root / 'vault.yml'} does not open with this password, or is damaged\n"
    assert [(end.code, end.err) for end in ends] == [(2, cause)] * 2
    assert (city.runs(), asked(city)) == (runs, before)


def test_a_backup_says_who_changed_a_host_and_its_files_go_back(city: CitySlice) -> None:
    first = kept(city)
    assert first["author"] == f"run {last_deploy(city)}"
    assert city.run("backup", APP).out.startswith("no changes (1 host, ")
    was = city.on(APP, "cat", SYSCTL)
    assert git(city, "show", f"HEAD:hosts/{APP}{SYSCTL}") == was

    city.on(APP, "sh", "-c", f"echo vm.swappiness = 7 >>{SYSCTL}")
    assert kept(city)["author"] == "drift"
    city.on(APP, "sh", "-c", f"logger -t sshd '{ALICE}'; echo '# password hunter2' >>{CHRONY}")
    assert kept(city)["author"] == "alice"
    assert git(city, "show", "--name-only", "--format=").split() == [f"hosts/{APP}{CHRONY}"]
    everything = git(city, "log", "-p", "--all")
    assert [secret for secret in (*city.secrets, "hunter2", "swappiness = 7") if secret in everything] == []

    at = first["commit"][:12]
    shown = city.run("restore", APP, "--at", at, "--dry-run")
    assert (shown.code, f"from    backup {at} of " in shown.out) == (0, True), shown
    assert f"  {SYSCTL}\n" in shown.out, shown
    run = ("procedure", "run", "restore", "-e", f"target={APP}", "-e", f"at={at}")
    looked = city.run(*run, "--check")
    assert (looked.code, "swappiness = 7" in city.on(APP, "cat", SYSCTL)) == (0, True), looked
    before = len(city.runs())
    done = city.run(*run, "--yes")
    assert (done.code, city.on(APP, "cat", SYSCTL), kinds(city, before)) == (
        *(0, was),
        [("procedure", "done"), ("restore", "done")],
    ), done
    again = ansible(city, "restore", "-e", f"target={APP}", "-e", f"at={at}")
    assert (again.code, changed(again)) == (0, 0), again


def test_an_isolated_host_closes_its_ports_until_it_is_released(city: CitySlice) -> None:
    assert (let_through(city, 443), let_through(city, 22)) == ([True] * 2, [True] * 2)
    run = ("procedure", "run", "isolate", "--yes", "-e", f"target={APP}", "-e", "reason=malware")
    done = city.run(*run)
    assert done.code == 0, done
    assert (let_through(city, 443), let_through(city, 22)) == ([False] * 2, [True] * 2)
    kept_files = {file.stem for file in (city.home / "var/evidence").glob(f"*/{APP}/*.txt")}
    assert kept_files >= {"sockets", "processes", "filters", "logs"}

    done = city.run("deploy", APP, "--yes")
    assert done.out.startswith(f"held    {APP}: isolate until "), done
    assert "no changes" in done.out
    assert let_through(city, 443) == [False] * 2

    done = city.run("procedure", "run", "release", "--yes", "-e", f"target={APP}")
    assert (done.code, let_through(city, 443)) == (0, [True] * 2), done


def test_a_router_and_a_host_are_patched_although_another_does_not_answer(city: CitySlice) -> None:
    """The router is drained and given its traffic back, the host is rebooted; a second run does nothing."""
    city.on(PARTNER, "sh", "-c", f"{NOTHING_ELSE}; {UPDATE}")
    city.on(APP, "sh", "-c", f"{UPDATE}touch /var/run/reboot-required")
    before, first_boot = len(city.runs()), boot(city)
    faults.break_(city.lab.root, Fault("off", SPARE))
    try:
        everybody = f"{PARTNER} or {APP} or {SPARE}"
        done = city.run("procedure", "run", "patch", everybody, "--yes", "-e", "patch_max_fail=1")
    finally:
        faults.heal(city.lab.root, SPARE)
    assert (done.code, "2 done · 1 failed · run " in done.out) == (5, True), done
    assert re.search(rf"^  {SPARE}  UNREACHABLE  See whether it answers: .+$", done.out, re.MULTILINE), done
    assert [version(city, machine) for machine in (PARTNER, APP)] == ["2", "2"]
    assert boot(city) != first_boot
    drained = [("drain", "done")] * 2
    assert kinds(city, before) == [("procedure", "failed"), *drained]
    assert city.json("hold", "list") == []

    again = ansible(city, "patch", "--limit", f"{PARTNER}:{APP}")
    assert (again.code, changed(again), len(city.runs())) == (0, 0, before + 3), again
    for machine in (PARTNER, APP):
        city.on(machine, "sh", "-c", AS_BEFORE)


def test_a_machine_that_fails_says_why_and_the_rest_goes_on(city: CitySlice) -> None:
    """A router has no zone, so the variable is undefined there and nowhere else."""
    own = city.home / "playbooks"
    own.mkdir(exist_ok=True)
    task = "- name: Tell\n      ansible.builtin.debug: {msg: '{{ zone }}'}"
    (own / "tell.yml").write_text(f"- hosts: all\n  gather_facts: false\n  tasks:\n    {task}\n")
    done = city.run("procedure", "run", "tell", "--yes", CORE, "or", APP)
    assert done.code == 5, done
    assert re.search(rf"^  {CORE}  FAILED  Tell: .*'zone' is undefined$", done.out, re.MULTILINE), done.out
    assert "1 done · 1 failed · run " in done.out
