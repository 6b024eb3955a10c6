"""Updates that wait, and where packages come from. Nothing is fetched: what apt has heard of counts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from infra_ctl.audit.collecting.examining.asking import UnansweredError
from infra_ctl.audit.collecting.examining.seen import Facts, Seen, shown
from infra_ctl.controls.exhibit import Fact, Line

STALE = 7 * 86400
"""Seconds after which what apt has heard of counts no more."""
SOURCES = r"/etc/apt/sources\.list(\.d/.*\.(list|sources))?"
_LOCAL = ("file", "cdrom", "copy")


def security(seen: Seen) -> Facts:
    """A package each. Raises UnansweredError where apt has not asked its sources of late."""
    if seen.is_absent("security updates"):
        raise UnansweredError("dpkg: not installed")
    first, *waiting = seen.lines("security updates")
    age = seen.since(float(first.text.rpartition(" ")[2]))
    if age > STALE:
        raise UnansweredError(f"apt last asked its sources {age / 86400:.0f} days ago")
    return tuple(Fact(line.text.split()[0], shown(line)) for line in waiting)


def outside(seen: Seen) -> Facts:
    """Servers that are neither of the city's domain nor have one of its addresses, once each."""
    found: dict[str, Fact] = {}
    for uri, line in _uris(seen):
        parts = urlsplit(uri)
        host = parts.hostname or uri
        if parts.scheme not in _LOCAL and not _is_ours(seen, host):
            found.setdefault(host, Fact(host, shown(line)))
    return tuple(found.values())


def _uris(seen: Seen) -> Iterator[tuple[str, Line]]:
    for line in seen.file(SOURCES):
        if line.document.endswith(".sources"):
            if line.text.startswith("URIs:"):
                yield from ((uri, line) for uri in line.text.split()[1:])
        elif (found := re.match(r"deb(?:-src)?\s+(?:\[[^\]]*\]\s+)?(\S+)", line.text)) is not None:
            yield found[1], line


def _is_ours(seen: Seen, host: str) -> bool:
    if host == seen.meant.domain or host.endswith(f".{seen.meant.domain}"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in seen.meant.city)
