"""Which driver speaks to which platform."""

from __future__ import annotations

from collections.abc import Callable

from infra_ctl.drivers.base import ConfigDriver
from infra_ctl.drivers.connection import Connection
from infra_ctl.drivers.frr.config_driver import FrrConfigDriver
from infra_ctl.errors import InfraCtlError

DRIVERS: dict[str, Callable[[Connection], ConfigDriver]] = {"frr": FrrConfigDriver.over_ssh}
"""By the inventory's word for a platform."""


def open_driver(platform: str, connection: Connection) -> ConfigDriver:
    """A driver; entering it (`with`) opens the session. Raises InfraCtlError for an unknown platform."""
    if platform not in DRIVERS:
        raise InfraCtlError(f"no driver for platform {platform!r}; there are: {', '.join(sorted(DRIVERS))}")
    return DRIVERS[platform](connection)
