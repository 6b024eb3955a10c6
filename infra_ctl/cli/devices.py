"""From a context to its fleet: sessions over SSH, inside the twin where it is one, or simulated devices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra_ctl.context import Context
from infra_ctl.context.devices import connection, enter, is_in_band
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.drivers.registry import open_driver

if TYPE_CHECKING:
    from infra_ctl.city import City
    from infra_ctl.drivers.base import ConfigDriver


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
    return Fleet(open_device, in_band=is_in_band(context))


def _embedded(context: Context, city: City) -> Fleet:
    from infra_ctl.change.wiring import wires
    from infra_ctl.drivers.embedded import EmbeddedFleet
    from infra_ctl.render import day0

    start = {hostname: day0(intent) for hostname, intent in city.intents.items()}
    simulated = EmbeddedFleet(context.var / "embedded" / "devices", wires(city.intents), start)
    return Fleet(simulated.driver, simulated=True)
