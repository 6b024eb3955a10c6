"""The FRR driver keeps a ConfigDriver's promises, over the real deadman.sh and a stub of FRR."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from tests.contract.config_driver_contract import ConfigDriverContract, Subject
from tests.contract.stub_router import StubRouter


class TestFrrConfigDriver(ConfigDriverContract):
    @pytest.fixture
    def subject(self, tmp_path):
        router = StubRouter.install(tmp_path)
        yield Subject(
            connect=router.driver,
            changed=lambda base: base.replace("to the core", "to the edge").replace(
                "10.0.0.0/8", "10.92.0.0/16"
            ),
            rejected=lambda base: base.replace("router bgp 65000", "router bogus 65000"),
            own=ip_address("10.0.0.1"),
            silent=ip_address("192.0.2.1"),
        )
        with router.driver() as driver:  # no timer outlives its test
            pending = driver.pending()
            if pending is not None:
                driver.restore(pending.token)
