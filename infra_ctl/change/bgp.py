"""Whether a BGP session comes up, by both ends' configuration and the paths between them; and if not, why."""

from __future__ import annotations

from ipaddress import ip_address

from infra_ctl.change.reach import Reach
from infra_ctl.change.router import Address, Bgp, BgpPeer, Router


def obstacle(reach: Reach, device: str, bgp: Bgp, peer: BgpPeer) -> str:
    """What keeps the session of a router with one of its peers down; empty when nothing does.

    A peer that has no configuration here is outside: its session is up when it is on a link that is.
    """
    routers = reach.topology.routers
    source = _source(routers[device], peer)
    if peer.shutdown:
        return f"{device} has shut {peer.address} down"
    if source is None:
        return f"{device} has no address to speak to {peer.address} from"
    owner = reach.topology.owner(peer.address)
    if owner is None:
        return reach.path(device, peer.address).obstacle
    other = routers[owner[0]].bgp
    back = other.peers.get(source) if other else None
    if other is None or back is None:
        return f"{owner[0]} has no BGP neighbour {source}"
    if (answer := _source(routers[owner[0]], back)) != peer.address:
        return f"{owner[0]} speaks to {source} from {answer}, not from {peer.address}"
    return _disagreement(bgp, peer, other, back) or _distance(reach, device, owner[0], bgp, other, peer, back)


def is_single_hop(router: Router, peer: BgpPeer) -> bool:
    """Whether the peer is on a link of the router."""
    return _on_link(router, peer.address) is not None


def _source(router: Router, peer: BgpPeer) -> Address | None:
    """The address that a router speaks to a peer from."""
    if peer.source is None:
        return _on_link(router, peer.address)
    if port := router.ports.get(peer.source):
        address = port.address(peer.address.version)
        return address.ip if address else None
    try:
        return ip_address(peer.source)
    except ValueError:
        return None


def _on_link(router: Router, target: Address) -> Address | None:
    own = (address for port in router.ports.values() if not port.shutdown for address in port.addresses)
    return next((address.ip for address in own if target in address.network), None)


def _disagreement(ours: Bgp, peer: BgpPeer, theirs: Bgp, back: BgpPeer) -> str:
    for bgp, other, wanted in ((ours, theirs, peer), (theirs, ours, back)):
        if not _is_wanted(wanted.remote_as, bgp.asn, other.asn):
            return f"AS differs: {wanted.remote_as} is expected of {wanted.address}, it has {other.asn}"
    if back.shutdown:
        return f"{peer.address} has shut {back.address} down"
    if peer.password != back.password:
        return f"passwords differ between {back.address} and {peer.address}"
    if ours.router_id == theirs.router_id:
        return f"{back.address} and {peer.address} have the same router id {ours.router_id}"
    if not peer.families & back.families:
        return f"no address family is active between {back.address} and {peer.address}"
    return ""


def _is_wanted(remote_as: str, own: int, other: int) -> bool:
    return {"internal": own == other, "external": own != other}.get(remote_as, remote_as == str(other))


def _distance(
    reach: Reach, device: str, other: str, ours: Bgp, theirs: Bgp, peer: BgpPeer, back: BgpPeer
) -> str:
    """External peers are on one link unless both say otherwise; all are reachable both ways."""
    near = is_single_hop(reach.topology.routers[device], peer) or (peer.multihop and back.multihop)
    if ours.asn != theirs.asn and not near:
        return f"{peer.address} is not on a link of {device}"
    there = reach.path(device, peer.address)
    return there.obstacle or reach.path(other, back.address).obstacle
