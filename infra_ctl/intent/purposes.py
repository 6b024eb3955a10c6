"""What prefixes are for. A purpose ends in its family: `loopback-ipv4`, `site-ipv6`, `zone-servers-ipv4`."""

from __future__ import annotations

import functools
from ipaddress import IPv4Network, IPv6Network
from typing import TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network
Key: TypeAlias = tuple[str, str]
"""Object (hostname, link, site or PoP) and purpose: what the lock and overrides are keyed by."""

_LENGTHS: dict[str, tuple[range, range]] = {
    "loopback": (range(32, 33), range(128, 129)),
    "link": (range(8, 32), range(16, 128)),
    "site": (range(8, 27), range(16, 61)),
    "zone": (range(8, 25), range(16, 65)),
    "access": (range(8, 25), range(16, 57)),
    "departments": (range(8, 25), range(16, 57)),
}
"""By purpose without family and zone, the lengths that a prefix may have: IPv4, IPv6."""


@functools.cache
def is_aggregate(purpose: str) -> bool:
    """Whether its prefix is there to hold those of sites."""
    return purpose.partition("-")[0] in ("access", "departments")


@functools.cache
def version(purpose: str) -> int:
    """4 or 6."""
    return 6 if purpose.endswith("-ipv6") else 4


def is_purpose(purpose: str) -> bool:
    """Whether it is one that the lock can hold."""
    return purpose.partition("-")[0] in _LENGTHS and purpose.endswith(("-ipv4", "-ipv6"))


def fault(purpose: str, network: Network) -> str | None:
    """Why a prefix cannot serve a known purpose; None where it can."""
    if network.version != version(purpose):
        return f"{network} is not an IPv{version(purpose)} prefix, which {purpose} is"
    allowed = _LENGTHS[purpose.partition("-")[0]][network.version == 6]
    if network.prefixlen not in allowed:
        return f"{network} cannot be a {purpose}: that is /{allowed.start} to /{allowed.stop - 1}"
    return None
