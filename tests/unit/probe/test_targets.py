from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest

from infra_ctl.probe.echo import round_trip
from infra_ctl.probe.targets import AF41, EchoTarget, Order, Pace, StampTarget

MILLISECOND = 1_000_000


def test_an_order_is_read_as_it_was_given() -> None:
    targets = {
        2: EchoTarget("a", IPv4Address("192.0.2.1"), mtu=True),
        5: EchoTarget("b", IPv6Address("2001:db8::1"), AF41),
        9: StampTarget("c", IPv6Address("2001:db8::2"), AF41, 8620),
    }
    order = Order(Pace(0.5, 1.5, 60.0), 16, (2, 9), targets)
    assert order.line().count(b"\n") == 1
    read = Order.read(order.line())
    assert (read.pace, read.slots, tuple(read.fresh), read.targets) == (order.pace, 16, (2, 9), targets)


@pytest.mark.parametrize(
    ("left", "arrived", "elapsed", "took"),
    [
        (10 * MILLISECOND, 15 * MILLISECOND, 25 * MILLISECOND, 5 * MILLISECOND),
        (10 * MILLISECOND, -3_600_000 * MILLISECOND, 25 * MILLISECOND, 25 * MILLISECOND),
        (10 * MILLISECOND, 3_600_000 * MILLISECOND, 25 * MILLISECOND, 25 * MILLISECOND),
    ],
    ids=["undisturbed", "set back", "set forward"],
)
def test_a_clock_that_is_set_under_way_does_not_show(
    left: int, arrived: int, elapsed: int, took: int
) -> None:
    assert round_trip(left, arrived, elapsed) == took
