"""The order of a plan of devices and hosts: one graph, whose edges say why one thing comes before another.

Devices go in their own waves, by where they stand in the network; hosts, and the host parts of routers, by
what they need of each other. A wave of devices is begun as soon as nothing has to come before it, so that
hosts find the network as it is to be; then all hosts that nothing has to come before any more, and so on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TypeAlias

from infra_ctl.change.plan import After
from infra_ctl.change.waves import Order, in_rings
from infra_ctl.errors import RefusedError

Node: TypeAlias = str | int
"""A host by its name, a wave of devices by its number from 0."""


@dataclass(frozen=True, slots=True)
class Company:
    """What hosts are to each other beside their order."""

    partners: Mapping[str, set[str]]
    """For each host those that stand in for it: never in one wave with it."""
    kinds: Mapping[str, str]
    """What each is: of a large change one of each kind is tried first."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """Waves of devices and of hosts in one order, and all reasons why hosts stand where they stand."""

    waves: tuple[tuple[str, ...], ...]
    after: tuple[After, ...]


def sequence(
    waves: tuple[tuple[str, ...], ...], hosts: Collection[str], edges: Iterable[After], company: Company
) -> Sequence:
    """All in one order. Edges about what does not change hold nothing up.

    Raises RefusedError where edges go round in a circle, with all that are in it.
    """
    nodes: dict[str, Node] = {device: number for number, wave in enumerate(waves) for device in wave}
    nodes |= {host: host for host in hosts}
    binding = [each for each in edges if each.name in nodes and each.first in nodes]
    runs = list(_runs(_sorter(nodes, len(waves), binding), binding))
    order = in_rings([run for run in runs if isinstance(run, set)], company.partners, company.kinds)
    ordered = tuple(
        wave
        for run in runs
        for wave in ([waves[run]] if isinstance(run, int) else filter(run.issuperset, order.waves))
    )
    return Sequence(ordered, (*binding, *_kept_apart(order, company.kinds)))


def _kept_apart(order: Order, kinds: Mapping[str, str]) -> Iterator[After]:
    """What kept hosts out of an earlier wave, though nothing has to come before them."""
    for name, place in sorted(order.places.items()):
        for first in sorted({first for held in place.held_back for first in held.because}):
            yield After(name=name, first=first, reason=f"it stands in for {name}: never both at once")
        canary = order.canaries.get(kinds.get(name, ""), name)
        if canary != name and place.first <= order.places[canary].wave < place.wave:
            yield After(name=name, first=canary, reason="it tries the change out alone")


def _sorter(nodes: Mapping[str, Node], waves: int, edges: Iterable[After]) -> TopologicalSorter[Node]:
    sorter: TopologicalSorter[Node] = TopologicalSorter()
    for node in nodes.values():
        sorter.add(node)
    for number in range(1, waves):
        sorter.add(number, number - 1)
    for edge in edges:
        if nodes[edge.name] != nodes[edge.first]:
            sorter.add(nodes[edge.name], nodes[edge.first])
    return sorter


def _runs(sorter: TopologicalSorter[Node], edges: Iterable[After]) -> Iterator[int | set[str]]:
    """One wave of devices, or all hosts that are ready while none of devices is."""
    try:
        sorter.prepare()
    except CycleError as error:
        raise RefusedError(_circle(error.args[1], edges)) from error
    ready: set[Node] = set()
    while sorter.is_active():
        ready |= set(sorter.get_ready())
        wave = next((node for node in ready if isinstance(node, int)), None)
        if wave is not None:
            yield wave
            done: set[Node] = {wave}
        else:
            done = set(ready)
            yield {node for node in done if isinstance(node, str)}
        sorter.done(*done)
        ready -= done


def _circle(nodes: list[Node], edges: Iterable[After]) -> str:
    """`they wait for each other: a → b (b's reason) → a`."""
    reasons = {(each.first, each.name): each.reason for each in edges}
    words = [f"wave {node + 1} of devices" if isinstance(node, int) else node for node in nodes]
    steps = [words[0]]
    for first, name, word in zip(nodes, nodes[1:], words[1:], strict=False):
        reason = reasons.get((str(first), str(name)))
        steps.append(f"{word} ({reason})" if reason else word)
    return f"they wait for each other: {' → '.join(steps)}"
