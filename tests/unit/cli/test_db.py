"""`infra-ctl db`: what the journal is kept in, looked at and brought up to date."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from infra_ctl.cli.exits import Exit
from infra_ctl.journal import database
from tests.unit.cli.conftest import Command


def test_a_journal_is_made_and_is_as_it_should_be(infra_ctl: Command, tmp_path: Path) -> None:
    file = tmp_path / "var" / "journal.db"
    said = infra_ctl("db", "check")
    assert said.code == Exit.FOUND
    assert said.out == f"sqlite:///{file}: revision none, not {database.REVISION}: infra-ctl db upgrade\n"
    assert not file.exists(), "a check changes nothing"

    said = infra_ctl("db", "upgrade")
    assert (said.code, said.out) == (Exit.DONE, f"sqlite:///{file}: nothing → {database.REVISION}\n")
    assert infra_ctl("db", "check").code == Exit.DONE
    assert infra_ctl("db", "upgrade").out.endswith(f"at revision {database.REVISION} already\n")


def test_both_speak_json(infra_ctl: Command) -> None:
    said = infra_ctl("db", "upgrade", "--output", "json")
    assert said.json == {"from": None, "to": database.REVISION}
    said = infra_ctl("db", "check", "--output", "json")
    assert said.json == {"database": "sqlite", "revision": database.REVISION, "fine": True}


def test_a_newer_journal_is_refused_and_a_check_says_why(infra_ctl: Command, tmp_path: Path) -> None:
    infra_ctl("db", "upgrade")
    with closing(sqlite3.connect(tmp_path / "var" / "journal.db")) as connection, connection:
        connection.execute("update alembic_version set version_num = '9999'")
    said = infra_ctl("db", "check")
    assert said.code == Exit.FOUND
    assert said.out.endswith(f": revision 9999, not {database.REVISION}: a newer infra-ctl made it\n")
    for command in (("db", "upgrade"), ("runs",), ("deploy", "--yes")):
        said = infra_ctl(*command)
        assert (said.code, said.out) == (Exit.REFUSED, ""), command
        assert said.err.splitlines()[-1].endswith("revision 9999: a newer infra-ctl made it")


@pytest.mark.parametrize("command", [("db", "check"), ("runs",), ("deploy", "--yes")])
def test_a_database_that_is_not_there_is_one_line(
    infra_ctl: Command, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("INFRA_CTL_JOURNAL", "postgresql+psycopg://city:hunter2@127.0.0.1:1/journal")
    said = infra_ctl(*command)
    assert said.code == Exit.FAILED
    assert said.err.splitlines()[-1].startswith(
        "error: journal postgresql+psycopg://city:***@127.0.0.1:1/journal: "
    )
    assert "hunter2" not in said.err + said.out
