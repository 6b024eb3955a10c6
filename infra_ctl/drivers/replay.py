"""A device that answers from recordings: a CommandRunner over a folder, and one that makes the recordings.

A recording is a file: its name is of the command (and of the exit code, where that is not 0), its text is
what the device printed. Verify, audit and the contract tests use it in the place of a router.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from infra_ctl.drivers.command import CommandRunner, Completed
from infra_ctl.errors import DeviceError


def recording_of(command: str, rc: int = 0) -> str:
    """File name of a command's answer: without the environment it sets, no longer than file systems like."""
    words = re.sub(r"\b[A-Z_]+=\S+ ", "", command)
    stem = re.sub(r"[^a-zA-Z0-9]+", "_", words).strip("_")[:150]
    return f"{stem}.rc{rc}.txt" if rc else f"{stem}.txt"


@dataclass(frozen=True, slots=True)
class ReplayRunner:
    """Answers each command as it was once answered."""

    device: str
    folder: Path

    def run(self, command: str, stdin: bytes = b"", timeout: float = 60.0) -> Completed:  # noqa: ARG002
        """Raises DeviceError, naming the command, where nothing is recorded."""
        for rc in (0, 1):
            path = self.folder / recording_of(command, rc)
            if path.is_file():
                return Completed(rc, path.read_bytes(), b"")
        raise DeviceError(self.device, f"`{command}` is not recorded in {self.folder}")

    def is_alive(self) -> bool:
        return True

    def close(self) -> None:
        """There is nothing to end."""


@dataclass(frozen=True, slots=True)
class RecordingRunner:
    """Passes commands on to a real device and keeps what it prints, where it ended with 0 or 1."""

    runner: CommandRunner
    folder: Path

    def run(self, command: str, stdin: bytes = b"", timeout: float = 60.0) -> Completed:
        done = self.runner.run(command, stdin, timeout)
        if done.rc in (0, 1):
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / recording_of(command, done.rc)).write_bytes(done.stdout)
        return done

    def is_alive(self) -> bool:
        return self.runner.is_alive()

    def close(self) -> None:
        self.runner.close()
