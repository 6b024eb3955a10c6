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
    ("set_by", "told"), [(0, 20), (-3_600_000, 60), (3_600_000, 60), (-15, 60), (30, 60), (-2, 60), (2, 60)]
)
@pytest.mark.parametrize("is_set_before_it_arrives", [True, False])
def test_a_clock_that_is_set_under_way_does_not_show(
    set_by: int, told: int, *, is_set_before_it_arrives: bool
) -> None:
    """Of a reply that took 20 ms and was read 40 ms later; in milliseconds."""
    arrived = 30 + (set_by if is_set_before_it_arrives else 0)
    times = (each * MILLISECOND for each in (10, arrived, 60, set_by))
    assert round_trip(*times) == told * MILLISECOND
