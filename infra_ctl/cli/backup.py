"""`infra-ctl backup`: what everything runs, kept in a git repository."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infra_ctl.cli.exits import Exit
from infra_ctl.cli.progress import Stopwatch, counting, devices
from infra_ctl.cli.session import Session, selector_argument, session_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra_ctl.backup.keeping import Backup, Sources
    from infra_ctl.backup.records import Change, Commit
    from infra_ctl.city import City
    from infra_ctl.cli.context import Context

PLACE = "INFRA_CTL_BACKUP"


def place_option(name: str, words: str) -> Callable[[Any], Any]:
    """Give a command the folder of the repository."""
    where = click.Path(path_type=Path, file_okay=False)
    return click.option(name, "folder", type=where, envvar=PLACE, show_envvar=True, metavar="DIR", help=words)


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
    from infra_ctl.backup.keeping import back_up
    from infra_ctl.backup.repository import writing

    clock = Stopwatch()
    city = session.city()
    hostnames, names = session.choose(city, " ".join(selector))
    place = folder or usual_place(session)
    with writing(place, f"{getuser()}@{socket.gethostname()}") as repository:
        sources = _sources(session, city)
        names = (*names, *sources.foresight.parts_of(hostnames)) if sources.foresight else ()
        with counting("reading", len(hostnames), len(names)) as on_done:
            done = back_up(sources, repository, hostnames, names, on_done)
        head = repository.head
    if session.is_json:
        session.emit(_as_dict(done, place, head))
    for line in () if session.is_json else _lines(done, place, clock):
        session.say(line)
    kept = done.commits or done.unchanged
    raise click.exceptions.Exit((Exit.PARTIAL if kept else Exit.FAILED) if done.failed else Exit.DONE)


def usual_place(session: Session) -> Path:
    """Where a context's backups are where nobody says; a colon would be a machine's name to git."""
    return place_of(session.context)


def place_of(context: Context) -> Path:
    """The same, of a context."""
    return context.var / "backup" / context.name.replace(":", "-")


def _sources(session: Session, city: City) -> Sources:
    from infra_ctl.backup.keeping import Sources
    from infra_ctl.cli.logins import logins

    masking = session.masking(city)
    return Sources(
        session.context.name,
        session.fleet(city),
        session.foresight(city, masking),
        session.journal(),
        masking,
        logins(session.context, city),
    )


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
