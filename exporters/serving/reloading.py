"""Signals, and the inventory read again where one asks for it."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any, Self

import click

from infra_ctl.errors import InfraCtlError


class Reloading:
    """Reads the inventory, at the start and again, one reader at a time."""

    def __init__(
        self,
        configure: Callable[[Path], None],
        inventory: Path,
        reloaded: Callable[[bool], None] = lambda _well: None,
    ) -> None:
        """`reloaded` is told each time whether it went well."""
        self._configure, self._inventory, self._reloaded = configure, inventory, reloaded
        self._lock = Lock()

    def first(self) -> None:
        """Raises InfraCtlError: without an inventory there is nothing to serve."""
        with self._lock:
            self._configure(self._inventory)
        self._reloaded(True)

    def again(self) -> str:
        """What went wrong, on one line; empty where nothing did. The old one stays, then."""
        with self._lock:
            failure = self._failure()
        self._reloaded(not failure)
        told = f"not reloaded, the inventory before stays: {failure}" if failure else "reloaded"
        click.echo(told, err=True)
        return failure

    def _failure(self) -> str:
        try:
            self._configure(self._inventory)
        except InfraCtlError as error:
            lines = str(error).splitlines()
            return f"{lines[0]} (and {len(lines) - 1} more)" if len(lines) > 1 else lines[0]
        except Exception as error:  # noqa: BLE001 - an exporter is a plug-in; its old configuration goes on
            return f"{type(error).__name__}: {' '.join(str(error).split())}"
        return ""


class Signals:
    """Signals as they come: what they ask for is done outside of their handlers.

    The kernel may give one to any thread. Python runs its handler in the main one, which nothing wakes then
    but what is written to a socket that it reads. Outside of `with` they do what they did before.
    """

    def __init__(self) -> None:
        self._read, self._written = socket.socketpair()
        self._written.setblocking(False)
        self._before: dict[int, Any] = {}
        self._woken = -1

    def __enter__(self) -> Self:
        self._woken = signal.set_wakeup_fd(self._written.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, lambda _got, _frame: None)
        return self

    def __exit__(self, *_raised: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._woken)
        self._read.close()
        self._written.close()

    def fileno(self) -> int:
        """Can be read where one has come."""
        return self._read.fileno()

    def next(self) -> int:
        """Wait for it."""
        return self._read.recv(1)[0]


def obey(following: Callable[[], int], reload: Callable[[], object]) -> None:
    """Reload at SIGHUP, and return at SIGTERM. Raises KeyboardInterrupt at Ctrl-C."""
    while (got := following()) == signal.SIGHUP:
        reload()
    if got == signal.SIGINT:
        raise KeyboardInterrupt
