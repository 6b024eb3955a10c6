"""Ansible's workers, which do the tasks.

Each leads a session of its own, and so outlives an ansible-playbook that is killed as a group: it would go on
with its task after the procedure has ended.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

PROGRAM = b"ansible-playbook"


def workers() -> tuple[int, ...]:
    """Those at work for this process now: children of the ansible-playbook that is its child."""
    children = tuple(_children(os.getpid()))
    return tuple(worker for child in children for worker in _children(child))


def end(found: Collection[int]) -> None:
    """End them and all that they have begun on this machine."""
    for pid in found:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def _children(parent: int) -> Iterator[int]:
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it may end while it is looked at
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent and PROGRAM in (entry / "cmdline").read_bytes():
                yield int(entry.name)
