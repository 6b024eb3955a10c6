"""A journal is opened, brought up or refused in one line, and so is one whose database goes away."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, inspect

from infra_ctl.errors import InfraCtlError, JournalError, RefusedError, UnusableError
from infra_ctl.journal import database
from infra_ctl.journal.opening import open_journal
from infra_ctl.journal.records import StepState
from infra_ctl.journal.schema import metadata
from tests.postgresql import Server
from tests.unit.journal.conftest import PURPOSE, bring_up, execute, new_database, revision, steps


def test_a_database_that_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "journal.db").mkdir()
    with pytest.raises(InfraCtlError, match="unable to open database file"):
        open_journal(f"sqlite:///{tmp_path / 'journal.db'}")


def test_a_database_that_is_none_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"not a database, whatever its name says" * 50)
    with pytest.raises(JournalError, match="file is not a database"):
        open_journal(f"sqlite:///{tmp_path / 'journal.db'}")
    with pytest.raises(UnusableError, match="the journal's URL cannot be used: "):
        open_journal("nonsense")


# Revisions


def test_a_new_file_is_made_and_a_new_database_wants_to_be_asked(url: str) -> None:
    if url.startswith("sqlite"):
        open_journal(url).close()
    else:
        with pytest.raises(JournalError, match=r"at revision none, not \d+: infra-ctl db upgrade"):
            open_journal(url)
        bring_up(url)
        open_journal(url).close()
    assert revision(url) == database.REVISION


def test_the_migrations_make_the_very_tables_that_the_code_means(url: str) -> None:
    bring_up(url)
    with database.connected(url) as engine, engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_journal_from_before_there_were_revisions_is_brought_up(url: str) -> None:
    bring_up(url, to="0001")
    execute(url, "DROP TABLE alembic_version")
    execute(url, "INSERT INTO synced VALUES ('lab', 'nk-pop1', 'intended', 'running', 'text')")
    bring_up(url)
    journal = open_journal(url)
    assert journal.synced("lab")["nk-pop1"].text == "text"
    assert journal.start_run(PURPOSE, steps).token
    journal.close()


def test_an_older_journal_keeps_all_that_it_has(url: str) -> None:
    bring_up(url, to="0002")
    execute(
        url,
        'INSERT INTO runs (id, kind, context, "user", host, process, reason, ticket, inventory, started,'
        " state, summary, token) VALUES ('2026-11-21-001', 'deploy', 'lab', 'an', 'noc1', '1:0', 'IPv6',"
        " 'CT-1', 'abc', '2026-11-21 10:00:00', 'done', '1 confirmed', 't')",
    )
    execute(
        url,
        "INSERT INTO steps (run, device, wave, state, cause, diff, base, result, before)"
        " VALUES ('2026-11-21-001', 'nk-pop1', 1, 'confirmed', '', '+ x', 'f0', 'f1', 'd0')",
    )
    bring_up(url)
    journal = open_journal(url)
    (run,) = journal.runs()
    assert (run.id, run.reason, run.token, run.undoes) == ("2026-11-21-001", "IPv6", "t", "")
    (step,) = journal.steps(run.id)
    assert (step.device, step.state, step.before) == ("nk-pop1", StepState.CONFIRMED, "d0")
    assert journal.start_run(PURPOSE, steps).undoes == ""
    journal.close()


def test_a_journal_of_a_newer_version_is_left_alone(url: str) -> None:
    bring_up(url)
    execute(url, "update alembic_version set version_num = '9999'")
    for use in (open_journal, bring_up):
        with pytest.raises(RefusedError, match="revision 9999: a newer infra-ctl made it"):
            use(url)
    assert revision(url) == "9999"


@pytest.mark.parametrize(
    "statements",
    [
        ("CREATE TABLE people (id INTEGER)",),
        (
            "CREATE TABLE alembic_version (version_num VARCHAR(32))",
            "INSERT INTO alembic_version VALUES ('1a2b3c4d')",
        ),
    ],
    ids=["tables", "revisions"],
)
def test_a_database_of_something_else_is_left_alone(url: str, statements: tuple[str, ...]) -> None:
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir()
    for statement in statements:
        execute(url, statement)
    for use in (open_journal, bring_up):
        with pytest.raises(RefusedError, match="it is no journal"):
            use(url)
    with database.connected(url) as engine:
        assert not inspect(engine).has_table("runs")


# Databases that go away


def test_a_connection_that_was_lost_in_a_pause_is_made_anew(postgresql: Server) -> None:
    url = new_database(postgresql)
    bring_up(url)
    journal = open_journal(url)
    run = journal.start_run(PURPOSE, steps)
    gone = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    assert execute(url, gone)
    journal.record(run.id, "nk-pop1", StepState.APPLYING)
    assert [event.state for event in journal.events(run.id)] == ["applying"]
    journal.close()


def test_a_database_that_goes_away_is_one_line(postgresql: Server) -> None:
    url = new_database(postgresql)
    bring_up(url)
    journal = open_journal(url)
    run = journal.start_run(PURPOSE, steps)
    name = url.partition("@/")[2].partition("?")[0]
    execute(url.replace(f"/{name}?", "/postgres?"), f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    gone = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    execute(url.replace(f"/{name}?", "/postgres?"), gone)
    with pytest.raises(JournalError, match="not currently accepting connections"):
        journal.record(run.id, "nk-pop1", StepState.APPLYING)
    journal.close()


def test_a_file_that_is_removed_under_a_run_is_one_line_and_none_is_made_in_its_place(tmp_path: Path) -> None:
    """SQLite would write on to what nobody can read any more. Back in its place, it is the journal again."""
    path = tmp_path / "journal.db"
    journal = open_journal(f"sqlite:///{path}")
    run = journal.start_run(PURPOSE, steps)
    away = path.rename(tmp_path / "away")
    for _ in range(2):
        with pytest.raises(JournalError, match="its file is gone"):
            journal.record(run.id, "nk-pop1", StepState.APPLYING)
        assert not path.exists()
    away.rename(path)
    journal.record(run.id, "nk-pop1", StepState.APPLYING)
    assert [event.state for event in journal.events(run.id)] == ["applying"]
    journal.close()


def test_a_connection_that_cannot_be_made_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What SQLite says before SQLAlchemy listens: of a full disk, for one."""
    journal = open_journal(f"sqlite:///{tmp_path / 'journal.db'}")
    journal.close()

    def full(*_event: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    event.listen(journal._engine, "connect", full)
    with pytest.raises(JournalError, match="database or disk is full"):
        journal.runs()


def test_a_database_that_is_not_there_is_one_line_without_its_password() -> None:
    with pytest.raises(JournalError) as caught:
        open_journal("postgresql+psycopg://city:hunter2@127.0.0.1:1/journal")
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://city:hunter2@db:port/journal",
        "nonsense://city:p@hunter2@db/journal",
        "hunter2",
    ],
)
def test_a_url_that_is_none_is_one_line_without_its_password(url: str) -> None:
    with pytest.raises(UnusableError) as caught:
        open_journal(url)
    assert "\n" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_password_in_the_query_is_not_shown() -> None:
    with database.connected("postgresql+psycopg://h/j?user=city&password=hunter2") as engine:
        assert "hunter2" not in database.shown(engine)
