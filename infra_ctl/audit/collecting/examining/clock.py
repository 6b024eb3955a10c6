"""Whom the clock follows, and how well: chrony, systemd-timesyncd."""

from __future__ import annotations

import re

from infra_ctl.audit.collecting.examining.asking import UnansweredError
from infra_ctl.audit.collecting.examining.seen import Facts, Seen, no, one, shown
from infra_ctl.controls.exhibit import Fact, Line

_FOLLOWED = ("*", "+")
"""chrony's marks of the server that it follows, and of those that it reckons with."""
_ITSELF = "7F7F0101"
"""chrony's name for its own clock, which it goes by where no server answers."""
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0}
_NOBODY = no("ps", "neither chronyd nor systemd-timesyncd runs")


def servers(seen: Seen) -> Facts:
    """Those that have answered of late."""
    if seen.running("chronyd"):
        said = ((line.text.split(","), line) for line in seen.lines("chronyc sources"))
        return tuple(Fact(words[2], shown(line)) for words, line in said if words[1] in _FOLLOWED)
    found = (line for line in seen.lines("timedatectl") if line.text.startswith("ServerAddress="))
    return tuple(Fact(line.text.partition("=")[2], shown(line)) for line in found if line.text[-1] != "=")


def synchronised(seen: Seen) -> Facts:
    """As the daemon has it; chrony's last word is how its leap second stands, or that it has no time."""
    if seen.running("chronyd"):
        line = _tracking(seen)
        words = line.text.split(",")
        return one(words[-1] != "Not synchronised" and words[0] != _ITSELF, line)
    said = (each for each in seen.lines("timedatectl") if each.text.startswith("NTPSynchronized="))
    found = next(said, None)
    return one(found.text.endswith("=yes"), found) if found is not None else one(False, _NOBODY)


def offset(seen: Seen) -> Facts:
    """Of the system's clock, either way. Raises UnansweredError where no daemon has measured it."""
    if seen.running("chronyd"):
        line = _tracking(seen)
        if synchronised(seen)[0].value:
            return one(abs(float(line.text.split(",")[4])), line)
        raise UnansweredError("chronyc tracking: it follows nobody")
    for found, line in seen.matches(seen.lines("timedatectl"), r"^\s*Offset: ([+-]?)([\d.]+)(us|ms|s|min)\b"):
        return one(float(found[2]) * _UNITS[found[3]], line)
    raise UnansweredError("no daemon measures how far the clock is off")


def _tracking(seen: Seen) -> Line:
    found = seen.lines("chronyc tracking")
    if not found or not re.match(r"\w{8},", found[0].text):
        raise UnansweredError("chronyc tracking: it says nothing")
    return found[0]
