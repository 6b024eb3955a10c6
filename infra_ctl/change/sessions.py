"""Who is whose neighbour: every session that a router's configuration asks for, and why one is not up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from infra_ctl.change import bgp
from infra_ctl.change.reach import Reach
from infra_ctl.change.topology import End

Protocol: TypeAlias = Literal["ospf", "ospf6", "bfd", "bgp"]
_OSPF: tuple[tuple[int, Protocol], ...] = ((4, "ospf"), (6, "ospf6"))


@dataclass(frozen=True, slots=True, order=True)
class Session:
    """A neighbour of a router; `obstacle` is empty where the session is up.

    `key` is a router id for OSPF and an address for BFD and BGP; it is empty for what cannot be known: the
    router id of a router without one, the link-local address that BFD for OSPFv3 uses.
    """

    protocol: Protocol
    interface: str
    """Empty for BGP, and for BFD between routers that are not on one link."""
    key: str
    peer: str
    """The other device; empty for one outside."""
    obstacle: str

    @property
    def up(self) -> bool:
        return not self.obstacle


def sessions(reach: Reach, device: str) -> tuple[Session, ...]:
    """Every session that a router's own configuration asks for, sorted."""
    return tuple(sorted((*_on_links(reach, device), *_of_bgp(reach, device))))


def _on_links(reach: Reach, device: str) -> Iterator[Session]:
    """OSPF on every wire where it is on and active, and BFD on those where it is up."""
    router = reach.topology.routers[device]
    for near, far in reach.topology.wired(device):
        port = router.ports.get(near.interface)
        for version, protocol in _OSPF:
            ospf = port.ospf.get(version) if port else None
            if ospf is None or ospf.passive:
                continue
            obstacle = reach.topology.obstacle(near, far, version)
            yield Session(protocol, near.interface, _router_id(reach, far, version), far.device, obstacle)
            if ospf.bfd and not obstacle:
                yield _bfd(reach, near, far, version)


def _router_id(reach: Reach, end: End, version: int) -> str:
    router = reach.topology.routers.get(end.device)
    ospf = router.ospf.get(version) if router else None
    return str(ospf.router_id) if ospf else ""


def _bfd(reach: Reach, near: End, far: End, version: int) -> Session:
    port = reach.topology.routers[far.device].ports[far.interface]
    address = port.address(version) if version == 4 else None
    obstacle = "" if port.ospf[version].bfd else f"BFD is not on at {far.device}/{far.interface}"
    return Session("bfd", near.interface, str(address.ip) if address else "", far.device, obstacle)


def _of_bgp(reach: Reach, device: str) -> Iterator[Session]:
    """BGP with every peer, and BFD with those where it is up."""
    own = reach.topology.routers[device].bgp
    if own is None:
        return
    for peer in own.peers.values():
        owner = reach.topology.owner(peer.address)
        other = owner[0] if owner else ""
        obstacle = bgp.obstacle(reach, device, own, peer)
        yield Session("bgp", "", str(peer.address), other, obstacle)
        if peer.bfd and not obstacle:
            yield Session("bfd", "", str(peer.address), other, _no_bfd(reach, device, other))


def _no_bfd(reach: Reach, device: str, other: str) -> str:
    """Whether the other end of a session that is up answers BFD; one outside counts as right."""
    there = reach.topology.routers[other].bgp if other else None
    ours = {address for address, _ in reach.topology.routers[device].addresses()}
    back = (peer for peer in there.peers.values() if peer.address in ours) if there else ()
    return "" if not there or any(peer.bfd for peer in back) else f"BFD is not on at {other}"
