"""What a shell offers for a selector or a device: hostnames, and the keys of a selector."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from infra_ctl.errors import InfraCtlError


def hostnames(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Devices of the inventory that start so; none where it cannot be read: a Tab is no place for errors."""
    from infra_ctl.inventory import devices, load

    folder = ctx.params.get("inventory") or Path("inventory")
    try:
        known = sorted(device.hostname for device in devices(load(folder)))
    except (InfraCtlError, OSError):
        return []
    return [CompletionItem(name) for name in known if name.startswith(incomplete)]


def hosts(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Linux hosts of the inventory that start so, as `hostnames` has devices."""
    from infra_ctl.inventory import load

    folder = ctx.params.get("inventory") or Path("inventory")
    try:
        known = sorted(load(folder).hosts)
    except (InfraCtlError, OSError):
        return []
    return [CompletionItem(name) for name in known if name.startswith(incomplete)]


def names(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Devices and hosts."""
    return [*hostnames(ctx, parameter, incomplete), *hosts(ctx, parameter, incomplete)]


def selectors(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Devices, and the start of `key=value`."""
    from infra_ctl.inventory.selectors import KEYS

    keys = [CompletionItem(f"{key}=") for key in sorted(KEYS) if key.startswith(incomplete)]
    return [*keys, *hostnames(ctx, parameter, incomplete)]


def host_selectors(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Hosts, and the start of `key=value`."""
    from infra_ctl.inventory import load
    from infra_ctl.inventory.selectors import HOST_KEYS

    folder = ctx.params.get("inventory") or Path("inventory")
    try:
        known = sorted(load(folder).hosts)
    except (InfraCtlError, OSError):
        known = []
    offered = [*(f"{key}=" for key in sorted(HOST_KEYS)), *known]
    return [CompletionItem(word) for word in offered if word.startswith(incomplete)]


def secret_names(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Secrets that the inventory refers to; the vault itself is not opened for a Tab."""
    from infra_ctl.inventory import load
    from infra_ctl.secrets import references

    folder = ctx.params.get("inventory") or Path("inventory")
    try:
        known = references(load(folder).model_dump_json())
    except (InfraCtlError, OSError):
        return []
    return [CompletionItem(name) for name in known if name.startswith(incomplete)]


def laws_and_controls(
    ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Names of laws, and the ids of their controls."""
    from infra_ctl.controls.loading import laws

    folder = ctx.params.get("inventory") or Path("inventory")
    try:
        known = laws(folder)
    except (InfraCtlError, OSError):
        return []
    names = [*known, *sorted({key for law in known.values() for key in law.controls})]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
