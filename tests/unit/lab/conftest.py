"""Intents made by hand: two data-centre routers on one zone, the first with a peering, and a ward beyond."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from typing import Literal

import pytest

from infra_ctl.intent.model import Bfd, Bgp, BgpNeighbour, DeviceIntent, Interface


def interface(
    name: str,
    kind: Literal["loopback", "link", "lan", "peering"],
    circuit: str | None = None,
    neighbour: str | None = None,
    mtu: int = 1500,
    ipv4: str | None = None,
    ipv6: str | None = None,
) -> Interface:
    return Interface(
        name,
        kind,
        "",
        mtu,
        IPv4Interface(ipv4) if ipv4 else None,
        IPv6Interface(ipv6) if ipv6 else None,
        None,
        None,
        circuit=circuit,
        neighbour=neighbour,
    )


def intent(hostname: str, management: str, bgp: Bgp | None, *interfaces: Interface) -> DeviceIntent:
    return DeviceIntent(
        hostname=hostname,
        site="dc",
        role="core",
        platform="frr",
        router_id=IPv4Address(management),
        management=IPv4Address(management),
        domain="example",
        stage="dual",
        interfaces=(interface("lo", "loopback"), *interfaces),
        ospf=True,
        ospf6=False,
        default_originate=False,
        reference_mbps=10000,
        bfd=Bfd(300, 3),
        bgp=bgp,
        dns=(),
        syslog=(),
    )


def session(address: IPv4Address | IPv6Address, family: Literal["ipv4", "ipv6"]) -> BgpNeighbour:
    return BgpNeighbour(address, "cpt", "external", 64500, "vault:peers/cpt", (family,), 100)


@pytest.fixture
def intents() -> dict[str, DeviceIntent]:
    peers = (
        session(IPv4Address("203.0.113.0"), "ipv4"),
        session(IPv6Address("2001:db8:fffe::"), "ipv6"),
        BgpNeighbour(IPv4Address("10.0.0.2"), "dc-core2", "core", 4200000092, None, ("ipv4",), 100),
    )
    bgp = Bgp(4200000092, IPv4Address("10.0.0.1"), peers, (), (), "65000:1")
    peering = interface(
        "eth9", "peering", None, "cpt", 1400, ipv4="203.0.113.1/31", ipv6="2001:db8:fffe::1/127"
    )
    core1 = intent(
        "dc-core1",
        "10.0.0.1",
        bgp,
        interface("eth0", "link", "dc-core1-core2", "dc-core2", 9000),
        interface("eth1.110", "lan", "dc/servers"),
        peering,
    )
    core2 = intent(
        "dc-core2",
        "10.0.0.2",
        None,
        interface("eth0", "link", "dc-core1-core2", "dc-core1", 9000),
        interface("eth1.110", "lan", "dc/servers"),
        interface("eth5", "link", "ward-1", "ward-ce1", 1600),
    )
    ward = intent(
        "ward-ce1",
        "10.0.0.3",
        None,
        interface("eth0", "link", "ward-1", "dc-core2", 1500),
        interface("eth2.10", "lan", "ward/staff"),
    )
    return {each.hostname: each for each in (ward, core2, core1)}
