"""Less time for everything: for a twin, where nobody wants to wait for hours to see an alert.

Ratios are taken over a tenth of the time, then, and are that much coarser: what lasts seconds may count.
"""

from __future__ import annotations

import math
import re

MOST = 10
"""The shortest windows have a minute: less than 6 s would be too few scrapes for a rate."""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SPAN = re.compile("([0-9]+)([smhdw])")
_ONE = "(?:[0-9]+[smhdw])+"
_PLACES = re.compile(
    rf"(?m)(^\s*(?:- )?(?:interval|for|keep_firing_for): *|\[|\boffset +)({_ONE}(?::{_ONE})?)"
)
"""Where durations stand in a file of rules: of groups and alerts, of windows, of offsets."""


def span(text: str, hurry: int) -> str:
    """A duration as Prometheus writes it, in that part of its time; a second at least."""
    seconds = sum(int(number) * _UNITS[unit] for number, unit in _SPAN.findall(text))
    return text if hurry == 1 else f"{max(1, math.ceil(seconds / hurry))}s"


def hurried(rules: str, hurry: int) -> str:
    """A file of rules with every duration in that part of its time."""
    return _PLACES.sub(lambda match: match[1] + _each(match[2], hurry), rules)


def _each(text: str, hurry: int) -> str:
    """`7d:5m` are two."""
    return ":".join(span(part, hurry) for part in text.split(":"))
