"""What a simulated device sees of itself and its neighbours, computed from the texts of all devices."""

from __future__ import annotations

import hashlib
from ipaddress import IPv6Address

from infra_ctl.change.sessions import Session
from infra_ctl.change.topology import Topology
from infra_ctl.drivers.base import InterfaceState, Neighbour

_UP = {"ospf": "Full", "ospf6": "Full", "bfd": "up", "bgp": "Established"}


def neighbour(hostname: str, session: Session) -> Neighbour:
    """A session as a device reports it, save that this one knows why a session is not up."""
    key = session.key
    if session.protocol == "bfd" and not key:
        key = _link_local(f"{session.peer} {hostname} {session.interface}")
    detail = _UP[session.protocol] if session.up else session.obstacle
    return Neighbour(session.protocol, session.interface, key, session.up, detail)


def _link_local(of: str) -> str:
    """A stand-in for what a kernel would choose: always the same for the same end of a link."""
    return str(IPv6Address(b"\xfe\x80" + bytes(6) + hashlib.sha256(of.encode()).digest()[:8]))


def interfaces(topology: Topology, hostname: str) -> tuple[InterfaceState, ...]:
    """Configured interfaces, and those that are wired, sorted."""
    ports = topology.routers[hostname].ports
    names = sorted({*ports, *(near.interface for near, _ in topology.wired(hostname))})
    return tuple(
        InterfaceState(
            name,
            topology.up((hostname, name)),
            topology.mtu((hostname, name)),
            ports[name].addresses if name in ports else (),
        )
        for name in names
    )
