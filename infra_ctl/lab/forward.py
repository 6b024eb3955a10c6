"""Relays from a loopback port of the machine to a server inside a lab, for browsers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path

from infra_ctl.errors import LabError
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
    address: IPv4Address
    to_port: int


def forward(directory: Path, forwards: Sequence[Forward], ready: Callable[[tuple[int, ...]], None]) -> None:
    """Relay until interrupted; `ready` is told the local ports once they listen. Raises LabError."""
    found = state.require(directory)
    asyncio.run(relay(partial(begins, found), forwards, ready))


def begins(found: State, address: IPv4Address) -> str:
    """The namespace to begin in: the controller may ask nothing of the monitoring stack, who is on it may."""
    is_own = found.monitor is not None and address == found.monitor.management
    return found.spec.monitor_namespace if is_own else found.spec.management_namespace


async def relay(
    within: Callable[[IPv4Address], str],
    forwards: Sequence[Forward],
    ready: Callable[[tuple[int, ...]], None],
) -> None:
    """As `forward`, inside a running loop and with the namespace for an address; runs until cancelled."""
    places = asyncio.Semaphore(CONNECTIONS)
    servers = [await _listen(within(one.address), one, places) for one in forwards]
    try:
        ready(tuple(server.sockets[0].getsockname()[1] for server in servers))
        await asyncio.gather(*(server.serve_forever() for server in servers))
    finally:
        for server in servers:
            server.close()


async def _listen(name: str, one: Forward, places: asyncio.Semaphore) -> asyncio.Server:
    try:
        return await asyncio.start_server(partial(_serve, name, one, places), "127.0.0.1", one.port)
    except OSError as error:
        raise LabError(f"port {one.port} cannot be used: {error.strerror}; choose another") from error


async def _serve(
    name: str,
    one: Forward,
    places: asyncio.Semaphore,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """One connection. A server that does not answer closes it, as a refused connection would look."""
    async with places:
        try:
            far_reader, far_writer = await _connect(name, one)
        except OSError:  # TimeoutError is one
            writer.close()
            return
        try:
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        finally:
            writer.close()
            far_writer.close()


async def _connect(name: str, one: Forward) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A socket belongs for ever to the namespace that it was made in, whoever uses it later."""
    with namespace.inside(name):
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
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
