"""Which circuits lead to a room, and what echoes are sent to on the way. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from infra_ctl.city import City
from infra_ctl.intent.topology import Link, links
from infra_ctl.monitor.targets import DscpClass, Family, PathTarget, RoomTarget, path_targets
from infra_ctl.probe.targets import AF41, EchoTarget


def room_echo(room: RoomTarget) -> EchoTarget:
    """What is sent to the room itself: a machine may be on that speaks no SIP."""
    return EchoTarget(f"room {room.room}", room.address, AF41)


def _family(room: RoomTarget) -> Family:
    return "ipv4" if room.address.version == 4 else "ipv6"


@dataclass(frozen=True)
class Ways:
    """A city's circuits as ways to its sites."""

    city: City

    @cached_property
    def _targets(self) -> Mapping[tuple[str, str, Family, DscpClass], PathTarget]:
        return {(t.kind, t.name, t.family, t.dscp_class): t for t in path_targets(self.city)}

    @cached_property
    def _to(self) -> Mapping[str, list[Link]]:
        """Circuits by the site of their farther end."""
        found: dict[str, list[Link]] = {}
        for link in links(self.city.inventory):
            if link.kind == "circuit":
                found.setdefault(link.z.device.site, []).append(link)
        return found

    def circuits(self, site: str) -> tuple[str, ...]:
        """Those that lead to a site, the nearest to the data centre first."""
        return tuple(reversed([*dict.fromkeys(self._upwards(site, ()))]))

    def before(self, circuit: str) -> tuple[str, ...]:
        """Those of which one comes before a circuit on the way from the data centre."""
        here = next(link for found in self._to.values() for link in found if link.id == circuit)
        return tuple(link.id for link in self._to.get(here.a.device.site, ()))

    def beside(self, circuit: str) -> tuple[str, ...]:
        """All that lead to the same site, itself too: while one of them lives the site can be reached."""
        return next(
            tuple(e.id for e in found) for found in self._to.values() for link in found if link.id == circuit
        )

    def to_site(self, room: RoomTarget, dscp_class: DscpClass) -> EchoTarget | None:
        """What is sent to a room's site; None where it has no router that could answer."""
        return self._echo("site", room.site, _family(room), dscp_class)

    def over(self, circuit: str, room: RoomTarget, dscp_class: DscpClass) -> EchoTarget | None:
        """What is sent over one circuit, in the family of a room behind it."""
        return self._echo("circuit", circuit, _family(room), dscp_class)

    def _echo(self, kind: str, name: str, family: Family, dscp_class: DscpClass) -> EchoTarget | None:
        target = self._targets.get((kind, name, family, dscp_class))
        return target.echo() if target else None

    def _upwards(self, site: str, seen: tuple[str, ...]) -> Iterator[str]:
        """The site's own first; a ring is gone around once."""
        here = self._to.get(site, [])
        yield from (link.id for link in here)
        for above in dict.fromkeys(link.a.device.site for link in here):
            if above not in (site, *seen):
                yield from self._upwards(above, (*seen, site))
