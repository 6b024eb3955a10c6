"""A small city for what stands on several rooms: ten devices, addresses, secrets, a simulated fleet."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

from infra_ctl.change.plan import Plan, PlannedDevice
from infra_ctl.change.wiring import wires
from infra_ctl.city import City, load_city, relock
from infra_ctl.drivers.embedded import EmbeddedFleet, Fault
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.journal.records import Synced
from infra_ctl.masking import Masking
from infra_ctl.plan import Judged, Planner
from infra_ctl.render import day0, render

SMALL = Path(__file__).parents[1] / "cases/inventory/city"
VAULT = {
    "ospf/key": "0spf-s3cret",
    "ospf6/key": "0spf6-s3cret",
    "bgp/key": "bgp-s3cret",
    "bgp/cpt": "cpt-s3cret",
}
MASKING = Masking(VAULT, b"the key of the tests")


@dataclass(frozen=True, slots=True)
class SmallCity:
    """The small city with secrets that only tests know, and simulated devices of it."""

    city: City
    masking: Masking = MASKING

    def configured(self, hostname: str) -> str:
        """What a device should run, its secrets put in."""
        return self.masking.resolve(render(self.city.intents[hostname]))

    def devices(
        self, folder: Path, *, intended: bool = True, faults: Mapping[str, Fault] | None = None
    ) -> EmbeddedFleet:
        """All devices as intended, or as they leave the workshop."""
        intents = self.city.intents
        start = {host: self.configured(host) if intended else day0(intents[host]) for host in intents}
        return EmbeddedFleet(folder, wires(intents), start, faults=faults)

    def judged(
        self, fleet: Fleet, hostnames: Iterable[str], synced: Mapping[str, Synced] | None = None
    ) -> dict[str, Judged]:
        """Devices as planning finds them."""
        planner = Planner(self.city, fleet, self.masking, synced or {})
        return planner.judge(hostnames, lambda _hostname: None)


@pytest.fixture
def small_folder(tmp_path: Path) -> Path:
    """A copy of the small city with its addresses locked."""
    folder = Path(shutil.copytree(SMALL, tmp_path / "inventory"))
    relock(folder, free=False)
    return folder


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> SmallCity:
    """The small city, as it is."""
    folder = Path(shutil.copytree(SMALL, tmp_path_factory.mktemp("small") / "inventory"))
    relock(folder, free=False)
    return SmallCity(load_city(folder))


class Watched:
    """A session that notes which methods are called, in a list that it shares with others."""

    def __init__(self, driver: Any, note: Callable[[str], None]) -> None:
        self._driver = driver
        self._note = note

    def __enter__(self) -> Self:
        self._note("open")
        self._driver.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._driver.__exit__(*exc)

    def __getattr__(self, name: str) -> Any:
        self._note(name)
        return getattr(self._driver, name)


@pytest.fixture
def calls() -> Callable[[Callable[[], object]], int]:
    """Counts how many functions a piece of work calls, those of C included: work without a clock."""

    def count_calls(work: Callable[[], object]) -> int:
        count = 0

        def counted(_frame: object, event: str, _argument: object) -> None:
            nonlocal count
            count += event in ("call", "c_call")

        sys.setprofile(counted)
        try:
            work()
        finally:
            sys.setprofile(None)
        return count

    return count_calls


def bare_plan(
    devices: Iterable[PlannedDevice],
    waves: tuple[tuple[str, ...], ...],
    cuts: tuple[tuple[str, ...], ...] = (),
) -> Plan:
    """A plan of which only devices, waves and cuts matter."""
    return Plan(
        id="0001",
        created="",
        tool="",
        context="embedded",
        selector="",
        inventory="",
        devices=tuple(devices),
        waves=waves,
        cuts=cuts or ((),) * len(waves),
    )
