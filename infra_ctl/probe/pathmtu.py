"""The largest packet that a path carries, found by asking (as RFC 8899 does, with echoes). Pure."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final, Literal, TypeAlias

Family: TypeAlias = Literal["ipv4", "ipv6"]

LEAST: Final[dict[Family, int]] = {"ipv4": 576, "ipv6": 1280}
"""What every path has to carry (RFC 1122, 3.3.3; RFC 8200, 5)."""
MOST: Final = 1500
TRIES: Final = 3
"""A size is too large once so many packets of it were lost in a row: loss alone does not look like an MTU."""


def search(family: Family, most: int = MOST) -> Generator[int, bool, int]:
    """Yields the size of an IP packet to send, is sent whether it came back, and returns the MTU.

    The largest first: most paths take it, and are done with one packet. 0 when not even the least comes back.
    """
    if (yield from _carries(most)):
        return most
    least = LEAST[family]
    if not (yield from _carries(least)):
        return 0
    return (yield from _between(least, most))


def _between(carried: int, refused: int) -> Generator[int, bool, int]:
    while refused - carried > 1:
        size = (carried + refused) // 2
        if (yield from _carries(size)):
            carried = size
        else:
            refused = size
    return carried


def _carries(size: int) -> Generator[int, bool, bool]:
    for _ in range(TRIES):
        if (yield size):
            return True
    return False
