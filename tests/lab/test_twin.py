"""The twin itself, live: what it builds, what survives a power cut, what a fault does, what `down` leaves."""

from __future__ import annotations

import asyncio
import os
import pickle
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from infra_ctl.errors import InfraCtlError, LabError, LabUsageError, UnknownError
from infra_ctl.hosts.roles import loading, queues
from infra_ctl.intent.model import BgpNeighbour, DeviceIntent, Interface
from infra_ctl.lab import enter, external, faults, forward, model, namespace, twin
from infra_ctl.lab.state import Fault
from infra_ctl.render import day0

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("_can_run")]


Intents: TypeAlias = dict[str, DeviceIntent]


def addressed(intent: DeviceIntent) -> str:
    """A day-0 configuration with the addresses of every interface and OSPF on the links."""
    lines = [day0(intent)]
    for each in intent.interfaces[1:]:
        lines.append(f"interface {each.name}\n ip address {each.ipv4}\n ipv6 address {each.ipv6}\n")
        lines.append(" ip ospf area 0\n ip ospf hello-interval 1\n ip ospf network point-to-point\nexit\n")
    return "".join(lines) + f"router ospf\n ospf router-id {intent.router_id}\nexit\n"


def run_in(directory: Path, where: str, *argv: str, check: bool = True) -> str:
    done = subprocess.run(
        enter.command(directory, where, argv), capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 0 or not check, done.stderr
    return done.stdout + done.stderr


AF41 = "0x88"
"""As ping(8) wants it: with the two bits below it."""


def pings(directory: Path, where: str, target: str, count: int = 1, *more: str) -> float:
    """The share of pings that are answered."""
    argv = ("ping", "-q", "-i", "0.002", "-c", str(count), "-W", "1", *more, target)
    received = re.search(r"(\d+) received", run_in(directory, where, *argv, check=False))
    return int(received[1]) / count if received else 0.0  # no line of counts: no route


def eventually(holds: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"did not come true in {seconds} s"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def spec(lab_name: str, three_intents: Intents) -> model.TwinSpec:
    return model.spec(f"{lab_name}w", three_intents, day0=addressed, disk_mb=16)


@pytest.fixture(scope="module")
def directory(spec: model.TwinSpec, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A lab whose links have addresses; each test leaves it as it found it."""
    path = tmp_path_factory.mktemp("twin")
    twin.up(spec, path)
    yield path
    twin.down(path)


@pytest.fixture
def healed(directory: Path) -> Iterator[Path]:
    yield directory
    faults.heal(directory)


# --- what it builds


def test_a_login_lands_inside_its_node_with_the_pinned_host_key(directory: Path) -> None:
    access = enter.access(directory)
    ssh = ("ssh", "-i", str(access.key), "-o", f"UserKnownHostsFile={access.known_hosts}")
    strict = ("-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "root@10.0.0.2")
    with namespace.inside(access.namespace):
        argv = (*ssh, *strict, "hostname; vtysh -c 'show version'")
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("r2\nFRRouting")


def test_sshd_listens_on_the_management_address_only(directory: Path) -> None:
    listening = run_in(directory, "r1", "ss", "-Hltn", "sport = :22").split()
    assert [word for word in listening if word.endswith(":22")] == ["10.0.0.1:22"]


def test_frr_has_no_door_but_localhost(directory: Path) -> None:
    lines = run_in(directory, "r1", "ss", "-Hltnp").splitlines()
    doors = {line.split()[3] for line in lines if "sshd" not in line and "bgpd" not in line}
    assert doors
    assert all(door.startswith("127.0.0.1:") for door in doors)


def test_the_machine_itself_has_no_lab_address_and_no_route_to_one(directory: Path) -> None:
    argv = ("ip", "-o", "address"), ("ip", "-o", "route", "show", "table", "all")
    text = "".join(subprocess.run(each, capture_output=True, text=True, check=True).stdout for each in argv)
    assert [address for address in ("10.0.0.", "10.20.255.", "10.1.0.", "2001:db8") if address in text] == []


def test_management_is_no_way_between_devices(directory: Path) -> None:
    routes = run_in(directory, "r1", "ip", "route", "show", "dev", "mgmt0")
    assert routes.split() == ["10.20.255.254", "scope", "link"]
    assert " src 10.0.0.1 " in run_in(directory, "r1", "ip", "route", "get", "10.20.255.254")
    run_in(directory, "r1", "ip", "route", "add", "10.0.0.99/32", "via", "10.20.255.254")
    try:
        assert pings(directory, "r1", "10.0.0.99") == 0
        assert run_in(directory, "mgmt", "cat", "/proc/sys/net/ipv4/ip_forward") == "0\n"
    finally:
        run_in(directory, "r1", "ip", "route", "del", "10.0.0.99/32")


def test_the_way_in_comes_back_with_the_address(directory: Path) -> None:
    for line in ("no ip address 10.0.0.1/32", "ip address 10.0.0.1/32"):
        assert pings(directory, "mgmt", "10.0.0.1") == (1.0 if line.startswith("no") else 0.0)
        run_in(directory, "r1", "vtysh", "-c", "configure", "-c", "interface lo", "-c", line)
    assert pings(directory, "mgmt", "10.0.0.1") == 1.0


def test_a_link_carries_its_mtu_and_no_more(directory: Path) -> None:
    whole = ("ping", "-c1", "-W1", "-M", "do", "-s")
    run_in(directory, "r2", *whole, "1372", "10.1.0.3")
    assert "too long" in run_in(directory, "r2", *whole, "1373", "10.1.0.3", check=False)
    run_in(directory, "r2", *whole, "1472", "10.1.0.0")


def test_routers_forward_and_ospf_finds_the_other_end(directory: Path) -> None:
    eventually(lambda: pings(directory, "r1", "10.1.0.3") == 1.0, 30)


def test_a_node_sees_nothing_of_root_and_no_passwords(directory: Path) -> None:
    assert ".bashrc" not in run_in(directory, "r1", "ls", "-A", "/root").split()
    assert run_in(directory, "r1", "cat", "/etc/shadow") == "root:*:19000:0:99999:7:::\n"
    assert run_in(directory, "r1", "ls", "/etc/ssh").split() == ["ssh_host_ed25519_key", "sshd_config"]


def test_a_segment_of_two_routers_joins_them(lab_name: str, three_intents: Intents, tmp_path: Path) -> None:
    def on_shared_lan(intent: DeviceIntent, address: str) -> DeviceIntent:
        lan = replace(intent.interfaces[2], circuit="zone", ipv4=IPv4Interface(address))
        return replace(intent, interfaces=(*intent.interfaces[:2], lan))

    intents = {
        "r1": on_shared_lan(three_intents["r1"], "10.16.2.1/24"),
        "r3": on_shared_lan(three_intents["r3"], "10.16.2.2/24"),
    }
    twin.up(model.spec(f"{lab_name}s", intents, day0=addressed), tmp_path)
    try:
        eventually(lambda: pings(tmp_path, "r1", "10.16.2.2") == 1.0)
        assert "state UP" in run_in(
            tmp_path, "r1", "ip", "link", "show", "eth0"
        )  # its neighbour is not there
    finally:
        twin.down(tmp_path)


def test_an_external_gives_the_edge_a_default_route(
    lab_name: str, three_intents: Intents, tmp_path: Path
) -> None:
    uplink = Interface(
        "eth9", "peering", "isp", 1500, IPv4Interface("203.0.113.1/31"), None, None, None, neighbour="isp"
    )
    isp = BgpNeighbour(IPv4Address("203.0.113.0"), "isp", "external", 64500, "vault:x", ("ipv4",), 10)
    edge = three_intents["r1"]
    assert edge.bgp is not None
    edge = replace(edge, interfaces=(*edge.interfaces, uplink), bgp=replace(edge.bgp, neighbours=(isp,)))
    config = (
        f"{day0(edge)}interface eth9\n ip address 203.0.113.1/31\nexit\n"
        "router bgp 4200000092\n no bgp ebgp-requires-policy\n"
        " neighbor 203.0.113.0 remote-as 64500\n neighbor 203.0.113.0 password p\n"
    )
    outside = external.External("isp", "p", (IPv4Network("198.51.100.0/24"),))
    twin.up(model.spec(f"{lab_name}e", {"r1": edge}, [outside], day0=lambda _: config), tmp_path)
    try:
        eventually(lambda: pings(tmp_path, "r1", "198.51.100.1") == 1.0, 30)
        assert "B>* 0.0.0.0/0 [20/0] via 203.0.113.0" in run_in(
            tmp_path, "r1", "vtysh", "-c", "show ip route bgp"
        )
    finally:
        twin.down(tmp_path)


def test_a_new_device_has_its_day_0_and_nothing_else(bare_lab: Any) -> None:
    running = run_in(bare_lab.directory, "r2", "vtysh", "-c", "show running-config no-header")
    first = day0(bare_lab.intents["r2"])
    significant = [line for line in running.splitlines() if line not in ("!", "end", "", "exit")]
    assert [line for line in significant if not line.startswith("frr version")] == [
        line for line in first.splitlines() if line not in ("!", "exit")
    ]


def test_a_shell_is_inside_its_node(directory: Path) -> None:
    argv = (*enter.shell(directory, "r3"), "-i")
    done = subprocess.run(argv, input="hostname; echo $PS1\n", capture_output=True, text=True, check=True)
    assert done.stdout == "r3\nr3:\\w#\n"


# --- power


def test_a_reboot_keeps_the_disk_and_nothing_else(directory: Path) -> None:
    before = enter.command(directory, "r1", ())
    run_in(directory, "r1", "sh", "-c", "echo kept >/var/lib/infra-ctl/mark; touch /run/lost /tmp/lost")
    run_in(directory, "r1", "ip", "address", "add", "192.0.2.1/32", "dev", "eth0")
    run_in(directory, "r1", "ip", "route", "add", "blackhole", "192.0.2.9/32")
    run_in(
        directory,
        "r1",
        "vtysh",
        "-c",
        "conf t",
        "-c",
        "interface eth0",
        "-c",
        "description kept",
        "-c",
        "end",
    )
    run_in(directory, "r1", "vtysh", "-c", "write memory")
    faults.reboot(directory, "r1")
    assert enter.command(directory, "r1", ()) != before
    assert run_in(directory, "r1", "cat", "/var/lib/infra-ctl/mark") == "kept\n"
    assert run_in(directory, "r1", "ls", "/run/lost", "/tmp/lost", check=False).count("No such file") == 2
    assert "192.0.2." not in run_in(directory, "r1", "ip", "address") + run_in(directory, "r1", "ip", "route")
    assert "description kept" in run_in(directory, "r1", "vtysh", "-c", "show running-config")
    loopback = run_in(directory, "r1", "ip", "-o", "address", "show", "dev", "lo")
    assert [line.split()[3] for line in loopback.splitlines()] == [
        *("127.0.0.1/8", "10.0.0.1/32"),
        *("2001:db8:9200::1/128", "::1/128"),
    ]
    eventually(lambda: pings(directory, "r1", "10.1.0.1") == 1.0)


def test_the_deadman_hook_runs_before_frr(directory: Path) -> None:
    hook = '#!/bin/sh\necho "$1 zebra=$(pidof zebra)" >/var/lib/infra-ctl/boot\nexit 3\n'
    path = "/usr/local/sbin/infra-ctl-deadman"
    run_in(directory, "r1", "sh", "-c", f"printf %s '{hook}' >{path}; chmod +x {path}")
    try:
        faults.reboot(directory, "r1")
        assert run_in(directory, "r1", "cat", "/var/lib/infra-ctl/boot") == "boot zebra=\n"
    finally:
        run_in(directory, "r1", "rm", path)


def test_a_node_without_power_is_dark(healed: Path) -> None:
    faults.break_(healed, Fault("off", "r1"))
    assert "NO-CARRIER" in run_in(healed, "r2", "ip", "link", "show", "eth0")
    assert "state UP" in run_in(healed, "r2", "ip", "link", "show", "eth1")
    status = twin.status(healed)
    assert status is not None
    assert [node.hostname for node in status.nodes if node.pid is None] == ["r1"]
    assert status.built
    with pytest.raises(LabError, match="r1 is off: infra-ctl lab heal r1"):
        enter.command(healed, "r1", ("true",))
    assert faults.heal(healed) == (Fault("off", "r1"),)
    eventually(lambda: pings(healed, "r2", "10.1.0.0") == 1.0)


def test_a_full_disk_stays_full_over_a_reboot_and_lets_us_in(directory: Path) -> None:
    fill = "dd if=/dev/zero of=/var/lib/infra-ctl/filler bs=4k 2>&1 | grep -c 'No space left'"
    assert run_in(directory, "r3", "sh", "-c", fill) == "1\n"
    assert run_in(directory, "r3", "df", "--output=fstype", "/var/tmp").split() == ["Type", "tmpfs"]
    try:
        faults.reboot(directory, "r3")
        assert "No space left" in run_in(
            directory,
            "r3",
            "dd",
            "if=/dev/zero",
            "of=/var/lib/infra-ctl/more",
            "bs=1M",
            "count=1",
            check=False,
        )
        assert "hostname r3" in run_in(directory, "r3", "vtysh", "-c", "show running-config")
    finally:
        run_in(directory, "r3", "sh", "-c", "rm /var/lib/infra-ctl/*")


def test_term_ends_a_node_by_its_own_hand_and_up_starts_it(healed: Path, spec: model.TwinSpec) -> None:
    run_in(healed, "r3", "touch", "/etc/mark")
    pid = int(enter.command(healed, "r3", ())[2])
    others = enter.command(healed, "r1", ())
    os.kill(pid, signal.SIGTERM)
    eventually(lambda: not namespace.processes([spec.namespace("r3")]))
    with pytest.raises(LabError, match="r3 is off: infra-ctl lab up"):
        enter.command(healed, "r3", ())
    twin.up(spec, healed)
    run_in(healed, "r3", "rm", "/etc/mark")
    assert enter.command(healed, "r1", ()) == others


def test_up_leaves_off_what_is_off_on_purpose(healed: Path, spec: model.TwinSpec) -> None:
    faults.break_(healed, Fault("off", "r3"))
    twin.up(spec, healed)
    with pytest.raises(LabError, match="r3 is off: infra-ctl lab heal r3"):
        enter.command(healed, "r3", ())


# --- faults


def test_a_cut_circuit_carries_nothing_and_keeps_its_light(healed: Path) -> None:
    eventually(lambda: pings(healed, "r1", "10.1.0.1") == 1.0)
    faults.break_(healed, Fault("cut", "c12"))
    assert pings(healed, "r1", "10.1.0.1") == 0
    assert "state UP" in run_in(healed, "r1", "ip", "link", "show", "eth0")
    eventually(lambda: pings(healed, "r2", "10.1.0.3") == 1.0)  # the other circuit
    faults.reboot(healed, "r1")
    assert pings(healed, "r1", "10.1.0.1") == 0  # a cut is not in the node
    faults.heal(healed, "c12")
    eventually(lambda: pings(healed, "r1", "10.1.0.1") == 1.0)


def test_a_dark_cut_takes_the_light_away(healed: Path) -> None:
    faults.break_(healed, Fault("cut", "c12", dark=True))
    assert "state DOWN" in run_in(healed, "r1", "ip", "link", "show", "eth0")
    assert "state DOWN" in run_in(healed, "r2", "ip", "link", "show", "eth0")
    faults.heal(healed)
    eventually(lambda: pings(healed, "r1", "10.1.0.1") == 1.0)


def test_loss_is_what_was_asked(healed: Path) -> None:
    faults.break_(healed, Fault("loss", "c12", 0.2))
    answered = pings(healed, "r1", "10.1.0.1", 400)
    assert 0.52 < answered < 0.76  # 0.8 there and 0.8 back; five standard deviations
    faults.break_(healed, Fault("loss", "c12", 0.99999))
    assert pings(healed, "r1", "10.1.0.1", 5) == 0
    faults.break_(healed, Fault("loss", "c12", 0.99999, video=True))
    for address in ("10.1.0.1", "2001:db8:9201::1"):
        assert pings(healed, "r1", address, 5, "-Q", AF41) == 0
        assert pings(healed, "r1", address, 20) == 1.0
    assert len(faults.heal(healed)) == 1
    assert pings(healed, "r1", "10.1.0.1", 100) == 1.0


def throughput(spec: model.TwinSpec, seconds: float) -> float:
    """Mbit/s of one TCP stream from r1 to r2 over c12."""
    with namespace.inside(spec.namespace("r2")):
        server = socket.create_server(("10.1.0.1", 5001))
    with server:
        with namespace.inside(spec.namespace("r1")):
            sender = socket.create_connection(("10.1.0.1", 5001), timeout=5)
        receiver, _ = server.accept()
    end = time.monotonic() + seconds
    received = 0

    def send() -> None:
        while time.monotonic() < end:
            sender.send(bytes(65536))
        sender.close()

    thread = threading.Thread(target=send)
    thread.start()
    start = time.monotonic()
    with receiver:
        while data := receiver.recv(1 << 20):
            received += len(data)
    thread.join()
    return received * 8 / 1e6 / (time.monotonic() - start)


def test_a_rate_is_kept(healed: Path, spec: model.TwinSpec) -> None:
    faults.break_(healed, Fault("rate", "c12", 10))
    assert 5 < throughput(spec, 2.0) < 10.5
    faults.heal(healed)
    assert throughput(spec, 0.5) > 50


def test_a_limit_gives_a_routers_own_queues_back(healed: Path, spec: model.TwinSpec) -> None:
    script = loading.script_of(queues.NAME)
    port = next(end.interface for end in (spec.link("c12").a, spec.link("c12").z) if end.node == "r1")
    run_in(healed, "r1", "mkdir", "-p", str(Path(script).parent))
    queue = f"tc qdisc replace dev {port} root handle 1: htb default 0x50"
    run_in(healed, "r1", "sh", "-c", f"printf '#!/bin/sh\\n{queue}\\n' >{script} && chmod 755 {script}")
    run_in(healed, "r1", script, "load")
    try:
        faults.break_(healed, Fault("rate", "c12", 10))
        assert " tbf " in run_in(healed, "r1", "tc", "qdisc", "show", "dev", port)
        faults.heal(healed)
        assert "qdisc htb 1: root" in run_in(healed, "r1", "tc", "qdisc", "show", "dev", port)
    finally:
        run_in(healed, "r1", "rm", script)
        run_in(healed, "r1", "tc", "qdisc", "replace", "dev", port, "root", "noqueue")


def test_a_killed_daemon_stays_away_until_healed(healed: Path) -> None:
    faults.break_(healed, Fault("killed", "r3/ospfd"))
    assert "ospfd is not running" in run_in(healed, "r3", "vtysh", "-c", "show ip ospf", check=False)
    (healed_fault,) = faults.heal(healed)
    assert healed_fault.object == "r3/ospfd"
    assert "OSPF Routing Process, Router ID: 10.0.0.3" in run_in(healed, "r3", "vtysh", "-c", "show ip ospf")


def test_a_reboot_starts_killed_daemons_and_forgets_them(healed: Path) -> None:
    faults.break_(healed, Fault("killed", "r3/ospfd"))
    faults.reboot(healed, "r3")
    assert faults.heal(healed) == ()
    assert "OSPF Routing Process" in run_in(healed, "r3", "vtysh", "-c", "show ip ospf")


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        (Fault("cut", "c99"), UnknownError, "no circuit 'c99'"),
        (Fault("off", "r9"), UnknownError, "no node 'r9'"),
        (Fault("killed", "r1/ripd"), LabUsageError, "r1/ripd: no such daemon"),
        (Fault("loss", "c12", 1.5), LabUsageError, "give a ratio"),
        (Fault("rate", "c12"), LabUsageError, "give Mbit/s"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_and_not_recorded(
    directory: Path, fault: Fault, error: type[InfraCtlError], says: str
) -> None:
    with pytest.raises(error, match=says):
        faults.break_(directory, fault)
    status = twin.status(directory)
    assert status is not None
    assert status.faults == ()


# --- up and down


def small(name: str, intents: Intents) -> model.TwinSpec:
    return model.spec(name, {"r1": intents["r1"], "r2": intents["r2"]}, disk_mb=16)


def machine(directory: Path, name: str) -> dict[str, object]:
    """What there is on this machine that a lab could have left."""
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    return {
        "namespaces": sorted(path.name for path in namespace.RUN.glob(f"{name}-*")),
        "mounts": [line for line in mounts if str(directory) in line or f"/{name}-" in line],
        "links": sorted(path.name for path in Path("/sys/class/net").iterdir()),
        "cgroups": sorted(str(path) for path in Path("/sys/fs/cgroup").rglob(f"*{name}*")),
        "processes": [command for command in commands if str(directory).encode() in command],
    }


def test_down_leaves_keys_and_logs(lab_name: str, three_intents: Intents, tmp_path: Path) -> None:
    spec = small(f"{lab_name}d", three_intents)
    before = machine(tmp_path, spec.name)
    twin.up(spec, tmp_path)
    during = machine(tmp_path, spec.name)
    pids = [pid for found in namespace.processes(spec.namespaces()).values() for pid in found]
    pinned = enter.access(tmp_path).known_hosts.read_text()
    assert len(during["namespaces"]) == 4  # type: ignore[arg-type]
    assert during["mounts"]
    assert during["processes"]
    assert during["links"] == before["links"]
    assert len(pids) >= 2 * 8
    assert twin.down(tmp_path)
    assert machine(tmp_path, spec.name) == before
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keys", "lock", "logs"]
    assert twin.status(tmp_path) is None
    assert not twin.down(tmp_path)
    twin.up(spec, tmp_path)
    assert enter.access(tmp_path).known_hosts.read_text() == pinned
    twin.down(tmp_path)


BUILDER = """\
import os, pathlib, pickle, signal, sys
from infra_ctl.lab import twin
spec = pickle.load(sys.stdin.buffer)
def die(stage, done, of):
    if (stage, done) == (sys.argv[2], int(sys.argv[3])):
        os.kill(os.getpid(), signal.SIGKILL)
twin.up(spec, pathlib.Path(sys.argv[1]), die)
"""


@pytest.mark.parametrize(
    ("stage", "done"), [("keys", 0), ("cables", 0), ("start", 0), ("start", 1), ("start", 3)]
)
def test_up_over_a_killed_builder_builds_anew(
    stage: str, done: int, lab_name: str, three_intents: Intents, tmp_path: Path
) -> None:
    spec = model.spec(f"{lab_name}c", three_intents, disk_mb=16)
    argv = (sys.executable, "-c", BUILDER, str(tmp_path), stage, str(done))
    ended = subprocess.run(argv, input=pickle.dumps(spec), check=False)
    assert ended.returncode == -signal.SIGKILL
    crashed = twin.status(tmp_path)
    assert crashed is not None
    assert not crashed.built
    with pytest.raises(LabError, match="is not whole: infra-ctl lab up --context lab:"):
        enter.access(tmp_path)
    try:
        twin.up(spec, tmp_path)
        built = twin.status(tmp_path)
        assert built is not None
        assert all(node.pid for node in built.nodes)
        assert "hostname r3" in run_in(tmp_path, "r3", "vtysh", "-c", "show running-config")
    finally:
        twin.down(tmp_path)


def test_up_twice_changes_nothing_and_another_spec_is_refused(directory: Path, spec: model.TwinSpec) -> None:
    before = twin.status(directory)
    twin.up(spec, directory)
    assert twin.status(directory) == before
    with pytest.raises(LabError, match="another lab is up"):
        twin.up(replace(spec, disk_mb=32), directory)


def test_two_labs_of_one_name_are_refused_and_of_two_names_run(
    directory: Path,
    spec: model.TwinSpec,
    lab_name: str,
    three_intents: Intents,
    tmp_path: Path,
) -> None:
    with pytest.raises(LabError, match="is up from another folder"):
        twin.up(spec, tmp_path)
    assert twin.status(tmp_path) is None
    twin.up(small(f"{lab_name}x", three_intents), tmp_path)  # the same addresses
    try:
        assert run_in(tmp_path, "r1", "hostname") == run_in(directory, "r1", "hostname")
    finally:
        twin.down(tmp_path)
    assert run_in(directory, "r1", "hostname") == "r1\n"


def test_a_node_that_does_not_start_takes_the_lab_down_and_says_why(
    lab_name: str, three_intents: Intents, tmp_path: Path
) -> None:
    spec = small(f"{lab_name}f", three_intents)
    broken = replace(spec, nodes=(spec.nodes[0], replace(spec.nodes[1], daemons=("nosuchd",))))
    with pytest.raises(LabError, match=r"r2 did not start: .*nosuchd: not found; see .*r2\.log"):
        twin.up(broken, tmp_path)
    assert twin.status(tmp_path) is None
    assert machine(tmp_path, spec.name)["namespaces"] == []
    assert machine(tmp_path, spec.name)["mounts"] == []


def test_a_refused_line_does_not_stop_a_node(lab_name: str, three_intents: Intents, tmp_path: Path) -> None:
    spec = model.spec(
        f"{lab_name}l", {"r1": three_intents["r1"]}, day0=lambda it: f"no such line\n{day0(it)}"
    )
    twin.up(spec, tmp_path)
    try:
        assert "hostname r1" in run_in(tmp_path, "r1", "vtysh", "-c", "show running-config")
        assert "refused some lines" in (tmp_path / "logs" / "r1.log").read_text()
    finally:
        twin.down(tmp_path)


# --- ways in


def test_a_relay_leads_a_loopback_port_into_the_lab(directory: Path) -> None:
    name = enter.access(directory).namespace
    with namespace.inside(name):
        server = socket.create_server(("10.20.255.254", 8080))
    server.settimeout(60)
    reply = bytes(range(256)) * 4096

    def serve() -> None:
        with server:
            connection, _ = server.accept()
        with connection:
            connection.recv(16)
            connection.sendall(reply)

    thread = threading.Thread(target=serve)
    thread.start()
    assert asyncio.run(_through_relay(name, 8080)) == reply
    thread.join()


def test_a_relay_closes_what_nobody_answers(directory: Path) -> None:
    told: list[str] = []
    name = enter.access(directory).namespace
    assert asyncio.run(_through_relay(name, 8081, lambda _way, cause: told.append(cause))) == b""
    assert told == ["Connection refused"]


async def _through_relay(
    name: str, to_port: int, refused: forward.Refused = lambda _way, _cause: None
) -> bytes:
    listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    one = forward.Forward(0, IPv4Address("10.20.255.254"), to_port)
    relay = asyncio.create_task(
        forward.relay(lambda _address: name, [one], lambda ports: listening.set_result(ports[0]), refused)
    )
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", await listening)
        writer.write(b"hello")
        writer.write_eof()
        received = await asyncio.wait_for(reader.read(), 60)
        writer.close()
        return received
    finally:
        relay.cancel()
        await asyncio.gather(relay, return_exceptions=True)


def test_entering_moves_this_thread_and_those_it_starts(directory: Path) -> None:
    code = (
        "import sys, threading, pathlib, os\n"
        "from infra_ctl.lab import enter\n"
        "enter.enter_management(pathlib.Path(sys.argv[1]))\n"
        "ids = [os.stat('/proc/thread-self/ns/net').st_ino]\n"
        "thread = threading.Thread(target=lambda: ids.append(os.stat('/proc/thread-self/ns/net').st_ino))\n"
        "thread.start(); thread.join(); print(*ids)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(directory)], capture_output=True, text=True, check=True
    )
    wanted = (namespace.RUN / enter.access(directory).namespace).stat().st_ino
    assert [int(word) for word in done.stdout.split()] == [wanted, wanted]


def test_inside_comes_back(directory: Path) -> None:
    own = Path("/proc/thread-self/ns/net").stat().st_ino
    name = enter.access(directory).namespace
    with namespace.inside(name):
        assert Path("/proc/thread-self/ns/net").stat().st_ino != own
    assert Path("/proc/thread-self/ns/net").stat().st_ino == own
    with pytest.raises(LabError, match="in a hurry"), namespace.inside(name):
        raise LabError("left in a hurry")
    assert Path("/proc/thread-self/ns/net").stat().st_ino == own
    with pytest.raises(LabError, match="is its lab up"), namespace.inside("t-nothing"):
        pass
