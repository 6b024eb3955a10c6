"""Whether two routers on a link become full OSPF neighbours, by both ends' configuration; if not, why.

The rules are those of RFC 2328 and RFC 5340 as FRR 8.4.4 was seen to apply them. In one thing this is
stricter: ends of different network types become full neighbours in FRR, and then no route crosses the link.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeAlias

from infra_ctl.change.router import OspfPort, Port, Router


@dataclass(frozen=True, slots=True)
class Side:
    """One end of a link; `mtu` is the interface's, in bytes."""

    device: str
    router: Router
    port: Port
    mtu: int

    @property
    def name(self) -> str:
        return f"{self.device}/{self.port.name}"


def obstacle(version: int, a: Side, z: Side) -> str:
    """What keeps two ends from being full neighbours in OSPFv2 (4) or OSPFv3 (6); empty when nothing does."""
    for check in _CHECKS:
        if found := check(version, a, z) or check(version, z, a):
            return found
    return ""


Check: TypeAlias = Callable[[int, Side, Side], str]
"""Looks at OSPF of an IP version from one end; answers what is in the way, or nothing."""

_MUST_AGREE: tuple[tuple[str, Callable[[OspfPort], object]], ...] = (
    ("areas", attrgetter("area")),
    ("instances", attrgetter("instance")),
    ("hello intervals", attrgetter("hello")),
    ("dead intervals", attrgetter("dead")),
    ("authentication", attrgetter("authentication")),
    ("network types", lambda port: "point-to-point" if port.point_to_point else "broadcast"),
)


def _shutdown(_version: int, here: Side, _there: Side) -> str:
    return f"{here.name} is shut down" if here.port.shutdown else ""


def _off(version: int, here: Side, _there: Side) -> str:
    return "" if version in here.port.ospf else f"OSPF is not on at {here.name}"


def _passive(version: int, here: Side, _there: Side) -> str:
    return f"{here.name} is passive" if here.port.ospf[version].passive else ""


def _disagreement(version: int, here: Side, there: Side) -> str:
    ours, theirs = here.port.ospf[version], there.port.ospf[version]
    for name, property_of in _MUST_AGREE:
        if property_of(ours) != property_of(theirs):
            return f"{name} differ: {property_of(ours)} at {here.name}, {property_of(theirs)} at {there.name}"
    return ""


def _area_type(version: int, here: Side, there: Side) -> str:
    area = here.port.ospf[version].area
    types = [side.router.ospf[version].areas.get(area, "usual") for side in (here, there)]
    return (
        f"area {area} is {types[0]} at {here.name}, {types[1]} at {there.name}" if len(set(types)) > 1 else ""
    )


def _key(version: int, here: Side, there: Side) -> str:
    """The key that this end signs with, the other end must have: the same number, algorithm and secret."""
    keys = here.port.ospf[version].keys
    if here.port.ospf[version].authentication == "none":
        return ""
    if not keys:
        return f"no key at {here.name}"
    known = {key.id: key for key in there.port.ospf[version].keys}
    if keys[-1].id not in known:
        return f"{here.name} signs with key {keys[-1].id}, which {there.name} does not have"
    return (
        "" if known[keys[-1].id] == keys[-1] else f"key {keys[-1].id} differs at {here.name} and {there.name}"
    )


def _address(version: int, here: Side, there: Side) -> str:
    """OSPFv2 needs the other's address in its own subnet; OSPFv3 speaks by link-local addresses."""
    if version == 6:
        return ""
    ours, theirs = here.port.address(4), there.port.address(4)
    if ours is None or theirs is None:
        return f"{here.name if ours is None else there.name} has no IPv4 address"
    if ours.ip == theirs.ip:
        return f"{here.name} and {there.name} have the same address {ours.ip}"
    return "" if theirs.ip in ours.network else f"{theirs.ip} of {there.name} is not in {ours} of {here.name}"


def _router_id(version: int, here: Side, there: Side) -> str:
    ours, theirs = here.router.ospf[version].router_id, there.router.ospf[version].router_id
    if int(ours) == 0:
        return f"{here.device} has no router id"
    return f"{here.device} and {there.device} have the same router id {ours}" if ours == theirs else ""


def _mtu(version: int, here: Side, there: Side) -> str:
    """An end of OSPFv2 refuses what is larger than its own MTU, one of OSPFv3 what differs from it."""
    ours, theirs = _effective_mtu(version, here), _effective_mtu(version, there)
    refuses = theirs > ours if version == 4 else theirs != ours
    if not refuses or here.port.ospf[version].mtu_ignore:
        return ""
    return f"MTU differs: {ours} at {here.name}, {theirs} at {there.name}"


def _effective_mtu(version: int, side: Side) -> int:
    return min(side.port.ospf[version].mtu or side.mtu, side.mtu)


_CHECKS: tuple[Check, ...] = (
    _shutdown,
    _off,
    _passive,
    _disagreement,
    _area_type,
    _key,
    _address,
    _router_id,
    _mtu,
)
"""In this order: a later one relies on what an earlier one has made sure of."""
