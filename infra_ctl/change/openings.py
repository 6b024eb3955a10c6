"""What is open for services: a port moves in two runs, so that no request is lost on the way.

The first one opens the new port wherever the service's way leads, and leaves the old one open; the second
closes that, once all of the first is done and whoever asks for the service asks at the new port.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Opening:
    """Something that is let in for a service, by host or router."""

    service: str
    said: str
    """All there is to say of it, as the JSON that the host keeps it in."""

    def __str__(self) -> str:
        """`one-stop tcp/8443`."""
        parts = json.loads(self.said)
        return f"{self.service} {parts.get('protocol', '')}/{parts.get('port', '')}"


def openings(text: str) -> frozenset[Opening]:
    """Of the file in which a host keeps them; none where there is none, or somebody has spoilt it."""
    try:
        found = json.loads(text or "[]")
    except ValueError:
        return frozenset()
    entries = found if isinstance(found, list) else []
    return frozenset(
        map(_opening, (each for each in entries if isinstance(each, dict) and "service" in each))
    )


def _opening(entry: Mapping[str, object]) -> Opening:
    return Opening(str(entry["service"]), json.dumps(entry, sort_keys=True))


@dataclass(frozen=True, slots=True)
class Doors:
    """A host's openings: those that it has and those that it is to have."""

    present: frozenset[Opening]
    intended: frozenset[Opening]
    known: bool = True
    """Whether the host could be asked."""

    @property
    def going(self) -> frozenset[Opening]:
        return self.present - self.intended

    def opens(self, service: str) -> bool:
        """Whether something of a service is still to be opened, as far as anybody knows."""
        wanted = {each for each in self.intended if each.service == service}
        return not wanted <= self.present if self.known else bool(wanted)


def kept(doors: Mapping[str, Doors], stirred: Collection[str]) -> dict[str, frozenset[Opening]]:
    """By host, what is to stay open for now: of services whose new opening is not everywhere yet.

    `stirred` are services that somebody who asks for them is yet to be told of.
    """
    moving = {
        opening.service
        for each in doors.values()
        for opening in each.going
        if any(wanted.service == opening.service for wanted in each.intended)
    }
    unmade = {
        service
        for service in moving
        if service in stirred or any(each.opens(service) for each in doors.values())
    }
    found = {
        host: frozenset(opening for opening in each.going if opening.service in unmade)
        for host, each in doors.items()
    }
    return {host: stay for host, stay in found.items() if stay}
