"""A PostgreSQL server of the tests' own: reached by a socket in its folder, without a TCP port."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg


@dataclass(frozen=True, slots=True)
class Server:
    """A cluster in `home`, which is its socket's folder too."""

    home: Path
    programs: Path

    def start(self) -> None:
        options = f"-c listen_addresses= -c unix_socket_directories={self.home} -c fsync=off"
        self._control("-o", options, "start")

    def stop(self) -> None:
        """As when its machine loses power: nobody is told."""
        self._control("-m", "immediate", "stop")

    def create(self, name: str) -> str:
        """A database, and its URL."""
        connection = psycopg.connect(host=str(self.home), user="tester", dbname="postgres", autocommit=True)
        with connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return f"postgresql+psycopg://tester@/{name}?host={self.home}"

    def _control(self, *command: str) -> None:
        data, log = self.home / "data", self.home / "log"
        self.run(str(self.programs / "pg_ctl"), "-D", str(data), "-w", "-l", str(log), *command)

    def run(self, *command: str) -> None:
        """As the one who may: it refuses to run as root."""
        nobody = ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()
        # it inherits nothing of ours, or whoever waits for the end of our output waits for it
        done = subprocess.run(
            (*nobody, *command), check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=self.home
        )
        assert done.returncode == 0, done.stderr


@contextmanager
def server() -> Iterator[Server]:
    """One that runs for the block."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    assert programs, "PostgreSQL is not installed: make setup"
    home = Path(tempfile.mkdtemp(prefix="ic-pg-", dir="/tmp"))  # a socket's path has 107 characters at most
    try:
        if os.geteuid() == 0:
            shutil.chown(home, "postgres")
        made = Server(home, programs[-1])
        made.run(
            str(programs[-1] / "initdb"), "-D", str(home / "data"), "-U", "tester", "-A", "trust", "--no-sync"
        )
        made.start()
        try:
            yield made
        finally:
            made.stop()
    finally:
        shutil.rmtree(home)
