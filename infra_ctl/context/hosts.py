"""The hosts of a context: which of the city's there are, and how each is reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from infra_ctl.context.devices import connection, present
from infra_ctl.context.named import Context
from infra_ctl.drivers.connection import Connection

if TYPE_CHECKING:
    from infra_ctl.city import City
    from infra_ctl.intent.part import HostPart


def present_hosts(context: Context, city: City) -> tuple[str, ...]:
    """The hosts that exist in a context: none are simulated, and a twin has those that it was booted with."""
    if context.kind == "embedded":
        return ()
    if context.kind == "live":
        return tuple(city.hosts)
    from infra_ctl.lab.state import require

    there = {host.hostname for host in require(context.lab_folder).spec.hosts}
    return tuple(name for name in city.hosts if name in there)


def present_parts(context: Context, city: City) -> Mapping[str, HostPart]:
    """Host parts that are ours to change, as `present_hosts`."""
    if context.kind == "embedded":
        return {}
    there = set(present(context, city))
    if context.kind == "lab":
        from infra_ctl.lab.state import require

        there &= set(require(context.lab_folder).spec.parts)
    return {name: part for name, part in city.parts.items() if part.router in there}


def intended_hosts(context: Context, city: City) -> Mapping[str, str]:
    """Hosts and host parts that a context has, with all that is to be on each, its secrets as references."""
    from infra_ctl.change.operations import written
    from infra_ctl.hosts.meant import Hosts, Kept

    every = Hosts(city.hosts, present_hosts(context, city), present_parts(context, city))
    return {name: written(meant.operations(Kept())) for name, meant in every.items()}


def way(context: Context, city: City, name: str) -> Connection:
    """A router's or host's; the host part of a router is reached as the router is, from inside a twin."""
    from infra_ctl.inventory.models import HOST_ACCOUNT

    router = name.partition("/")[0]
    if router in city.intents:
        return connection(context, city.intents[router])
    first, *others = map(str, city.host(name).addresses)
    return Connection(
        device=name,
        address=first,
        others=tuple(others),
        username=HOST_ACCOUNT,
        known_hosts=context.known_hosts,
        key_file=context.key_file,
        sudo=True,
    )
