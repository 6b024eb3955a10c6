"""`infra-ctl` that dies at a chosen write to its journal, as by `kill -9`.

python -m tests.dying 7 after deploy --yes
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from infra_ctl.cli import app
from infra_ctl.journal.store import Journal

DIED = 137
"""The exit code."""
MOMENTS = ("before", "after")


def die_at(number: int, moment: str) -> None:
    """Let this process end before or after it writes to its journal for the `number`th time."""
    write, writes = Journal._write, count(1)

    @contextmanager
    def counted(journal: Journal) -> Iterator[object]:
        current = next(writes)
        if (current, moment) == (number, "before"):
            os._exit(DIED)
        with write(journal) as connection:
            yield connection
        if (current, moment) == (number, "after"):
            os._exit(DIED)

    Journal._write = counted  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    die_at(int(sys.argv[1]), sys.argv[2])
    sys.argv = ["infra-ctl", *sys.argv[3:]]
    app.main()
