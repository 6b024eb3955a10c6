"""What every command shares: its options, and the city, the journal and the devices that they lead to."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click

from infra_ctl.cli import completion
from infra_ctl.context import Context, context
from infra_ctl.context.options import ContextOption, InventoryOption
from infra_ctl.errors import SelectorError

if TYPE_CHECKING:
    from rich.console import Console

    from infra_ctl.city import City
    from infra_ctl.drivers.fleet import Fleet
    from infra_ctl.drivers.hosts import HostFleet
    from infra_ctl.journal.store import Journal
    from infra_ctl.masking import Masking
    from infra_ctl.predicting import Foresight

P = ParamSpec("P")
R = TypeVar("R")


UNFOLDED = 400
"""Columns of a table that nobody looks at in a terminal."""


@dataclass(frozen=True, slots=True)
class Session:
    """One command's surroundings."""

    context: Context
    output: str
    verbose: bool

    @property
    def is_json(self) -> bool:
        return self.output == "json"

    def city(self) -> City:
        from infra_ctl.city import load_city

        return load_city(self.context.inventory)

    def journal(self) -> Journal:
        from infra_ctl.journal.opening import open_journal

        return open_journal(self.context.journal_url)

    def kept_journal(self) -> Journal:
        """The journal, for who only reads it. Raises UnknownError where there is none yet."""
        from infra_ctl.journal.opening import kept_journal

        return kept_journal(self.context.journal_url)

    def fleet(self, city: City, pins: Mapping[str, Path] | None = None) -> Fleet:
        """The devices; `pins` are the known_hosts of those whose host keys are not in the context's own."""
        from infra_ctl.cli.devices import fleet

        return fleet(self.context, city, pins)

    def vault(self, city: City) -> Mapping[str, str]:
        """The context's secrets, by name; none where it has no vault yet. Raises SecretError."""
        from infra_ctl.secrets import open_vault

        where = self.context
        if where.kind == "embedded":  # nobody gives a simulated fleet its secrets
            from infra_ctl.lab.city import lab_vault
            from infra_ctl.render import render

            texts = (*map(render, city.intents.values()), city.inventory.model_dump_json())
            lab_vault(where.vault.parent, texts)
        return open_vault(where.vault, where.vault_password) if where.vault.exists() else {}

    def masking(self, city: City) -> Masking:
        """The context's secrets, to put them in and to keep them out. Raises SecretError."""
        from infra_ctl.masking import Masking
        from infra_ctl.secrets import hash_key

        vault = self.vault(city)
        return Masking(vault, hash_key(vault, self.context.var / "hash.key"))

    def select(self, city: City, selector: str) -> tuple[str, ...]:
        """Hostnames that a selector means, of those that the context has. Raises SelectorError."""
        from infra_ctl.context.devices import present

        there = set(present(self.context, city))
        if found := tuple(host for host in city.select(selector) if host in there):
            return found
        raise SelectorError(1, f"'{selector}' means no device that {self.context.name} has")

    def choose(self, city: City, selector: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Devices and hosts that a selector means, of those that the context has. Raises SelectorError."""
        from infra_ctl.context.devices import present
        from infra_ctl.context.hosts import present_hosts

        devices, hosts = city.choose(selector)
        there = {*present(self.context, city), *present_hosts(self.context, city)}
        devices, hosts = (tuple(name for name in names if name in there) for names in (devices, hosts))
        if devices or hosts:
            return devices, hosts
        raise SelectorError(1, f"'{selector}' means no device and no host that {self.context.name} has")

    def foresight(self, city: City, masking: Masking, fleet: HostFleet | None = None) -> Foresight | None:
        """The hosts that the context has, and what is to be on them; None where it has none.

        `fleet` is how they are reached, where that is known already.
        """
        from infra_ctl.cli.hosts import host_fleet
        from infra_ctl.context.hosts import present_hosts, present_parts
        from infra_ctl.hosts import meant
        from infra_ctl.predicting import Foresight

        names, parts = present_hosts(self.context, city), present_parts(self.context, city)
        if names or parts:
            fleet = fleet or host_fleet(self.context, city)
            return Foresight(fleet, meant.Hosts(city.hosts, names, parts), masking)
        return None

    def command(self, words: str) -> str:
        """A command to type next, in this context: a hint must not lead to another network."""
        name = self.context.name
        known = name == "live" or os.environ.get("INFRA_CTL_CONTEXT") in (name, name.partition(":city")[0])
        return f"infra-ctl {words}" if known else f"infra-ctl {words} --context {name}"

    def say(self, line: str) -> None:
        """Print a line for people; on stderr where stdout is JSON."""
        click.echo(line, err=self.is_json)

    def emit(self, value: object) -> None:
        """Print a value as JSON, the same shape for every reader."""
        click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def session_options(command: Callable[Concatenate[Session, P], R]) -> Callable[P, R]:
    """Give a command `-i`, `--context`, `--output` and `-v`, and a Session as its first argument."""

    @click.option(cls=InventoryOption)
    @click.option(cls=ContextOption, help="live, lab, lab:NAME or embedded (simulated).")
    @click.option("--output", type=click.Choice(["text", "json"]), default="text", help="How to print.")
    @click.option("-v", "--verbose", is_flag=True, help="Say more.")
    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        options: dict[str, Any] = dict(kwargs)
        where = context(options.pop("context_name"), options.pop("inventory"))
        session = Session(where, options.pop("output"), options.pop("verbose"))
        return command(session, *args, **options)

    return wrapped


def selector_argument(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command its SELECTOR: words that are joined, so that quotes are seldom needed."""
    return click.argument("selector", nargs=-1, metavar="[SELECTOR]", shell_complete=completion.selectors)(
        command
    )


def language_option(of: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Give a command the language of what it writes; `of` says what that is."""
    return click.option(
        "--language",
        type=click.Choice(["vi", "en"]),
        default="vi",
        show_default=True,
        envvar="INFRA_CTL_LANGUAGE",
        show_envvar=True,
        help=of,
    )


def device_argument(name: str, *, required: bool = True) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Give a command the hostname of a device."""
    return click.argument(name, required=required, shell_complete=completion.hostnames)


def name_argument(name: str, *, required: bool = True) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Give a command the name of a device or host."""
    metavar = "NAME" if required else "[NAME]"
    return click.argument(name, required=required, metavar=metavar, shell_complete=completion.names)


def console(*, stderr: bool = False) -> Console:
    """Rich honours NO_COLOR and prints plain lines where there is no terminal, none of them folded."""
    from rich.console import Console

    screen = Console(stderr=stderr, highlight=False, soft_wrap=True)
    if not screen.is_terminal:
        screen.width = UNFOLDED
    return screen


def confirm(question: str, *, yes: bool) -> bool:
    """Ask, unless `--yes` was given; where nobody can answer, the answer is no."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise click.UsageError("nobody is there to answer: pass --yes")
    return click.confirm(question, err=True)
