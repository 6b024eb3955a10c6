"""The STAMP reflector of a site, or of every site of a twin in one process. It measures nothing itself."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from threading import Thread
from typing import TypeAlias

import click

from exporters.serving.reloading import Reloading, Signals, obey
from infra_ctl.city import City, load_city
from infra_ctl.context.options import InventoryOption
from infra_ctl.errors import UnusableError
from infra_ctl.intent.model import Address
from infra_ctl.lab import namespace
from infra_ctl.monitor.targets import path_targets
from infra_ctl.probe.reflector import Network, Reflector
from infra_ctl.probe.sockets import reflector_socket
from infra_ctl.probe.stamp import PORT

Place: TypeAlias = tuple[str | None, Address]
"""An address, and the network namespace that has it."""


class NetworkType(click.ParamType[Network]):
    """A prefix or an address of either family."""

    name = "prefix"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Network:
        if isinstance(value, (IPv4Network, IPv6Network)):
            return value
        try:
            return ip_network(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def main(argv: Sequence[str]) -> None:
    """`infra-ctl export reflector`."""
    command.main(list(argv), prog_name="infra-ctl export reflector", standalone_mode=False)


@click.command("reflector", context_settings={"help_option_names": ["-h", "--help"]})
@click.option(cls=InventoryOption)
@click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True, help="UDP port.")
@click.option(
    "--netns", "namespaces", multiple=True, metavar="NAME", help="Answer in this network namespace."
)
@click.option("--allow", multiple=True, type=NetworkType(), help="Answer these instead of the city's hosts.")
def command(inventory: Path, port: int, namespaces: Sequence[str], allow: Sequence[Network]) -> None:
    """Answer STAMP test packets (RFC 8762, stateful) on those addresses of sites that this machine has.

    \b
    infra-ctl export reflector
    infra-ctl export reflector --netns nk-cai-khe-ce1 --netns nk-an-hoa-ce1
    """
    reflecting = Reflecting(port, namespaces or (None,), allow)
    reloading = Reloading(reflecting.configure, inventory)
    with Signals() as signals:
        reloading.first()

        def answering() -> int:
            reflecting.reflector.run(until=signals.fileno())
            return signals.next()

        # The main thread answers; the inventory is read beside it, or seconds of packets would come too late.
        obey(answering, lambda: Thread(target=reloading.again, daemon=True).start())


class Reflecting:
    """A reflector at those addresses of a city's sites that this machine has."""

    def __init__(self, port: int, namespaces: Sequence[str | None], allow: Sequence[Network]) -> None:
        self._port, self._namespaces, self._allow = port, namespaces, allow
        self._opened: Mapping[Place, socket.socket] = {}
        self.reflector = Reflector()

    def configure(self, inventory: Path) -> None:
        """Those of the city in a folder; an address that came up meanwhile too. Raises InfraCtlError."""
        city = load_city(inventory)
        with ExitStack() as fresh:
            opened = dict(self._answering(site_addresses(city), fresh))
            if not opened:
                raise UnusableError(
                    f"no site of {inventory} has an address of this machine: there is nothing to answer on"
                )
            fresh.pop_all()
        self.reflector.go_over_to(opened.values(), self._allow or _hosts(city))
        self._opened = opened
        click.echo(f"reflecting on {len(opened)} addresses, UDP port {self._port}", err=True)

    def _answering(
        self, addresses: Sequence[Address], fresh: ExitStack
    ) -> Iterator[tuple[Place, socket.socket]]:
        """Sockets that are open stay so, with their sessions; new ones are `fresh`."""
        for name in self._namespaces:
            with nullcontext() if name is None else namespace.inside(name):
                for address in addresses:
                    if kept := self._opened.get((name, address)):
                        yield (name, address), kept
                    elif found := _bound(address, self._port):
                        yield (name, address), fresh.enter_context(found)


def site_addresses(city: City) -> tuple[Address, ...]:
    """Where the path exporter sends its test packets."""
    return tuple(dict.fromkeys(each.address for each in path_targets(city) if each.kind == "site"))


def _hosts(city: City) -> tuple[Network, ...]:
    """A host measures; nobody else has a reason to ask."""
    return tuple(ip_network(address) for host in city.hosts.values() for address in host.addresses)


def _bound(address: Address, port: int) -> socket.socket | None:
    """None where the address is another machine's."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        return reflector_socket(family, str(address), port)
    except OSError as error:
        if error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
            return None
        cause = os.strerror(error.errno or 0)
        raise UnusableError(f"UDP port {port} of {address} cannot be used: {cause}") from error
