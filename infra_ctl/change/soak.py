"""Whether a change can break what it leaves up for now: a neighbour is given up only when it is missed."""

from __future__ import annotations

import re

from infra_ctl.change.diff import diff
from infra_ctl.change.normal import Normal

SECONDS = 11
"""A hello interval of OSPF (RFC 2328, C.3: 10 s), and a little; BFD detects within half of it."""

# Lines that say nothing of whom to hear or how: they break no neighbour, or break it at once.
_QUIET = re.compile(
    r"description |bandwidth |detect-multiplier |ip ospf cost |ipv6 ospf6 cost |log "
    r"|ip prefix-list |ipv6 prefix-list |route-map |bgp (?:as-path|community-list|large-community-list) "
    r"|bgp graceful-shutdown|default-information "
)


def soak(old: Normal, new: Normal) -> int:
    """Seconds for which neighbours are watched after a change from `old` to `new`, before it is confirmed."""
    loud = (
        line
        for line in diff(old, new)
        if line.op != " " and not any(map(_QUIET.match, (*line.context[:1], line.text)))
    )
    return SECONDS if any(loud) else 0
