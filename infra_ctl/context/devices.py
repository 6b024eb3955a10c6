"""The devices of a context: which of the city's there are, and how each is reached."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from infra_ctl.context.named import Context
from infra_ctl.drivers.connection import Connection

if TYPE_CHECKING:
    from infra_ctl.city import City
    from infra_ctl.intent.model import DeviceIntent


def present(context: Context, city: City) -> tuple[str, ...]:
    """The city's devices that exist in a context."""
    return existing(context, city.intents)


def existing(context: Context, hostnames: Iterable[str]) -> tuple[str, ...]:
    """Of devices those that exist in a context: in a twin of a slice only those of the slice."""
    if context.kind != "lab":
        return tuple(hostnames)
    from infra_ctl.lab.state import require

    nodes = {node.hostname for node in require(context.lab_folder).spec.nodes}
    return tuple(host for host in hostnames if host in nodes)


def connection(context: Context, intent: DeviceIntent) -> Connection:
    """How a device is reached, from inside a twin."""
    return Connection(
        device=intent.hostname,
        address=str(intent.management),
        others=tuple(str(uplink.ipv4.ip) for uplink in intent.uplinks if uplink.ipv4),
        username=context.username,
        known_hosts=context.known_hosts,
        key_file=context.key_file,
        sudo=context.username != "root",
    )


def enter(context: Context) -> None:
    """For a twin, this process moves into its management namespace."""
    if context.kind == "lab":
        from infra_ctl.lab.enter import enter_management

        enter_management(context.lab_folder)


def inside(context: Context) -> AbstractContextManager[None]:
    """For a twin, this thread is in its management namespace for the block; threads that it starts stay."""
    if context.kind != "lab":
        return nullcontext()
    from infra_ctl.lab import enter, namespace

    return namespace.inside(enter.access(context.lab_folder).namespace)


def is_in_band(context: Context) -> bool:
    """A city's wards are; a twin says it."""
    if context.kind != "lab":
        return True
    from infra_ctl.lab.state import require

    return require(context.lab_folder).spec.in_band
