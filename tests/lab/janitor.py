"""Takes labs down once whoever started this has ended, in whatever way: python -m tests.lab.janitor FOLDER"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra_ctl.errors import LabError
from infra_ctl.lab import state, twin

PATIENCE = 120
"""Seconds that another command may still be at a lab."""


@contextmanager
def minded(folder: Path) -> Iterator[None]:
    """Whatever labs are under a folder are gone after the block, even where this process is killed in it."""
    command = (sys.executable, "-m", "tests.lab.janitor", str(folder))
    # Ctrl-C is for us alone: the janitor has work to do then.
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True):
        yield


def labs(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        if "state.json" in files:
            folders.clear()
            if is_lab(Path(place)):
                yield Path(place)


def is_lab(place: Path) -> bool:
    """Whether its state can be read: tests have files of that name which cannot, and nobody is at those."""
    try:
        return state.load(place) is not None
    except LabError:
        return False


def take_down(lab: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            twin.down(lab)
        except LabError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
        else:
            return


if __name__ == "__main__":
    sys.stdin.read()  # to its end, which comes when nobody holds the other end any more
    for found in labs(Path(sys.argv[1])):
        take_down(found)
