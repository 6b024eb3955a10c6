"""What is let in for services: a port moves in two runs, so that no request is lost on the way.

The first run opens the new port wherever the service's way leads, and leaves the old one open; the second
closes that, once all of the first is done and whoever asks for the service asks at the new port.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from infra_ctl.intent.host import Opening
from infra_ctl.intent.model import Network


@dataclass(frozen=True, slots=True)
class Doors:
    """A host's openings: those that it has, as far as anybody knows, and those that it is to have."""

    present: tuple[Opening, ...]
    intended: tuple[Opening, ...]

    @property
    def opens(self) -> frozenset[str]:
        """Services that it is to let somebody in for whom it does not yet."""
        return frozenset(each.service for each in missing(self.intended, self.present))

    @property
    def going(self) -> tuple[Opening, ...]:
        """What it has and is not to have."""
        return missing(self.present, self.intended)

    @property
    def moving(self) -> tuple[Opening, ...]:
        """Of what goes, that of services which stay; not where only fewer are to come in by the same port."""
        stay = {each.service for each in self.intended}
        narrowed = {_door(each) for each in self.intended if _is_covered(each, self.present)}
        return tuple(each for each in self.going if each.service in stay and _door(each) not in narrowed)


def missing(wanted: Iterable[Opening], there: Collection[Opening]) -> tuple[Opening, ...]:
    """Openings that others do not let in wholly."""
    return tuple(each for each in wanted if not _is_covered(each, there))


def _is_covered(opening: Opening, there: Iterable[Opening]) -> bool:
    networks = [source for each in there if _door(each) == _door(opening) for source in each.sources]
    return all(any(_is_in(source, network) for network in networks) for source in opening.sources)


def _door(opening: Opening) -> tuple[str, str, int, tuple[Network, ...]]:
    return opening.service, opening.protocol, opening.port, opening.targets


def _is_in(inner: Network, outer: Network) -> bool:
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]


def of(
    services: Collection[str], openings: Mapping[str, Iterable[Opening]]
) -> dict[str, tuple[Opening, ...]]:
    """By host, the openings of these services, where it has any."""
    found = {
        host: tuple(each for each in those if each.service in services) for host, those in openings.items()
    }
    return {host: those for host, those in found.items() if those}


def in_words(opening: Opening) -> str:
    """`one-stop/https tcp 8443`."""
    return f"{opening.service} {opening.protocol} {opening.port}"
