"""What an exporter is to the server. Three of these calls may come from several threads at once.

    def main(argv: Sequence[str]) -> None:
        serve(PATH, PathExporter, argv, click.Option(["--stamp.port"], type=int, default=862, help="…"))

makes `PathExporter(stamp_port=862)`, configures it, and serves it until SIGTERM.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from exporters.serving.exposition import Block


@runtime_checkable
class Exporter(Protocol):
    """What is measured of the city in a folder, since it was first configured."""

    def configure(self, inventory: Path) -> None:
        """Begin with an inventory, or go over to a newer one: counters of what stays go on.

        Raises InfraCtlError before anything is changed: the old one goes on. Called by one thread at a time,
        while others collect. Threads run: a process that it starts is to be spawned, not forked.
        """

    def collect(self) -> Iterable[Block]:
        """What is known now, each metric once. Quick: what takes long is measured beforehand."""

    def close(self) -> None:
        """End what it has begun, once, also where `configure` never succeeded."""


@runtime_checkable
class MultiTarget(Exporter, Protocol):
    """An exporter that also answers `/probe?target=…&module=…`."""

    def probe(self, target: str, module: str, timeout: float, say: Callable[[str], None]) -> Iterable[Block]:
        """Look at one target now, for at most `timeout` seconds; `say` what is done, for `debug=true`.

        `module` is empty where none is asked for. Raises UnknownError for a target that the inventory does
        not have or a module that there is not.
        """


@dataclass(frozen=True, slots=True)
class Page:
    """What is answered for a path."""

    content_type: str
    body: bytes


@runtime_checkable
class Publisher(Exporter, Protocol):
    """An exporter that has pages beside `/metrics`."""

    def pages(self) -> Mapping[str, Page]:
        """By their paths, as of now."""
