"""Small networks as text, for everything that is computed from configurations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import pytest

from infra_ctl.change import normal, reading
from infra_ctl.change.reach import Reach
from infra_ctl.change.topology import End, Topology, Wire


@pytest.fixture
def network() -> Callable[[Mapping[str, str], Iterable[str]], Reach]:
    """Makes a network of configurations by hostname, and of wires: `a/eth0 b/eth1`, `a/eth0:1400 b/eth1`."""

    def made(texts: Mapping[str, str], wires: Iterable[str]) -> Reach:
        routers = {name: reading.read(normal.parse(text)) for name, text in texts.items()}
        return Reach(Topology(routers, [wire(each) for each in wires]))

    return made


def wire(text: str) -> Wire:
    a, z = (end(each) for each in text.split())
    return Wire(a, z)


def end(text: str) -> End:
    place, _, mtu = text.partition(":")
    device, _, interface = place.partition("/")
    return End(device, interface, int(mtu or 1500))
