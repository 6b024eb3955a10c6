"""`serve`: an exporter from its command line to SIGTERM."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from exporters.serving.exporter import Exporter


def serve(name: str, make: Callable[..., Exporter], argv: Sequence[str], *options: click.Option) -> None:
    """Make an exporter with its own options as keywords, and serve it until it is told to stop."""
    raise NotImplementedError  # the server comes with the next commit
