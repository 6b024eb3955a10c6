"""The STAMP reflector of a site, or of every site of a twin in one process. It measures nothing itself."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

import click

from infra_ctl.city import City, load_city
from infra_ctl.cli.options import InventoryOption
from infra_ctl.errors import UnusableError
from infra_ctl.intent.model import Address
from infra_ctl.lab import namespace
from infra_ctl.monitor.targets import path_targets
from infra_ctl.probe.reflector import Network, Reflector
from infra_ctl.probe.sockets import reflector_socket
from infra_ctl.probe.stamp import PORT


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
    city = load_city(inventory)
    opened = [each for name in namespaces or (None,) for each in _opened(site_addresses(city), port, name)]
    if not opened:
        raise UnusableError(
            f"no site of {inventory} has an address of this machine: there is nothing to answer on"
        )
    click.echo(f"reflecting on {len(opened)} addresses, UDP port {port}", err=True)
    Reflector(opened, allow or _hosts(city)).run()


def site_addresses(city: City) -> tuple[Address, ...]:
    """Where the path exporter sends its test packets."""
    return tuple(dict.fromkeys(each.address for each in path_targets(city) if each.kind == "site"))


def _hosts(city: City) -> tuple[Network, ...]:
    """A host measures; nobody else has a reason to ask."""
    return tuple(ip_network(address) for host in city.hosts.values() for address in host.addresses)


def _opened(addresses: Sequence[Address], port: int, within: str | None) -> Iterator[socket.socket]:
    with nullcontext() if within is None else namespace.inside(within):
        yield from filter(None, [_bound(address, port) for address in addresses])


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
