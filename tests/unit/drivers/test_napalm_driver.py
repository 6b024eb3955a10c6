"""The NAPALM driver without a router: what it refuses by itself, its errors, its getters' odd cases."""

from __future__ import annotations

import json

import pytest
from napalm.base import exceptions

from infra_ctl import errors
from infra_ctl.drivers.frr import getters
from infra_ctl.drivers.frr.driver import NAPALM_ERRORS, FRRDriver, napalm_errors
from tests.contract.stub_router import StubRouter


@pytest.fixture
def stub(tmp_path):
    return StubRouter.install(tmp_path)


@pytest.fixture
def driver(stub):
    driver = FRRDriver("stub", "root", "", optional_args={"runner": stub.runner(), "state": str(stub.state)})
    driver.open()
    yield driver
    driver.rollback()
    driver.close()


def device_errors():
    return [
        each
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, errors.DeviceError)
    ]


@pytest.mark.parametrize("error", device_errors())
def test_every_error_of_ours_is_one_of_napalm(error):
    with pytest.raises(NAPALM_ERRORS[error]) as raised, napalm_errors():
        raise error("r1", "because")
    assert isinstance(raised.value.__cause__, error)
    assert "because" in str(raised.value)
    assert raised.value.__class__.__name__ in dir(exceptions)


def test_host_keys_are_always_checked():
    with pytest.raises(exceptions.ConnectionException, match="known_hosts"):
        FRRDriver("10.0.0.1", "root", "").open()


def test_a_session_comes_first():
    driver = FRRDriver("10.0.0.1", "root", "")
    assert driver.is_alive() == {"is_alive": False}
    with pytest.raises(exceptions.ConnectionClosedException):
        driver.get_facts()


def test_a_refused_merge_is_a_merge_error(driver):
    driver.load_merge_candidate(config="bogus\n")
    with pytest.raises(exceptions.MergeConfigException):
        driver.commit_config()


def test_a_refused_replacement_is_a_replace_error(driver, stub):
    driver.load_replace_candidate(config=stub.running.replace("router bgp", "router bogus"))
    with pytest.raises(exceptions.ReplaceConfigException, match="Unknown command"):
        driver.compare_config()


def test_a_commit_rests_on_its_comparison(driver, stub):
    driver.load_replace_candidate(config=stub.running.replace("to the core", "to the edge"))
    assert driver.compare_config() != ""
    (stub.folder / "running").write_text(stub.running.replace("10.1.0.1/31", "10.1.0.3/31"))
    with pytest.raises(exceptions.LockError, match="changed"):
        driver.commit_config()


def test_there_is_one_pending_commit(driver, stub):
    other = stub.running.replace("to the core", "to the edge")
    driver.load_replace_candidate(config=other)
    driver.commit_config(revert_in=30)
    driver.load_replace_candidate(config=other)
    with pytest.raises(exceptions.LockError, match="pending"):
        driver.commit_config(revert_in=30)


@pytest.mark.parametrize("call", [lambda d: d.commit_config(), lambda d: d.load_merge_candidate()])
def test_nothing_is_loaded(driver, call):
    with pytest.raises(exceptions.NapalmException):
        call(driver)


def test_nothing_is_pending(driver):
    with pytest.raises(exceptions.CommitConfirmException):
        driver.confirm_commit()


def test_what_frr_does_not_have(driver):
    driver.load_merge_candidate(config="!\n")
    for call in (
        lambda: driver.commit_config(message="why"),
        lambda: driver.get_config(format="xml"),
        lambda: driver.cli(["show version"], encoding="json"),
        lambda: driver.ping("10.0.0.1", vrf="blue"),
    ):
        with pytest.raises(NotImplementedError):
            call()


def test_an_interface_that_is_shut_has_no_operational_status():
    shut = {"eth0": {"administrativeStatus": "down", "mtu": 1500, "speed": 0}}
    assert getters.interfaces(json.dumps(shut))["eth0"]["is_up"] is False


@pytest.mark.parametrize(("age", "seconds"), [("00:11:41", 701), ("1d02h03m", 93780), ("01w2d03h", 788400)])
def test_ages(age, seconds):
    route = {"protocol": "ospf", "uptime": age, "vrfName": "default", "nexthops": [{"ip": "10.1.0.0"}]}
    found = getters.routes(json.dumps({"10.0.0.0/8": [route]}), "")
    assert found["10.0.0.0/8"][0]["age"] == seconds


def test_routes_of_a_protocol():
    path = {"protocol": "ospf", "uptime": "00:00:01", "vrfName": "default", "nexthops": [{"blackhole": True}]}
    assert getters.routes(json.dumps({"10.0.0.0/8": [path]}), "BGP") == {}
    (route,) = getters.routes(json.dumps({"10.0.0.0/8": [path]}), "OSPF")["10.0.0.0/8"]
    assert route["outgoing_interface"] == "Null0"


@pytest.mark.parametrize(
    ("destination", "longer", "command"),
    [
        ("", False, "show ip route json"),
        ("10.0.0.0/8", True, "show ip route 10.0.0.0/8 longer-prefixes json"),
        ("2001:db8::/32", False, "show ipv6 route 2001:db8::/32 json"),
    ],
)
def test_route_commands(destination, longer, command):
    assert f"'{command}'" in getters.route_command(destination, longer=longer)


def test_a_ping_that_cannot_be_sent():
    assert getters.ping("", "ping: connect: Network is unreachable\n") == {
        "error": "ping: connect: Network is unreachable"
    }


def test_a_ping_that_nobody_answers():
    lost = "2 packets transmitted, 0 received, 100% packet loss, time 1001ms\n"
    assert getters.ping(lost, "")["success"]["packet_loss"] == 2


@pytest.mark.parametrize(
    "line",
    [
        " neighbor 10.0.0.1 password hunter2",
        " ip ospf message-digest-key 1 md5 hunter2",
        " ip ospf authentication-key hunter2",
        " ipv6 ospf6 authentication key-id 1 hash-algo hmac-sha-256 key hunter2",
        " area 0.0.0.1 virtual-link 10.0.0.1 message-digest-key 1 md5 hunter2",
        "  key-string hunter2",
        "password 8 hunter2",
        "enable password hunter2",
    ],
)
def test_secrets_are_removed(driver, stub, line):
    (stub.folder / "running").write_text(f"interface eth0\n{line}\nend\n")
    running = driver.get_config("running", sanitized=True)["running"]
    assert running == f"interface eth0\n{line.replace('hunter2', '<removed>')}\nend\n"
