"""From a context to its devices: sessions over SSH, inside the twin where it is one, or a simulated fleet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra_ctl.cli.context import Context
from infra_ctl.drivers.connection import Connection
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.drivers.registry import open_driver

if TYPE_CHECKING:
    from infra_ctl.city import City
    from infra_ctl.drivers.base import ConfigDriver
    from infra_ctl.intent.model import DeviceIntent


def fleet(context: Context, city: City, pins: Mapping[str, Path] | None = None) -> Fleet:
    """The devices of a context. For a twin, this process moves into its management namespace first.

    `pins` are the known_hosts of devices whose host keys are not in the context's own.
    """
    if context.kind == "embedded":
        told = (
            "simulated: no device is asked, neighbours and paths are computed from text; there are no hosts"
        )
        click.echo(told, err=True)
        return _embedded(context, city)

    def open_device(hostname: str) -> ConfigDriver:
        intent = city.intents[hostname]
        known_hosts = (pins or {}).get(hostname, context.known_hosts)
        return open_driver(intent.platform, replace(connection(context, intent), known_hosts=known_hosts))

    enter(context)
    return Fleet(open_device, in_band=_is_in_band(context))


def way_to(context: Context, intent: DeviceIntent) -> Connection:
    """How a device is reached. For a twin, this process moves into its management namespace first."""
    enter(context)
    return connection(context, intent)


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


def _is_in_band(context: Context) -> bool:
    """A city's wards are; a twin says it."""
    if context.kind != "lab":
        return True
    from infra_ctl.lab.state import require

    return require(context.lab_folder).spec.in_band


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


def _embedded(context: Context, city: City) -> Fleet:
    from infra_ctl.change.wiring import wires
    from infra_ctl.drivers.embedded import EmbeddedFleet
    from infra_ctl.render import day0

    start = {hostname: day0(intent) for hostname, intent in city.intents.items()}
    simulated = EmbeddedFleet(context.var / "embedded" / "devices", wires(city.intents), start)
    return Fleet(simulated.driver, simulated=True)


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
