"""`infra-ctl export`: the exporters that are installed, found by entry point and never by import."""

from __future__ import annotations

import inspect
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import click

from infra_ctl.errors import UnusableError

GROUP = "infra_ctl.exporters"
"""Of entry points: a name, and what takes its arguments and serves until it is told to stop."""


class Exporters(click.Group):
    """A command an exporter; each reads its own options."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(installed())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        found = installed().get(cmd_name)
        return _command(found) if found else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        there = installed()
        if args[0] not in there:
            close = get_close_matches(args[0], there, n=1)
            hint = f" (did you mean '{close[0]}'?)" if close else ""
            names = ", ".join(sorted(there)) or "none installed"
            raise click.UsageError(f"there is no exporter '{args[0]}'{hint}; there are {names}", ctx)
        return super().resolve_command(ctx, args)


def installed() -> dict[str, EntryPoint]:
    """The exporters that there are, by name."""
    return {found.name: found for found in entry_points(group=GROUP)}


class Exported(click.Command):
    """What it is for is said by the first line of its module, which is loaded for that alone."""

    def __init__(self, found: EntryPoint, **more: Any) -> None:
        super().__init__(found.name, **more)
        self._found = found

    def get_short_help_str(self, limit: int = 45) -> str:  # noqa: ARG002 - click's signature
        try:
            said = inspect.getdoc(inspect.getmodule(self._found.load())) or ""
        except (ImportError, AttributeError) as error:
            return f"cannot be loaded: {error}"
        return said.partition("\n")[0].rstrip(".")


def _command(found: EntryPoint) -> click.Command:
    """All arguments are the exporter's, `--help` too."""

    def run(argv: tuple[str, ...]) -> None:
        try:
            main = found.load()
        except (ImportError, AttributeError) as error:
            raise UnusableError(f"exporter '{found.name}' cannot be loaded: {error}") from error
        main(argv)

    return Exported(
        found,
        params=[click.Argument(["argv"], nargs=-1, type=click.UNPROCESSED)],
        callback=run,
        help=f"Serve the {found.name} exporter's metrics.\n\n\b\ninfra-ctl export {found.name} --help",
        add_help_option=False,
        context_settings={"ignore_unknown_options": True},
    )


@click.group(cls=Exporters)
def export() -> None:
    """Serve metrics to Prometheus: one exporter, until SIGTERM.

    \b
    infra-ctl export controller
    infra-ctl export sd -i inventory --web.listen-address 127.0.0.1:9874
    infra-ctl export path --web.config.file web.yml
    """
