"""A bench for deployment: a ward, a PoP, a core, and one log of what devices and journal were told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Self

import pytest

from infra_ctl.change.plan import PlannedDevice, Status
from infra_ctl.change.topology import End, Wire
from infra_ctl.deploy.leases import Lease
from infra_ctl.deploy.step import Patience, Stepper
from infra_ctl.drivers.base import ConfigDriver, DeviceState
from infra_ctl.drivers.embedded import EmbeddedFleet
from infra_ctl.errors import DeviceError
from infra_ctl.journal.opening import open_journal
from infra_ctl.journal.records import Purpose, Step, StepState
from infra_ctl.journal.store import Journal
from infra_ctl.masking import Masking

WIRES = (Wire(End("ward", "eth0"), End("pop", "eth1")), Wire(End("pop", "eth0"), End("core", "eth1")))
MASKING = Masking({"ospf/key": "0spf-s3cret"}, b"key")
HASTE = 20
"""The devices' clocks run so many times faster than ours."""
QUICK = Patience(revert_in=60, neighbours=0.1, pause=0.01, grace=0.2)
UNWAITED = replace(QUICK, grace=0.5 - QUICK.revert_in)
"""A timer of a minute, of which half a second is waited for."""


def configuration(hostname: str, number: int, links: Mapping[str, str]) -> str:
    """A router with OSPF in the backbone on its links, given by interface and address."""
    interfaces = "".join(
        f"interface {name}\n ip address {address}\n ip ospf area 0.0.0.0\n"
        f" ip ospf network point-to-point\nexit\n"
        for name, address in {**links, "lo": f"10.0.0.{number}/32"}.items()
    )
    return f"hostname {hostname}\n{interfaces}router ospf\n ospf router-id 10.0.0.{number}\nexit\n"


CONFIGURATIONS = {
    "core": configuration("core", 1, {"eth1": "10.1.1.0/31"}),
    "pop": configuration("pop", 2, {"eth0": "10.1.1.1/31", "eth1": "10.1.2.0/31"}),
    "ward": configuration("ward", 3, {"eth0": "10.1.2.1/31"}),
}


@dataclass
class Mishap:
    """A device's method that fails so many times, before it has done its work or after."""

    error: DeviceError
    after: bool = False
    times: int = 1
    also: Callable[[], None] = lambda: None
    """What happens at the same moment."""

    def strike(self) -> None:
        self.times -= 1
        self.also()
        raise self.error


class Session:
    """A session with a simulated device: it tells the bench what it is asked, and suffers its mishaps."""

    def __init__(self, bench: Bench, hostname: str) -> None:
        self._bench = bench
        self._hostname = hostname
        self._driver = bench.devices.driver(hostname)

    def __enter__(self) -> Self:
        self._bench.note(self._hostname, "open")
        self._driver.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._driver.__exit__(*exc)

    def __getattr__(self, name: str) -> Any:
        self._bench.note(self._hostname, name)
        method = getattr(self._driver, name)
        if name == "state" and self._hostname in self._bench.show:
            return lambda: self._bench.show[self._hostname]
        mishap = self._bench.mishaps.get((self._hostname, name))
        return partial(_struck, method, mishap) if mishap and mishap.times else method


def _struck(method: Callable[..., Any], mishap: Mishap, *args: Any, **options: Any) -> None:
    if mishap.after:
        method(*args, **options)
    mishap.strike()


@dataclass
class Bench:
    """Three devices and a journal. `log` has what was called and, as `> state`, what was written."""

    devices: EmbeddedFleet
    journal: Journal
    log: list[tuple[str, str]] = field(default_factory=list)
    mishaps: dict[tuple[str, str], Mishap] = field(default_factory=dict)
    """By hostname and method."""
    show: dict[str, DeviceState] = field(default_factory=dict)
    """What a device says of itself, whatever it is."""
    run: str = ""
    _noting: Lock = field(default_factory=Lock)

    def note(self, hostname: str, what: str) -> None:
        with self._noting:
            self.log.append((hostname, what))

    def said(self, hostname: str) -> list[str]:
        """What there is in the log of a device."""
        return [what for host, what in self.log if host == hostname]

    def running(self, hostname: str) -> str:
        return self.devices.driver(hostname).read()

    def is_old(self, hostname: str) -> bool:
        """Whether it runs what it ran at first, and nothing is pending."""
        with self.devices.driver(hostname) as device:
            return device.stage(CONFIGURATIONS[hostname]) == "" and device.pending() is None

    def planned(
        self, hostname: str, *edits: tuple[str, str], may_lose: tuple[str, ...] = ()
    ) -> PlannedDevice:
        """A change by replacing texts of a device's configuration; without any, a description is added."""
        candidate = CONFIGURATIONS[hostname]
        for old, new in edits or [("interface lo\n", "interface lo\n description changed\n")]:
            assert candidate.count(old) == 1, f"{old!r} in {hostname}"
            candidate = candidate.replace(old, new)
        base = MASKING.fingerprint(self.running(hostname))
        return PlannedDevice(
            hostname=hostname,
            platform="frr",
            status=Status.CHANGED,
            base=base,
            candidate=candidate,
            may_lose=may_lose,
        )

    def stepper(self, *planned: PlannedDevice, patience: Patience = QUICK) -> Stepper:
        """A new run of these devices."""
        purpose = Purpose("deploy", "embedded", "a test", "", "digest")

        def steps(run: str) -> Iterator[Step]:
            for device in planned:
                yield Step(run, device.hostname, 1, StepState.WAITING, "", device.diff, device.base, "")

        started = self.journal.start_run(purpose, steps)
        self.run = started.id
        return Stepper(
            run=started.id,
            lease=Lease("an@noc1", started.token, 300),
            journal=self.journal,
            open_device=self.open,
            planned={device.hostname: device for device in planned},
            masking=MASKING,
            patience=patience,
        )

    def open(self, hostname: str) -> ConfigDriver:
        return Session(self, hostname)

    def written(self, hostname: str) -> list[str]:
        """The journal's timeline of a device."""
        return [str(event.state) for event in self.journal.events(self.run, hostname)]

    def step(self, hostname: str) -> Step:
        """The journal's line of a device."""
        return next(step for step in self.journal.steps(self.run) if step.device == hostname)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    started = time.time()
    devices = EmbeddedFleet(
        tmp_path / "devices",
        WIRES,
        CONFIGURATIONS,
        clock=lambda: started + (time.time() - started) * HASTE,
    )
    journal = open_journal(f"sqlite:///{tmp_path / 'journal.db'}")
    bench = Bench(devices, journal)
    for write in (journal.begin, journal.record):

        def noted(
            run: str,
            device: str,
            state: StepState,
            *more: Any,
            write: Callable[..., None] = write,
            **ends: str,
        ) -> None:
            write(run, device, state, *more, **ends)
            bench.note(device, f"> {state}")

        monkeypatch.setattr(journal, write.__name__, noted)
    yield bench
    journal.close()
