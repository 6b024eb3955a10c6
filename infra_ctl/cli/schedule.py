"""`infra-ctl schedule`: which audits run by themselves and when, and what calls them."""

from __future__ import annotations

import os
import pwd
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infra_ctl.cli.places import folder_option
from infra_ctl.cli.session import Session, console, session_options
from infra_ctl.errors import UnknownError, UnusableError

if TYPE_CHECKING:
    from infra_ctl.audit.due import Due
    from infra_ctl.audit.installing import Placed
    from infra_ctl.audit.schedule import Caller
    from infra_ctl.inventory.audits import ScheduledAudit
    from infra_ctl.journal.records import Audit

NAMES = ("audit", "backup", "drift")
_PATHS = ("INFRA_CTL_KEY", "INFRA_CTL_KNOWN_HOSTS", "INFRA_CTL_VAULT_PASSWORD_FILE", "INFRA_CTL_BACKUP")
_WORDS = ("INFRA_CTL_USER", "INFRA_CTL_JOURNAL")


@click.group()
def schedule() -> None:
    """Audits that run by themselves: when, and what calls them.

    \b
    infra-ctl schedule show
    infra-ctl schedule install
    """


def _place_options(command: Callable[..., None]) -> Callable[..., None]:
    """What is meant: which jobs, and whether systemd's or cron's."""
    command = folder_option("Units or crontab here, and nothing is started.")(command)
    command = click.option("--crontab", is_flag=True, help="For cron, where there is no systemd.")(command)
    jobs = click.Choice(NAMES)
    return click.argument("jobs", nargs=-1, metavar="[audit|backup|drift]...", type=jobs)(command)


@schedule.command()
@_place_options
@click.option("--user", help="Who calls: you, where nobody is named.")
@click.option(
    "--program", type=click.Path(path_type=Path, dir_okay=False), help="What is called; this one without."
)
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@session_options
def install(
    session: Session,
    *,
    jobs: tuple[str, ...],
    crontab: bool,
    folder: Path | None,
    user: str | None,
    program: Path | None,
    dry_run: bool,
) -> None:
    """Have systemd call `audit --due` every quarter of an hour; it runs what audits.yaml says is due then.

    `backup` and `drift` are called once a day, in the early morning. What is called works with this
    inventory, context and var, and with the INFRA_CTL_… that are set now. Units are judged by systemd before
    they are written; files that are not ours are left alone (exit 4).

    \b
    infra-ctl schedule install
    infra-ctl schedule install audit backup --user infra
    infra-ctl schedule install --crontab
    """
    from infra_ctl.audit import installing

    where = _folder(folder, crontab=crontab, is_written=not dry_run)
    caller = _caller(session, user or getuser(), program, crontab=crontab)
    names = jobs or NAMES[:1]
    if folder is None:
        _refuse_unknown(caller.user)
    files = installing.placed(where, _texts(names, caller, crontab=crontab))
    installing.refuse_foreign(files)
    if not crontab:
        # The program of another machine is not here; all else of its units is judged.
        here = caller if folder is None else replace(caller, program=("/bin/true",))
        installing.refuse_unfit(installing.placed(where, _texts(names, here, crontab=False)))
    _print(session, files)
    timers = [] if crontab or folder else [f"infra-ctl-{name}.timer" for name in names]
    if not dry_run:
        if folder is None:
            _make_folders(session, caller)
        installing.write(files)
        if timers:
            installing.start(timers)
    _told(session, files, "would be written" if dry_run else "written", [] if dry_run else timers)


@schedule.command()
@_place_options
@session_options
def remove(session: Session, *, jobs: tuple[str, ...], crontab: bool, folder: Path | None) -> None:
    """Take away what `install` wrote: all of it, or some jobs. What is under way goes on to its end.

    \b
    infra-ctl schedule remove
    infra-ctl schedule remove drift
    """
    from infra_ctl.audit import installing

    if crontab and jobs:
        raise click.UsageError("a crontab is one file: it is removed as a whole")
    where = _folder(folder, crontab=crontab, is_written=False)
    files = [
        each for each in installing.placed(where, _nothing(jobs or NAMES, crontab=crontab)) if each.there
    ]
    installing.refuse_foreign(files)
    _print(session, files)
    timers = [each.path.name for each in files if each.path.suffix == ".timer"]
    runs_here = folder is None and not crontab and installing.is_booted()
    if timers and runs_here:
        installing.stop(timers)
    installing.take_away(files)
    if files and runs_here:
        installing.forget()
    _told(session, files, "removed", [])


@schedule.command()
@session_options
def show(session: Session) -> None:
    """The audits of audits.yaml: when each was last run, when it is next due, and what calls them.

    Times are the city's.

    \b
    infra-ctl schedule show
    """
    rows, callers, untold = _rows(session), [*_called()], [*_untold(session)]
    if session.is_json:
        session.emit({"audits": [_as_dict(*row) for row in rows], "called": callers, "untold": untold})
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("audit", "calendar", "last", "next", "told"):
        table.add_column(heading)
    for name, audit, last, due in rows:
        ended = f"{_local(last.due)} {last.state}" if last and last.due else "never"
        following = "due" if due else _local(_next(audit))
        table.add_row(name, audit.calendar, ended, following, ", ".join(audit.notify) or "nobody")
    if rows:
        console().print(table)
    else:
        session.say("no audit runs by itself: audits.yaml names none")
    for each in (*untold, *(callers or ["nothing calls them: infra-ctl schedule install"])):
        session.say(each)


def _rows(session: Session) -> list[tuple[str, ScheduledAudit, Audit | None, Due | None]]:
    """Each audit with its last one for an occasion, and whether it is due now."""
    from infra_ctl.audit.due import due
    from infra_ctl.journal.records import now

    audits = session.city().inventory.schedule.audits
    past = _past(session)
    last = {each.name: each for each in past if each.due is not None}
    found = {each.name: each for each in due(audits, past, now())}
    return [(name, audit, last.get(name), found.get(name)) for name, audit in audits.items()]


def _past(session: Session) -> tuple[Audit, ...]:
    from infra_ctl.audit import results

    try:
        return results.audits(session.kept_journal(), session.context.name)
    except UnknownError:  # no journal yet
        return ()


def _untold(session: Session) -> Iterator[str]:
    """Who is still to be told of what, a line each."""
    try:
        owed = session.kept_journal().messages.owed(session.context.name)
    except UnknownError:  # no journal yet
        return
    for each in owed:
        why = f": {each.why}" if each.why else ""
        yield f"{each.addressee} is still to be told of audit {each.audit}{why}"


def _called() -> Iterator[str]:
    """What calls infra-ctl on this machine, a line each."""
    from infra_ctl.audit import installing
    from infra_ctl.audit.schedule import CRONTAB

    for name in NAMES:
        timer = f"infra-ctl-{name}.timer"
        if (installing.SYSTEMD / timer).exists():
            state = "waits" if installing.is_booted() and installing.is_active(timer) else "does not run"
            yield f"{timer} {state}"
    if (installing.CRON / CRONTAB).exists():
        yield f"{installing.CRON / CRONTAB}"


def _next(audit: ScheduledAudit) -> datetime:
    from infra_ctl.audit.due import coming
    from infra_ctl.journal.records import now

    return coming(audit.calendar, now())


def _local(at: datetime) -> str:
    from infra_ctl.inventory.fields import VIETNAM

    return f"{at.replace(tzinfo=UTC).astimezone(VIETNAM):%Y-%m-%d %H:%M}"


def _as_dict(name: str, audit: ScheduledAudit, last: Audit | None, due: Due | None) -> Mapping[str, object]:
    return {
        "name": name,
        **audit.model_dump(mode="json"),
        "last": {"audit": last.id, "occasion": _utc(last.due), "state": last.state} if last else None,
        "due": _utc(due.occasion) if due else None,
        "next": _utc(_next(audit)),
    }


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at else None


def _folder(folder: Path | None, *, crontab: bool, is_written: bool) -> Path:
    """Where files go. Raises UnusableError where nobody would read them."""
    from infra_ctl.audit import installing

    if folder is not None:
        return folder
    if crontab:
        return installing.CRON
    if is_written and not installing.is_booted():
        raise UnusableError("systemd does not run this machine: --crontab, or -o FOLDER for units of another")
    return installing.SYSTEMD


def _texts(names: Sequence[str], caller: Caller, *, crontab: bool) -> Mapping[str, str]:
    from infra_ctl.audit import schedule as texts

    return texts.crontab(names, caller) if crontab else texts.units(names, caller)


def _nothing(names: Sequence[str], *, crontab: bool) -> Mapping[str, str]:
    from infra_ctl.audit.schedule import CRONTAB, unit

    if crontab:
        return {CRONTAB: ""}
    return {unit(name, kind): "" for name in names for kind in ("service", "timer")}


def _caller(session: Session, user: str, program: Path | None, *, crontab: bool) -> Caller:
    """Raises UnusableError for what cannot be passed on."""
    from infra_ctl.audit.schedule import Caller

    where = session.context
    environment = {
        "INFRA_CTL_INVENTORY": str(where.inventory.absolute()),
        "INFRA_CTL_CONTEXT": where.name,
        "INFRA_CTL_VAR": str(where.var.absolute()),
        **{name: str(Path(os.environ[name]).absolute()) for name in _PATHS if os.environ.get(name)},
        **{name: os.environ[name] for name in _WORDS if os.environ.get(name)},
    }
    if "INFRA_CTL_JOURNAL" in environment:
        environment["INFRA_CTL_JOURNAL"] = _from_anywhere(where.journal_url)
    if _has_password(where.journal_url):
        del environment["INFRA_CTL_JOURNAL"]
        _refuse_or_say(session, crontab=crontab)
    called = (str(program.absolute()),) if program else _program()
    written = {**environment, "--user": user, "--program": " ".join(called)}
    if odd := [name for name, value in written.items() if not value.isprintable()]:
        raise UnusableError(f"{odd[0]}: a line break or the like cannot be written into a unit")
    writes = (where.var.absolute(), *_beside(where.var.absolute(), session))
    return Caller(called, user, where.var.absolute(), environment, writes, where.kind != "lab")


def _refuse_unknown(user: str) -> None:
    """Raises UnknownError."""
    try:
        pwd.getpwnam(user)
    except KeyError:
        raise UnknownError(f"there is no user '{user}' on this machine") from None


def _beside(var: Path, session: Session) -> Iterator[Path]:
    """Folders outside of var that are written into: of backups, of the journal."""
    from sqlalchemy import make_url

    url = make_url(session.context.journal_url)
    file = (
        [Path(url.database).absolute().parent] if url.get_backend_name() == "sqlite" and url.database else []
    )
    for folder in dict.fromkeys((session.context.backup.absolute(), *file)):
        if not folder.is_relative_to(var):
            yield folder


def _from_anywhere(url: str) -> str:
    """A journal's URL that is of the same file in whichever folder a service works."""
    from sqlalchemy import make_url

    read = make_url(url)
    if read.get_backend_name() != "sqlite" or not read.database:
        return url
    file = str(Path(read.database).absolute())
    return read.set(database=file).render_as_string(hide_password=False)


def _has_password(url: str) -> bool:
    from sqlalchemy import make_url

    read = make_url(url)
    return bool(read.password) or any("pass" in name.lower() for name in read.query)


def _refuse_or_say(session: Session, *, crontab: bool) -> None:
    from infra_ctl.audit.schedule import SECRETS

    if crontab:
        raise UnusableError(
            "INFRA_CTL_JOURNAL has a password, and a crontab can be read by all: use ~/.pgpass"
        )
    session.say(f"INFRA_CTL_JOURNAL has a password: write it into {SECRETS}, mode 600")


def _program() -> tuple[str, ...]:
    """How we were called ourselves."""
    own = Path(sys.argv[0])
    if own.name == "infra-ctl" and os.access(own, os.X_OK):
        return (str(own.absolute()),)
    return (sys.executable, "-m", "infra_ctl.cli.app")


def _make_folders(session: Session, caller: Caller) -> None:
    """A service that sees it only if it is there gets it, as its user's own."""
    for folder in caller.writes:
        if not folder.exists():
            folder.mkdir(parents=True)
            shutil.chown(folder, caller.user)
            session.say(f"{folder} made, for {caller.user}")


def _print(session: Session, files: Sequence[Placed]) -> None:
    if session.is_json:
        return
    screen = console()
    styles = {"+": "green", "-": "red"}
    for each in files:
        for line in each.diff:
            screen.print(line, markup=False, style=styles.get(line[:1]))


def _told(session: Session, files: Sequence[Placed], done: str, timers: list[str]) -> None:
    """How it ended: a line, or all of it as JSON."""
    changed = [each for each in files if not each.is_right]
    if session.is_json:
        rows: list[Any] = [{"path": str(each.path), "diff": each.diff} for each in changed]
        session.emit({done.replace(" ", "_"): rows, "unchanged": len(files) - len(changed), "timers": timers})
        return
    session.say(
        f"{len(changed)} {done} · {len(files) - len(changed)} unchanged" if files else "nothing is there"
    )
    for timer in timers:
        session.say(f"{timer} waits")
