"""NAPALM's own tests of a driver, with answers recorded from FRR 8.4.4."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from napalm import get_network_driver
from napalm.base.test import conftest as napalm_conftest
from napalm.base.test.double import BaseTestDouble
from napalm.base.test.getters import BaseTestGetters

from infra_ctl.drivers.frr.driver import FRRDriver
from infra_ctl.drivers.replay import ReplayRunner

RECORDED = Path(__file__).with_name("mocked_data")


class ReplayDouble(BaseTestDouble):
    """The recordings of whatever test runs now."""

    def run(self, command: str, stdin: bytes = b"", timeout: float = 60.0):
        return ReplayRunner("frr", RECORDED / self.current_test / self.current_test_case).run(command)

    def is_alive(self) -> bool:
        return True

    def close(self) -> None:
        """There is nothing to end."""


class PatchedFRRDriver(FRRDriver):
    """The driver over recordings."""

    def __init__(
        self, hostname: str, username: str, password: str, timeout: int = 60, optional_args: Any = None
    ):
        super().__init__(hostname, username, password, timeout, {"runner": ReplayDouble()})
        self.patched_attrs = ["_runner"]


def pytest_generate_tests(metafunc):
    napalm_conftest.pytest_generate_tests(metafunc, __file__)


@pytest.fixture(scope="class")
def napalm_device(request):
    request.cls.driver = FRRDriver
    request.cls.patched_driver = PatchedFRRDriver
    request.cls.vendor = "frr"
    napalm_conftest.set_device_parameters(request)


@pytest.mark.usefixtures("napalm_device")
class TestFrrGetters(BaseTestGetters):
    """What FRR has no answer to raises NotImplementedError, which NAPALM's tests skip."""


def test_every_getter_of_the_driver_is_recorded():
    own = {name for name in vars(FRRDriver) if name.startswith("get_")} | {"is_alive", "ping"}
    assert {f"test_{name}" for name in own} <= {path.name for path in RECORDED.iterdir()}


def test_napalm_finds_it_by_its_name() -> None:
    assert get_network_driver("frr") is FRRDriver
