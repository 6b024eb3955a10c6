"""The city's lease between waves: the cores are asked while there is time, and not each time."""

from __future__ import annotations

from infra_ctl.deploy.leases import CityLease, Lease
from infra_ctl.drivers.base import ConfigDriver
from infra_ctl.drivers.fleet import Fleet


class Counting(CityLease):
    """A lease that counts how often the cores were asked for it."""

    asked = 0

    def take(self) -> None:
        self.asked += 1


def test_a_lease_is_asked_for_again_once_half_of_its_time_is_over() -> None:
    clock = iter((100.0, 249.9, 250.0, 251.0, 400.0))
    lease = Counting(Fleet(_nobody), ("dc-core1",), Lease("an@noc1", "run-1", 300), lambda: next(clock))

    asked = []
    for _ in range(5):
        lease.renew()
        asked.append(lease.asked)

    assert asked == [1, 1, 2, 2, 3]


def test_a_core_that_has_ended_gave_the_city_back_too() -> None:
    lease = Counting(Fleet(_nobody), ("dc-core1",), Lease("an@noc1", "run-1", 300), lambda: 100.0)

    asked = []
    for ended in ((), ("nk-pop1",), ("dc-core1",), (), ("dc-app-1", "dc-core1/host")):
        lease.renew(ended)
        asked.append(lease.asked)

    assert asked == [1, 1, 2, 2, 3]


def _nobody(hostname: str) -> ConfigDriver:
    raise AssertionError(hostname)
