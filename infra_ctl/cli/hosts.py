"""From a context to its hosts: one worker process for all sessions, inside the twin where it is one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from infra_ctl.context import Context
from infra_ctl.context.devices import enter
from infra_ctl.context.hosts import way

if TYPE_CHECKING:
    from infra_ctl.city import City
    from infra_ctl.drivers.hosts import HostFleet


def host_fleet(context: Context, city: City) -> HostFleet:
    """One worker for all hosts, started with the first question; it ends with the command."""
    from infra_ctl.drivers.hosts import HostFleet
    from infra_ctl.drivers.pyinfra import PyinfraHosts

    enter(context)
    driver = click.get_current_context().with_resource(PyinfraHosts())
    return HostFleet(driver, partial(way, context, city))
