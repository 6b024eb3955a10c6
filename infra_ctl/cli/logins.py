"""From a context to who logged in to its devices and hosts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from infra_ctl.context import Context
from infra_ctl.context.devices import enter
from infra_ctl.context.hosts import way
from infra_ctl.errors import DeviceError
from infra_ctl.journal.records import now

if TYPE_CHECKING:
    from infra_ctl.backup.keeping import Logins
    from infra_ctl.backup.records import Part
    from infra_ctl.city import City
    from infra_ctl.drivers.connection import Connection
    from infra_ctl.drivers.logins import Log, Login

SLACK = 2
"""Seconds: clocks are asked one after the other, and to the second."""


def logins(context: Context, city: City) -> Logins:
    """Asks a device or host who else logged in; one that does not say, or is simulated, saw nobody."""
    asked = log_of(context, city)

    def ask(part: Part, after: datetime, before: datetime) -> Collection[Login]:
        try:
            return asked(part.name, after, before)
        except DeviceError:
            return ()

    return ask


def log_of(context: Context, city: City) -> Log:
    """Asks a device or host, by name, who else logged in; one that is simulated saw nobody.

    For a twin, this process moves into its management namespace first.
    """
    enter(context)

    def ask(name: str, after: datetime, before: datetime) -> tuple[Login, ...]:
        if context.kind == "embedded":
            return ()
        oldest, newest = (int((now() - at).total_seconds()) for at in (after, before))
        return _asked(way(context, city, name), oldest + SLACK, max(0, newest - SLACK))

    return ask


def _asked(connection: Connection, oldest: int, newest: int) -> tuple[Login, ...]:
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
