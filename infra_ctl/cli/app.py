"""`infra-ctl`: parse, call one function, print, exit. Commands are imported when they are asked for."""

from __future__ import annotations

import gc
import importlib
import sys

import click

from infra_ctl.cli.exits import Exit
from infra_ctl.cli.streams import lost, outlive_readers
from infra_ctl.errors import (
    InfraCtlError,
    InventoryError,
    LabUsageError,
    RefusedError,
    SecretError,
    SelectorError,
    UnknownError,
    UnusableError,
)

COMMANDS = {
    "check": "inventory:check",
    "schema": "inventory:schema",
    "ip": "inventory:ip",
    "render": "inventory:render",
    "plan": "plan:plan",
    "deploy": "deploy:deploy",
    "resume": "deploy:resume",
    "rollback": "deploy:rollback",
    "replace": "replace:replace",
    "run": "journal:run",
    "adopt": "plan:adopt",
    "drift": "drift:drift",
    "drain": "drain:drain",
    "hold": "hold:hold",
    "procedure": "procedure:procedure",
    "backup": "backup:backup",
    "restore": "restore:restore",
    "runs": "journal:runs",
    "show": "journal:show",
    "db": "journal:db",
    "secrets": "secrets:secrets",
    "verify": "verify:verify",
    "controls": "controls:controls",
    "audit": "audit:audit",
    "report": "report:report",
    "schedule": "schedule:schedule",
    "export": "export:export",
    "monitor": "monitor:monitor",
    "video": "video:video",
    "lab": "lab:lab",
}


class Commands(click.Group):
    """A group whose commands live in modules that are imported on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, name = place.split(":")
        command = getattr(importlib.import_module(f"infra_ctl.cli.{module}"), name)
        assert isinstance(command, click.Command)  # noqa: S101 - COMMANDS names commands only
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from difflib import get_close_matches

        name = args[0]
        if name not in COMMANDS and (close := get_close_matches(name, COMMANDS, n=1)):
            raise click.UsageError(f"there is no command '{name}' (did you mean '{close[0]}'?)", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="infra-ctl", message="%(prog)s %(version)s")
def root() -> None:
    """One inventory of a whole city's infrastructure: plan, deploy, prove and watch it.

    \b
    infra-ctl check                     every problem of the inventory, in one go
    infra-ctl plan pop=nk               what would change, device by device
    infra-ctl deploy pop=nk             change it, wave by wave, each with a way back
    infra-ctl verify                    does the network do what the inventory says?

    \b
    exit codes: 0 done or nothing to do · 1 tried and failed · 2 usage or inventory, nothing tried
    3 changes (plan --exit-code) or findings (verify, audit, drift, video ready, db check,
    secrets check) · 4 refused
    5 stopped part-way · 130 interrupted
    """


_NOTHING_TRIED = (InventoryError, SelectorError, SecretError, UnknownError, UnusableError, LabUsageError)


def exit_code(error: InfraCtlError) -> Exit:
    """Which exit code an error means."""
    if isinstance(error, _NOTHING_TRIED):
        return Exit.USAGE
    return Exit.REFUSED if isinstance(error, RefusedError) else Exit.FAILED


def main() -> None:
    """The entry point: an exit code, and on stderr what was against it."""
    # An inventory is large, stays to the end and has no cycles: looking for some would take half the time.
    gc.set_threshold(200_000, 50, 100)
    outlive_readers()
    code = _code()
    if cause := lost():
        click.echo(f"error: standard output: {cause}; not all of it was written", err=True)
        code = code or Exit.FAILED
    sys.exit(code)


def _code() -> int:
    """Of a command, however it ended."""
    try:
        code = root.main(standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - a defect of ours is told whole, save what it may quote
        return _told(error)
    return code if isinstance(code, int) else Exit.DONE


def _told(error: Exception) -> Exit:
    """Every error that we raise on purpose becomes one line on stderr and an exit code."""
    if isinstance(error, click.ClickException):
        error.show()
        return Exit.USAGE
    if isinstance(error, InventoryError):
        count = len(error.problems)
        click.echo(f"{error}\n{count} problem{'s' if count != 1 else ''}", err=True)
        return Exit.USAGE
    if isinstance(error, InfraCtlError):
        click.echo(f"error: {error}", err=True)
        return exit_code(error)
    if isinstance(error, OSError) and error.filename is not None:
        click.echo(f"error: {error.filename}: {error.strerror}", err=True)
    else:
        click.echo(_defect(), err=True, nl=False)
    return Exit.FAILED


def _defect() -> str:
    """The traceback of a defect, without what stands where configurations keep their secrets."""
    import secrets as randomness
    import traceback

    from infra_ctl.secrets import mask

    return mask(traceback.format_exc(), {}, randomness.token_bytes(32))


if __name__ == "__main__":
    main()
