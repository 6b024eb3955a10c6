"""Both databases that a journal can be in."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.postgresql import Server, server

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    with server() as running:
        yield running


def new_database(postgresql: Server) -> str:
    """A database of its own for one test."""
    return postgresql.create(f"journal{next(_NUMBERS)}")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where there is no journal yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'var' / 'journal.db'}"
    return new_database(request.getfixturevalue("postgresql"))
