"""What a relay says of who does not answer, on this machine's loopback in the place of a lab."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from ipaddress import IPv4Address, IPv6Address

import pytest

from infra_ctl.errors import LabUsageError
from infra_ctl.lab import forward, namespace
from infra_ctl.lab.forward import Forward


async def asked(way: Forward) -> list[str]:
    """What is told of one connection that is closed without an answer."""
    listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    told: list[str] = []
    relay = asyncio.create_task(
        forward.relay(
            lambda _address: "lab",
            [way],
            lambda ports: listening.set_result(ports[0]),
            lambda _way, cause: told.append(cause),
        )
    )
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", await listening)
        assert await asyncio.wait_for(reader.read(), 60) == b""
        writer.close()
        return told
    finally:
        relay.cancel()
        await asyncio.gather(relay, return_exceptions=True)


@pytest.mark.parametrize("address", [IPv4Address("127.0.0.1"), IPv6Address("::1")])
def test_who_does_not_answer_is_told(
    address: IPv4Address | IPv6Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(namespace, "inside", lambda _name: nullcontext())
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family) as taken:  # bound, so that nobody else listens there
        taken.bind((str(address), 0))
        assert asyncio.run(asked(Forward(0, address, taken.getsockname()[1]))) == ["Connection refused"]


def test_a_lab_that_went_down_meanwhile_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def gone(name: str) -> Iterator[None]:
        raise LabUsageError(f"cannot enter {name}")
        yield

    monkeypatch.setattr(namespace, "inside", gone)
    assert asyncio.run(asked(Forward(0, IPv4Address("127.0.0.1"), 9))) == ["cannot enter lab"]


def test_a_port_that_is_taken_is_one_line_without_the_library_s_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        way = Forward(taken.getsockname()[1], IPv4Address("127.0.0.1"), 9)
        said = f"^port {way.port} cannot be used: Address already in use; choose another$"
        with pytest.raises(LabUsageError, match=said):
            asyncio.run(asked_in_vain(way))


async def asked_in_vain(way: Forward) -> None:
    await forward.relay(lambda _address: "lab", [way], lambda _ports: None, lambda _way, _cause: None)
