"""Both databases that a journal can be in, and what is done behind its back."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from infra_ctl.journal import database
from infra_ctl.journal.opening import open_journal
from infra_ctl.journal.records import Purpose, Step, StepState
from infra_ctl.journal.store import Journal
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


PURPOSE = Purpose(kind="deploy", context="lab", reason="IPv6 in An Hòa", ticket="CT-812", inventory="abc")


@pytest.fixture
def journal(url: str) -> Iterator[Journal]:
    bring_up(url)
    journal = open_journal(url)
    yield journal
    journal.close()


def bring_up(url: str, to: str = database.REVISION) -> None:
    with database.connected(url) as engine:
        database.upgrade(engine, to)


def revision(url: str) -> str:
    with database.connected(url) as engine:
        return database.revision(engine)


def execute(url: str, statement: str) -> list[tuple[Any, ...]]:
    """Behind the journal's back."""
    with database.connected(url) as engine, engine.execution_options(writes=True).begin() as connection:
        done = connection.exec_driver_sql(statement)
        return [tuple(row) for row in done] if done.returns_rows else []


def steps(run: str) -> tuple[Step, ...]:
    return (
        Step(run, "nk-pop1", 2, StepState.WAITING, "", "+ x", "f0", ""),
        Step(run, "nk-an-hoa-ce1", 1, StepState.WAITING, "", "+ x", "f1", ""),
    )
