"""The stack of a twin up and down. The state file knows of it before anything of it is built."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from pydantic import TypeAdapter

from infra_ctl.city import City
from infra_ctl.errors import LabUsageError
from infra_ctl.lab import state
from infra_ctl.lab.monitor import vantage
from infra_ctl.lab.monitor.parts import PROGRAMS, Part, parts
from infra_ctl.lab.monitor.preparing import Wanted, places_of, prepared, stood_in
from infra_ctl.lab.monitor.processes import Bench
from infra_ctl.lab.state import Folder

PROMETHEUS = "prometheus"
READY_SECONDS = 120.0
"""Everything is up in ten alone; the rest is for a machine that starts a hundred of them."""
LOOK_SECONDS = 0.2

Progress: TypeAlias = Callable[[str, int, int], None]

_PARTS = TypeAdapter(tuple[Part, ...])


def up(directory: Path, city: City, wanted: Wanted, progress: Progress) -> None:
    """Render the stack for what the twin has, start what does not run of it, and wait until it is ready.

    What runs already reads its configuration again. What is not ready in time stays as it is: `status` tells.
    Raises LabError, UnusableError, RefusedError.
    """
    folder = Folder.of(directory)
    with folder.locked():
        found = state.require(folder.root)
        _refuse_without(PROGRAMS)
        stand_in = stood_in(city, found.spec, wanted.host)
        if found.monitor not in (None, stand_in):
            again = state.hint(folder.root, "monitor down")
            raise LabUsageError(f"the stack stands in for {found.monitor.hostname}: {again}")
        progress("render", 0, 1)
        stack, _ = prepared(folder, city, found.spec, wanted)
        every = parts(stack, found.spec, places_of(folder), wanted.installed)
        state.save(folder, replace(found, monitor=stand_in, hurry=wanted.hurry))
        (folder.monitor / "parts.json").write_bytes(_PARTS.dump_json(every, indent=1))
        vantage.build(found.spec, stand_in)
        bench = Bench(folder, found.spec)
        # Who asks is last: it has its targets at once, and finds nobody down who is only on the way up.
        asking, asked = (
            tuple(each for each in every if (each.name == PROMETHEUS) is so) for so in (True, False)
        )
        for those in (asked, asking):
            _begin(bench, those)
            _await(bench, those, progress)


def down(directory: Path) -> bool:
    """End the stack and remove what it learned; True when there was one. Its logs stay."""
    folder = Folder.of(directory)
    if not folder.state.exists():
        return False
    with folder.locked():
        found = state.load(folder.root)
        if found is None or found.monitor is None:
            return False
        Bench(folder, found.spec).end(remembered(folder))
        vantage.clear(found.spec, found.monitor)
        shutil.rmtree(folder.monitor, ignore_errors=True)
        state.save(folder, replace(found, monitor=None, hurry=1))
        return True


def begun(directory: Path) -> int:
    """How many parts of the stack run: what a start that was cut short has left."""
    folder = Folder.of(directory)
    found = state.load(folder.root)
    if found is None:
        return 0
    bench = Bench(folder, found.spec)
    return sum(bench.pid(part) is not None for part in remembered(folder))


def remembered(folder: Folder) -> tuple[Part, ...]:
    """The parts of the stack that is up; none where it was cut short before there were any."""
    try:
        return _PARTS.validate_json((folder.monitor / "parts.json").read_bytes())
    except FileNotFoundError:
        return ()


def _begin(bench: Bench, every: Iterable[Part]) -> None:
    for part in every:
        pid = bench.pid(part)
        if pid is not None and part.again != "restart" and bench.is_as_wanted(part, pid):
            if part.again == "reload":
                bench.reload(pid)
            continue
        bench.end([part])
        bench.start(part)


def _await(bench: Bench, every: tuple[Part, ...], progress: Progress) -> None:
    """Until each is ready, or has ended, or the time is over."""
    deadline = time.monotonic() + READY_SECONDS
    waiting = list(every)
    while waiting and time.monotonic() < deadline:
        progress("start", len(every) - len(waiting), len(every))
        waiting = [part for part in waiting if bench.failure(part) and not bench.has_ended(part)]
        time.sleep(LOOK_SECONDS if waiting else 0)
    progress("start", len(every) - len(waiting), len(every))


def _refuse_without(programs: Iterable[str]) -> None:
    if missing := sorted(program for program in programs if shutil.which(program) is None):
        raise LabUsageError(f"the stack cannot run here: apt install {' '.join(missing)}")
