"""Writing what calls us into the machine: seen first, judged by systemd, and never over what is not ours."""

from __future__ import annotations

import difflib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra_ctl.audit.schedule import MARK
from infra_ctl.errors import RefusedError, ScheduleError, UnusableError

SYSTEMD, CRON = Path("/etc/systemd/system"), Path("/etc/cron.d")
BOOTED = Path("/run/systemd/system")
"""Is there where systemd runs the machine (sd_booted(3))."""
PATIENCE = 60
"""Seconds for what systemd is asked."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A file of ours, and what is in its place."""

    path: Path
    text: str
    """What is to be there; empty where nothing is."""
    there: str | None
    """What is; None for nothing."""

    @property
    def is_ours(self) -> bool:
        return self.there is None or self.there.startswith(MARK)

    @property
    def is_right(self) -> bool:
        return (self.there or "") == self.text

    @property
    def diff(self) -> tuple[str, ...]:
        """Its change, line by line; nothing where it is right."""
        old, new = (each.splitlines() for each in (self.there or "", self.text))
        return tuple(difflib.unified_diff(old, new, str(self.path), str(self.path), lineterm="", n=1))


def placed(folder: Path, texts: Mapping[str, str]) -> tuple[Placed, ...]:
    """Files of a folder as they are to be and as they are. Raises UnusableError."""
    return tuple(Placed(folder / name, text, _read(folder / name)) for name, text in texts.items())


def refuse_foreign(files: Iterable[Placed]) -> None:
    """Raises RefusedError where somebody else's file would be lost."""
    if foreign := [str(each.path) for each in files if not each.is_ours]:
        raise RefusedError(f"not written by us, and left alone: {', '.join(foreign)}")


def refuse_unfit(files: Iterable[Placed]) -> None:
    """Units are judged by systemd before any is written; where it is not installed, they are not.

    Raises RefusedError with what it says.
    """
    if (program := shutil.which("systemd-analyze")) is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / each.path.name for each in files]
        for path, each in zip(paths, files, strict=True):
            path.write_text(each.text, encoding="utf-8")
        said = _asked(program, "verify", *map(str, paths))
    lines = [line.replace(f"{folder}/", "") for line in said.stderr.splitlines()]
    ours = [line for line in lines if any(path.name in line for path in paths)]
    if said.returncode or ours:
        raise RefusedError(f"systemd does not take them: {'; '.join(ours or lines)}")


def write(files: Iterable[Placed]) -> None:
    """Each in one move; those that are right are left as they are. Raises UnusableError."""
    for each in files:
        if not each.is_right:
            try:
                each.path.parent.mkdir(parents=True, exist_ok=True)
                _replace(each.path, each.text)
            except OSError as error:
                raise UnusableError(f"{each.path}: {error.strerror}") from error


def take_away(files: Iterable[Placed]) -> None:
    """Raises UnusableError."""
    for each in files:
        try:
            each.path.unlink(missing_ok=True)
        except OSError as error:
            raise UnusableError(f"{each.path}: {error.strerror}") from error


def is_booted() -> bool:
    """Whether systemd runs this machine."""
    return BOOTED.is_dir()


def start(timers: Iterable[str]) -> None:
    """Now, and with the machine. Raises ScheduleError."""
    _systemctl("daemon-reload")
    _systemctl("enable", "--now", "--quiet", *timers)


def stop(timers: Iterable[str]) -> None:
    """Now and for good. Raises ScheduleError."""
    _systemctl("disable", "--now", "--quiet", *timers)


def forget() -> None:
    """What was taken away. Raises ScheduleError."""
    _systemctl("daemon-reload")


def is_active(timer: str) -> bool:
    """Whether a timer waits for its hour."""
    return _asked("systemctl", "is-active", "--quiet", timer).returncode == 0


def _systemctl(*words: str) -> None:
    said = _asked("systemctl", *words)
    if said.returncode:
        lines = said.stderr.splitlines() or [f"ended with {said.returncode}"]
        raise ScheduleError(f"systemctl {' '.join(words)}: {lines[-1]}")


def _asked(*words: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603 - systemd's own programs, words of ours
            words, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ScheduleError(f"{words[0]}: {error}") from error


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableError(f"{path}: cannot be read: {error}") from error


def _replace(path: Path, text: str) -> None:
    """Readable by all, as units and crontabs are; a half of one is never there."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), 0o644)
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)
