"""Who cannot be reached because what lies between does not lead there yet: a city grows from its centre."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping

from infra_ctl.change.router import Router
from infra_ctl.intent.model import DeviceIntent, Interface


def behind(
    intents: Mapping[str, DeviceIntent], unreachable: Iterable[str], changing: Mapping[str, Router]
) -> tuple[str, ...]:
    """Unreachable devices whose way to the cores leads through one that is to change and leads there then.

    `changing` are those devices as they run now: on day 0, or routing without the circuit that is new.
    """
    outwards: defaultdict[str, set[str]] = defaultdict(set)
    found: set[str] = set()
    for host in unreachable:
        for uplink in intents[host].uplinks:
            nearer = uplink.neighbour or ""
            outwards[nearer].add(host)
            if nearer in changing and not _leads_on(changing[nearer], intents[nearer], uplink):
                found.add(host)
    waiting = deque(found)
    while waiting:
        farther = outwards[waiting.popleft()] - found
        found |= farther
        waiting.extend(farther)
    return tuple(sorted(found))


def _leads_on(router: Router, intent: DeviceIntent, uplink: Interface) -> bool:
    """Whether a router routes, and its end of a circuit has the address that it is to have."""
    end = next((each for each in intent.interfaces if each.circuit == uplink.circuit), None)
    port = router.ports.get(end.name) if end else None
    return bool(router.ospf) and end is not None and port is not None and end.ipv4 in port.addresses
