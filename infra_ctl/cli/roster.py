"""What Ansible's inventory plugin asks for: everybody in a context, and to be where they are reached."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from infra_ctl.city import load_city
from infra_ctl.context import Context, context
from infra_ctl.context.hosts import way
from infra_ctl.errors import UnknownError
from infra_ctl.procedure.roster import Member, roster


def members(context_name: str, folder: Path) -> tuple[Member, ...]:
    """All routers and hosts of a context. For a twin, this process moves into its management namespace.

    Ansible's workers are its children and start later, so they are inside too. Raises InfraCtlError.
    """
    where = context(context_name, folder)
    refuse_simulated(where)
    city = load_city(folder)
    found = roster(city, where.name, partial(way, where, city), present(where))
    if where.kind == "lab":
        from infra_ctl.lab.enter import enter_management

        enter_management(where.lab_folder)
    return found


def refuse_simulated(where: Context) -> None:
    """Raises UnknownError for a fleet that Ansible cannot log in to."""
    if where.kind == "embedded":
        raise UnknownError("the simulated fleet has nobody to log in to: use the context live or lab")


def present(where: Context) -> frozenset[str] | None:
    """Who is in a twin, which may be of a slice; None where all are there."""
    if where.kind != "lab":
        return None
    from infra_ctl.lab.state import require

    spec = require(where.lab_folder).spec
    return frozenset(machine.hostname for machine in spec.machines)
