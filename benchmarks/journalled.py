"""`infra-ctl`, its journal timed: writes to FILE how long some thread was in the journal, and the wall time.

python -m benchmarks.journalled FILE deploy --yes

Time in the journal is that in which at least one thread reads, writes or waits for another to have written.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

STARTED = time.perf_counter()


class Timer:
    """Seconds in which at least one thread is inside."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.visits = 0
        self._inside = 0
        self._since = 0.0
        self._lock = Lock()

    @contextmanager
    def visit(self) -> Iterator[None]:
        with self._lock:
            self.visits += 1
            if self._inside == 0:
                self._since = time.perf_counter()
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if self._inside == 0:
                    self.seconds += time.perf_counter() - self._since


def timed(timer: Timer, method: Callable[[Any], AbstractContextManager[Any]]) -> Callable[[Any], Any]:
    """A method that gives a connection, with the time until that is given back."""

    @contextmanager
    def visited(journal: Any) -> Iterator[Any]:
        with timer.visit(), method(journal) as connection:
            yield connection

    return visited


def main() -> None:
    from infra_ctl.cli import app
    from infra_ctl.journal.store import Journal

    timer, file = Timer(), Path(sys.argv[1])
    Journal._read = timed(timer, Journal._read)  # type: ignore[method-assign, assignment]
    Journal._write = timed(timer, Journal._write)  # type: ignore[method-assign, assignment]
    sys.argv = ["infra-ctl", *sys.argv[2:]]
    try:
        app.main()
    finally:
        wall = time.perf_counter() - STARTED
        told = {"journal": timer.seconds, "visits": timer.visits, "wall": wall}
        file.write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()
