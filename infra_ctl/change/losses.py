"""What a change is expected to cost: neighbours and interfaces that are up before a wave and not after it.

A wave makes a mixed state: some devices have their new configuration, others still the old one. What that
state lacks by the configurations alone is predicted, and its loss is no failure; any other loss is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from infra_ctl.change.reach import Reach
from infra_ctl.change.router import Router
from infra_ctl.change.sessions import sessions
from infra_ctl.change.topology import Topology, Wire


def named(protocol: str, interface: str, key: str) -> str:
    """A neighbour as losses name it, in words: `ospf neighbour 10.0.1.1 on eth0`."""
    parts = [f"{protocol} neighbour", key, f"on {interface}" if interface else ""]
    return " ".join(part for part in parts if part)


def losses(
    before: Mapping[str, Router],
    after: Mapping[str, Router],
    wires: Iterable[Wire],
    waves: Iterable[Iterable[str]],
) -> dict[str, tuple[str, ...]]:
    """For each device of a wave, what it is expected to have no more once its wave is done, sorted.

    `after` has the new configuration of every device in `waves`, `before` the present one of all devices.
    """
    reach = Reach(Topology(before, wires))
    up_before = {device: frozenset(_up(reach, device)) for device in after}
    found: dict[str, tuple[str, ...]] = {}
    for wave in waves:
        members = tuple(wave)
        for device in members:
            reach.topology.replace(device, after[device])
        for device in members:
            found[device] = tuple(sorted(up_before[device].difference(_up(reach, device))))
    return found


def _up(reach: Reach, device: str) -> Iterator[str]:
    for session in sessions(reach, device):
        if session.up:
            yield named(session.protocol, session.interface, session.key)
    for port in reach.topology.routers[device].ports:
        if reach.topology.up((device, port)):
            yield f"interface {port}"
