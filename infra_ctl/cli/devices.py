"""From a context to its devices: sessions over SSH, inside the twin where it is one, or a simulated fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from infra_ctl.cli.context import Context
from infra_ctl.drivers.connection import Connection
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.drivers.registry import open_driver

if TYPE_CHECKING:
    from infra_ctl.city import City
    from infra_ctl.drivers.base import ConfigDriver


def fleet(context: Context, city: City) -> Fleet:
    """The devices of a context. For a twin, this process moves into its management namespace first."""
    if context.kind == "embedded":
        click.echo("simulated: no device is asked, neighbours and paths are computed from text", err=True)
        return _embedded(context, city)
    if context.kind == "lab":
        from infra_ctl.lab.enter import enter_management

        enter_management(context.var / "lab" / context.lab_name)
    return _over_ssh(context, city)


def _over_ssh(context: Context, city: City) -> Fleet:
    def open_device(hostname: str) -> ConfigDriver:
        intent = city.intents[hostname]
        connection = Connection(
            device=hostname,
            address=str(intent.management),
            others=tuple(str(each.ipv4.ip) for each in intent.uplinks if each.ipv4),
            username=context.username,
            known_hosts=context.known_hosts,
            key_file=context.key_file,
            sudo=context.username != "root",
        )
        return open_driver(intent.platform, connection)

    return Fleet(open_device)


def _embedded(context: Context, city: City) -> Fleet:
    from infra_ctl.change.wiring import wires
    from infra_ctl.drivers.embedded import EmbeddedFleet
    from infra_ctl.render import day0

    start = {hostname: day0(intent) for hostname, intent in city.intents.items()}
    simulated = EmbeddedFleet(context.var / "embedded" / "devices", wires(city.intents), start)
    return Fleet(simulated.driver, simulated=True)


def present(context: Context, city: City) -> tuple[str, ...]:
    """The devices that exist in a context: in a twin of a slice only those of the slice."""
    if context.kind != "lab":
        return tuple(city.intents)
    from infra_ctl.lab.state import require

    nodes = {node.hostname for node in require(context.var / "lab" / context.lab_name).spec.nodes}
    return tuple(host for host in city.intents if host in nodes)
