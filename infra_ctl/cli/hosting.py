"""How a host as the inventory means it is told: what it lets in, what it asks for, what is to be on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from infra_ctl.cli.progress import names
from infra_ctl.intent.part import HostPart

if TYPE_CHECKING:
    from infra_ctl.change.operations import Operation
    from infra_ctl.intent.host import Exit, HostIntent, Opening
    from infra_ctl.intent.model import Network

MOST = 6
"""Names in a line."""


def as_dict(host: HostIntent | HostPart, operations: Sequence[Operation]) -> dict[str, Any]:
    """For programs: all of both."""
    return {"intent": asdict(host), "operations": [each.model_dump() for each in operations]}


def lines(host: HostIntent | HostPart, operations: Sequence[Operation], *, texts: bool) -> Iterator[str]:
    """For people; with `texts`, of all its files."""
    yield from _of_part(host) if isinstance(host, HostPart) else _of_host(host)
    yield f"  stands in {names(host.partners, MOST) or 'for nobody'}"
    for operation in operations:
        guarded = "  on trial first" if operation.guarded else ""
        yield f"  {operation.id:<32} {_what(operation)}{guarded}"
        if texts and operation.kind == "file":
            yield from (f"    {line}" for line in operation.text.splitlines())


def _of_host(host: HostIntent) -> Iterator[str]:
    ways = "denies both ways" if host.is_strict else "denies what comes in"
    addresses = " ".join(map(str, host.addresses))
    yield f"{host.name}  {','.join(host.roles)}  zone {host.zone}  level {host.level}, {ways}  {addresses}"
    yield from (f"  in   {_port(each)} from {_counted(each.sources)}" for each in host.openings)
    if host.is_strict:
        yield from (f"  out  {_port(each)} to {_counted(each.targets)}" for each in host.exits)
    yield f"  needs     {names(host.needs, MOST) or 'nobody'}"


def _of_part(part: HostPart) -> Iterator[str]:
    zones = f"  denies between zones  {' '.join(map(str, part.zones))}" if part.zones else ""
    yield f"{part.name}  host part of {part.router}{zones}"
    for queue in part.queues:
        yield f"  queue {queue.interface:<10} {queue.mbps} Mbit/s  {queue.circuit}"
    for mark in part.marks:
        yield f"  mark  {mark.dscp:<10} {mark.traffic:<10} from {names(mark.interfaces, MOST)}"
    for each in part.openings:
        targets = names(list(map(str, each.targets)), MOST)
        yield f"  pass {_port(each)} from {_counted(each.sources)} to {targets}"


def _port(each: Opening | Exit) -> str:
    return f"{each.service:<28} {each.protocol}/{each.port:<6}"


def _counted(networks: Sequence[Network]) -> str:
    return f"{len(networks)} network{'s' if len(networks) != 1 else ''}"


def _what(operation: Operation) -> str:
    match operation.kind:
        case "packages":
            return f"install {', '.join(operation.names)}"
        case "file" | "folder":
            return operation.path
        case "absent":
            return f"no {operation.path}"
        case "user":
            return f"user {operation.name}"
        case "service":
            return f"service {operation.unit}"
        case "run":
            return f"run {operation.command.splitlines()[0]}"
