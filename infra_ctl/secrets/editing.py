"""A text in an editor that nobody else can read: a file in memory, gone whatever happens."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
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


class PrivateFile:
    """A file to edit. SIGTERM and SIGHUP end an editor that is open, and with it the work on the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._told = 0
        self._starting = False
        self._editor: subprocess.Popen[bytes] | None = None

    def edited(self, command: list[str]) -> str:
        """What it says once its editor has ended. Raises InfraCtlError where that failed."""
        self._starting = True  # a signal now would leave an editor that nobody knows
        self._editor = subprocess.Popen([*command, str(self.path)])  # noqa: S603 - the engineer's own editor
        if self._told:
            self._editor.kill()
        code = self._editor.wait()
        self._editor, self._starting = None, False
        if self._told:
            raise SystemExit(128 + self._told)
        if code != 0:
            raise InfraCtlError(f"{command[0]} ended with {code}: nothing was changed")
        try:
            return self.path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise SecretError("what was written is no text in UTF-8: nothing was changed") from None

    def end(self, number: int, _frame: object) -> None:
        """Hear a signal."""
        self._told = number
        if self._editor is not None:
            self._editor.kill()
        elif not self._starting:
            raise SystemExit(128 + number)


@contextmanager
def private_file(text: str) -> Iterator[PrivateFile]:
    """A file with a text, in a folder of its own: what an editor writes beside it goes with it.

    Also when this process is told to end; a `kill -9` leaves it in memory, readable by its owner only.
    """
    folder = Path(tempfile.mkdtemp(prefix="infra-ctl-", dir=memory_folder()))  # mode 0700
    file = PrivateFile(folder / "vault.yml")
    try:
        with _heard_by(file):
            file.path.touch(mode=0o600)
            file.path.write_text(text, encoding="utf-8")
            yield file
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _heard_by(file: PrivateFile) -> Iterator[None]:
    """Ctrl-C is the editor's."""
    before = {each: signal.signal(each, file.end) for each in ENDING}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, lambda _number, _frame: None)  # ignored, it stays so
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def editor() -> list[str]:
    """The command that $VISUAL or $EDITOR names. Raises SecretError where there is none.

    The usual one writes its screen to wherever output goes: without a terminal that would be a file.
    """
    told = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not told and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise SecretError("nobody is there to edit: set VISUAL or EDITOR to what does it without a terminal")
    words = shlex.split(told or "vi")
    if not words or shutil.which(words[0]) is None:
        raise SecretError(f"there is no editor '{words[0] if words else ''}': set VISUAL or EDITOR")
    return words
