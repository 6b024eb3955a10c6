"""A backup: read everything, find out who made what is new, keep it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from infra_ctl.backup import collecting
from infra_ctl.backup.collecting import Collected
from infra_ctl.backup.history import changes
from infra_ctl.backup.records import Author, Change, Commit, Done, Files, Part
from infra_ctl.backup.repository import Repository
from infra_ctl.change.operations import read as read_operations
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.drivers.logins import Login
from infra_ctl.errors import DeviceError
from infra_ctl.hosts.meant import Kept
from infra_ctl.journal.records import Run, Step, StepState
from infra_ctl.journal.store import Journal, now
from infra_ctl.plan import Masking
from infra_ctl.predicting import Foresight
from infra_ctl.rollback import hosts_of

Logins = Callable[[Part, datetime, datetime], Collection[Login]]
"""Who else logged in to a part after one time, and before another."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a backup comes from."""

    context: str
    fleet: Fleet
    foresight: Foresight | None
    """None where there are no hosts."""
    journal: Journal
    masking: Masking
    logins: Logins


@dataclass(frozen=True, slots=True)
class Backup:
    """What became of a backup."""

    commits: tuple[Commit, ...]
    unchanged: tuple[Part, ...]
    failed: Mapping[Part, str]
    """What was not read, each with its cause."""


def back_up(
    sources: Sources,
    repository: Repository,
    hostnames: Collection[str],
    hosts: Collection[str],
    on_done: Callable[[str], None],
) -> Backup:
    """Keep what devices and hosts have, a commit a change; what could not be read stays as it was kept."""
    repository.refuse_other(sources.context)
    began = now()
    collected = _collected(sources, hostnames, hosts, on_done)
    touched = sources.journal.touched(sources.context, began)
    failed = {part: _cause(part, said, touched, sources) for part, said in collected.items()}
    there = {
        part: said
        for part, said in collected.items()
        if not failed[part] and not isinstance(said, DeviceError)
    }
    found = [
        _of(sources.context, _named(change, sources))
        for change in _changes(sources, repository, there, began)
    ]
    commits = repository.keep(found)
    repository.remember_read(part.name for part in there)
    changed = {commit.change.part for commit in commits}
    return Backup(
        commits,
        tuple(part for part in there if part not in changed),
        {part: cause for part, cause in failed.items() if cause},
    )


def _collected(
    sources: Sources, hostnames: Collection[str], hosts: Collection[str], on_done: Callable[[str], None]
) -> Collected:
    devices = collecting.of_devices(sources.fleet, sources.masking, hostnames, on_done)
    foresight = sources.foresight
    return {**devices, **(collecting.of_hosts(foresight, hosts, on_done) if foresight else {})}


def _cause(part: Part, said: Files | DeviceError, touched: Collection[str], sources: Sources) -> str:
    """Why a part is not kept; empty where it is. Read in the middle of a run it would be nobody's change."""
    if isinstance(said, DeviceError):
        return sources.masking.mask(said.cause)
    return "a run changed it meanwhile: back it up again" if part.name in touched else ""


def _changes(
    sources: Sources, repository: Repository, there: Mapping[Part, Files], began: datetime
) -> list[Change]:
    last = repository.last_seen()
    since = min((last[part.name].at if part.name in last else datetime.min for part in there), default=began)
    done = _done(sources, there, since)
    found: list[Change] = []
    for part, files in there.items():
        seen = last.get(part.name)
        new = [each for each in done[part] if seen is None or not seen.has(each)]
        old = repository.files(part)
        now = _hidden(sources, part, files, (old or {}, *(each.after for each in new)))
        found += changes(part, old, seen.at if seen else None, new, now, began.replace(microsecond=0))
    return found


def _hidden(sources: Sources, part: Part, files: Files, known: tuple[Files, ...]) -> Files:
    """A host's files without lines that nobody meant. What was meant before, and is still there, is known."""
    if part.kind != "host" or sources.foresight is None:
        return files
    meant = sources.foresight.meant[part.name].operations(Kept())
    return collecting.hidden(
        files, (*known, collecting.intended(part, meant, sources.masking)), sources.masking
    )


def _done(sources: Sources, there: Mapping[Part, Files], since: datetime) -> Mapping[Part, list[Done]]:
    """What runs left on each part, oldest first."""
    parts = {part.name: part for part in there}
    runs: dict[str, Run] = {}
    found: defaultdict[Part, list[Done]] = defaultdict(list)
    for step, ended in sources.journal.ended(sources.context, since):
        if step.device not in parts:
            continue
        part = parts[step.device]
        if step.run not in runs:
            runs[step.run] = sources.journal.run(step.run)
        run = runs[step.run]
        left = (_of_host if part.kind == "host" else _of_device)(sources, part, run, step, ended)
        found[part] += [left] if left else []
    return found


def _of_device(sources: Sources, part: Part, run: Run, step: Step, at: datetime) -> Done | None:
    """None for a run that kept no snapshots."""
    if step.state is not StepState.CONFIRMED or not step.after:
        return None
    after, before = (
        collecting.device_files(part, sources.journal.snapshot(digest)) if digest else None
        for digest in (step.after, step.before)
    )
    return Done(run, at.replace(microsecond=0), after or {}, before)


def _of_host(sources: Sources, part: Part, run: Run, step: Step, at: datetime) -> Done | None:
    """A run has the texts that it wrote, with their references. None for one of which nobody knows them."""
    if step.state is StepState.DONE and step.after:
        operations = read_operations(sources.journal.snapshot(step.after))
    elif (planned := hosts_of(sources.journal, run).get(part.name)) is not None:
        operations = planned.operations
    else:  # a procedure, which has no plan of hosts
        return None
    after = collecting.intended(part, operations, sources.masking)
    return Done(run, at.replace(microsecond=0), after, partly=step.state is not StepState.DONE)


def _of(context: str, change: Change) -> Change:
    return replace(change, notes=(*change.notes, ("Context", context)))


def _named(change: Change, sources: Sources) -> Change:
    """A drift with the name of who logged in, where that can only be one; all names where it is not."""
    if not change.is_drift or change.since is None:
        return change
    found = sources.logins(change.part, change.since, change.at)
    notes = (*(("Login", str(each)) for each in found), *change.notes)
    people = {each.user for each in found}
    if len(people) != 1:
        return replace(change, notes=notes)
    (name,) = people
    author = Author(name, f"{name}@{change.part.name}")
    return replace(change, author=author, subject=f"{change.part.name}: changed by {name}", notes=notes)
