"""A sweep of a router, from answers recorded on FRR 8.4.4: with and without its daemons."""

from __future__ import annotations

from ipaddress import ip_interface
from pathlib import Path

import pytest

from infra_ctl.drivers.base import InterfaceState, Neighbour
from infra_ctl.drivers.command import Completed
from infra_ctl.drivers.frr import router, state
from infra_ctl.drivers.frr.shell import Shell
from infra_ctl.drivers.replay import ReplayRunner
from infra_ctl.errors import DeviceError

RECORDED = Path(__file__).with_name("recorded")

BFD = [
    Neighbour("bfd", "eth0", "10.1.0.0", up=True, detail="up"),
    Neighbour("bfd", "eth0", "fe80::2495:e9ff:fe68:1a4c", up=True, detail="up"),
]
BGP = [
    Neighbour("bgp", "", "10.0.0.1", up=True, detail="Established"),
    Neighbour("bgp", "", "192.0.2.9", up=False, detail="Idle (Admin)"),
    Neighbour("bgp", "", "fd00::1", up=True, detail="Established"),
]
OSPF = [Neighbour("ospf", "eth0", "10.0.0.1", up=True, detail="Full/-")]
OSPF6 = [Neighbour("ospf6", "eth0", "10.0.0.1", up=True, detail="Full")]


def sweep(case):
    return router.sweep(Shell("r2", ReplayRunner("r2", RECORDED / case)))


@pytest.mark.parametrize(
    ("case", "neighbours"),
    [
        ("all_daemons", [*BFD, *BGP, *OSPF, *OSPF6]),
        ("no_bgpd", [*BFD, *OSPF, *OSPF6]),
        ("no_bfdd", [*BGP, *OSPF, *OSPF6]),  # in the middle of the list: the rest is asked again
        ("no_ospf6", [*BGP]),
        ("link_down", [*BGP]),  # BGP has not noticed yet
    ],
)
def test_neighbours(case, neighbours):
    assert list(sweep(case).neighbours) == neighbours


def test_interfaces():
    eth0, lo, mgmt0 = sweep("all_daemons").interfaces
    assert eth0 == InterfaceState(
        "eth0", up=True, mtu=1500, addresses=(ip_interface("10.1.0.1/31"), ip_interface("fd00:1::2/64"))
    )
    assert lo.mtu == 65536
    assert mgmt0.addresses == (ip_interface("10.255.0.12/24"),)


def test_an_interface_that_is_shut_is_down():
    eth0, *_ = sweep("link_down").interfaces
    assert not eth0.up


def test_an_adjacency_that_is_not_full_is_not_up():
    (neighbour,) = state.ospf(
        {"neighbors": {"10.0.0.9": [{"nbrState": "ExStart/DR", "ifaceName": "eth1:10.1.0.4"}]}}
    )
    assert neighbour == Neighbour("ospf", "eth1", "10.0.0.9", up=False, detail="ExStart/DR")


def test_routes_are_those_that_were_chosen_in_one_call_with_all_else():
    found = router.sweep(Shell("r2", ReplayRunner("r2", RECORDED / "routes")), routes=True)
    seen = [(str(each.prefix), each.protocol, *sorted(each.interfaces)) for each in found.routes]
    assert seen == [
        ("0.0.0.0/0", "ospf", "eth1"),  # BGP has one too
        ("10.0.0.1/32", "ospf", "eth1"),
        ("10.0.1.1/32", "connected", "lo"),
        ("10.16.0.0/12", "bgp", "eth1"),  # by way of a router further on
        ("10.20.255.254/32", "kernel", "mgmt0"),
        ("10.65.0.0/16", "static"),
        ("::/0", "ospf6", "eth1"),
        ("2001:db8:9200::1:1/128", "ospf6", "eth1"),
        ("2001:db8:9201:11a0::/127", "connected", "eth20"),
        ("2001:db8:9210::/44", "bgp", "eth1"),
        ("2001:db8:9241::/48", "static"),
    ]
    assert {each.protocol for each in found.neighbours} == {"bfd", "bgp", "ospf", "ospf6"}


def test_without_being_asked_for_them_no_routes_are_told():
    assert sweep("all_daemons").routes is None


@pytest.mark.parametrize("answer", ['{"10.0.0.0/8": [3]}', '{"nonsense": [{"selected": true}]}', "[4]"])
def test_a_table_that_cannot_be_understood_names_its_command(answer):
    answers = {state.INTERFACES: "{}", state.ROUTES[0]: "{}", state.ROUTES[1]: answer}
    with pytest.raises(DeviceError, match="r2: cannot understand its answer to `show ipv6 route json`"):
        state.interpret("r2", answers)


class Saying:
    """A router whose vtysh prints one text, whatever it is asked."""

    def __init__(self, text):
        self.text = text

    def run(self, command, stdin=b"", timeout=60.0):
        return Completed(1, self.text.encode(), b"failed to connect to any daemons.")


@pytest.mark.parametrize("text", ["", "Exiting: failed to connect to any daemons.\n"])
def test_a_dead_frr_is_no_router_without_interfaces(text):
    with pytest.raises(DeviceError, match="no answer to `show interface json`"):
        router.sweep(Shell("r2", Saying(text)))


@pytest.mark.parametrize("command", state.COMMANDS)
@pytest.mark.parametrize(
    "answer", ['{"cut', '[{"what": "else"}]', '{"peers": [1], "neighbors": [2], "a": 3}']
)
def test_an_answer_that_cannot_be_understood_names_its_command(command, answer):
    answers = {state.INTERFACES: "{}", command: answer}
    with pytest.raises(DeviceError, match=f"r2: cannot understand its answer to `{command}`") as raised:
        state.interpret("r2", answers)
    assert "\n" not in str(raised.value)
