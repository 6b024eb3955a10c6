"""Real Debians with systemd, through the worker: converged, kept from locking us out, broken in every way.

Two hosts of the management zone are driven from the network of a third one beside them, which serves their
packages too: no router has to be configured for that.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from infra_ctl.change.operations import Absent, File, Folder, Operation, Packages, Run, Service, User
from infra_ctl.drivers.connection import Connection
from infra_ctl.drivers.hosts import HostEnd, HostWork, Prediction
from infra_ctl.drivers.pyinfra import COMMAND, PyinfraHosts
from infra_ctl.errors import BusyError, CredentialsError, DeviceError, HostKeyError, UnreachableError
from infra_ctl.lab import host
from infra_ctl.lab.requirements import requirements
from tests.lab.city_slice import REFERENCE, until

pytestmark = pytest.mark.live

ONE, TWO, BESIDE = "dc-dns-1", "dc-ntp-1", "dc-log-1"
ADDRESS = {ONE: "10.20.0.17", TWO: "10.20.0.16", BESIDE: "10.20.0.18"}

CUT = "sync; systemctl reboot --force --force; sleep 600"
"""An operation at which a host reboots as if by its button: whatever runs on it dies with it."""

SOURCES = File(
    id="base/sources",
    path="/etc/apt/sources.list",
    text=f"deb [trusted=yes] http://{ADDRESS[BESIDE]}/ ./\n",
)
SITE = File(
    id="portal/site",
    path="/etc/nginx/conf.d/site.conf",
    text="server { listen 8080; return 200 one; }\n",
    validate_by="grep -q listen {}",
)
NGINX = Service(
    id="portal/nginx",
    unit="nginx",
    reload_after=("portal/site",),
    test="nginx -t",
)
PORTAL = (
    SOURCES,
    Packages(id="portal/packages", names=("nginx-light",)),
    Folder(id="portal/www", path="/srv/www/a", mode="750", group="www-data"),
    SITE,
    User(id="portal/user", name="ann", shell="/bin/bash", keys=("ssh-ed25519 AAAAC3Nza ann",)),
    Absent(id="portal/default", path="/etc/nginx/sites-enabled/default"),
    NGINX,
    Run(id="portal/key", command="umask 077; echo key >/srv/www/key", unless="test -s /srv/www/key"),
)


@dataclass(frozen=True)
class Pair:
    """Two hosts, as seen from the one beside them."""

    folder: Path
    hosts: PyinfraHosts

    def connection(self, name: str) -> Connection:
        keys = self.folder / "keys"
        return Connection(
            name, ADDRESS[name], "infra", keys / "known_hosts", keys / "controller", timeout=10, sudo=True
        )

    def work(self, name: str, *operations: Operation, **connection) -> HostWork:
        return HostWork(name, replace(self.connection(name), **connection), operations)

    def apply(self, *works: HostWork, told=lambda _part, _what: None, revert_in: int = 12, **options):
        options = {"token": "run-1", "fence": {}} | options
        return self.hosts.apply(works, revert_in=revert_in, told=told, **options)

    def predicted(self, name: str, *operations: Operation) -> list[str]:
        """Ids of what would be done, once the host can be reached."""
        deadline = time.monotonic() + 180
        while isinstance(said := self.hosts.predict([self.work(name, *operations)])[name], DeviceError):
            assert time.monotonic() < deadline, said
            time.sleep(0.3)
        return [each.id for each in said.changes]

    def on(self, name: str, script: str) -> str:
        """Run something as root on a host, whatever its firewall says."""
        supplied = int((self.folder / "nodes" / name / "pid").read_text())
        command = ("nsenter", "-t", str(host.process_one(supplied)), "-a", "sh", "-c", script)
        return subprocess.run(command, capture_output=True, check=True, text=True, timeout=60).stdout


def lab(name: str, var: Path, *arguments: str) -> None:
    command = (sys.executable, "-m", "infra_ctl.cli.app", "lab", *arguments, "--context", f"lab:{name}")
    environment = os.environ | {"INFRA_CTL_VAR": str(var), "INFRA_CTL_INVENTORY": str(REFERENCE)}
    subprocess.run(command, check=True, timeout=900, env=environment)


@pytest.fixture(scope="module")
def pair(_can_run, lab_name, tmp_path_factory) -> Iterator[Pair]:
    var, name = tmp_path_factory.mktemp("hosts"), f"{lab_name}driven"
    if missing := requirements(var, hosts=True):
        pytest.skip(f"no lab with hosts here: {'; '.join(missing)}")
    folder = var / "lab" / name
    inside = ("ip", "netns", "exec", f"{name}-{BESIDE}")
    lab(name, var, "up", "dc-core1", "--hosts", " or ".join(f"host={each}" for each in ADDRESS))
    try:
        serve = (
            *inside,
            sys.executable,
            "-m",
            "http.server",
            "80",
            "--directory",
            str(folder / "image/packages"),
        )
        with subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
            try:
                listening = (*inside, "ss", "-Hltn", "sport = :80")
                until(lambda: subprocess.run(listening, capture_output=True, check=True).stdout != b"")
                with PyinfraHosts((*inside, *COMMAND)) as hosts:
                    yield Pair(folder, hosts)
            finally:
                server.terminate()
    finally:
        lab(name, var, "down")


@pytest.fixture
def converged(pair) -> Pair:
    """Both are portals, with nothing else on them that a test may have left."""
    pair.on(ONE, "umount /etc/full 2>/dev/null; nft flush ruleset")
    ends = pair.apply(pair.work(ONE, *PORTAL), pair.work(TWO, *PORTAL))
    assert {end.state for end in ends.values()} == {"done"}
    return pair


def test_what_is_predicted_is_done_and_the_second_run_does_nothing(pair):
    works = [pair.work(name, *PORTAL) for name in (ONE, TWO)]
    predicted = pair.hosts.predict(works)
    told: list[tuple[str, str]] = []
    ends = pair.apply(*works, told=lambda part, what: told.append((part, what.id)))
    for name in (ONE, TWO):
        expected = predicted[name]
        assert isinstance(expected, Prediction)
        foreseen = [each.id for each in PORTAL if each.id != "portal/default"]  # it comes with the package
        assert [each.id for each in expected.changes] == foreseen
        assert ends[name].state == "done"
        assert [each.id for each in ends[name].done] == [id_ for part, id_ in told if part == name]
        assert {each.id for each in ends[name].done} == {each.id for each in PORTAL}
        assert pair.on(name, "stat -c '%a %U:%G' /srv/www/a") == "750 root:www-data\n"
        assert pair.on(name, "cat /home/ann/.ssh/authorized_keys") == "ssh-ed25519 AAAAC3Nza ann\n"
        assert pair.on(name, "stat -c '%a' /srv/www/key") == "600\n"
    nothing = pair.hosts.predict(works, kept=["portal/site"])
    assert nothing == {name: Prediction((), {"portal/site": SITE.text}) for name in (ONE, TWO)}
    moved = SITE.model_copy(update={"text": SITE.text.replace("one", "two")})
    changes = pair.hosts.predict([pair.work(ONE, moved, NGINX)])[ONE].changes
    assert [(each.says, each.diff) for each in changes] == [
        (SITE.path, f"- {SITE.text}+ {moved.text.rstrip()}"),
        ("reload nginx", ""),
    ]


def firewall(rule: str) -> tuple[Operation, ...]:
    chain = f"chain input {{\ntype filter hook input priority filter; policy accept;\n{rule}\n}}"
    rules = f"flush ruleset\ntable inet filter {{\n{chain}\n}}\n"
    return (
        File(
            id="firewall/rules",
            path="/etc/nftables.conf",
            text=rules,
            validate_by="nft -c -f {}",
            guarded=True,
        ),
        Service(id="firewall/nftables", unit="nftables", reload_after=("firewall/rules",)),
        File(id="later/file", path="/root/later", text="later\n"),
    )


@pytest.mark.parametrize("rule", ["tcp dport 22 drop", "tcp dport 22 ct state new drop"])
def test_a_firewall_that_locks_us_out_is_taken_back_by_itself(converged, rule):
    sooner = File(id="sooner/file", path="/root/sooner", text=rule)
    before = converged.on(ONE, "nft list ruleset; systemctl is-enabled nftables || :")
    end = converged.apply(converged.work(ONE, sooner, *firewall(rule)), converged.work(TWO, sooner))[ONE]
    assert (end.state, end.at) == ("taken back", "firewall/nftables")
    assert end.cause.startswith("locks us out: ")
    assert [each.id for each in end.done] == ["sooner/file"]
    assert converged.on(ONE, "nft list ruleset; systemctl is-enabled nftables || :") == before
    left = converged.predicted(ONE, sooner, *firewall(rule))
    assert left == ["firewall/rules", "firewall/nftables", "later/file"]


def test_a_firewall_that_lets_us_in_stays(converged):
    rule = "tcp dport 23 drop"
    end = converged.apply(converged.work(ONE, *firewall(rule)), revert_in=120)[ONE]
    assert end.state == "done"
    assert "dport 23" in converged.on(ONE, "nft list ruleset")
    assert converged.predicted(ONE, *firewall(rule)) == []


def test_a_power_cut_on_trial_comes_up_with_what_was_there(converged):
    before = converged.apply(converged.work(TWO, *firewall("tcp dport 24 drop")), revert_in=120)[TWO]
    assert before.state == "done"
    cut = Run(id="firewall/cut", command=CUT, after=("firewall/rules",))
    end = converged.apply(converged.work(TWO, *firewall("tcp dport 25 drop"), cut), revert_in=120)[TWO]
    assert (end.state, end.at) == ("taken back", "firewall/cut")
    assert "dport 24" in converged.on(TWO, "nft list ruleset")


def test_what_goes_wrong_on_one_host_is_a_line_and_the_others_go_on(converged):
    converged.on(
        ONE, "id plain || useradd -m plain; cp -r /home/infra/.ssh /home/plain; chown -R plain /home/plain"
    )
    file = File(id="a/file", path="/root/file", text="x")
    other_keys = converged.folder / "other_hosts"
    other_keys.write_text(
        (converged.folder / "keys/known_hosts").read_text().replace(ADDRESS[TWO], "10.0.0.1")
    )
    ways = {
        "silent": {"address": "10.20.0.99", "timeout": 2},
        "closed": {"port": 2222},
        "another": {"known_hosts": other_keys},
        "refused": {"username": "nobody"},
    }
    ends = converged.apply(
        *(replace(converged.work(TWO, file, **way), part=part) for part, way in ways.items()),
        replace(converged.work(ONE, file, username="plain"), part="powerless"),
        converged.work(TWO, file),
    )
    kinds = {part: type(end) for part, end in ends.items()}
    assert kinds == {
        "silent": UnreachableError,
        "closed": UnreachableError,
        "another": HostKeyError,
        "refused": CredentialsError,
        "powerless": CredentialsError,
        TWO: HostEnd,
    }
    assert ends["powerless"].cause == "sudo refused: a password is required"
    assert ends["closed"].cause == "connection refused"
    assert ends[TWO].state == "done"


def test_an_operation_that_fails_stops_its_host_and_what_was_there_stays(converged):
    converged.on(
        ONE, "mkdir -p /etc/full; mount -t tmpfs -o size=8k tmpfs /etc/full; echo old >/etc/full/file"
    )
    broken = SITE.model_copy(update={"text": "nonsense;\n", "validate_by": ""})
    gone = SOURCES.model_copy(update={"text": "deb [trusted=yes] http://10.20.0.18:81/ ./\n"})
    dies = "[Service]\nExecStart=/bin/sh -c 'echo fatal: no key; exit 3'\nType=oneshot\n"
    last = File(id="last/file", path="/root/last", text="x")
    cases = {
        "No space left on device": (File(id="a/full", path="/etc/full/file", text="x" * 20000), last),
        'unknown directive "nonsense"': (broken, NGINX, last),
        "Failed to fetch http://10.20.0.18:81/": (gone, Packages(id="a/tree", names=("tree",)), last),
        "fatal: no key": (
            File(id="a/unit", path="/etc/systemd/system/dies.service", text=dies),
            Service(id="a/dies", unit="dies", enabled=False),
            last,
        ),
    }
    for cause, operations in cases.items():
        ends = converged.apply(converged.work(ONE, *operations), converged.work(TWO, SITE))
        assert ends[TWO].state == "done"
        assert (ends[ONE].state, ends[ONE].at) == ("stopped", operations[-2].id)
        assert cause in ends[ONE].cause
        assert "\n" not in ends[ONE].cause
    assert (
        converged.on(ONE, "cat /etc/full/file; systemctl is-active nginx; ls /root/last || :")
        == "old\nactive\n"
    )


def test_a_host_that_reboots_under_way_is_unknown_and_owes_what_it_did_not_do(converged):
    moved = SITE.model_copy(update={"text": "server { listen 8081; }\n"})
    cut = Run(id="portal/cut", command=CUT, after=("portal/site",))
    end = converged.apply(converged.work(ONE, moved, cut, NGINX))[ONE]
    assert (end.state, end.at, end.cause) == ("unknown", "portal/cut", "the session was cut")
    assert converged.predicted(ONE, moved, cut, NGINX) == ["portal/cut", "portal/nginx"]


def test_hosts_of_a_worker_that_was_killed_are_unknown_and_the_next_run_does_what_is_left(converged):
    moved = SITE.model_copy(update={"text": "server { listen 8082; }\n"})
    slow = Run(id="portal/slow", command="sleep 2", after=("portal/site",))

    def kill(_part: str, what) -> None:
        os.kill(converged.hosts._child._process.pid, signal.SIGKILL)

    end = converged.apply(converged.work(TWO, moved, slow, NGINX), told=kill)[TWO]
    assert (end.state, [each.id for each in end.done]) == ("unknown", ["portal/site"])
    assert end.cause == "the worker process was killed (SIGKILL)"
    assert converged.predicted(TWO, moved, slow, NGINX) == ["portal/slow", "portal/nginx"]
    assert converged.apply(converged.work(TWO, moved, slow, NGINX))[TWO].state == "done"
    assert converged.predicted(TWO, moved, slow, NGINX) == []


def test_a_host_that_another_run_holds_is_left_alone(converged):
    fence = converged.hosts.lease(ONE, "you@there", "run-2", 600)
    ends = converged.apply(converged.work(ONE, *PORTAL), converged.work(TWO, *PORTAL))
    assert isinstance(ends[ONE], BusyError)
    assert "leased to you@there (run run-2)" in ends[ONE].cause
    assert ends[TWO].state == "done"
    converged.hosts.release(ONE, "run-2")
    assert isinstance(converged.apply(converged.work(ONE, SITE), fence={ONE: fence - 1})[ONE], BusyError)
