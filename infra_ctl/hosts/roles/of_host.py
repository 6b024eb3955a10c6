"""All that is to be on a host: what every one has, and what its roles ask for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias

from infra_ctl.change.operations import Operation, refuse_broken
from infra_ctl.hosts import state
from infra_ctl.hosts.roles.antimalware import antimalware
from infra_ctl.hosts.roles.base import base
from infra_ctl.hosts.roles.database import database
from infra_ctl.hosts.roles.firewall import firewall
from infra_ctl.hosts.roles.logins import logins
from infra_ctl.hosts.roles.logs import logs
from infra_ctl.hosts.roles.monitoring import monitoring
from infra_ctl.hosts.roles.node_exporter import node_exporter
from infra_ctl.hosts.roles.registrar import registrar
from infra_ctl.hosts.roles.resolver import resolver
from infra_ctl.hosts.roles.time import time
from infra_ctl.hosts.roles.web import web
from infra_ctl.intent.host import HostIntent, Opening, Protocol
from infra_ctl.intent.model import Network
from infra_ctl.intent.places import collapsed

Role: TypeAlias = Callable[[HostIntent], tuple[Operation, ...]]

EVERYWHERE: tuple[Role, ...] = (base, logins, firewall, time, logs, node_exporter, antimalware)
"""What every host has, in order."""
ROLES: Mapping[str, Role] = {
    "antimalware": web,
    "application": web,
    "database": database,
    "dns": resolver,
    "monitoring": monitoring,
    "registrar": registrar,
    "web": web,
}
"""By a host's role, what it asks for; what runs on hosts of other roles is their owners'."""


def operations(host: HostIntent, kept: Collection[Opening] = ()) -> tuple[Operation, ...]:
    """All that is to be on a host, in order; `kept` are openings beside its own that stay for now.

    The last one tells the host itself what is open on it.
    """
    opened = replace(host, openings=merged((*host.openings, *kept)))
    roles = (*EVERYWHERE, *dict.fromkeys(ROLES[role] for role in host.roles if role in ROLES), state.openings)
    found = tuple(operation for role in roles for operation in role(opened))
    refuse_broken(found)
    return found


def merged(openings: Iterable[Opening]) -> tuple[Opening, ...]:
    """One a service and port, for all who may use it."""
    sources: defaultdict[tuple[str, Protocol, int], set[Network]] = defaultdict(set)
    for each in openings:
        sources[each.service, each.protocol, each.port].update(each.sources)
    return tuple(Opening(*key, collapsed(networks)) for key, networks in sorted(sources.items()))
