"""The monitoring stack on a live twin, in a hurry, and what its Prometheus and its Alertmanager know."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any, Literal
from urllib.parse import quote

import pytest

from infra_ctl.city import load_city
from infra_ctl.lab import namespace
from infra_ctl.lab.monitor.processes import fetch
from infra_ctl.monitor.stack import ALERTMANAGER, PROMETHEUS
from tests.lab.city_slice import CitySlice, Done, until

PROGRAMS = tuple(
    f"prometheus{part}"
    for part in ("", "-alertmanager", *(f"-{each}-exporter" for each in ("frr", "snmp", "blackbox", "node")))
)
SECONDS = 240
"""An alert in a hurry takes half a minute; the rest is for a busy machine."""
HURRY = 10


@dataclass(frozen=True)
class Eyes:
    """Asked from where they stand."""

    city: CitySlice
    host: str
    """Whom the stack stands in for."""
    address: IPv4Address

    def up(self) -> Done:
        return self.city.run("monitor", "up", "--hurry", str(HURRY), "--host", self.host)

    def ask(self, port: int, path: str) -> Any:
        code, body = fetch(self.city.spec.monitor_namespace, self.address, port, path, 30)
        assert code == 200, body
        return json.loads(body)

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each series that answers a query."""
        found = self.ask(PROMETHEUS, f"/api/v1/query?query={quote(expression)}")["data"]["result"]
        return [(each["metric"], float(each["value"][1])) for each in found]

    def value(self, expression: str) -> float:
        """Of a query with one answer; 0 where it has none."""
        return next((value for _, value in self.query(expression)), 0.0)

    def alerts(self, state: Literal["active", "suppressed"]) -> list[dict[str, str]]:
        """Labels of those that are told, or of those that a larger one explains."""
        found = self.ask(ALERTMANAGER, "/api/v2/alerts")
        return [each["labels"] for each in found if each["status"]["state"] == state]

    def status(self) -> Any:
        return self.city.run("monitor", "status", "--output", "json").json


def eventually(condition: Callable[[], bool]) -> None:
    def looked() -> bool:
        time.sleep(0.5)
        return condition()

    until(looked, SECONDS)


def becomes(read: Callable[[], object], wanted: object) -> None:
    """Wait until what is read is as wanted; in vain, it says how it differs."""
    deadline = time.monotonic() + SECONDS
    while (found := read()) != wanted and time.monotonic() < deadline:
        time.sleep(0.5)
    assert found == wanted


@contextmanager
def watching(city: CitySlice, host: str) -> Iterator[Eyes]:
    """The whole stack for the block, where `host` would stand, which must not be booted in the lab."""
    if absent := [program for program in PROGRAMS if shutil.which(program) is None]:
        pytest.skip(f"not installed: {', '.join(absent)}")
    address = next(each for each in load_city(city.inventory).host(host).addresses if each.version == 4)
    assert isinstance(address, IPv4Address)
    eyes = Eyes(city, host, address)
    try:
        done = eyes.up()
        assert done.code == 0, done
        yield eyes
    finally:
        ended = city.run("monitor", "down")
    assert ended.code == 0, ended
    assert not namespace.exists(city.spec.monitor_namespace)
    assert not (city.lab.root / "monitor").exists()
