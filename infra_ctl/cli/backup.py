"""`infra-ctl backup`: what everything runs, kept in a git repository."""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterator, Mapping
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infra_ctl.cli.exits import Exit
from infra_ctl.cli.progress import Stopwatch, counting, devices
from infra_ctl.cli.session import Session, selector_argument, session_options
from infra_ctl.context.named import BACKUP
from infra_ctl.errors import InfraCtlError

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra_ctl.backup.keeping import Backup, Sources
    from infra_ctl.backup.records import Change, Commit
    from infra_ctl.city import City
    from infra_ctl.cli.ending import Ending
    from infra_ctl.drivers.fleet import Fleet
    from infra_ctl.journal.store import Journal
    from infra_ctl.masking import Masking
    from infra_ctl.plan import Prepared
    from infra_ctl.predicting import Foresight


def place_option(name: str, words: str) -> Callable[[Any], Any]:
    """Give a command the folder of the repository."""
    where = click.Path(path_type=Path, file_okay=False)
    return click.option(
        name, "folder", type=where, envvar=BACKUP, show_envvar=True, metavar="DIR", help=words
    )


@click.command()
@selector_argument
@place_option("--to", "The git repository, bare; var/backup/CONTEXT without.")
@session_options
def backup(session: Session, selector: tuple[str, ...], folder: Path | None) -> None:
    """Keep what devices and hosts run in a git repository, a commit a change, by the run or person behind it.

    Secrets are masked. What cannot be read is named, and the others are kept (exit 5).

    \b
    infra-ctl backup
    infra-ctl backup pop=nk --to /srv/backup/city.git
    git -C var/backup/live log -p devices/nk-pop1.conf
    """
    clock = Stopwatch()
    city = session.city()
    hostnames, names = session.choose(city, " ".join(selector))
    place = folder or session.context.backup
    masking = session.masking(city)
    foresight = session.foresight(city, masking)
    sources = _sources(session, city, session.fleet(city), foresight, session.journal(), masking)
    names = (*names, *foresight.parts_of(hostnames)) if foresight else ()
    done, head = _keep(place, sources, hostnames, names)
    if session.is_json:
        session.emit(_as_dict(done, place, head))
    for line in () if session.is_json else _lines(done, place, clock):
        session.say(line)
    kept = done.commits or done.unchanged
    raise click.exceptions.Exit((Exit.PARTIAL if kept else Exit.FAILED) if done.failed else Exit.DONE)


def _keep(
    place: Path, sources: Sources, hostnames: Collection[str], names: Collection[str]
) -> tuple[Backup, str]:
    """A backup of devices and hosts, and the newest commit then."""
    from infra_ctl.backup.keeping import back_up
    from infra_ctl.backup.repository import writing

    with (
        writing(place, f"{getuser()}@{socket.gethostname()}") as repository,
        counting("reading", len(hostnames), len(names)) as on_done,
    ):
        return back_up(sources, repository, hostnames, names, on_done), repository.head


def keep_changed(session: Session, prepared: Prepared, ending: Ending) -> Ending:
    """Keep what the runs of a command have changed, by them. What cannot be kept makes it done in part."""
    if not (touched := ending.touched):
        return ending
    place, city = session.context.backup, prepared.city
    foresight = session.foresight(city, prepared.masking, prepared.hosts)
    sources = _sources(session, city, prepared.fleet, foresight, prepared.journal, prepared.masking)
    hostnames = [name for name in touched if name in city.intents]
    names = [name for name in touched if name not in city.intents]
    try:
        done, head = _keep(place, sources, hostnames, names)
    except InfraCtlError as error:
        session.say(f"NOT KEPT  {error}")
        return ending.with_backup({"error": f"{error}"}, complete=False)
    for part, cause in done.failed.items():
        session.say(f"NOT KEPT  {part.name}: {cause}")
    session.say(f"kept    {_changes(len(done.commits))} in {place}")
    return ending.with_backup(_as_dict(done, place, head), complete=not done.failed)


def _changes(count: int) -> str:
    """`1 change`, `2 changes`."""
    return f"{count} change{'s' if count != 1 else ''}"


def _sources(
    session: Session,
    city: City,
    fleet: Fleet,
    foresight: Foresight | None,
    journal: Journal,
    masking: Masking,
) -> Sources:
    from infra_ctl.backup.keeping import Sources
    from infra_ctl.cli.logins import logins

    return Sources(session.context.name, fleet, foresight, journal, masking, logins(session.context, city))


def _lines(done: Backup, place: Path, clock: Stopwatch) -> Iterator[str]:
    for commit in done.commits:
        change = commit.change
        yield f"~ {change.part.name:<26} {change.author.name:<20} {commit.id[:12]}  {_why(change)}".rstrip()
    for part, cause in done.failed.items():
        yield f"! {part.name:<26} {cause}"
    parts = [*{commit.change.part: None for commit in done.commits}, *done.unchanged]
    hosts = sum(part.kind == "host" for part in parts)
    counted = devices(len(parts) - hosts, hosts)
    if not done.commits and not done.failed:
        yield f"no changes ({counted}, {clock})"
        return
    failed = f" · {len(done.failed)} not read" if done.failed else ""
    yield f"{len(done.commits)} kept · {len(done.unchanged)} unchanged{failed} · {place} ({counted}, {clock})"


def _why(change: Change) -> str:
    """Why, or who may have."""
    notes = dict(change.notes)
    return notes.get("Reason", "") or notes.get("Login", "")


def _as_dict(done: Backup, place: Path, head: str) -> dict[str, object]:
    return {
        "repository": place,
        "head": head,
        "commits": [_commit(commit) for commit in done.commits],
        "unchanged": [part.name for part in done.unchanged],
        "failed": {part.name: cause for part, cause in done.failed.items()},
    }


def _commit(commit: Commit) -> Mapping[str, object]:
    change = commit.change
    return {
        "commit": commit.id,
        change.part.kind: change.part.name,
        "author": change.author.name,
        "address": change.author.address,
        "at": change.at,
        "subject": change.subject,
        "notes": [list(note) for note in change.notes if note[1]],
        "files": sorted(change.files),
    }
