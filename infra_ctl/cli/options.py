"""What commands and exporters are told alike: which city, and whose devices."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from infra_ctl.cli import completion


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
            shell_complete=completion.contexts,
            help=help,
        )
