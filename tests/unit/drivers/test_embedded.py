"""The simulated fleet keeps a driver's promises: old or new, one commit at a time, a timer that goes on."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address, ip_interface
from pathlib import Path

import pytest

from infra_ctl.change import normal
from infra_ctl.change.topology import End, Wire
from infra_ctl.drivers.base import ConfigDriver, InterfaceState, Neighbour, Pending, Ping
from infra_ctl.drivers.embedded import EmbeddedFleet, Fault
from infra_ctl.errors import (
    BusyError,
    NotRestoredError,
    RejectedError,
    SessionLostError,
    UnreachableError,
)

ROUTER = """\
hostname r{n}
interface lo
 ip address 10.0.0.{n}/32
 ip ospf area 0
 ip ospf passive
exit
interface eth0
 description uplink
 ip address 10.1.0.{n}/31
 ip ospf area 0
 ip ospf network point-to-point
 ip ospf bfd
exit
router ospf
 ospf router-id 10.0.0.{n}
exit
"""
R2, R3 = ROUTER.format(n=2), ROUTER.format(n=3)
NEW = R2.replace("uplink", "to r3").replace(" ip ospf bfd\n", " ip ospf bfd\n ip ospf cost 77\n")
WIRES = [Wire(End("r2", "eth0"), End("r3", "eth0"))]
MANAGEMENT = {f"r{n}": ip_address(f"10.0.0.{n}") for n in (2, 3)}


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def again(tmp_path: Path, clock: Clock) -> Callable[[], EmbeddedFleet]:
    """The same fleet as another process would find it."""
    return lambda: EmbeddedFleet(tmp_path / "fleet", WIRES, {"r2": R2, "r3": R3}, clock=clock)


@pytest.fixture
def fleet(again: Callable[[], EmbeddedFleet]) -> EmbeddedFleet:
    return again()


@pytest.fixture
def driver(fleet: EmbeddedFleet) -> ConfigDriver:
    with fleet.driver("r2") as opened:
        return opened


def apply(driver: ConfigDriver, text: str = NEW, token: str = "t1", revert_in: int = 60) -> None:
    driver.apply(text, base=driver.read(), revert_in=revert_in, token=token)


def same(one: str, other: str) -> bool:
    return normal.parse(one) == normal.parse(other)


def test_it_reads_in_the_devices_own_form(driver: ConfigDriver) -> None:
    assert driver.read() == normal.to_text(normal.parse(R2))


def test_staging_shows_the_difference_and_changes_nothing(driver: ConfigDriver) -> None:
    before = driver.read()
    assert (
        driver.stage(NEW)
        == """\
  interface eth0
+  description to r3
-  description uplink
+  ip ospf cost 77
"""
    )
    assert driver.stage(R2) == ""
    assert driver.read() == before


def test_apply_then_confirm_survives_a_reboot(fleet: EmbeddedFleet, driver: ConfigDriver) -> None:
    apply(driver)
    assert same(driver.read(), NEW)
    driver.confirm("t1")
    assert driver.pending() is None
    fleet.reboot("r2")
    assert same(driver.read(), NEW)


def test_a_reboot_takes_back_what_was_not_confirmed(fleet: EmbeddedFleet, driver: ConfigDriver) -> None:
    apply(driver)
    fleet.reboot("r2")
    assert same(driver.read(), R2)
    assert driver.pending() is None


def test_restore_takes_back(driver: ConfigDriver) -> None:
    before = driver.read()
    apply(driver)
    driver.restore("t1")
    assert driver.read() == before
    assert driver.pending() is None
    driver.restore("t1")


def test_the_timer_takes_back(clock: Clock, driver: ConfigDriver) -> None:
    apply(driver, revert_in=60)
    assert driver.pending() == Pending("t1", 60)
    clock.now += 59
    assert driver.pending() == Pending("t1", 1)
    assert same(driver.read(), NEW)
    clock.now += 1
    assert same(driver.read(), R2)
    assert driver.pending() is None
    with pytest.raises(BusyError, match="nothing of t1 is pending"):
        driver.confirm("t1")


def test_a_timer_that_has_run_out_fires_before_the_next_commit(clock: Clock, driver: ConfigDriver) -> None:
    base = driver.read()
    apply(driver)
    clock.now += 60
    driver.apply(NEW.replace("77", "78"), base=base, revert_in=60, token="t2")
    assert driver.pending() == Pending("t2", 60)
    driver.restore("t2")
    assert same(driver.read(), R2)


def test_the_timer_outlives_the_process(again: Callable[[], EmbeddedFleet], clock: Clock) -> None:
    with again().driver("r2") as driver:
        apply(driver)
    with again().driver("r2") as driver:
        assert driver.pending() == Pending("t1", 60)
        assert same(driver.read(), NEW)
        clock.now += 61
        assert same(driver.read(), R2)


def test_one_commit_at_a_time(driver: ConfigDriver) -> None:
    apply(driver)
    with pytest.raises(BusyError, match="commit t1 is pending"):
        apply(driver, token="t2")
    with pytest.raises(BusyError, match="nothing of t2 is pending"):
        driver.confirm("t2")


def test_a_device_that_changed_is_not_touched(fleet: EmbeddedFleet, driver: ConfigDriver) -> None:
    base = driver.read()
    fleet.edit("r2", R2.replace("uplink", "by hand"))
    by_hand = driver.read()
    with pytest.raises(BusyError, match="has changed"):
        driver.apply(NEW, base=base, revert_in=60, token="t1")
    assert driver.read() == by_hand
    assert driver.pending() is None


@pytest.mark.parametrize(
    "line", ["ip address 10.0.0.300/24", "ip ospf cost 99999", "ip osfp cost 10", "ip ospf area 300.0.0.0"]
)
def test_a_bad_line_is_refused_and_named(driver: ConfigDriver, line: str) -> None:
    before = driver.read()
    bad = R2.replace(" description uplink", f" {line}")
    with pytest.raises(RejectedError, match=f"interface eth0 / {line}"):
        driver.stage(bad)
    with pytest.raises(RejectedError, match=f"interface eth0 / {line}"):
        apply(driver, bad)
    assert driver.read() == before
    assert driver.pending() is None


def test_a_confirmed_commit_is_not_restored(driver: ConfigDriver) -> None:
    apply(driver)
    driver.confirm("t1")
    with pytest.raises(NotRestoredError, match="was confirmed"):
        driver.restore("t1")
    assert same(driver.read(), NEW)


def test_another_commit_is_left_alone_by_restore(driver: ConfigDriver) -> None:
    apply(driver)
    driver.restore("t0")
    assert driver.pending() == Pending("t1", 60)


def test_state_is_computed_from_both_ends(fleet: EmbeddedFleet, driver: ConfigDriver) -> None:
    state = driver.state()
    assert state.interfaces == (
        InterfaceState("eth0", True, 1500, (ip_interface("10.1.0.2/31"),)),
        InterfaceState("lo", True, 65536, (ip_interface("10.0.0.2/32"),)),
    )
    assert state.neighbours == (
        Neighbour("bfd", "eth0", "10.1.0.3", True, "up"),
        Neighbour("ospf", "eth0", "10.0.0.3", True, "Full"),
    )
    fleet.edit("r3", R3.replace("area 0\n ip ospf network", "area 1\n ip ospf network"))
    (ospf,) = driver.state().neighbours
    assert not ospf.up
    assert ospf.detail == "areas differ: 0.0.0.0 at r2/eth0, 0.0.0.1 at r3/eth0"


def test_pings_go_by_all_configurations(fleet: EmbeddedFleet, driver: ConfigDriver) -> None:
    questions = [
        Ping(ip_address("10.0.0.3"), ip_address("10.0.0.2")),
        Ping(ip_address("10.0.0.3"), ip_address("10.0.0.2"), 1500),
        Ping(ip_address("10.0.0.3"), ip_address("10.0.0.2"), 1501),
        Ping(ip_address("10.0.0.9"), ip_address("10.0.0.2")),
        Ping(ip_address("10.0.0.3"), ip_address("10.0.0.3")),
    ]
    assert driver.ping(questions) == (True, True, False, False, False)
    fleet.edit("r3", R3.replace("exit\ninterface eth0", " shutdown\nexit\ninterface eth0"))
    assert driver.ping(questions[:1]) == (False,)


def test_a_link_local_stand_in_is_always_the_same(again: Callable[[], EmbeddedFleet]) -> None:
    six = " ipv6 ospf6 area 0\n ipv6 ospf6 network point-to-point\n ipv6 ospf6 bfd\nexit\nrouter ospf\n"
    seen = set()
    for fleet in (again(), again()):
        for name, text in (("r2", R2), ("r3", R3)):
            process = f"router ospf6\n ospf6 router-id 10.0.0.{name[1]}\nexit\n"
            fleet.edit(name, text.replace("exit\nrouter ospf\n", six) + process)
        with fleet.driver("r2") as driver:
            seen |= {each.key for each in driver.state().neighbours if each.key.startswith("fe80::")}
    assert len(seen) == 1


def test_a_fault_is_data(fleet: EmbeddedFleet) -> None:
    fleet.faults["r2"] = Fault(unreachable=True)
    with pytest.raises(UnreachableError, match="r2: no answer"), fleet.driver("r2"):
        pass


def test_it_may_refuse(fleet: EmbeddedFleet, driver: ConfigDriver) -> None:
    fleet.faults["r2"] = Fault(rejects="% Not today")
    with pytest.raises(RejectedError, match="% Not today"):
        apply(driver)
    assert same(driver.read(), R2)
    assert driver.pending() is None


def test_it_may_lose_the_session_after_it_applied(
    fleet: EmbeddedFleet, driver: ConfigDriver, clock: Clock
) -> None:
    fleet.faults["r2"] = Fault(loses_session=True)
    with pytest.raises(SessionLostError):
        apply(driver)
    assert same(driver.read(), NEW)
    clock.now += 60
    assert same(driver.read(), R2)


def test_it_may_fail_to_restore(fleet: EmbeddedFleet, driver: ConfigDriver, clock: Clock) -> None:
    fleet.faults["r2"] = Fault(cannot_restore=True)
    apply(driver)
    with pytest.raises(NotRestoredError):
        driver.restore("t1")
    clock.now += 3600
    assert same(driver.read(), NEW)
    assert driver.pending() == Pending("t1", 0)


def test_it_may_ignore_a_line(fleet: EmbeddedFleet, driver: ConfigDriver) -> None:
    fleet.faults["r2"] = Fault(ignores=frozenset({(("interface eth0",), "ip ospf cost 77")}))
    apply(driver)
    assert driver.stage(NEW) == "  interface eth0\n+  ip ospf cost 77\n"


def test_a_device_that_is_not_there(fleet: EmbeddedFleet) -> None:
    with pytest.raises(UnreachableError, match="no such device"), fleet.driver("r9"):
        pass


def in_band(folder: Path, clock: Clock) -> EmbeddedFleet:
    texts = {"r2": R2, "r3": R3}
    return EmbeddedFleet(folder, WIRES, texts, controller="r3", management=MANAGEMENT, clock=clock)


def test_who_cuts_off_the_device_loses_it_until_its_timer_brings_it_back(
    tmp_path: Path, clock: Clock
) -> None:
    fleet = in_band(tmp_path / "fleet", clock)
    with fleet.driver("r2") as driver:
        with pytest.raises(SessionLostError, match="no OSPF path from r3 to r2/lo"):
            apply(driver, R2.replace(" description uplink\n", " description uplink\n shutdown\n"))
        with pytest.raises(SessionLostError):
            driver.read()
    with pytest.raises(UnreachableError), fleet.driver("r2"):
        pass
    clock.now += 60
    with fleet.driver("r2") as driver:
        assert same(driver.read(), R2)


def test_many_at_once(fleet: EmbeddedFleet) -> None:
    def work(hostname: str) -> bool:
        with fleet.driver(hostname) as driver:
            driver.apply(
                NEW.replace("10.0.0.2", "10.0.0.3"), base=driver.read(), revert_in=60, token=hostname
            )
            driver.state()
            driver.confirm(hostname)
        return True

    hostnames = [f"s{n}" for n in range(20)]
    for hostname in hostnames:
        fleet.install(hostname, R2)
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, hostnames))
    assert fleet.hostnames == tuple(sorted(["r2", "r3", *hostnames]))


def test_two_who_want_the_same_device_at_once(tmp_path: Path) -> None:
    """The clock is asked between looking for a pending commit and making one: a slow one lets others in."""

    def slow() -> float:
        time.sleep(0.01)
        return 1000.0

    fleet = EmbeddedFleet(tmp_path / "fleet", WIRES, {"r2": R2}, clock=slow)
    base = fleet.driver("r2").read()

    def work(token: str) -> bool:
        try:
            fleet.driver("r2").apply(NEW, base=base, revert_in=60, token=token)
        except BusyError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, map(str, range(8)))) == 1


def test_its_files_are_for_the_owner_only(fleet: EmbeddedFleet, tmp_path: Path) -> None:
    folder = tmp_path / "fleet"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in folder.glob("*.json"))
