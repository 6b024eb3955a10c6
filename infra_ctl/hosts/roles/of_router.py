"""All that is to be on the host part of a router: what its Linux does beside what FRR routes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TypeAlias

from infra_ctl.change.operations import File, Operation, Packages, refuse_broken
from infra_ctl.hosts import state
from infra_ctl.hosts.roles import loading
from infra_ctl.hosts.roles.agent import agent
from infra_ctl.hosts.roles.frr_exporter import frr_exporter
from infra_ctl.hosts.roles.queues import queues
from infra_ctl.hosts.roles.vlans import vlans
from infra_ctl.hosts.roles.zones import zones
from infra_ctl.intent.host import Opening
from infra_ctl.intent.part import HostPart, merged

Role: TypeAlias = Callable[[HostPart], tuple[Operation, ...]]

ROLES: tuple[Role, ...] = (vlans, zones, queues, agent, frr_exporter)
PACKAGES = ("iproute2", "nftables", "snmpd")


def operations(part: HostPart, kept: Collection[Opening] = ()) -> tuple[Operation, ...]:
    """All of it, in order; `kept` are openings that stay for now.

    What can lock out comes first, so that all of it is one trial; the last one tells the router what is open.
    """
    opened = replace(part, openings=merged((*part.openings, *kept)))
    asked = tuple(operation for role in ROLES for operation in role(opened))
    found: tuple[Operation, ...] = (
        Packages(id="router/packages", names=PACKAGES),
        *(each for each in asked if each.guarded),
        *(each for each in asked if not each.guarded),
        *_boot(asked),
        *state.openings(opened),
    )
    refuse_broken(found)
    return found


def _boot(asked: tuple[Operation, ...]) -> tuple[Operation, ...]:
    units = tuple(each for each in asked if isinstance(each, File) and each.path.endswith(".service"))
    return (loading.boot(units),) if units else ()
