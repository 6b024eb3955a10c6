"""What runbooks tell to type exists: commands with their options, and queries that Prometheus understands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import promql_parser
import pytest

from infra_ctl.cli.app import root
from infra_ctl.cli.audit import Audits

BOOKS = sorted((Path(__file__).parents[3] / "docs/runbooks").glob("Infra*.md"))
OTHERS = ("amtool", "curl", "promtool", "ps", "systemctl")


def lines(book: Path) -> list[str]:
    blocks = re.findall(r"```\n(.*?)```", book.read_text(encoding="utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def within(book: Path) -> list[str]:
    """Commands within a sentence; `…` stands for what only the reader knows."""
    found = re.findall(r"`(infra-ctl [^`]+)`", book.read_text(encoding="utf-8"))
    return [each for each in found if "…" not in each]


def parse(words: list[str]) -> None:
    """As the command line would, up to where it would begin to work. Raises click.UsageError."""
    command: click.Command = root
    with click.Context(root) as context:
        while isinstance(command, click.Group):
            words = command.meant(words) if isinstance(command, Audits) else words
            name = words.pop(0)
            found = command.get_command(context, name)
            if found is None:
                raise click.UsageError(f"no command {name}")
            command = found
        command.make_context(command.name, words)


@pytest.mark.parametrize("book", BOOKS, ids=lambda path: path.stem)
def test_what_it_tells_to_type_can_be_typed(book: Path) -> None:
    for line in lines(book):
        first = line.split()[0]
        if first == "infra-ctl":
            parse(shlex.split(line)[1:])
        elif first not in OTHERS:
            promql_parser.parse(line)


@pytest.mark.parametrize("book", BOOKS, ids=lambda path: path.stem)
def test_what_it_names_in_passing_can_be_typed_too(book: Path) -> None:
    for line in within(book):
        words = shlex.split(line)[1:]
        try:
            parse(words)
        except click.MissingParameter:
            """It names a command, and leaves to the reader of what."""
