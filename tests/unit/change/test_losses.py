"""What each wave is expected to cost: at both ends of a link, in the state that the wave makes."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from infra_ctl.change import normal, reading
from infra_ctl.change.losses import cuts, losses, named
from infra_ctl.change.router import Router
from infra_ctl.change.topology import End, Wire
from infra_ctl.intent.expectations import Reachable


def router(number: int, *ports: str, bfd: bool = False, area: str = "0.0.0.0") -> Router:
    """A router with OSPF on ports given as `eth0 10.1.0.0/31`."""
    text = "".join(
        f"interface {name}\n ip address {address}\n ip ospf area {area}\n ip ospf network point-to-point\n"
        + (" ip ospf bfd\n" if bfd else "")
        + "exit\n"
        for name, address in (port.split() for port in ports)
    )
    return reading.read(normal.parse(f"{text}router ospf\n ospf router-id 10.0.0.{number}\nexit\n"))


A = ("eth0 10.1.0.0/31",)
B = ("eth0 10.1.0.1/31", "eth1 10.1.0.2/31")
C = ("eth0 10.1.0.3/31",)
WIRES = (Wire(End("a", "eth0"), End("b", "eth0")), Wire(End("b", "eth1"), End("c", "eth0")))
BEFORE = {"a": router(1, *A), "b": router(2, *B), "c": router(3, *C)}


@pytest.mark.parametrize(
    ("protocol", "interface", "key", "words"),
    [
        ("ospf", "eth0", "10.0.1.1", "ospf neighbour 10.0.1.1 on eth0"),
        ("bgp", "", "10.0.1.1", "bgp neighbour 10.0.1.1"),
        ("bfd", "eth0", "", "bfd neighbour on eth0"),
    ],
)
def test_a_neighbour_has_one_name(protocol: str, interface: str, key: str, words: str) -> None:
    assert named(protocol, interface, key) == words


def test_a_change_that_costs_nothing_is_expected_to_cost_nothing() -> None:
    assert losses(BEFORE, {"a": BEFORE["a"]}, WIRES, [["a"]]) == {"a": ()}


def test_half_of_a_move_costs_the_link_at_the_end_that_moved() -> None:
    after = {"a": router(1, *A, area="0.0.0.7")}
    assert losses(BEFORE, after, WIRES, [["a"]]) == {"a": ("ospf neighbour 10.0.0.2 on eth0",)}


def test_a_loss_of_the_mixed_state_is_expected_of_its_wave_and_not_of_the_next() -> None:
    after = {
        "a": router(1, *A, area="0.0.0.7"),
        "b": router(2, *B, area="0.0.0.7"),
        "c": router(3, *C, area="0.0.0.7"),
    }
    assert losses(BEFORE, after, WIRES, [["a"], ["b"], ["c"]]) == {
        "a": ("ospf neighbour 10.0.0.2 on eth0",),
        "b": ("ospf neighbour 10.0.0.3 on eth1",),
        "c": (),
    }


def test_what_a_wave_does_at_both_ends_costs_nothing() -> None:
    after = {
        "a": router(1, *A, area="0.0.0.7"),
        "b": router(2, *B, area="0.0.0.7"),
        "c": router(3, *C, area="0.0.0.7"),
    }
    assert losses(BEFORE, after, WIRES, [["a", "b", "c"]]) == {"a": (), "b": (), "c": ()}


def test_the_other_end_is_expected_to_miss_what_an_earlier_wave_took_down() -> None:
    after = {"a": router(1), "b": router(2, B[1])}
    found = losses(BEFORE, after, WIRES, [["a"], ["b"]])
    assert found["b"] == ("interface eth0", "ospf neighbour 10.0.0.1 on eth0")


def test_an_unchanged_device_gets_no_expectation() -> None:
    assert set(losses(BEFORE, {"a": router(1)}, WIRES, [["a"]])) == {"a"}


def test_bfd_goes_with_its_ospf() -> None:
    before = {"a": router(1, *A, bfd=True), "b": router(2, *B, bfd=True), "c": BEFORE["c"]}
    after = {"a": router(1, *A, bfd=True, area="0.0.0.7")}
    assert losses(before, after, WIRES, [["a"]]) == {
        "a": ("bfd neighbour 10.1.0.1 on eth0", "ospf neighbour 10.0.0.2 on eth0")
    }


def test_a_session_that_was_down_before_is_no_loss() -> None:
    before = {**BEFORE, "b": router(2, *B, area="0.0.0.7")}
    assert losses(before, {"a": router(1)}, WIRES, [["a"]]) == {"a": ("interface eth0",)}


def test_an_interface_that_is_shut_down_is_expected_to_be_missed_at_both_ends() -> None:
    text = "interface eth0\n shutdown\n ip address 10.1.0.0/31\nexit\n"
    after = {"a": reading.read(normal.parse(text)), "b": BEFORE["b"]}
    found = losses(BEFORE, after, WIRES, [["a"], ["b"]])
    assert found["a"] == ("interface eth0", "ospf neighbour 10.0.0.2 on eth0")
    assert found["b"] == ("interface eth0", "ospf neighbour 10.0.0.1 on eth0")


# Paths

C_LO = (*C, "lo 10.0.0.3/32")
WITH_LO = {**BEFORE, "c": router(3, *C_LO)}
TO_C = Reachable("a", IPv4Address("10.1.0.0"), "c", "loopback", IPv4Address("10.0.0.3"), 1500)
PATH = "path from a to c over IPv4"


def test_a_path_that_the_mixed_state_lacks_is_expected_to_go_with_that_wave_alone() -> None:
    after = {
        "b": router(2, *B, area="0.0.0.7"),
        "a": router(1, *A, area="0.0.0.7"),
        "c": router(3, *C_LO, area="0.0.0.7"),
    }
    waves = [(["b"], [TO_C]), (["a"], [TO_C]), (["c"], [TO_C])]
    assert cuts(WITH_LO, after, WIRES, waves) == ((PATH,), (PATH,), ())


def test_a_path_is_expected_to_go_only_where_it_is_asked_for() -> None:
    after = {"b": router(2, *B, area="0.0.0.7")}
    assert cuts(WITH_LO, after, WIRES, [(["b"], [])]) == ((),)


def test_a_path_that_was_not_there_is_no_loss() -> None:
    before = {**WITH_LO, "b": router(2, *B, area="0.0.0.7")}
    assert cuts(before, {"c": router(3)}, WIRES, [(["c"], [TO_C])]) == ((),)


def test_a_path_that_was_never_as_wide_is_no_loss() -> None:
    narrow = (Wire(End("a", "eth0"), End("b", "eth0")), Wire(End("b", "eth1", 1400), End("c", "eth0", 1400)))
    after = {"b": router(2, *B, area="0.0.0.7")}
    assert cuts(WITH_LO, after, narrow, [(["b"], [TO_C])]) == ((),)
