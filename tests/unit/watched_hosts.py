"""Hosts that are not there, watched: what was done to them, in order over all, and errors of any kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from infra_ctl.change.operations import Operation, Predicted
from infra_ctl.cli import hosts as cli_hosts
from infra_ctl.context import hosts as context_hosts
from infra_ctl.drivers.connection import Connection
from infra_ctl.drivers.embedded_hosts import EmbeddedHosts
from infra_ctl.drivers.hosts import HostEnd, HostFleet, HostWork, OnEnd, Prediction, Told
from infra_ctl.errors import DeviceError


class WatchedHosts(EmbeddedHosts):
    """`log` has, in order, what was done: host and operation."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[tuple[str, str]] = []
        self.silent: dict[str, DeviceError] = {}
        """Hosts that answer with this."""
        self.raises: BaseException | None = None
        """What comes in the middle of applying, once."""
        self.after: Callable[[str], None] = lambda _part: None
        """Told of each host that something was done to."""

    def predict(
        self, works: Iterable[HostWork], *args: Any, **options: Any
    ) -> dict[str, Prediction | DeviceError]:
        found = super().predict(works, *args, **options)
        return {part: self.silent.get(part, answer) for part, answer in found.items()}

    def apply(
        self,
        works: Iterable[HostWork],
        *,
        told: Told,
        ended: OnEnd = lambda _part, _end: None,
        **options: Any,
    ) -> dict[str, HostEnd | DeviceError]:
        def noted(part: str, done: Predicted) -> None:
            if self.raises is not None:
                error, self.raises = self.raises, None
                raise error
            self.log.append((part, done.id))
            told(part, done)
            self.after(part)

        works = list(works)
        silent = {work.part: self.silent[work.part] for work in works if work.part in self.silent}
        for part, error in silent.items():
            ended(part, error)
        there = [work for work in works if work.part not in silent]
        return {**silent, **super().apply(there, told=noted, ended=ended, **options)}

    def bring(self, name: str, operations: Iterable[Operation]) -> None:
        """Do this to a host, whoever asks."""
        work = HostWork(name, _connection(name), tuple(operations))
        super().apply([work], token="", fence={}, revert_in=1, told=lambda *_: None)

    def is_held(self, name: str) -> bool:
        return name in self._leases

    @property
    def order(self) -> list[str]:
        """Hosts in the order in which something was first done to them."""
        return list(dict.fromkeys(part for part, _ in self.log))


def instead_of_hosts(monkeypatch: pytest.MonkeyPatch, *names: str) -> WatchedHosts:
    """Hosts that are nothing yet, for the command line, which has no others and no host parts."""
    there = WatchedHosts()
    monkeypatch.setattr(context_hosts, "present_hosts", lambda _context, _city: names)
    monkeypatch.setattr(context_hosts, "present_parts", lambda _context, _city: {})
    monkeypatch.setattr(cli_hosts, "host_fleet", lambda _context, _city: fleet(there))
    return there


def fleet(hosts: EmbeddedHosts) -> HostFleet:
    """A fleet of them."""
    return HostFleet(hosts, _connection)


def _connection(name: str) -> Connection:
    return Connection(name, "192.0.2.1", "infra", Path("/nowhere"))
