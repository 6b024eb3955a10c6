"""What a shell offers on Tab, out of the inventory; nothing where it cannot be read: no place for errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from infra_ctl.context.options import folder_of
from infra_ctl.errors import InfraCtlError

if TYPE_CHECKING:
    from infra_ctl.controls.model import Law
    from infra_ctl.inventory import Inventory


def hostnames(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Devices of the inventory that start so."""
    return _starting(incomplete, _devices(_inventory(ctx)))


def hosts(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Linux hosts of the inventory that start so, as `hostnames` has devices."""
    inventory = _inventory(ctx)
    return _starting(incomplete, sorted(inventory.hosts) if inventory else ())


def names(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Devices and hosts."""
    return [*hostnames(ctx, parameter, incomplete), *hosts(ctx, parameter, incomplete)]


def selectors(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Devices, and the start of `key=value`."""
    from infra_ctl.inventory.selectors import KEYS

    keys = _starting(incomplete, (f"{key}=" for key in sorted(KEYS)))
    return [*keys, *hostnames(ctx, parameter, incomplete)]


def host_selectors(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Hosts, and the start of `key=value`."""
    from infra_ctl.inventory.selectors import HOST_KEYS

    keys = _starting(incomplete, (f"{key}=" for key in sorted(HOST_KEYS)))
    return [*keys, *hosts(ctx, parameter, incomplete)]


def secret_names(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Secrets that the inventory refers to; the vault itself is not opened for a Tab."""
    from infra_ctl.secrets import references

    inventory = _inventory(ctx)
    return _starting(incomplete, references(inventory.model_dump_json()) if inventory else ())


def monitoring_hosts(
    ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Hosts on which the monitoring stack runs."""
    from infra_ctl.inventory.kinds import HostRole

    inventory = _inventory(ctx)
    found = inventory.hosts.values() if inventory else ()
    return _starting(incomplete, sorted(host.id for host in found if HostRole.MONITORING in host.roles))


def meetings(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Meetings, then video rooms."""
    inventory = _inventory(ctx)
    return _starting(incomplete, [*inventory.meetings, *sorted(inventory.rooms)] if inventory else ())


def breakable(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Circuits, where a circuit is meant or may be; and devices and hosts, where it is not one alone."""
    inventory = _inventory(ctx)
    kind = ctx.params.get("kind")
    circuits = _starting(incomplete, inventory.circuits if inventory and kind not in OF_NODES else ())
    return [*circuits, *([] if kind in OF_CIRCUITS else names(ctx, parameter, incomplete))]


def places(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Where a command can be run in a twin: its machines, and the networks that it has beside them."""
    return [*_starting(incomplete, ("mgmt", "monitor")), *names(ctx, parameter, incomplete)]


def laws(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of laws."""
    return _starting(incomplete, _laws(ctx))


def judged(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What findings are of: controls, devices and hosts."""
    controls = sorted({key for law in _laws(ctx).values() for key in law.controls})
    return [*_starting(incomplete, controls), *names(ctx, parameter, incomplete)]


def laws_and_controls(
    ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Names of laws, and the ids of their controls."""
    known = _laws(ctx)
    return _starting(incomplete, [*known, *sorted({key for law in known.values() for key in law.controls})])


def _laws(ctx: click.Context) -> Mapping[str, Law]:
    from infra_ctl.controls.loading import laws

    try:
        return laws(folder_of(ctx))
    except (InfraCtlError, OSError):
        return {}


def units(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Codes of the units of the edition in force, with their names."""
    inventory = _inventory(ctx)
    return [
        CompletionItem(unit.code, help=unit.name)
        for unit in (inventory.units.values() if inventory else ())
        if inventory and unit.edition == inventory.edition and unit.code.startswith(incomplete)
    ]


def audit_names(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Audits that audits.yaml has."""
    inventory = _inventory(ctx)
    return _starting(incomplete, inventory.schedule.audits if inventory else ())


def audits(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Audits that the journal has, the newest first; none is made for a Tab."""
    from infra_ctl.context import context
    from infra_ctl.journal.opening import kept_journal

    try:
        where = context(ctx.params.get("context_name") or "live", folder_of(ctx))
        journal = kept_journal(where.journal_url)
        try:
            found = [each.id for each in journal.audits.list(where.name)]
        finally:
            journal.close()
    except (InfraCtlError, OSError):
        return []
    return _starting(incomplete, reversed(found))


def periods(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The year, half, quarter and month of today, and those before them."""
    from infra_ctl.report.period import half, month, quarter, today, year

    kinds = [kind(today()) for kind in (month, quarter, half, year)]
    return _starting(incomplete, [name for each in kinds for name in (each.name, each.before.name)])


OF_CIRCUITS = ("cut", "loss", "rate")
OF_NODES = ("off", "killed")


def _starting(incomplete: str, words: Iterable[str]) -> list[CompletionItem]:
    return [CompletionItem(word) for word in words if word.startswith(incomplete)]


def _inventory(ctx: click.Context) -> Inventory | None:
    from infra_ctl.inventory import load

    try:
        return load(folder_of(ctx))
    except (InfraCtlError, OSError):
        return None


def _devices(inventory: Inventory | None) -> list[str]:
    from infra_ctl.inventory import devices

    return sorted(device.hostname for device in devices(inventory)) if inventory else []
