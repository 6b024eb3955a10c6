"""`serve`: an exporter from its command line to SIGTERM."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from exporters.catalogue import Group
from exporters.serving.exporter import Exporter
from exporters.serving.itself import Itself
from exporters.serving.listening import Address, address, begin, end, listen
from exporters.serving.protection import FileProtection, Guard, Protection, Unprotected
from exporters.serving.reloading import Reloading, Signals, obey
from exporters.serving.routes import Answer, Orders, Request, Routes
from infra_ctl.context.options import InventoryOption


def serve(
    group: Group, make: Callable[..., Exporter], argv: Sequence[str], *options: click.Parameter
) -> None:
    """Make an exporter with its own options as keywords, and serve it until it is told to stop.

    Raises InfraCtlError where it cannot begin. SIGHUP reads the inventory again; SIGTERM ends it well.
    """
    command = click.Command(
        group.name,
        params=[*_options(group), *options],
        callback=lambda **given: _serve(group, make, given),
        help=_help(group),
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    command.main(list(argv), prog_name=f"infra-ctl export {group.name}", standalone_mode=False)


@dataclass(frozen=True, slots=True)
class Serving:
    """What stands behind every connection."""

    protection: Protection
    routes: Routes
    itself: Itself

    def guard(self) -> Guard:
        return self.protection.guard()

    def answer(self, request: Request, guard: Guard) -> Answer:
        return self.routes.answer(request, guard)

    def turned_away(self) -> None:
        self.itself.rejected()


def _serve(group: Group, make: Callable[..., Exporter], given: dict[str, Any]) -> None:
    addresses: tuple[Address, ...] = tuple(map(address, given.pop("addresses")))
    file: Path | None = given.pop("web_file")
    protection: Protection = FileProtection(file, _say) if file else Unprotected()
    inventory, most, is_lifecycle = (given.pop(key) for key in ("inventory", "most_at_once", "is_lifecycle"))
    exporter = make(**given)
    try:
        itself = Itself(group.name)
        reloading = Reloading(exporter.configure, inventory, itself.reloaded)
        orders = Orders(reloading.again, is_lifecycle)
        routes = Routes(group, exporter, itself, orders, most_at_once=most)
        with Signals() as signals:
            reloading.first()
            listeners = listen(addresses, Serving(protection, routes, itself))
            begin(listeners)
            try:
                routes.is_ready = True
                for each in listeners:
                    _say(f"{group.name} exporter on {each.url}/metrics")
                obey(signals.next, reloading.again)
            finally:
                routes.is_ready = False
                end(listeners)
    finally:
        exporter.close()


def _say(line: str) -> None:
    click.echo(line, err=True)


def _help(group: Group) -> str:
    command = f"infra-ctl export {group.name}"
    return (
        f"{group.about[:1].upper()}{group.about[1:]}.\n\n\b\n{command}\n"
        f"{command} -i inventory --web.listen-address 127.0.0.1:{group.port}\n\n"
        "SIGHUP reads the inventory again; a bad one is refused, and the old one stays."
    )


def _options(group: Group) -> tuple[click.Option, ...]:
    """What every exporter takes, by the names that Prometheus' own have."""
    return (
        InventoryOption(),
        click.Option(
            ["--web.listen-address", "addresses"],
            multiple=True,
            default=(f":{group.port}",),
            show_default=True,
            metavar="[HOST]:PORT",
            help="Where to listen; may be given several times.",
        ),
        click.Option(
            ["--web.config.file", "web_file"],
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            help="TLS, client certificates, passwords, headers: as in Prometheus' exporter-toolkit.",
        ),
        click.Option(
            ["--web.enable-lifecycle", "is_lifecycle"],
            is_flag=True,
            help="Let POST or PUT /-/reload read the inventory again.",
        ),
        click.Option(
            ["--web.max-requests", "most_at_once"],
            type=click.IntRange(min=1, max=128),
            default=16,
            show_default=True,
            help="Scrapes at a time, and as many probes; one more is answered 503.",
        ),
    )
