"""From what is kept of a device or host, what runs did to it since, and what it has: the changes between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from infra_ctl.backup.records import DRIFT, Author, Change, Done, Files, Part
from infra_ctl.journal.records import Run
from infra_ctl.secrets import nameless


def changes(
    part: Part, old: Files | None, since: datetime | None, done: Iterable[Done], now: Files, seen: datetime
) -> Iterator[Change]:
    """In order; what is between two runs, and after the last, is drift. `old` is None for what is new here.

    Of what is new only the last run counts: what was before it is the journal's.
    """
    state = old
    for each in tuple(done) if old is not None else tuple(done)[-1:]:
        if state is not None and each.before not in (None, state):
            started = each.run.started.replace(microsecond=0)
            yield _drift(part, state, each.before or {}, max(started, since or started), since)
            state = each.before or {}
        after = _after(each, state or {}, now)
        if after != state:
            yield _by_run(part, after, each)
        state, since = after, each.at
    if now != state:
        yield _drift(part, state, now, seen, since)


def _after(done: Done, state: Files, now: Files) -> Files:
    """A host that stopped has, of what it was to have, what is there now."""
    if not done.partly:
        return done.after
    reached = {path: text for path, text in done.after.items() if now.get(path) == text}
    return {**state, **reached}


def _by_run(part: Part, files: Files, done: Done) -> Change:
    run = done.run
    notes = [
        ("Run", run.id),
        ("By", f"{run.user}@{run.host}"),
        ("Reason", run.reason),
        ("Ticket", run.ticket),
        ("Undoes", run.undoes),
    ]
    subject = f"{part.name}: {run.kind} {run.id}"
    return Change(part, files, run_author(run), done.at, subject, (*notes, *_of(part)))


def _drift(part: Part, old: Files | None, files: Files, at: datetime, since: datetime | None) -> Change:
    """Nobody is asked for where the part was never seen, or nothing may have been done to it."""
    words = DRIFT
    if old is None or since is None:
        words, since = "first seen", None
    elif _nameless(old) == _nameless(files):
        words, since = "a secret reads otherwise: it was rolled here, or in the vault only", None
    author = Author(DRIFT, f"{DRIFT}@{part.name}")
    return Change(part, files, author, at, f"{part.name}: {words}", _of(part), since)


def _nameless(files: Files) -> Files:
    return {path: nameless(text) for path, text in files.items()}


def run_author(run: Run) -> Author:
    """A run, at the address of who began it."""
    return Author(f"run {run.id}", f"{run.user}@{run.host}")


def _of(part: Part) -> tuple[tuple[str, str], ...]:
    return ((part.kind.capitalize(), part.name),)
