"""Both databases that a journal can be in; PostgreSQL is a server of the tests' own, without a TCP port."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The folder of its socket, which is how it is reached."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        pytest.fail("PostgreSQL is not installed: make setup")
    home = Path(tempfile.mkdtemp(prefix="ic-pg-", dir="/tmp"))  # a socket's path has 107 characters at most
    nobody = ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()
    if nobody:
        shutil.chown(home, "postgres")

    def run(*command: str) -> None:
        subprocess.run((*nobody, *command), check=True, capture_output=True, cwd=home)

    try:
        run(
            str(programs[-1] / "initdb"), "-D", str(home / "data"), "-U", "tester", "-A", "trust", "--no-sync"
        )
        options = f"-c listen_addresses= -c unix_socket_directories={home} -c fsync=off"
        control = (str(programs[-1] / "pg_ctl"), "-D", str(home / "data"), "-w", "-l", str(home / "log"))
        run(*control, "-o", options, "start")
        try:
            yield str(home)
        finally:
            run(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home)


def new_database(socket: str) -> str:
    """A database of its own for one test."""
    import psycopg

    name = f"journal{next(_NUMBERS)}"
    with psycopg.connect(host=socket, user="tester", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return f"postgresql+psycopg://tester@/{name}?host={socket}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where there is no journal yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'var' / 'journal.db'}"
    return new_database(request.getfixturevalue("postgresql"))
