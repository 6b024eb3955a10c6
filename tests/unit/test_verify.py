"""Checks by a table of what was seen: every verdict, and never a PASS for what could not be asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from pathlib import Path
from typing import Literal

import pytest

from infra_ctl.change.plan import Plan, PlannedDevice, Status
from infra_ctl.drivers.base import ConfigDriver, DeviceState, InterfaceState, Neighbour
from infra_ctl.drivers.embedded import Fault
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.errors import DeviceError, UnreachableError
from infra_ctl.evidence import Answer, Evidence, collect
from infra_ctl.intent.expectations import (
    LINK_LOCAL,
    Adjacency,
    DeviceExpectation,
    Reachable,
    device_expectations,
    reachability,
)
from infra_ctl.intent.model import Interface
from infra_ctl.outcome import Outcome, Verdict
from infra_ctl.verify import Changed, at_stake, judge, looking, unmet
from tests.unit.conftest import SmallCity, bare_plan

V4, V6 = IPv4Interface("10.1.0.0/31"), IPv6Interface("2001:db8::/127")
WANTED = Interface("eth0", "link", "to pop", 1400, V4, V6, None, None)
LOOPBACK = Interface("lo", "loopback", "loopback", 65535, IPv4Interface("10.0.0.1/32"), None, None, None)
SEEN = InterfaceState("eth0", up=True, mtu=1400, addresses=(V4, V6, IPv6Interface("fe80::1/64")))
PASS, FAIL, ERROR = Verdict.PASS, Verdict.FAIL, Verdict.ERROR


def judged(
    interfaces: Iterable[Interface], adjacencies: Iterable[Adjacency], state: DeviceState | DeviceError
) -> list[tuple[str, str, Verdict, str]]:
    """What is said of a device called `ward`, given what it should be and what was seen."""
    expected = DeviceExpectation("ward", tuple(interfaces), tuple(adjacencies))
    outcomes = judge([expected], [], Evidence({"ward": state}, {}))
    return [(each.check, each.object, each.verdict, each.message) for each in outcomes]


# Interfaces


@pytest.mark.parametrize(
    ("seen", "verdict", "message"),
    [
        (SEEN, PASS, "up, as intended"),
        (replace(SEEN, up=False), FAIL, "is down"),
        (replace(SEEN, mtu=1500), FAIL, "has MTU 1500, not 1400"),
        (replace(SEEN, addresses=(V4,)), FAIL, "lacks 2001:db8::/127"),
        (replace(SEEN, addresses=(IPv4Interface("10.1.0.0/30"), V6)), FAIL, "lacks 10.1.0.0/31"),
        (
            InterfaceState("eth0", up=False, mtu=9000, addresses=()),
            FAIL,
            "is down; has MTU 9000, not 1400; lacks 10.1.0.0/31; lacks 2001:db8::/127",
        ),
        (replace(SEEN, name="eth1"), FAIL, "is not there"),
    ],
)
def test_an_interface_is_judged_whole(seen: InterfaceState, verdict: Verdict, message: str) -> None:
    assert judged([WANTED], [], DeviceState((seen,), ())) == [("interface", "ward/eth0", verdict, message)]


@pytest.mark.parametrize(
    ("up", "verdict", "message"),
    [(False, PASS, "shut off, as intended"), (True, FAIL, "is up, and is to be shut off")],
)
def test_an_interface_that_is_shut_off_has_to_be_down(up: bool, verdict: Verdict, message: str) -> None:
    """Its addresses are nobody's concern: the kernel takes those of IPv6 off with it."""
    wanted, seen = replace(WANTED, enabled=False), replace(SEEN, up=up, addresses=(V4,))
    assert judged([wanted], [], DeviceState((seen,), ())) == [("interface", "ward/eth0", verdict, message)]


def test_a_loopback_has_whatever_mtu_the_kernel_gives_it() -> None:
    seen = InterfaceState("lo", up=True, mtu=65536, addresses=(IPv4Interface("10.0.0.1/32"),))
    assert judged([LOOPBACK], [], DeviceState((seen,), ()))[0][2] is PASS


# Neighbours


Protocol = Literal["ospf", "ospf6", "bfd", "bgp"]


def adjacency(protocol: Protocol, interface: str, key: str) -> Adjacency:
    return Adjacency(protocol, interface, key, "pop")


def neighbour(
    protocol: Protocol, interface: str, key: str, detail: str = "", *, up: bool = True
) -> Neighbour:
    return Neighbour(protocol, interface, key, up, detail)


@pytest.mark.parametrize(
    ("wanted", "seen", "expected"),
    [
        (
            adjacency("ospf", "eth0", "10.0.0.2"),
            neighbour("ospf", "eth0", "10.0.0.2"),
            ("ospf", "ward pop eth0", PASS, "up"),
        ),
        (
            adjacency("ospf", "eth0", "10.0.0.2"),
            neighbour("ospf", "eth0", "10.0.0.2", "ExStart", up=False),
            ("ospf", "ward pop eth0", FAIL, "is ExStart"),
        ),
        (
            adjacency("ospf6", "eth0", "10.0.0.2"),
            None,
            ("ospf6", "ward pop eth0", FAIL, "is not there"),
        ),
        (
            adjacency("bgp", "", "10.0.0.2"),
            neighbour("bgp", "", "10.0.0.2", "Active", up=False),
            ("bgp", "ward pop", FAIL, "is Active"),
        ),
        (
            adjacency("bfd", "eth0", LINK_LOCAL),
            neighbour("bfd", "eth0", "fe80::42:1"),
            ("bfd", "ward pop eth0 IPv6", PASS, "up"),
        ),
        (
            adjacency("bfd", "eth0", "10.1.0.1"),
            neighbour("bfd", "eth0", "10.1.0.1"),
            ("bfd", "ward pop eth0", PASS, "up"),
        ),
    ],
)
def test_a_designed_neighbour_is_judged_by_its_state(
    wanted: Adjacency, seen: Neighbour | None, expected: tuple[str, str, Verdict, str]
) -> None:
    assert judged([], [wanted], DeviceState((), (seen,) if seen else ())) == [expected]


@pytest.mark.parametrize(
    "other",
    [
        neighbour("ospf", "eth0", "10.0.0.9"),
        neighbour("ospf", "eth1", "10.0.0.2"),
        neighbour("ospf6", "eth0", "10.0.0.2"),
        neighbour("bfd", "eth1", "fe80::1"),
        neighbour("bgp", "", "192.0.2.1"),
    ],
)
def test_a_neighbour_that_nobody_designed_fails_beside_the_designed_one(other: Neighbour) -> None:
    wanted, own = adjacency("ospf", "eth0", "10.0.0.2"), neighbour("ospf", "eth0", "10.0.0.2")
    found = judged([], [wanted], DeviceState((), (own, other)))
    assert found[0] == ("ospf", "ward pop eth0", PASS, "up")
    assert found[1][0] == other.protocol
    assert found[1][2:] == (FAIL, "is a neighbour that nobody designed")
    assert found[1][1] == f"ward {other.key} {other.interface}".rstrip()


def test_a_neighbour_that_nobody_designed_and_that_is_not_up_is_no_finding() -> None:
    stranger = neighbour("ospf", "eth0", "10.0.0.9", "Init", up=False)
    assert judged([], [], DeviceState((), (stranger,))) == []


@pytest.mark.parametrize(
    ("seen", "verdict", "message"),
    [
        ((), Verdict.SKIP, "pop is not deployed yet"),
        ((neighbour("ospf", "eth0", "10.0.0.2", "Init", up=False),), Verdict.SKIP, "pop is not deployed yet"),
        ((neighbour("ospf", "eth0", "10.0.0.2"),), PASS, "up"),
    ],
)
def test_a_device_that_is_not_deployed_yet_owes_nobody_a_neighbour(
    seen: tuple[Neighbour, ...], verdict: Verdict, message: str
) -> None:
    wanted = DeviceExpectation("ward", (), (adjacency("ospf", "eth0", "10.0.0.2"),))
    (outcome,) = judge([wanted], [], Evidence({"ward": DeviceState((), seen)}, {}), undeployed={"pop"})
    assert (outcome.verdict, outcome.message) == (verdict, message)


def test_a_device_that_could_not_be_asked_is_one_error_and_no_pass() -> None:
    found = judged([WANTED], [adjacency("ospf", "eth0", "10.0.0.2")], UnreachableError("ward", "timed out"))
    assert found == [("device", "ward", ERROR, "timed out")]


# Reachability


QUESTION = Reachable("core", IPv4Address("10.0.0.1"), "ward", "loopback", IPv4Address("10.0.0.3"), 1400)
QUESTION6 = replace(QUESTION, address=IPv6Address("2001:db8::3"), what="LAN staff")


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        (
            QUESTION,
            Answer(full=True, small=True),
            [("reachable", PASS, "answers over IPv4"), ("path-mtu", PASS, "1400 bytes pass")],
        ),
        (
            QUESTION,
            Answer(full=False, small=True),
            [
                ("reachable", PASS, "answers over IPv4"),
                ("path-mtu", FAIL, "small packets pass, 1400 bytes do not"),
            ],
        ),
        (
            QUESTION6,
            Answer(full=False, small=False),
            [
                ("reachable", FAIL, "does not answer over IPv6"),
                ("path-mtu", Verdict.SKIP, "does not answer at all"),
            ],
        ),
        (
            QUESTION,
            UnreachableError("core", "timed out"),
            [("reachable", ERROR, "core: timed out"), ("path-mtu", Verdict.SKIP, "does not answer at all")],
        ),
    ],
)
def test_an_answer_is_judged_by_its_size(
    question: Reachable, answer: Answer | DeviceError, expected: list[tuple[str, Verdict, str]]
) -> None:
    outcomes = judge([], [question], Evidence({}, {question: answer}))
    assert [(outcome.check, outcome.verdict, outcome.message) for outcome in outcomes] == expected
    assert {outcome.object for outcome in outcomes} == {f"ward {question.what} {question.address} from core"}


# A whole city


def looked(small: SmallCity, fleet: Fleet) -> tuple[Outcome, ...]:
    intents = small.city.intents
    expected = device_expectations(intents, intents, tuple(small.city.inventory.peers))
    questions = reachability(intents, intents, ["dc-core1", "dc-core2"])
    return judge(expected, questions, collect(fleet, intents, questions))


def test_a_city_as_intended_passes_every_check(small: SmallCity, tmp_path: Path) -> None:
    outcomes = looked(small, Fleet(small.devices(tmp_path / "devices").driver))
    assert [outcome for outcome in outcomes if outcome.verdict is not PASS] == []
    counts = Counter(outcome.check for outcome in outcomes)
    assert counts["interface"] == sum(len(intent.interfaces) for intent in small.city.intents.values())
    assert counts["ospf"] == 2 * 14
    assert counts["reachable"] > 2 * 9


def test_a_city_from_the_workshop_fails_wherever_it_is_looked_at(small: SmallCity, tmp_path: Path) -> None:
    outcomes = looked(small, Fleet(small.devices(tmp_path / "devices", intended=False).driver))
    sessions = {outcome.verdict for outcome in outcomes if outcome.check in ("ospf", "ospf6", "bfd", "bgp")}
    assert sessions == {FAIL}
    assert {outcome.verdict for outcome in outcomes if outcome.check == "reachable"} == {FAIL}


def test_a_dead_ward_is_an_error_and_its_neighbours_still_pass(small: SmallCity, tmp_path: Path) -> None:
    dead = {"nk-an-hoa-ce1": Fault(unreachable=True)}
    outcomes = looked(small, Fleet(small.devices(tmp_path / "devices", faults=dead).driver))
    wrong = [outcome for outcome in outcomes if outcome.verdict is not PASS]
    assert wrong == [Outcome("device", "nk-an-hoa-ce1", ERROR, "no answer")]


def test_a_dead_core_makes_its_questions_errors_and_not_failures(small: SmallCity, tmp_path: Path) -> None:
    dead = {"dc-core1": Fault(unreachable=True)}
    outcomes = looked(small, Fleet(small.devices(tmp_path / "devices", faults=dead).driver))
    from_core1 = [outcome for outcome in outcomes if outcome.object.endswith("from dc-core1")]
    assert from_core1
    assert {(outcome.check, outcome.verdict) for outcome in from_core1} == {
        ("reachable", ERROR),
        ("path-mtu", Verdict.SKIP),
    }
    assert {outcome.verdict for outcome in outcomes if outcome.object.endswith("from dc-core2")} == {PASS}


def test_a_hand_edit_is_found_at_both_ends_and_in_what_lies_behind(small: SmallCity, tmp_path: Path) -> None:
    devices = small.devices(tmp_path / "devices")
    text = small.configured("nk-an-hoa-ce1")
    devices.edit("nk-an-hoa-ce1", text.replace("interface eth0\n", "interface eth0\n shutdown\n"))
    wrong = {
        (outcome.check, outcome.object.partition(" from ")[0])
        for outcome in looked(small, Fleet(devices.driver))
        if outcome.verdict is FAIL
    }
    assert {
        ("interface", "nk-an-hoa-ce1/eth0"),
        ("interface", "nk-pop1/eth11"),
        ("ospf", "nk-an-hoa-ce1 nk-pop1 eth0"),
        ("ospf", "nk-pop1 nk-an-hoa-ce1 eth11"),
        ("reachable", "nk-an-hoa-ce1 loopback 10.0.1.17"),
    } <= wrong
    assert not [found for found in wrong if "bt-" in found[1] or "cai-khe" in found[1]]


# The end state of a run


def changing(*hostnames: str) -> Plan:
    devices = tuple(PlannedDevice(hostname=host, platform="frr", status=Status.CHANGED) for host in hostnames)
    return bare_plan(devices, (hostnames,))


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "PAUSE", 0.01)


WARD, POP = "nk-an-hoa-ce1", "nk-pop1"
NOTHING = DeviceState((), ())


def nobody(hostname: str) -> ConfigDriver:
    raise AssertionError(f"{hostname} was asked")


def test_a_device_that_met_its_intent_in_its_wave_is_not_asked_again(
    small: SmallCity, tmp_path: Path
) -> None:
    with small.devices(tmp_path / "devices").driver(WARD) as device:
        seen = {WARD: device.state()}
    assert unmet(small.city, Fleet(nobody), Changed(seen, [WARD], ()), small.city.intents, 0) == []


def test_one_that_did_not_is_asked_until_it_does(small: SmallCity, tmp_path: Path, hasty: None) -> None:
    devices = small.devices(tmp_path / "devices")
    with devices.driver(WARD) as device:
        early = {WARD: replace(device.state(), neighbours=()), POP: NOTHING}
    devices.edit(POP, small.configured(POP).replace("interface eth11\n", "interface eth11\n shutdown\n"))
    looks = 0

    def repaired_at_the_third(hostname: str) -> ConfigDriver:
        nonlocal looks
        looks += 1
        if looks == 3:
            devices.edit(POP, small.configured(POP))
        return devices.driver(hostname)

    changed = Changed(early, [WARD, POP], ())
    found = unmet(small.city, Fleet(repaired_at_the_third), changed, small.city.intents, 30)
    assert found == []
    assert looks >= 3


def test_what_is_still_unmet_at_the_end_of_patience_is_said(
    small: SmallCity, tmp_path: Path, hasty: None
) -> None:
    devices = small.devices(tmp_path / "devices")
    devices.edit(POP, small.configured(POP).replace("interface eth11\n", "interface eth11\n shutdown\n"))
    with devices.driver(WARD) as device:
        changed = Changed({WARD: device.state(), POP: NOTHING}, [WARD, POP], ())
    found = unmet(small.city, Fleet(devices.driver), changed, small.city.intents, 0.05)
    assert ("interface", f"{POP}/eth11", "is down") in [(one.check, one.object, one.message) for one in found]
    assert ("ospf", f"{WARD} {POP} eth0", FAIL) in [(one.check, one.object, one.verdict) for one in found]


def test_devices_outside_the_plan_owe_its_devices_nothing(
    small: SmallCity, tmp_path: Path, hasty: None
) -> None:
    devices = small.devices(tmp_path / "devices", intended=False)
    devices.edit(WARD, small.configured(WARD))
    changed = Changed({WARD: NOTHING}, [WARD], ())
    assert unmet(small.city, Fleet(devices.driver), changed, small.city.intents, 0) == []


def test_what_answered_the_data_centre_before_has_to_answer_after(
    small: SmallCity, tmp_path: Path, hasty: None
) -> None:
    """Every neighbour of the ward is up; its LAN is announced no more."""
    devices = small.devices(tmp_path / "devices")
    fleet, there = Fleet(devices.driver), small.city.intents
    before = at_stake(small.city, changing(WARD), there)
    assert set(collect(fleet, (), before).answers.values()) == {Answer(full=True, small=True)}
    lan = next(each for each in before if each.what != "loopback")
    address = f" ip address {lan.address}/27\n"
    quiet = small.configured(WARD).replace(f"{address} ip ospf area 0.0.0.1\n", address)
    assert quiet != small.configured(WARD)
    devices.edit(WARD, quiet)
    with devices.driver(WARD) as device:
        changed = Changed({WARD: device.state()}, [WARD], before)
    found = unmet(small.city, fleet, changed, there, 0.05)
    assert any(one.check == "reachable" and str(lan.address) in one.object for one in found)
    assert not any(one.check == "ospf" for one in found)
