"""From a context to who logged in to its devices and hosts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from infra_ctl.cli.context import Context
from infra_ctl.cli.devices import way_to
from infra_ctl.cli.hosts import way_to_host
from infra_ctl.errors import DeviceError
from infra_ctl.journal.records import now

if TYPE_CHECKING:
    from infra_ctl.backup.keeping import Logins
    from infra_ctl.backup.records import Part
    from infra_ctl.city import City
    from infra_ctl.drivers.connection import Connection
    from infra_ctl.drivers.logins import Login

SLACK = 2
"""Seconds: clocks are asked one after the other, and to the second."""


def logins(context: Context, city: City) -> Logins:
    """Asks a device or host who else logged in; one that does not say, or is simulated, saw nobody."""

    def ask(part: Part, after: datetime, before: datetime) -> Collection[Login]:
        if context.kind == "embedded":
            return ()
        oldest, newest = (int((now() - at).total_seconds()) for at in (after, before))
        try:
            return _asked(_way(context, city, part), oldest + SLACK, max(0, newest - SLACK))
        except DeviceError:
            return ()

    return ask


def _way(context: Context, city: City, part: Part) -> Connection:
    if part.kind == "device":
        return way_to(context, city.intent(part.name))
    return way_to_host(context, city, part.name)


def _asked(connection: Connection, oldest: int, newest: int) -> Collection[Login]:
    from infra_ctl.drivers.logins import logins
    from infra_ctl.drivers.ssh import SshRunner, own_key

    ours = own_key(connection)

    def is_ours(login: Login) -> bool:
        """By its key; where nobody knows that, by the account."""
        return login.key == ours if ours and login.key else login.user == connection.username

    runner = SshRunner.connect(connection)
    try:
        return logins(runner, oldest, is_ours, newest=newest, sudo=connection.sudo)
    finally:
        runner.close()
