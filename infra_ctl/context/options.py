"""What commands and exporters are told alike: which city, and whose devices."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click
from click.shell_completion import CompletionItem


class InventoryOption(click.Option):
    """`-i DIR`: the parameter `inventory`."""

    def __init__(self, _declared: Sequence[str] = ()) -> None:
        super().__init__(
            ["-i", "--inventory"],
            type=click.Path(path_type=Path, file_okay=False),
            default=Path("inventory"),
            envvar="INFRA_CTL_INVENTORY",
            show_envvar=True,
            show_default=True,
            help="The city's folder.",
        )


class ContextOption(click.Option):
    """`--context NAME`: the parameter `context_name`; `help` says what of a context is meant."""

    def __init__(self, _declared: Sequence[str] = (), *, help: str) -> None:  # noqa: A002 - as click has it
        super().__init__(
            ["--context", "context_name"],
            default="live",
            envvar="INFRA_CTL_CONTEXT",
            show_envvar=True,
            show_default=True,
            metavar="NAME",
            shell_complete=_contexts,
            help=help,
        )


def folder_of(ctx: click.Context) -> Path:
    """The city's folder that a command line names, while it is still being written."""
    return Path(ctx.params.get("inventory") or os.environ.get("INFRA_CTL_INVENTORY", "inventory"))


def _contexts(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The contexts, and the twins that there is a folder of."""
    from infra_ctl.context.named import var_of

    labs = var_of(folder_of(ctx)) / "lab"
    there = sorted(f"lab:{each.name}" for each in labs.iterdir()) if labs.is_dir() else []
    return [
        CompletionItem(name) for name in ("live", "lab", "embedded", *there) if name.startswith(incomplete)
    ]
