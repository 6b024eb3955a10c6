"""A text in an editor that nobody else can read: a file in memory, gone whatever happens."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra_ctl.errors import InfraCtlError, SecretError

IN_MEMORY = (os.environ.get("XDG_RUNTIME_DIR", ""), "/dev/shm")  # noqa: S108 - of our own folder in it, 0700
"""Where files never come to a disk, the first that there is."""

ENDING = (signal.SIGTERM, signal.SIGHUP)


def memory_folder() -> Path | None:
    """Where a private file is in memory; None on a machine that has no such place."""
    folders = (Path(each) for each in IN_MEMORY if each)
    return next((each for each in folders if each.is_dir() and os.access(each, os.W_OK | os.X_OK)), None)


@contextmanager
def private_file(text: str) -> Iterator[Path]:
    """A file with a text, in a folder of its own: what an editor writes beside it goes with it.

    Also when this process is told to end; a `kill -9` leaves it in memory, readable by its owner only.
    """
    folder = Path(tempfile.mkdtemp(prefix="infra-ctl-", dir=memory_folder()))  # mode 0700
    try:
        with _ended_politely():
            file = folder / "vault.yml"
            file.touch(mode=0o600)
            file.write_text(text, encoding="utf-8")
            yield file
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _ended_politely() -> Iterator[None]:
    """SIGTERM and SIGHUP end the block, and not the process at once; Ctrl-C is the editor's."""

    def end(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    before = {each: signal.signal(each, end) for each in ENDING}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, lambda _number, _frame: None)  # ignored, it stays so
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def editor() -> list[str]:
    """The command that $VISUAL or $EDITOR names. Raises SecretError where there is none."""
    words = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    if not words or shutil.which(words[0]) is None:
        raise SecretError(f"there is no editor '{words[0] if words else ''}': set VISUAL or EDITOR")
    return words


def edited(file: Path, command: list[str]) -> str:
    """What a file says once its editor has ended. Raises InfraCtlError where that failed."""
    done = subprocess.run([*command, str(file)], check=False)  # noqa: S603 - the engineer's own editor
    if done.returncode != 0:
        raise InfraCtlError(f"{command[0]} ended with {done.returncode}: nothing was changed")
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise SecretError("what was written is no text in UTF-8: nothing was changed") from None
