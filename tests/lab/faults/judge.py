"""What must hold after a fault. It reads routers and database itself, and believes no line of infra-ctl."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.dying import DIED
from tests.lab.city_slice import Done
from tests.lab.faults.database import Database
from tests.lab.faults.ground import HOSTS, TIMER, Ground

RUNS = "old", "new"
ENDS: Mapping[str, tuple[str, ...]] = {
    "confirmed": ("new",),
    "restored": ("old",),
    "failed": ("old",),
    "waiting": ("old",),
    "unknown": RUNS,
}
"""What a device may run of which the journal says that. Whatever is not here is no end."""

REFUSED = 4
NO_COUNT = {"waiting": "not started"}
GRACE = 40
"""Seconds after the timers, for a restore that has to wait for its daemons."""


@dataclass(frozen=True)
class Told:
    """A run, as the database has it."""

    id: str
    state: str
    devices: Mapping[str, str]


def run_ids(database: Database) -> frozenset[str]:
    return frozenset(str(row[0]) for row in database.rows("SELECT id FROM runs"))


def told(database: Database, run: str) -> Told:
    ((state,),) = database.rows(f"SELECT state FROM runs WHERE id = '{run}'")
    steps = database.rows(f"SELECT device, state FROM steps WHERE run = '{run}'")
    return Told(run, str(state), {str(device): str(end) for device, end in steps})


def meaning(text: str) -> list[tuple[str, ...]]:
    """A configuration's lines with their contexts, in no order: FRR moves what was deleted and restored."""
    path: list[str] = []
    found = []
    for line in text.splitlines():
        words = line.strip()
        if words in ("", "!", "end") or words.startswith("exit"):
            continue
        path[len(line) - len(line.lstrip()) :] = [words]
        found.append(tuple(path))
    return sorted(found)


def which(site: Ground, old: Mapping[str, str]) -> dict[str, str]:
    """Of each router whether it is `old`, `new`, or what the difference is."""
    found = {}
    for host, text in site.texts().items():
        was, meant, now = meaning(old[host]), meaning(site.new[host]), meaning(text)
        odd = sorted(set(now) ^ set(was))
        found[host] = "new" if now == meant else "old" if now == was else f"neither: {odd}"
    return found


def settled(site: Ground, old: Mapping[str, str]) -> dict[str, str]:
    """`which`, once no timer ticks any more."""
    deadline = time.monotonic() + TIMER + GRACE
    while time.monotonic() < deadline:
        now = which(site, old)
        if not site.is_pending() and set(now.values()) <= set(RUNS):
            return now
        time.sleep(0.2)
    return which(site, old)


def complaints(done: Done, run: Told | None, now: Mapping[str, str], *, left: bool = False) -> Iterator[str]:
    """What is wrong with how a command ended; `left` where its run is to be resumed."""
    yield from (f"{host} is {state}" for host, state in now.items() if state not in RUNS)
    for sign in ("Traceback", "a defect of infra-ctl"):
        if sign in done.out + done.err:
            yield f"it says: {sign}"
    if done.code == DIED:
        yield from _died(run, now, left=left)
    elif run is None or (done.code == REFUSED and set(run.devices.values()) == {"waiting"}):
        yield from _refused(done, now)
    elif left:
        yield from _broken_off(done, run)
    else:
        yield from _ended(done, run, now)


def _died(run: Told | None, now: Mapping[str, str], *, left: bool) -> Iterator[str]:
    """It says nothing any more; but before its run, or after it, the journal is as it must be."""
    if run is None:
        yield from _untouched(now)
    elif not left:
        yield from _recorded(run, now)


def _untouched(now: Mapping[str, str]) -> Iterator[str]:
    yield from (f"{host} is {state}, and no run did it" for host, state in now.items() if state == "new")


def _refused(done: Done, now: Mapping[str, str]) -> Iterator[str]:
    """Nothing was begun: nothing may have been done, and it must say why."""
    yield from _untouched(now)
    if done.code not in (1, REFUSED):
        yield f"exit code {done.code} where nothing was begun"
    if not re.match(r"error: \S", _last(done.err)):
        yield f"its last line is {_last(done.err)!r}"


def _broken_off(done: Done, run: Told) -> Iterator[str]:
    """It lost its journal under way."""
    if done.code != 1:
        yield f"exit code {done.code} where the journal was lost"
    wanted = rf"error: the journal is gone: .+ take the change back .+ infra-ctl resume {run.id}"
    if not re.match(wanted, _last(done.err)):
        yield f"its last line is {_last(done.err)!r}"


def _recorded(run: Told, now: Mapping[str, str]) -> Iterator[str]:
    """How a run ended, by the journal."""
    for host in HOSTS:
        end = run.devices[host]
        if now[host] not in ENDS.get(end, ()):
            yield f"the journal says {end} of {host}, which is {now[host]}"
    if (state := "done" if code(run) == 0 else "failed") != run.state:
        yield f"the run is {run.state}, not {state}"


def _ended(done: Done, run: Told, now: Mapping[str, str]) -> Iterator[str]:
    yield from _recorded(run, now)
    if done.code != (wanted := code(run)):
        yield f"exit code {done.code}, not {wanted}, of {dict(run.devices)}"
    ends = list(run.devices.values())
    for end in set(ends):
        words = f"{ends.count(end)} {NO_COUNT.get(end, end)}"
        if not re.search(rf"^(.+ · )?{words} · .*\brun {run.id}$", done.out, re.MULTILINE):
            yield f"no line says: {words}"
    if wanted != 0 and f"infra-ctl resume {run.id}" not in done.out:
        yield "it does not say how to go on"


def code(run: Told) -> int:
    """The exit code, by the table of the README."""
    ends = set(run.devices.values())
    if ends & {"unknown", "NOT RESTORED"}:
        return 1
    if ends == {"confirmed"}:
        return 0
    return 5 if "confirmed" in ends else 1


def _last(text: str) -> str:
    return text.strip().rpartition("\n")[2]
