"""The host part of a router: what may pass between zones, in an nftables table of its own.

It works where systemd is, and in the lab's routers, which have none: their init loads the file itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from infra_ctl.change.operations import File, Operation, Packages, Run, refuse_broken
from infra_ctl.hosts import state
from infra_ctl.hosts.state import FOLDER
from infra_ctl.intent.host import Opening, Protocol
from infra_ctl.intent.model import Network
from infra_ctl.intent.part import HostPart, merged
from infra_ctl.render import host_text

RULES = f"{FOLDER}/zones.nft"
UNIT = "infra-ctl-zones.service"
INLINE = 4
"""So many networks stand in a rule itself; more have a set with a name."""
_SYSTEMD = "[ -d /run/systemd/system ]"
_UNDO = "nft delete table inet zones"


@dataclass(frozen=True, slots=True)
class Side:
    """Networks of one family that a rule is about."""

    networks: tuple[Network, ...]
    name: str = ""
    """Of the set that has them; empty where they are few."""

    @property
    def family(self) -> str:
        return "ip" if self.networks[0].version == 4 else "ip6"

    @property
    def is_anybody(self) -> bool:
        return self.networks[0].prefixlen == 0


@dataclass(frozen=True, slots=True)
class Door:
    """An opening in one family."""

    service: str
    protocol: Protocol
    port: int
    sources: Side
    targets: Side


def operations(part: HostPart, kept: Collection[Opening] = ()) -> tuple[Operation, ...]:
    """All that is to be on the host part of a router; `kept` are openings that stay for now.

    Rules are loaded in one transaction, which leaves other tables alone. Where they were not there before,
    taking them back takes the table away again.
    """
    opened = replace(part, openings=merged((*part.openings, *kept)))
    found: tuple[Operation, ...] = (
        Packages(id="zones/packages", names=("nftables",)),
        File(id="zones/rules", path=RULES, text=rules(opened), validate_by="nft -c -f {}", guarded=True),
        Run(
            id="zones/load",
            command=f"if [ -e {RULES} ]; then nft -f {RULES}; else {_UNDO}; fi",
            unless="nft list table inet zones",
            after=("zones/rules",),
            guarded=True,
        ),
        File(
            id="zones/unit",
            path=f"/etc/systemd/system/{UNIT}",
            text=host_text("zones.service", opened, rules=RULES),
        ),
        Run(
            id="zones/boot",
            command=f"systemctl daemon-reload && systemctl enable --quiet {UNIT}",
            unless=f"! {_SYSTEMD} || systemctl --quiet is-enabled {UNIT}",
        ),
        *state.openings(opened),
    )
    refuse_broken(found)
    return found


def rules(part: HostPart) -> str:
    """What nft is given."""
    names: dict[tuple[Network, ...], str] = {}
    doors, sealed = (tuple(_doors(each, names)) for each in (part.openings, part.sealed))
    named = dict.fromkeys(
        side for door in (*doors, *sealed) for side in (door.sources, door.targets) if side.name
    )
    return host_text(
        "zones.nft",
        part,
        named=tuple(named),
        doors=doors,
        isolated=_sides(part.isolated),
        sealed=sealed,
        people=_sides(part.people),
        zones=_sides(part.zones),
        held=_sides(part.held),
        free=_sides(part.free),
    )


def _doors(openings: Iterable[Opening], names: dict[tuple[Network, ...], str]) -> Iterator[Door]:
    for each in openings:
        for sources in _families(each.sources):
            for targets in _families(each.targets):
                if sources[0].version == targets[0].version:
                    sides = (_named(networks, each.service, names) for networks in (sources, targets))
                    yield Door(each.service, each.protocol, each.port, *sides)


def _named(networks: tuple[Network, ...], service: str, names: dict[tuple[Network, ...], str]) -> Side:
    """A set has the name of the first service that needs it, and of its family."""
    if len(networks) <= INLINE:
        return Side(networks)
    if networks not in names:
        name = f"{service}-{networks[0].version}"
        taken = set(names.values())
        more = (f"{name}-{number}" for number in range(2, len(names) + 3))
        names[networks] = next(each for each in (name, *more) if each not in taken)
    return Side(networks, names[networks])


def _sides(networks: Sequence[Network]) -> tuple[Side, ...]:
    return tuple(Side(each) for each in _families(networks))


def _families(networks: Sequence[Network]) -> Iterator[tuple[Network, ...]]:
    for version in (4, 6):
        if found := tuple(network for network in networks if network.version == version):
            yield found
