"""The FRR driver against real routers: what it promises, and what goes wrong on the way."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from infra_ctl.drivers.base import ConfigDriver
from infra_ctl.drivers.connection import Connection
from infra_ctl.drivers.frr import deadman, router
from infra_ctl.drivers.frr.driver import FRRDriver
from infra_ctl.drivers.frr.shell import Shell
from infra_ctl.drivers.registry import open_driver
from infra_ctl.drivers.ssh import SshRunner
from infra_ctl.errors import (
    BusyError,
    CredentialsError,
    DeviceError,
    HostKeyError,
    NoSpaceError,
    RejectedError,
    SessionLostError,
    UnreachableError,
)
from infra_ctl.lab import enter, faults, namespace
from tests.contract.config_driver_contract import ConfigDriverContract, Subject

pytestmark = pytest.mark.live

SECRET = "correct-horse"


def changed(base: str) -> str:
    """A running configuration and a bit more, a secret included."""
    return (
        base.removesuffix("end\n") + "interface eth0\n description Cần Thơ\n ip address 10.1.0.0/31\n"
        f" ip ospf message-digest-key 1 md5 {SECRET}\nexit\n!\n"
        "ip prefix-list CITY seq 5 permit 10.0.0.0/8 le 32\n!\nend\n"
    )


def locked_out(base: str) -> str:
    return base.removesuffix("end\n") + "interface mgmt0\n shutdown\nexit\n!\nend\n"


def until(condition: Callable[[], bool], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"did not come true in {seconds} s"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def connection(bare_lab) -> Connection:
    access = bare_lab.access
    address = bare_lab.spec.node("r1").management
    return Connection("r1", str(address), access.user, access.known_hosts, access.key, timeout=5.0)


@pytest.fixture(autouse=True)
def _in_the_management_network(bare_lab):
    with namespace.inside(bare_lab.access.namespace):
        yield


@pytest.fixture
def connect(connection) -> Callable[[], ConfigDriver]:
    return lambda: open_driver("frr", connection)


@pytest.fixture(scope="module")
def way_home(bare_lab, connection):
    """A route to the controller that FRR brings back with its interface: the lab's own is the kernel's."""
    controller = f"{bare_lab.spec.controller}/32"
    with namespace.inside(bare_lab.access.namespace):
        shell = Shell("r1", SshRunner.connect(connection))
        day0 = router.running(shell)
        put(shell, day0, day0.removesuffix("end\n") + f"ip route {controller} mgmt0\n!\nend\n")
        yield router.running(shell)
        route = ("ip", "route", "replace", controller, "dev", "mgmt0", "src", connection.address)
        namespace.run(enter.command(bare_lab.directory, "r1", route))
        shell = Shell("r1", SshRunner.connect(connection))
        put(shell, router.running(shell), day0)


@pytest.fixture
def base(connection, way_home) -> str:
    """What r1 runs, and runs again after the test."""
    yield way_home
    shell = Shell("r1", SshRunner.connect(connection))
    pending = deadman.pending(shell)
    if pending is not None:
        deadman.restore(shell, pending.token)
    if router.running(shell) != way_home:
        put(shell, router.running(shell), way_home)


def put(shell: Shell, running: str, wanted: str) -> None:
    token = deadman.new_token()
    deadman.commit(shell, wanted, base=running, revert_in=60, token=token)
    deadman.confirm(shell, token)


@pytest.fixture
def shell(connection, base) -> Shell:
    """For a look at the router beside the driver."""
    return Shell("r1", SshRunner.connect(connection))


def is_restored(connect, base: str) -> bool:
    """Whether the router can be reached, nothing is pending and it runs what it did."""
    try:
        with connect() as driver:
            return driver.pending() is None and driver.stage(base) == ""
    except DeviceError:
        return False


class TestContract(ConfigDriverContract):
    @pytest.fixture
    def subject(self, connect, base) -> Subject:
        return Subject(
            connect=connect,
            changed=changed,
            rejected=lambda running: running.replace("interface lo", "interfaces lo"),
            own=IPv4Address("10.0.0.1"),
            silent=IPv4Address("192.0.2.1"),
        )

    @pytest.fixture
    def base(self, base) -> str:  # the module's, in the place of the contract's
        return base


def test_a_refused_line_takes_the_whole_candidate_back(connect, base):
    """vtysh parses it, bgpd refuses it, and by then half of it is in force."""
    bad = (
        changed(base).removesuffix("end\n")
        + "router bgp 65000\n neighbor 10.0.0.1 remote-as 65000\nexit\nend\n"
    )
    number = bad.splitlines().index(" neighbor 10.0.0.1 remote-as 65000") + 1
    refusal = rf"line {number}: Can not configure the local system as neighbor"
    with connect() as driver, pytest.raises(RejectedError, match=refusal):
        driver.apply(bad, base=base, revert_in=30, token="run-1")
    assert is_restored(connect, base)


def test_a_line_that_does_not_parse_has_its_number(connect, base):
    with connect() as driver, pytest.raises(RejectedError, match="line 4: Unknown command: log syslogs"):
        driver.stage(base.replace("log syslog", "log syslogs"))


def test_the_start_up_file_is_the_confirmed_candidate(connect, shell, base):
    before = router.startup(shell)
    with connect() as driver:
        driver.apply(changed(base), base=base, revert_in=30, token="run-1")
        assert router.startup(shell) == before
        driver.confirm("run-1")
    assert router.startup(shell) == changed(base)
    assert shell.text("stat -c '%a %U %G' /etc/frr/frr.conf") == "640 frr frr\n"


def test_secrets_stay_nowhere_else(connect, shell, base):
    places = "/var /root /run /tmp"
    with connect() as driver:
        driver.apply(changed(base), base=base, revert_in=30, token="run-1")
        driver.confirm("run-1")
        driver.apply(base, base=driver.read(), revert_in=30, token="run-2")
        driver.confirm("run-2")
    assert shell.run(f"grep -rIls {SECRET} {places}").stdout == b""


def test_it_survives_its_session(connect, connection, base):
    """Cut in the middle of the reload: it goes on to its end, and the timer takes it back."""
    runner = SshRunner.connect(connection)
    shell = Shell("r1", runner)
    raised: list[BaseException] = []

    def commit() -> None:
        try:
            deadman.commit(shell, changed(base), base=base, revert_in=10, token="run-1")
        except DeviceError as error:
            raised.append(error)

    thread = threading.Thread(target=commit)
    thread.start()
    with connect() as other:
        until(lambda: other.pending() is not None)
        runner._connection.transport.sock.close()
        thread.join()
        assert isinstance(raised[0], SessionLostError)
        until(lambda: "Cần Thơ" in other.read(), 9.0)
    until(lambda: is_restored(connect, base))


def test_a_router_that_locked_itself_out_comes_back(connect, base):
    """Pain 2: a change that shuts the way in is taken back by the router itself."""
    started = time.monotonic()
    with connect() as driver, pytest.raises(SessionLostError):
        driver.apply(locked_out(base), base=base, revert_in=3, token="run-1")
    assert time.monotonic() - started >= 3
    until(lambda: is_restored(connect, base))


def test_a_reboot_takes_back_what_was_not_confirmed(bare_lab, connect, shell, base):
    """Somebody has even written it: the boot hook takes that back before FRR reads it."""
    with connect() as driver:
        driver.apply(changed(base), base=base, revert_in=120, token="run-1")
    shell.text("vtysh -c 'write memory'")
    assert "Cần Thơ" in router.startup(shell)
    faults.reboot(bare_lab.directory, "r1")
    until(lambda: is_restored(connect, base))


def test_a_reboot_keeps_what_was_confirmed(bare_lab, connect, base):
    with connect() as driver:
        driver.apply(changed(base), base=base, revert_in=120, token="run-1")
        driver.confirm("run-1")
    faults.reboot(bare_lab.directory, "r1")
    until(lambda: is_restored(connect, changed(base)))


def test_a_full_disk_touches_nothing(connect, shell, base):
    with connect() as driver:
        shell.run("cat /dev/zero >/var/fill")
        try:
            with pytest.raises(NoSpaceError):
                driver.apply(changed(base), base=base, revert_in=30, token="run-1")
            assert driver.read() == base
            assert driver.pending() is None
        finally:
            shell.text("rm /var/fill")


def test_a_disk_that_fills_up_leaves_the_commit_to_its_timer(connect, shell, base):
    with connect() as driver:
        driver.apply(changed(base), base=base, revert_in=10, token="run-1")
        shell.run("cat /dev/zero >/var/fill")
        try:
            with pytest.raises(NoSpaceError):
                driver.confirm("run-1")
            until(lambda: is_restored(connect, base))
        finally:
            shell.text("rm /var/fill")


def test_two_commits_at_once(connect, base):
    outcomes: list[str] = []

    def one(token: str) -> None:
        with connect() as driver:
            try:
                driver.apply(changed(base), base=base, revert_in=30, token=token)
                outcomes.append(token)
            except BusyError:
                outcomes.append("busy")

    threads = [threading.Thread(target=one, args=(token,)) for token in ("run-1", "run-2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("busy") == 1
    with connect() as driver:
        assert driver.pending().token in outcomes


def test_a_wrong_key(connection, tmp_path):
    key = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    with pytest.raises(CredentialsError):
        SshRunner.connect(replace(connection, key_file=key))
    with pytest.raises(CredentialsError):
        SshRunner.connect(replace(connection, key_file=tmp_path / "nowhere"))


def test_a_host_key_that_changed_and_one_that_nobody_knows(connection, bare_lab, tmp_path):
    known = connection.known_hosts.read_text().splitlines()
    of_r1, of_r2 = (
        next(line for line in known if line.startswith(f"{bare_lab.spec.node(name).management} "))
        for name in ("r1", "r2")
    )
    changed_key = tmp_path / "changed"
    changed_key.write_text(f"{connection.address} {of_r2.partition(' ')[2]}\n")
    with pytest.raises(HostKeyError, match="not the one that is pinned"):
        SshRunner.connect(replace(connection, known_hosts=changed_key))
    unknown = tmp_path / "unknown"
    unknown.write_text("\n".join(line for line in known if line != of_r1))
    with pytest.raises(HostKeyError, match="no host key"):
        SshRunner.connect(replace(connection, known_hosts=unknown))


@pytest.mark.parametrize(("address", "port"), [("192.0.2.1", 22), (None, 2222), ("no-such-host.invalid", 22)])
def test_nobody_is_there(connection, tmp_path, address, port):
    there = replace(connection, address=address or connection.address, port=port)
    name = there.address if port == 22 else f"[{there.address}]:{port}"
    pinned = connection.known_hosts.read_text().splitlines()[0].partition(" ")[2]
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(f"{name} {pinned}\n")
    with pytest.raises(UnreachableError):
        SshRunner.connect(replace(there, known_hosts=known_hosts))


def test_a_command_that_takes_too_long(connection):
    runner = SshRunner.connect(connection)
    with pytest.raises(SessionLostError, match="no answer within 1 s"):
        runner.run("sleep 5", timeout=1)
    assert runner.run("echo still here").stdout == b"still here\n"
    runner.close()
    assert not runner.is_alive()
    with pytest.raises(SessionLostError):
        runner.run("true")


def test_much_goes_through_a_session(connection):
    runner = SshRunner.connect(connection)
    much = b"x" * 3_000_000
    assert runner.run("cat", stdin=much).stdout == much
    assert runner.run("exit 7", stdin=much).rc == 7


class TestNapalm:
    @pytest.fixture
    def driver(self, connection, base):
        options = {"known_hosts": connection.known_hosts, "key_file": connection.key_file, "device": "r1"}
        driver = FRRDriver(connection.address, connection.username, "", timeout=5, optional_args=options)
        driver.open()
        yield driver
        driver.close()

    def test_replace_compare_commit_rollback(self, driver, base):
        driver.load_replace_candidate(config=changed(base))
        assert "+  description Cần Thơ" in driver.compare_config()
        driver.commit_config()
        assert driver.compare_config() == ""
        assert not driver.has_pending_commit()
        driver.load_replace_candidate(config=changed(base))
        assert driver.compare_config() == ""
        driver.rollback()
        driver.load_replace_candidate(config=base)
        assert driver.compare_config() == ""

    def test_merge_from_a_file(self, driver, base, tmp_path: Path):
        file = tmp_path / "lines"
        file.write_text("interface eth0\n description merged\n!\n")
        driver.load_merge_candidate(filename=str(file))
        assert driver.compare_config() == "+ interface eth0\n+  description merged\n"
        driver.commit_config()
        assert " description merged\n" in driver.get_config()["running"]
        assert " description merged\n" in driver.get_config()["startup"]

    def test_confirmed_commits(self, driver, base):
        driver.load_replace_candidate(config=changed(base))
        driver.commit_config(revert_in=60)
        assert driver.has_pending_commit()
        driver.confirm_commit()
        assert not driver.has_pending_commit()
        driver.load_replace_candidate(config=base)
        driver.commit_config(revert_in=60)
        driver.rollback()
        assert not driver.has_pending_commit()
        driver.load_replace_candidate(config=changed(base))
        assert driver.compare_config() == ""

    def test_discarding(self, driver, base):
        driver.load_replace_candidate(config=changed(base))
        driver.discard_config()
        assert driver.compare_config() == ""
        assert driver.get_config("running")["running"] == base

    def test_getters(self, driver, base):
        assert driver.is_alive() == {"is_alive": True}
        assert driver.get_facts()["os_version"].startswith("8.")
        assert driver.get_interfaces_ip()["lo"]["ipv4"] == {"10.0.0.1": {"prefix_length": 32}}
        assert driver.get_interfaces_counters()["mgmt0"]["rx_octets"] > 0
        assert driver.get_bgp_neighbors() in ({}, {"global": {"router_id": "", "peers": {}}})
        assert driver.get_route_to("10.20.255.254/32", "static") != {}
        assert driver.ping("10.0.0.1", count=1)["success"]["packet_loss"] == 0
        assert "error" in driver.ping("192.0.2.1", count=1)
        assert "FRRouting" in driver.cli(["show version"])["show version"]
