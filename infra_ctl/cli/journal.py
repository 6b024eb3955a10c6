"""`infra-ctl runs`, `show`, `run` and `db`: what was done, by whom and why, and where that is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

import click

from infra_ctl.cli import completion
from infra_ctl.cli.exits import Exit
from infra_ctl.cli.session import Session, console, device_argument, name_argument, session_options
from infra_ctl.errors import RefusedError, UnknownError
from infra_ctl.journal.records import PROCEDURE, Order, Run


@click.command()
@click.option("--last", type=click.IntRange(min=1), default=20, show_default=True, help="How many.")
@session_options
def runs(session: Session, last: int) -> None:
    """The newest runs: when, who, why, and how they ended.

    \b
    infra-ctl runs --last 5
    """
    found, why = newest(session, last)
    if session.is_json:
        session.emit([asdict(run) for run in found])
    if not found:
        session.say(f"no runs yet{why}")
    elif not session.is_json:
        _print(found)


def newest(session: Session, last: int, **of: str) -> tuple[tuple[Run, ...], str]:
    """The newest runs whose columns say what `of` says; with none, where they were looked for in vain."""
    try:
        return session.kept_journal().runs(last, **of), ""
    except UnknownError as error:  # or it is another place than was meant
        return (), f": {error}"


def _print(found: Iterable[Run]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("run", "kind", "state", "started (UTC)", "by", "context", "why", "result"):
        table.add_column(column, no_wrap=column != "why")
    for run in found:
        started = f"{run.started:%Y-%m-%d %H:%M:%S}"
        table.add_row(run.id, run.kind, run.state, started, run.user, run.context, run.why, run.summary)
    console().print(table)


@click.group()
def show() -> None:
    """One thing, whole.

    \b
    infra-ctl show run 2026-11-21-005
    infra-ctl show run 2026-11-21-005 cr-phu-thu-ce1
    infra-ctl show device nk-cai-khe-ce1
    infra-ctl show host dc-db-1
    """


@show.command("run")
@click.argument("run_id", metavar="RUN")
@name_argument("device", required=False)
@session_options
def show_run(session: Session, run_id: str, device: str | None) -> None:
    """A run: who, why, orders to it, and how each device and host ended; with NAME or -v its diff as well.

    \b
    infra-ctl show run 2026-11-21-005
    infra-ctl show run 2026-11-21-005 cr-phu-thu-ce1
    infra-ctl show run 2026-11-21-005 dc-app-1
    """
    from infra_ctl.cli import telling

    told = telling.tell(session.kept_journal(), run_id, device)
    if session.is_json:
        session.emit(telling.as_dict(told))
        return
    for line in telling.head(told, session.command(f"resume {run_id}")):
        click.echo(line)
    whole = device is not None or session.verbose
    for line in telling.timelines(told) if whole else telling.ways(told):
        click.echo(line)


@show.command("device")
@device_argument("hostname")
@session_options
def show_device(session: Session, hostname: str) -> None:
    """A device as the inventory means it: addresses, links, neighbours.

    \b
    infra-ctl show device nk-cai-khe-ce1 --output json
    """
    city = session.city()
    if hostname in city.hosts:
        raise UnknownError(f"{hostname} is a host: infra-ctl show host {hostname}")
    intent = city.intent(hostname)
    if session.is_json:
        session.emit(asdict(intent))
        return
    click.echo(
        f"{intent.hostname}  {intent.role}  {intent.platform}  IPv6 {intent.stage}  {intent.management}"
    )
    for interface in intent.interfaces:
        addresses = " ".join(str(a) for a in (interface.ipv4, interface.ipv6) if a is not None)
        towards = f"  → {interface.neighbour}" if interface.neighbour else ""
        click.echo(f"  {interface.name:<10} {interface.kind:<9} {addresses}{towards}")


@show.command("host")
@click.argument("name", metavar="HOST", shell_complete=completion.hosts)
@session_options
def show_host(session: Session, name: str) -> None:
    """A host as the inventory means it: who may open what, all that is to be on it; with -v its files.

    \b
    infra-ctl show host dc-db-1
    infra-ctl show host dc-portal-1 --output json
    infra-ctl show host dc-core1/host
    """
    from infra_ctl.cli import hosting
    from infra_ctl.hosts.roles import of_host, of_router
    from infra_ctl.intent import HostPart

    city = session.city()
    if name in city.intents:
        raise UnknownError(f"{name} is a device: infra-ctl show device {name}")
    host = city.parts[name] if name in city.parts else city.host(name)
    operations = of_router.operations(host) if isinstance(host, HostPart) else of_host.operations(host)
    if session.is_json:
        session.emit(hosting.as_dict(host, operations))
        return
    for line in hosting.lines(host, operations, texts=session.verbose):
        click.echo(line)


@click.group()
def run() -> None:
    """Tell a run that is under way, from another terminal, what to do once its wave has ended.

    \b
    infra-ctl run pause 2026-11-21-005
    infra-ctl run continue 2026-11-21-005
    infra-ctl run abort 2026-11-21-005
    """


def _order(order: Order, words: str) -> None:
    """Add one of the orders to the group."""

    @run.command(order, help=f"{words}\n\n\b\ninfra-ctl run {order} 2026-11-21-005")
    @click.argument("run_id", metavar="RUN")
    @session_options
    def give(session: Session, run_id: str) -> None:
        from infra_ctl.journal.process import is_alive

        journal = session.kept_journal()
        ordered = journal.run(run_id)
        if not is_alive(ordered):
            raise RefusedError(f"run {run_id} is {ordered.state}: only a run that is under way takes orders")
        if ordered.kind == PROCEDURE and order is not Order.ABORT:
            raise RefusedError(
                f"run {run_id} is a procedure, which has no waves: it can be aborted, and no more"
            )
        journal.give_order(run_id, order)
        when = "at once" if ordered.kind == PROCEDURE else "once the wave under way has ended"
        session.say(f"run {run_id}: {order}, {when}")


_order(Order.PAUSE, "Begin no other wave until it is continued.")
_order(Order.CONTINUE, "Go on after a pause.")
_order(Order.ABORT, "End the run: what is in flight ends, no other starts; resume or rollback later.")


@click.group()
def db() -> None:
    """The journal's database: a SQLite file under var/, or what INFRA_CTL_JOURNAL names.

    \b
    INFRA_CTL_JOURNAL=postgresql+psycopg://city@db1.example/journal infra-ctl db upgrade
    """


@db.command()
@session_options
def upgrade(session: Session) -> None:
    """Make the journal's tables, or bring older ones up to this version. All or nothing.

    \b
    infra-ctl db upgrade
    """
    from infra_ctl.journal import database

    with database.connected(session.context.journal_url) as engine:
        before = database.revision(engine)
        if before != database.REVISION:
            database.upgrade(engine)
    if session.is_json:
        session.emit({"from": before or None, "to": database.REVISION})
    elif before == database.REVISION:
        session.say(f"{database.shown(engine)}: at revision {before} already")
    else:
        session.say(f"{database.shown(engine)}: {before or 'nothing'} → {database.REVISION}")


@db.command("check")
@session_options
def check_db(session: Session) -> None:
    """Whether the journal answers and is of this version. Changes nothing; exit 3 where it is not.

    \b
    infra-ctl db check
    """
    from infra_ctl.journal import database

    with database.connected(session.context.journal_url) as engine:
        found = database.revision(engine)
        cause = database.obstacle(engine, found)
    fine = found == database.REVISION
    if session.is_json:
        session.emit({"database": engine.dialect.name, "revision": found or None, "fine": fine})
    else:
        verdict = "as it should be" if fine else f"not {database.REVISION}: {cause or 'infra-ctl db upgrade'}"
        session.say(f"{database.shown(engine)}: revision {found or 'none'}, {verdict}")
    raise click.exceptions.Exit(Exit.DONE if fine else Exit.FOUND)
