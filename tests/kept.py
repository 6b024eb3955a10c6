"""`infra-ctl` whose every file is kept: what it wrote, what it removed again, and the words of its children.

python -m tests.kept FOLDER [DEFECT] deploy --yes

With `DEFECT` a device's test meets a defect of ours, whose words quote the configuration that it reads.
"""

from __future__ import annotations

import os
import shutil
import sys
from itertools import count
from pathlib import Path
from typing import Any

from infra_ctl.cli import app
from infra_ctl.deploy.step import Applied, Ended, Lost, Stepper

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
DEFECT = "--with-a-defect"


class Keeper:
    """An audit hook (sys.addaudithook): it hears of every file before it is opened or removed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = count(1)
        self._busy = False
        self._written: set[str] = set()

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._busy:
            return
        self._busy = True
        try:
            if event == "open" and isinstance(arguments[0], str) and arguments[2] & WRITING:
                self._written.add(arguments[0])
            elif event in ("os.remove", "os.rename"):
                self._keep(str(arguments[0]))
            elif event in ("subprocess.Popen", "os.posix_spawn", "os.exec"):
                self._note(repr(arguments))
        finally:
            self._busy = False

    def keep_all(self) -> None:
        """What is there when the process ends."""
        self._busy = True
        for name in sorted(self._written):
            self._keep(name)

    def _keep(self, name: str) -> None:
        source = Path(name)
        if source.is_file() and not source.is_relative_to(self.folder):
            shutil.copyfile(source, self._next(source.name))

    def _note(self, words: str) -> None:
        self._next("words").write_text(words)

    def _next(self, name: str) -> Path:
        return self.folder / f"{os.getpid()}-{next(self._numbers):04}-{name}"


def meet_a_defect() -> None:
    def finish(
        stepper: Stepper, hostname: str, *_arguments: object
    ) -> Applied | Lost | Ended:  # signature of no interest
        with stepper.open_device(hostname) as device:
            raise ValueError(f"unexpected: {device.read()}")

    Stepper.finish = finish  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    keeper = Keeper(Path(sys.argv[1]))
    arguments = sys.argv[2:]
    if arguments[0] == DEFECT:
        meet_a_defect()
        arguments = arguments[1:]
    sys.addaudithook(keeper.hear)
    sys.argv = ["infra-ctl", *arguments]
    try:
        app.main()
    finally:
        keeper.keep_all()
