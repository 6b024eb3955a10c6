"""An exporter as a process of its own, and a real Prometheus that scrapes it: certificates and a password."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import bcrypt
import pytest

from infra_ctl.city import load_city
from infra_ctl.cli.exits import Exit
from infra_ctl.monitor.jobs import node_targets
from tests.unit.exporters.certificates import Authority

ROOT = Path(__file__).parents[3]
PATIENCE = 120.0
"""Seconds for what takes one on an idle machine."""


OF_ONE_S_OWN = """
from collections.abc import Iterator, Sequence
from pathlib import Path
import click
from exporters.catalogue import Group, gauge
from exporters.serving import Block, one, serve

DOORS = gauge("city_door_open", "Whether a door is open.", "door")
GROUP = Group("doors", "doors of the data centre", port=9899, metrics=(DOORS,))

class Doors:
    def __init__(self, *, timeout: float) -> None:
        self.timeout = timeout

    def configure(self, inventory: Path) -> None: ...

    def collect(self) -> Iterator[Block]:
        yield one(DOORS, self.timeout, "north")

    def close(self) -> None: ...

def main(argv: Sequence[str]) -> None:
    serve(GROUP, Doors, argv, click.Option(["--door.timeout", "timeout"], type=float, default=2.0))
"""


@dataclass(frozen=True, slots=True)
class Exporting:
    """A running `infra-ctl export`."""

    process: subprocess.Popen[str]
    url: str
    """Of its metrics."""

    @property
    def errors(self) -> IO[str]:
        assert self.process.stderr is not None
        return self.process.stderr

    def fetch(self, path: str = "/metrics") -> str:
        where = self.url.replace("/metrics", path)
        with urllib.request.urlopen(where, timeout=PATIENCE) as answer:
            return str(answer.read().decode())

    def ends(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """With the entry points of this tree, whatever is installed, and no city but the test's."""
    installed = tmp_path / "site" / "exporters_of_this_tree-0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: exporters-of-this-tree\nVersion: 0\n")
    (installed / "entry_points.txt").write_text(
        "[infra_ctl.exporters]\ncontroller = exporters.controller:main\nsd = exporters.sd:main\n"
        "doors = doors:main\n"
    )
    (installed.parent / "doors.py").write_text(OF_ONE_S_OWN)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INFRA_CTL_")}
    path = os.pathsep.join((str(ROOT), str(installed.parent)))
    return kept | {
        "PYTHONPATH": path,
        "INFRA_CTL_VAR": str(tmp_path / "var"),
        "INFRA_CTL_CONTEXT": "embedded",
    }


@contextmanager
def exporting(environment: dict[str, str], folder: Path, name: str, *options: str) -> Iterator[Exporting]:
    command = (sys.executable, "-m", "infra_ctl.cli.app", "export", name, "-i", str(folder))
    here = ("--web.listen-address", "127.0.0.1:0", *options)
    process = subprocess.Popen((*command, *here), env=environment, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith(f"{name} exporter on http"), line + process.stderr.read()
        yield Exporting(process, line.split()[-1])
    finally:
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


@contextmanager
def prometheus(folder: Path, scrape: dict[str, object]) -> Iterator[str]:
    """Its URL. JSON is YAML."""
    config = folder / "prometheus.yml"
    job = {"job_name": "controller", "scrape_interval": "2s", "scrape_timeout": "2s", **scrape}
    config.write_text(json.dumps({"scrape_configs": [job]}), encoding="utf-8")
    with (folder / "prometheus.log").open("w") as log:
        command = ("prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}")
        process, url = started(command, log)
        try:
            yield url
        finally:
            process.kill()
            process.wait()


def started(command: tuple[str, ...], log: IO[str]) -> tuple[subprocess.Popen[bytes], str]:
    """A part of the stack. It takes no port 0, and somebody else may take the one that was free just now."""
    for _ in range(5):
        port = free_port()
        listening = f"--web.listen-address=127.0.0.1:{port}"
        process = subprocess.Popen((*command, listening), stdout=log, stderr=log)
        url = f"http://127.0.0.1:{port}"
        until(lambda url=url, process=process: answers(url) or process.poll() is not None, "start")  # type: ignore[misc]
        if process.poll() is None:
            return process, url
    pytest.fail(f"{command[0]} does not start")


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/metrics", timeout=PATIENCE):
            return True
    except OSError:  # it is not up yet
        return False


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def until(condition: Callable[[], object], what: str) -> None:
    """Wait for it, as long as a slow machine may take."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE:.0f} s: {what}"
        time.sleep(0.2)


def asked(url: str, query: str) -> list[dict[str, object]]:
    try:
        with urllib.request.urlopen(f"{url}/api/v1/query?query={query}", timeout=PATIENCE) as answer:
            return list(json.load(answer)["data"]["result"])
    except OSError:  # it is not up yet
        return []


def found(url: str) -> set[str]:
    """Addresses that Prometheus was told of."""
    try:
        with urllib.request.urlopen(f"{url}/api/v1/targets", timeout=PATIENCE) as answer:
            targets = json.load(answer)["data"]["activeTargets"]
    except OSError:  # it is not up yet
        return set()
    return {target["discoveredLabels"]["__address__"] for target in targets}


def test_prometheus_scrapes_it_over_tls_with_a_certificate_and_a_password(
    environment: dict[str, str], small_folder: Path, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    server, client = (
        authority.sign(name, "ip:127.0.0.1", f"dns:{name}") for name in ("exporter", "prometheus")
    )
    hashed = bcrypt.hashpw(b"s3cret", bcrypt.gensalt(10)).decode()
    web = {
        "tls_server_config": {
            "cert_file": server.certificate.name,
            "key_file": server.key.name,
            "client_ca_file": authority.file.name,
            "client_auth_type": "RequireAndVerifyClientCert",
            "client_allowed_sans": ["prometheus"],
        },
        "basic_auth_users": {"prometheus": hashed},
    }
    (tmp_path / "web.yml").write_text(json.dumps(web), encoding="utf-8")
    with exporting(
        environment, small_folder, "controller", "--web.config.file", str(tmp_path / "web.yml")
    ) as exporter:
        assert exporter.url.startswith("https://127.0.0.1:")
        scrape = {
            "scheme": "https",
            "static_configs": [{"targets": [exporter.url.split("/")[2]]}],
            "tls_config": {
                "ca_file": str(authority.file),
                "cert_file": str(client.certificate),
                "key_file": str(client.key),
            },
            "basic_auth": {"username": "prometheus", "password": "s3cret"},
        }
        with prometheus(tmp_path, scrape) as url:
            until(lambda: asked(url, "count(infra_site_info)"), "sites are in Prometheus")
            (sites,) = asked(url, "count(infra_site_info)")
            assert sites["value"][1] == str(len(load_city(small_folder).inventory.sites))  # type: ignore[index]
            (up,) = asked(url, "infra_journal_up")
            assert up["value"][1] == "0"  # type: ignore[index]
        with pytest.raises(urllib.request.HTTPError) as refused:  # type: ignore[attr-defined]
            urllib.request.urlopen(exporter.url, context=authority.client(client), timeout=PATIENCE)
        assert refused.value.code == 401
        refused.value.close()
        with pytest.raises((urllib.request.URLError, OSError, ssl.SSLError)):  # type: ignore[attr-defined]
            urllib.request.urlopen(exporter.url, context=authority.client(), timeout=PATIENCE)


def test_prometheus_finds_its_targets_and_those_of_a_newer_inventory(
    environment: dict[str, str], small_folder: Path, tmp_path: Path
) -> None:
    expected = {each.address for each in node_targets(load_city(small_folder))}
    with exporting(environment, small_folder, "sd", "--web.enable-lifecycle") as exporter:
        where = exporter.url.replace("/metrics", "/sd/node")
        discovery = {"http_sd_configs": [{"url": where, "refresh_interval": "500ms"}]}
        with prometheus(tmp_path, discovery) as url:
            until(lambda: found(url) == expected, "hosts are found")
            with (small_folder / "hosts.yaml").open("a", encoding="utf-8") as hosts:
                hosts.write("dc-app-2: {site: dc, zone: servers, number: 17, roles: [application]}\n")
            more = {each.address for each in node_targets(load_city(small_folder))}
            assert more > expected
            request = urllib.request.Request(where.replace("/sd/node", "/-/reload"), method="POST")
            urllib.request.urlopen(request, timeout=PATIENCE).close()
            until(lambda: found(url) == more, "the new host is found")


ELSEWHERE = """
import signal, threading
from exporters.serving.running import Signals
given = threading.Timer(0.5, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGHUP))
with Signals() as came:
    given.start()
    print(came.next())
"""


def test_a_signal_that_another_thread_was_given_is_obeyed() -> None:
    """The main thread is asleep meanwhile."""
    done = subprocess.run((sys.executable, "-c", ELSEWHERE), capture_output=True, check=True, timeout=60)
    assert done.stdout == b"%d\n" % signal.SIGHUP


def test_promtool_has_nothing_against_what_it_says_and_signals_are_obeyed(
    environment: dict[str, str], small_folder: Path
) -> None:
    good = (small_folder / "communes.csv").read_text(encoding="utf-8")
    with exporting(environment, small_folder, "controller") as exporter:
        told = exporter.fetch()
        checked = subprocess.run(
            ("promtool", "check", "metrics"), input=told, capture_output=True, text=True, check=False
        )
        assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
        assert exporter.errors.readline().endswith("journal.db is not there\n")
        assert exporter.errors.readline().endswith("yet: infra-ctl backup\n")
        (small_folder / "communes.csv").write_text("site\n", encoding="utf-8")
        exporter.process.send_signal(signal.SIGHUP)
        assert "not reloaded, the inventory before stays: " in exporter.errors.readline()
        told = exporter.fetch()
        assert 'infra_exporter_config_last_reload_successful{exporter="controller"} 0\n' in told
        assert "infra_site_info{" in told
        (small_folder / "communes.csv").write_text(good, encoding="utf-8")
        exporter.process.send_signal(signal.SIGHUP)
        assert exporter.errors.readline() == "reloaded\n"
        assert 'last_reload_successful{exporter="controller"} 1\n' in exporter.fetch()
        assert exporter.ends(signal.SIGTERM) == Exit.DONE
        assert exporter.errors.read() == ""


def test_what_it_cannot_begin_with_is_a_line(
    environment: dict[str, str], small_folder: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        in_use = f"127.0.0.1:{taken.getsockname()[1]}"
        (tmp_path / "web.yml").write_text("tls: {}", encoding="utf-8")
        for options, words in (
            (("-i", str(tmp_path / "nowhere")), "nowhere"),
            (
                ("-i", str(small_folder), "--web.listen-address", in_use),
                f"cannot listen on {in_use}: Address",
            ),
            (("-i", str(small_folder), "--web.listen-address", "9873"), "is no HOST:PORT"),
            (("-i", str(small_folder), "--web.config.file", str(tmp_path / "web.yml")), "unknown key 'tls'"),
            (("-i", str(small_folder), "--web.nothing"), "No such option"),
        ):
            command = (sys.executable, "-m", "infra_ctl.cli.app", "export", "controller", *options)
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            assert (done.returncode, words in done.stderr) == (Exit.USAGE, True), done.stderr
            assert "Traceback" not in done.stderr


def test_one_of_one_s_own_is_served_with_metrics_that_the_catalogue_does_not_have(
    environment: dict[str, str], small_folder: Path
) -> None:
    with exporting(environment, small_folder, "doors", "--door.timeout", "7") as exporter:
        told = exporter.fetch()
        assert 'city_door_open{door="north"} 7.0\n' in told
        assert 'infra_exporter_build_info{exporter="doors",' in told
        assert "doors of the data centre" in exporter.fetch("/")
        assert exporter.ends(signal.SIGTERM) == Exit.DONE
