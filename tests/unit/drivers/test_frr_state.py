"""A sweep of a router, from answers recorded on FRR 8.4.4: with and without its daemons."""

from __future__ import annotations

from ipaddress import ip_interface
from pathlib import Path

import pytest

from infra_ctl.drivers.base import InterfaceState, Neighbour
from infra_ctl.drivers.frr import router, state
from infra_ctl.drivers.frr.shell import Shell
from infra_ctl.drivers.replay import ReplayRunner

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


def test_nothing_answers_when_frr_is_dead():
    assert state.interpret({}) == state.DeviceState((), ())
