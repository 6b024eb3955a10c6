"""Several addresses of one device: who is called when, and whose answer counts."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from infra_ctl.drivers import dialling
from infra_ctl.drivers.dialling import dial

Host = Callable[[str], None]


@pytest.fixture
def port() -> int:
    """One that is free on every address of the loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def answers(port: int) -> Iterator[Host]:
    """Lets an address answer."""
    with ExitStack() as opened:

        def listen(address: str) -> None:
            opened.enter_context(socket.create_server((address, port)))

        yield listen


@pytest.fixture
def is_silent(port: int) -> Iterator[Host]:
    """Lets an address say nothing at all: its queue is full, and Linux drops who comes then."""
    with ExitStack() as opened:

        def fill(address: str) -> None:
            opened.enter_context(socket.create_server((address, port), backlog=0))
            for _ in range(3):
                waiting = opened.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex((address, port))

        yield fill


def called(addresses: tuple[str, ...], port: int, timeout: float = 5.0) -> str:
    with dial(addresses, port, timeout) as connected:
        assert connected.gettimeout() == timeout
        return str(connected.getpeername()[0])


def test_the_first_is_taken_where_all_answer(answers: Host, port: int) -> None:
    for address in ("127.0.0.1", "127.0.0.2"):
        answers(address)
        assert called(("127.0.0.1", "127.0.0.2"), port) == "127.0.0.1"


def test_the_second_is_called_at_once_where_the_first_refuses(
    answers: Host, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialling, "HEAD_START", 3600.0)
    answers("127.0.0.2")
    assert called(("127.0.0.1", "127.0.0.2"), port) == "127.0.0.2"


def test_the_second_is_called_while_the_first_is_silent(answers: Host, is_silent: Host, port: int) -> None:
    is_silent("127.0.0.1")
    answers("127.0.0.2")
    assert called(("127.0.0.1", "127.0.0.2"), port, 60.0) == "127.0.0.2"


@pytest.mark.parametrize("addresses", [("127.0.0.1",), ("127.0.0.1", "127.0.0.2", "127.0.0.3")])
def test_where_all_refuse_it_says_so(port: int, addresses: tuple[str, ...]) -> None:
    with pytest.raises(OSError, match="refused") as raised:
        dial(addresses, port, 5.0)
    assert raised.value.errno == errno.ECONNREFUSED


def test_silence_ends_in_time(is_silent: Host, port: int) -> None:
    for address in ("127.0.0.1", "127.0.0.2"):
        is_silent(address)
    with pytest.raises(TimeoutError):
        dial(("127.0.0.1", "127.0.0.2"), port, 0.3)


@pytest.mark.parametrize(("silent", "said"), [("127.0.0.1", "timed out"), ("127.0.0.2", "refused")])
def test_what_the_first_says_is_what_counts(is_silent: Host, port: int, silent: str, said: str) -> None:
    is_silent(silent)
    with pytest.raises(OSError, match=said):
        dial(("127.0.0.1", "127.0.0.2"), port, 0.3)
