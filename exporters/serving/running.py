"""`serve`: an exporter from its command line to SIGTERM."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import click

from exporters.catalogue import GROUPS
from exporters.serving.exporter import Exporter
from exporters.serving.itself import Itself
from exporters.serving.listening import Address, address, begin, end, listen
from exporters.serving.protection import FileProtection, Guard, Protection, Unprotected
from exporters.serving.routes import Answer, Orders, Request, Routes
from infra_ctl.cli.options import InventoryOption
from infra_ctl.errors import InfraCtlError


def serve(name: str, make: Callable[..., Exporter], argv: Sequence[str], *options: click.Parameter) -> None:
    """Make an exporter with its own options as keywords, and serve it until it is told to stop.

    Raises InfraCtlError where it cannot begin. SIGHUP reads the inventory again; SIGTERM ends it well.
    """
    command = click.Command(
        name,
        params=[*_options(name), *options],
        callback=lambda **given: _serve(name, make, given),
        help=_help(name),
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    command.main(list(argv), prog_name=f"infra-ctl export {name}", standalone_mode=False)


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


class Reloading:
    """Reads the inventory, at the start and again, one reader at a time."""

    def __init__(self, exporter: Exporter, itself: Itself, inventory: Path) -> None:
        self._exporter, self._itself, self._inventory = exporter, itself, inventory
        self._lock = Lock()

    def first(self) -> None:
        """Raises InfraCtlError: without an inventory there is nothing to serve."""
        self._exporter.configure(self._inventory)
        self._itself.reloaded(well=True)

    def again(self) -> str:
        """What went wrong, on one line; empty where nothing did. The old one stays, then."""
        with self._lock:
            failure = self._failure()
        self._itself.reloaded(well=not failure)
        _say(f"not reloaded, the inventory before stays: {failure}" if failure else "reloaded")
        return failure

    def _failure(self) -> str:
        try:
            self._exporter.configure(self._inventory)
        except InfraCtlError as error:
            lines = str(error).splitlines()
            return f"{lines[0]} (and {len(lines) - 1} more)" if len(lines) > 1 else lines[0]
        except Exception as error:  # noqa: BLE001 - an exporter is a plug-in; its old configuration goes on
            return f"{type(error).__name__}: {' '.join(str(error).split())}"
        return ""


def _serve(name: str, make: Callable[..., Exporter], given: dict[str, Any]) -> None:
    addresses: tuple[Address, ...] = tuple(map(address, given.pop("addresses")))
    file: Path | None = given.pop("web_file")
    protection: Protection = FileProtection(file, _say) if file else Unprotected()
    inventory, most, is_lifecycle = (given.pop(key) for key in ("inventory", "most_at_once", "is_lifecycle"))
    exporter = make(**given)
    try:
        itself = Itself(name)
        reloading = Reloading(exporter, itself, inventory)
        orders = Orders(reloading.again, is_lifecycle)
        routes = Routes(name, exporter, itself, orders, most_at_once=most)
        signals = Signals()
        reloading.first()
        listeners = listen(addresses, Serving(protection, routes, itself))
        begin(listeners)
        try:
            routes.is_ready = True
            for each in listeners:
                _say(f"{name} exporter on {each.url}/metrics")
            _obey(signals, reloading)
        finally:
            routes.is_ready = False
            end(listeners)
    finally:
        exporter.close()


class Signals:
    """Signals as they come: what they ask for is done outside of their handlers.

    The kernel may give one to any thread. Python runs its handler in the main one, which nothing wakes then
    but what is written to a socket that it reads.
    """

    def __init__(self) -> None:
        self._read, self._written = socket.socketpair()
        self._written.setblocking(False)
        signal.set_wakeup_fd(self._written.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _got, _frame: None)

    def next(self) -> int:
        """Wait for it."""
        return self._read.recv(1)[0]


def _obey(signals: Signals, reloading: Reloading) -> None:
    while (got := signals.next()) == signal.SIGHUP:
        reloading.again()
    if got == signal.SIGINT:
        raise KeyboardInterrupt


def _say(line: str) -> None:
    click.echo(line, err=True)


def _help(name: str) -> str:
    about = GROUPS[name].about
    return (
        f"{about[:1].upper()}{about[1:]}.\n\n\b\ninfra-ctl export {name}\n"
        f"infra-ctl export {name} -i inventory --web.listen-address 127.0.0.1:{GROUPS[name].port}\n\n"
        "SIGHUP reads the inventory again; a bad one is refused, and the old one stays."
    )


def _options(name: str) -> tuple[click.Option, ...]:
    """What every exporter takes, by the names that Prometheus' own have."""
    return (
        InventoryOption(),
        click.Option(
            ["--web.listen-address", "addresses"],
            multiple=True,
            default=(f":{GROUPS[name].port}",),
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
            help="Scrapes and probes at a time; one more is answered 503.",
        ),
    )
