"""From a context to who logged in to its devices and hosts."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from infra_ctl.cli.context import Context
from infra_ctl.cli.devices import way_to
from infra_ctl.cli.hosts import way_to_host
from infra_ctl.errors import DeviceError

if TYPE_CHECKING:
    from infra_ctl.backup.records import Part
    from infra_ctl.city import City
    from infra_ctl.drivers.connection import Connection
    from infra_ctl.drivers.logins import Login


def logins(context: Context, city: City) -> Callable[[Part, int], Collection[Login]]:
    """Asks a device or host who else logged in; one that does not say, or is simulated, saw nobody."""

    def ask(part: Part, seconds: int) -> Collection[Login]:
        if context.kind == "embedded":
            return ()
        try:
            return _asked(_way(context, city, part), seconds)
        except DeviceError:
            return ()

    return ask


def _way(context: Context, city: City, part: Part) -> Connection:
    if part.kind == "device":
        return way_to(context, city.intent(part.name))
    return way_to_host(context, city, part.name)


def _asked(connection: Connection, seconds: int) -> Collection[Login]:
    from infra_ctl.drivers.logins import logins
    from infra_ctl.drivers.ssh import SshRunner, own_key

    ours = own_key(connection)

    def is_ours(login: Login) -> bool:
        """By its key; where nobody knows that, by the account."""
        return login.key == ours if ours and login.key else login.user == connection.username

    runner = SshRunner.connect(connection)
    try:
        return logins(runner, seconds, is_ours, connection.sudo)
    finally:
        runner.close()
