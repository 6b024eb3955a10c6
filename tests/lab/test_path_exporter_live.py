"""The path exporter and the reflector as processes, in two namespaces: one is the whole small city."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra_ctl.city import load_city, relock
from infra_ctl.lab import namespace
from infra_ctl.monitor.targets import path_targets
from tests.lab.city_slice import until
from tests.lab.scraping import Samples, named, scraped

pytestmark = pytest.mark.live

SMALL = Path(__file__).parents[1] / "cases/inventory/city"
PORT = 9870
PATH = "--probe.interval 0.2 --probe.mtu-interval 1 --stamp.port 862 --web.listen-address 127.0.0.1:9870"


@dataclass(frozen=True, slots=True)
class Running:
    """The exporter, and what it read."""

    near: str
    inventory: Path
    process: subprocess.Popen[bytes]

    def of(self, ending: str) -> Samples:
        return named(scraped(self.near, PORT), ending)

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)


@pytest.fixture
def running(_can_run: None, lab_name: str, tmp_path: Path) -> Iterator[Running]:
    inventory = Path(shutil.copytree(SMALL, tmp_path / "inventory"))
    relock(inventory, free=False)
    near, far = f"{lab_name}eye", f"{lab_name}seen"
    namespace.batch((f"netns add {near}", f"netns add {far}"))
    try:
        _wire(near, far, inventory)
        arguments = ("-i", str(inventory), "--netns", far, "--allow", "10.255.255.1", "--allow", "fd77::1")
        with _process("reflector", *arguments) as reflector:
            assert reflector.stderr is not None
            assert b"reflecting on" in reflector.stderr.readline()
            log = tmp_path / "path.log"
            with namespace.inside(near), log.open("wb") as said:
                exporter = _process("path", "-i", str(inventory), *PATH.split(), said=said.fileno())
            with exporter:
                try:
                    yield Running(near, inventory, exporter)
                finally:
                    exporter.kill()
                    reflector.kill()
                    sys.stderr.write(log.read_text())  # pytest shows it where a test fails
    finally:
        namespace.batch((f"netns delete {near}", f"netns delete {far}"))


def _wire(near: str, far: str, inventory: Path) -> None:
    namespace.batch([f"link add w0 netns {near} type veth peer name w0 netns {far}"])
    up = ("link set lo up", "link set w0 up")
    ends = {near: ("10.255.255.1/30", "fd77::1/64 nodad"), far: ("10.255.255.2/30", "fd77::2/64 nodad")}
    for name, addresses in ends.items():
        namespace.batch((*up, *(f"address add {each} dev w0" for each in addresses)), name)
    namespace.batch(("route add default via 10.255.255.2", "route add ::/0 via fd77::2"), near)
    addresses = dict.fromkeys(each.address for each in path_targets(load_city(inventory)))
    namespace.batch((f"address add {address} dev lo" for address in addresses), far)


def _process(name: str, *arguments: str, said: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    code = f"import sys; from exporters.{name} import main; main(sys.argv[1:])"
    return subprocess.Popen((sys.executable, "-c", code, *arguments), stderr=said)


def test_every_circuit_and_site_is_measured_and_counts_go_on_over_reloads(running: Running) -> None:
    until(lambda: (sent := running.of("_sent_total")) and min(sent.values()) >= 3, 180)
    assert not any(running.of("_lost_total").values())
    until(lambda: set(running.of("_path_mtu_bytes").values()) == {1500}, 180)

    reloaded = "infra_exporter_config_last_reload_success_timestamp_seconds"
    (at,) = running.of(reloaded).values()
    before = running.of("_sent_total")
    running.reload()
    until(lambda: running.of(reloaded)[reloaded, "path"] > at)
    assert all(running.of("_sent_total")[key] >= value for key, value in before.items())

    (running.inventory / "city.yaml").write_text("nonsense")
    before = running.of("_sent_total")
    running.reload()
    until(lambda: set(running.of("_reload_successful").values()) == {0})
    until(lambda: all(running.of("_sent_total")[key] > value for key, value in before.items()))

    running.process.terminate()
    assert running.process.wait(30) == 0
