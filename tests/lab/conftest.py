"""Live labs for tests: three bare routers in a row, up once for all tests of a run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Interface
from pathlib import Path

import pytest

from infra_ctl.intent.model import Bfd, Bgp, BgpNeighbour, DeviceIntent, Interface, Ospf
from infra_ctl.lab import enter, model, twin
from infra_ctl.lab.requirements import requirements
from tests.lab.city_slice import city, deployed, in_band, in_band_city  # noqa: F401 - fixtures of all modules
from tests.lab.janitor import minded
from tests.lab.two_sites import sites, watched  # noqa: F401 - likewise

BACKBONE = IPv4Address("0.0.0.0")


@dataclass(frozen=True, slots=True)
class BareLab:
    """A lab that is up: where it is, what it was built from, how to reach its routers.

    Reach a router in a thread with `infra_ctl.lab.namespace.inside(lab.access.namespace)`: sockets and
    processes that start in the block are in the lab's management namespace.
    """

    directory: Path
    spec: model.TwinSpec
    intents: dict[str, DeviceIntent]
    access: enter.Access


def _link(name: str, circuit: str, neighbour: str, ipv4: str, ipv6: str, mtu: int = 1500) -> Interface:
    return Interface(
        name,
        "link",
        f"to {neighbour}",
        mtu,
        IPv4Interface(ipv4),
        IPv6Interface(ipv6),
        Ospf(BACKBONE, passive=False, cost=10),
        Ospf(BACKBONE, passive=False, cost=10),
        bfd=True,
        circuit=circuit,
        neighbour=neighbour,
    )


def _lan(name: str, segment: str, ipv4: str, ipv6: str) -> Interface:
    ospf = Ospf(BACKBONE, passive=True)
    addresses = IPv4Interface(ipv4), IPv6Interface(ipv6)
    return Interface(name, "lan", "staff", 1500, *addresses, ospf, ospf, circuit=segment)


def _intent(number: int, *interfaces: Interface) -> DeviceIntent:
    address = IPv4Address("10.0.0.0") + number
    ospf = Ospf(BACKBONE, passive=True)
    addresses = IPv4Interface(address), IPv6Interface(f"2001:db8:9200::{number}")
    loopback = Interface("lo", "loopback", "", 65536, *addresses, ospf, ospf)
    neighbours = tuple(
        BgpNeighbour(IPv4Address("10.0.0.0") + other, f"r{other}", "client", 4200000092, None, ("ipv4",), 100)
        for other in (1, 2, 3)
        if other != number
    )
    return DeviceIntent(
        hostname=f"r{number}",
        site="test",
        role="pop",
        platform="frr",
        router_id=address,
        management=address,
        domain="example",
        stage="dual",
        interfaces=(loopback, *interfaces),
        ospf=True,
        ospf6=True,
        default_originate=False,
        bfd=Bfd(300, 3),
        bgp=Bgp(4200000092, address, neighbours, (), (), "65000:1"),
        syslog=(),
        reference_mbps=10000,
        dns=(),
    )


def three_routers() -> dict[str, DeviceIntent]:
    """r1 - r2 - r3, by circuits c12 (1500 bytes) and c23 (1400); r1 and r3 have a LAN each."""
    return {
        "r1": _intent(
            1,
            _link("eth0", "c12", "r2", "10.1.0.0/31", "2001:db8:9201::/127"),
            _lan("eth2.10", "lan1", "10.64.1.1/24", "2001:db8:9240:1::1/64"),
        ),
        "r2": _intent(
            2,
            _link("eth0", "c12", "r1", "10.1.0.1/31", "2001:db8:9201::1/127"),
            _link("eth1", "c23", "r3", "10.1.0.2/31", "2001:db8:9201:1::/127", 1400),
        ),
        "r3": _intent(
            3,
            _link("eth0", "c23", "r2", "10.1.0.3/31", "2001:db8:9201:1::1/127", 1400),
            _lan("eth2.10", "lan3", "10.64.3.1/24", "2001:db8:9240:3::1/64"),
        ),
    }


@pytest.fixture(scope="session")
def lab_name() -> str:
    """A prefix for labs' names that no other run on this machine has."""
    return f"t{os.getpid()}"


@pytest.fixture(scope="session")
def three_intents() -> dict[str, DeviceIntent]:
    return three_routers()


@pytest.fixture(scope="session")
def _can_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whatever becomes of the tests, their labs are taken down."""
    if missing := requirements(tmp_path_factory.mktemp("trial")):
        pytest.skip(f"no lab here: {'; '.join(missing)}")
    with minded(tmp_path_factory.getbasetemp()):
        yield


@pytest.fixture(scope="session")
def bare_lab(_can_run: None, lab_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareLab]:
    """Three routers with their day-0 configuration, each with a disk of 16 MiB."""
    directory = tmp_path_factory.mktemp("bare")
    intents = three_routers()
    spec = model.spec(f"{lab_name}b", intents, disk_mb=16)
    twin.up(spec, directory)
    try:
        yield BareLab(directory, spec, intents, enter.access(directory))
    finally:
        twin.down(directory)
