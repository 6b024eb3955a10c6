"""What goes first on a circuit: who comes in is marked, and what leaves by a circuit waits in classes.

Classes are found by the packet's priority, which nftables sets from its mark: that needs no filter of tc's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infra_ctl.change.operations import Operation
from infra_ctl.hosts.roles import loading
from infra_ctl.intent import openings
from infra_ctl.intent.part import HostPart
from infra_ctl.intent.traffic import STEP, Queue
from infra_ctl.inventory.kinds import Traffic
from infra_ctl.render import host_text

TABLE, NAME = "marks", "queues"
REST = STEP * len(Traffic)
"""Of the class for what is in no other."""
OURS = f"tc qdisc show | sed -n 's/^qdisc htb 1: dev \\([^ ]*\\) root .* default 0x{REST} .*/\\1/p'"
"""Tells the interfaces with a queue of ours: somebody else's is called 1: too, and its rest otherwise."""
UNDO = f"{OURS} | while read -r each; do tc qdisc delete dev $each root; done"
PACKET = 1514
"""Bytes of the largest packet of a circuit, its frame included."""
WAIT = 0.05
"""Seconds for which a class may keep packets, at the rate of the whole circuit."""
BURST = 0.001
"""Seconds for which a circuit may be used ahead of time: the kernel looks no oftener at a fast one."""


@dataclass(frozen=True, slots=True)
class Share:
    """What a class has of one circuit for certain."""

    minor: int
    place: int
    kbit: int


@dataclass(frozen=True, slots=True)
class Discipline:
    """A circuit's queue in tc's terms."""

    interface: str
    kbit: int
    packets: int
    bursts: str
    classes: tuple[Share, ...]


def queues(part: HostPart) -> tuple[Operation, ...]:
    """Of a router that marks or queues anything. Marks change nobody's way; queues are on trial."""
    if not part.classes or not (part.marks or part.queues):
        return ()
    what, rules = "Marks of traffic", loading.rules_of(TABLE)
    return (
        *(_of_circuits(part) if part.queues else ()),
        *loading.table(TABLE, marks(part), guarded=False),
        loading.unit(TABLE, "rules.service", part, what=what, rules=rules),
    )


def _of_circuits(part: HostPart) -> tuple[Operation, ...]:
    more = {
        "what": "Queues of circuits",
        "script": loading.script_of(NAME),
        "after": "infra-ctl-vlans.service",
    }
    return (
        *loading.script(NAME, script(part), UNDO),
        loading.unit(NAME, "links.service", part, **more),
    )


def marks(part: HostPart) -> str:
    """What nft is given."""
    own = next((each.dscp for each in part.classes if each.name == Traffic.CONTROL), "")
    told_apart = tuple(each for each in part.classes if each.name != Traffic.DEFAULT)
    return host_text("marks.nft", part, own=own, told_apart=told_apart, stamp=openings.PORTS[openings.STAMP])


def script(part: HostPart) -> str:
    """What brings the kernel's queues to this."""
    disciplines = tuple(_disciplines(part))
    return host_text("queues.sh", part, queues=disciplines, quantum=PACKET, rest=REST, ours=OURS)


def _disciplines(part: HostPart) -> Iterator[Discipline]:
    for queue in part.queues:
        kbit = queue.mbps * 1000
        yield Discipline(
            queue.interface,
            kbit,
            packets=max(2 * STEP, round(kbit * 1000 * WAIT / 8 / PACKET)),
            bursts=_bursts(queue),
            classes=tuple(
                Share(each.minor, each.place, max(1, round(kbit * each.share))) for each in part.classes
            ),
        )


def _bursts(queue: Queue) -> str:
    size = max(2 * PACKET, round(queue.mbps * 1e6 * BURST / 8))
    return f"burst {size} cburst {size}"
