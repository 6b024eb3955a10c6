"""The simulated fleet keeps a ConfigDriver's promises, on a clock of its own."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from infra_ctl.drivers.embedded import EmbeddedFleet
from tests.contract.config_driver_contract import ConfigDriverContract, Subject

ROUTER = """\
interface lo
 description to the core
 ip address 10.0.0.1/32
exit
router bgp 65000
 bgp router-id 10.0.0.1
exit
"""


class TestEmbeddedDriver(ConfigDriverContract):
    @pytest.fixture
    def subject(self, tmp_path):
        now = [0.0]

        def pass_time(seconds: float) -> None:
            now[0] += seconds

        def connect():
            """Another process's view of the same fleet each time."""
            fleet = EmbeddedFleet(tmp_path / "fleet", [], {"r1": ROUTER}, clock=lambda: now[0])
            return fleet.driver("r1")

        return Subject(
            connect=connect,
            changed=lambda base: base.replace("to the core", "to the edge"),
            rejected=lambda base: base.replace("router bgp 65000", "router bogus 65000"),
            own=ip_address("10.0.0.1"),
            silent=ip_address("192.0.2.1"),
            pass_time=pass_time,
        )
