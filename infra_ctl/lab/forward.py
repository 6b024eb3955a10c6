"""Relays from a loopback port of the machine to a server inside a lab, for browsers."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from infra_ctl.errors import LabUsageError
from infra_ctl.intent.model import Address
from infra_ctl.lab import namespace, state
from infra_ctl.lab.state import State

CONNECTIONS = 256
"""At a time, over all relays; more wait."""

CONNECT_SECONDS = 5.0
IDLE_SECONDS = 600.0
CHUNK = 65536


@dataclass(frozen=True, slots=True)
class Forward:
    """`port` on the machine's 127.0.0.1 leads to `address`:`to_port` in the lab; port 0 is any free one."""

    port: int
    address: Address
    to_port: int


Refused: TypeAlias = Callable[[Forward, str], None]
"""Told of a connection that could not be relayed, and why."""


def forward(
    directory: Path, forwards: Sequence[Forward], ready: Callable[[tuple[int, ...]], None], refused: Refused
) -> None:
    """Relay until interrupted; `ready` is told the local ports once they listen. Raises LabError."""
    found = state.require(directory)
    asyncio.run(relay(partial(begins, found), forwards, ready, refused))


def begins(found: State, address: Address) -> str:
    """The namespace to begin in: the controller may ask nothing of the monitoring stack, who is on it may."""
    stand_in = found.monitor
    is_own = stand_in is not None and address in [end.ip for end in (stand_in.ipv4, stand_in.ipv6) if end]
    return found.spec.monitor_namespace if is_own else found.spec.management_namespace


async def relay(
    within: Callable[[Address], str],
    forwards: Sequence[Forward],
    ready: Callable[[tuple[int, ...]], None],
    refused: Refused,
) -> None:
    """As `forward`, inside a running loop and with the namespace for an address; runs until cancelled."""
    places = asyncio.Semaphore(CONNECTIONS)
    servers = [await _listen(within(one.address), one, places, refused) for one in forwards]
    try:
        ready(tuple(server.sockets[0].getsockname()[1] for server in servers))
        await asyncio.gather(*(server.serve_forever() for server in servers))
    finally:
        for server in servers:
            server.close()


async def _listen(name: str, one: Forward, places: asyncio.Semaphore, refused: Refused) -> asyncio.Server:
    try:
        return await asyncio.start_server(partial(_serve, name, one, places, refused), "127.0.0.1", one.port)
    except OSError as error:  # asyncio puts a sentence of its own in the place of the system's
        cause = os.strerror(error.errno or 0)
        raise LabUsageError(f"port {one.port} cannot be used: {cause}; choose another") from error


async def _serve(
    name: str,
    one: Forward,
    places: asyncio.Semaphore,
    refused: Refused,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """One connection. A server that does not answer closes it, as a refused connection would look."""
    async with places:
        try:
            far_reader, far_writer = await _connect(name, one)
        except (OSError, LabUsageError) as error:  # the latter once the lab is down
            refused(one, _cause(error))
            writer.close()
            return
        try:
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        finally:
            writer.close()
            far_writer.close()


def _cause(error: OSError | LabUsageError) -> str:
    if isinstance(error, LabUsageError):
        return str(error)
    return os.strerror(error.errno) if error.errno else f"no answer in {CONNECT_SECONDS:g} s"


async def _connect(name: str, one: Forward) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A socket belongs for ever to the namespace that it was made in, whoever uses it later."""
    with namespace.inside(name):
        family = socket.AF_INET if one.address.version == 4 else socket.AF_INET6
        made = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await asyncio.get_running_loop().sock_connect(made, (str(one.address), one.to_port))
        return await asyncio.open_connection(sock=made)
    except BaseException:
        made.close()
        raise


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy one direction to its end, or until it is idle for too long or the other side is gone."""
    try:
        while data := await asyncio.wait_for(reader.read(CHUNK), IDLE_SECONDS):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:  # reset, or idle: closing both is all there is to do
        writer.close()
