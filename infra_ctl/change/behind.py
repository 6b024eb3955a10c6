"""Who cannot be reached because what lies between does not route yet: a city grows from its centre."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping

from infra_ctl.intent.model import DeviceIntent


def behind(
    intents: Mapping[str, DeviceIntent], unreachable: Iterable[str], mute: Collection[str]
) -> tuple[str, ...]:
    """Unreachable devices whose way to the cores leads through one of `mute`, which do not route yet."""
    outwards: defaultdict[str, set[str]] = defaultdict(set)
    for host in unreachable:
        for uplink in intents[host].uplinks:
            outwards[uplink.neighbour or ""].add(host)
    found: set[str] = set()
    waiting = deque(mute)
    while waiting:
        farther = outwards[waiting.popleft()] - found
        found |= farther
        waiting.extend(farther)
    return tuple(sorted(found))
