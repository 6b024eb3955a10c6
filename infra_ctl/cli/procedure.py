"""`infra-ctl procedure`: what several machines go through together, as playbooks that people can read."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra_ctl.cli.exits import Exit
from infra_ctl.cli.journal import newest
from infra_ctl.cli.progress import Stopwatch
from infra_ctl.cli.request import why_options
from infra_ctl.cli.session import Session, confirm, console, selector_argument, session_options
from infra_ctl.errors import UnknownError
from infra_ctl.journal.records import PROCEDURE, Purpose, RunState, StepState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra_ctl.journal.records import Run
    from infra_ctl.procedure.events import Answer, Course
    from infra_ctl.procedure.playbooks import Playbook
    from infra_ctl.procedure.run import Ended, Order

INVENTORY = "infra_ctl.yml"
"""What Ansible reads of the city's folder."""


@click.group()
def procedure() -> None:
    """Multi-host procedures: Ansible playbooks, run with the same inventory, shown live and journalled.

    \b
    infra-ctl procedure list
    infra-ctl procedure run survey pop=nk
    infra-ctl procedure run isolate -e target=nk-cai-khe -e reason="malware, CT-901"
    infra-ctl procedure status
    """


def _folders(session: Session) -> tuple[Path, ...]:
    """The city's own playbooks, beside its inventory, go before ours."""
    from infra_ctl.procedure.playbooks import shipped

    return session.context.inventory.resolve().parent / "playbooks", shipped()


@procedure.command("list")
@session_options
def list_procedures(session: Session) -> None:
    """Every procedure and what it is for.

    \b
    infra-ctl procedure list -v
    """
    from infra_ctl.procedure.playbooks import playbooks

    found = playbooks(_folders(session))
    if session.is_json:
        session.emit([asdict(each) | {"reads_only": each.reads_only} for each in found])
        return
    for each in found:
        click.echo(f"{each.name:<12} {each.about}")
        if session.verbose and each.usage:
            click.echo("".join(f"    {line}".rstrip() + "\n" for line in each.usage.splitlines()))


def _variables(_context: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    for text in texts:
        if not text.partition("=")[0].isidentifier() or "=" not in text:
            raise click.BadParameter(f"'{text}' is no NAME=VALUE")
    return {name: value for name, _, value in (text.partition("=") for text in texts)}


@procedure.command("run")
@click.argument("name")
@selector_argument
@click.option("-e", "variables", multiple=True, metavar="NAME=VALUE", callback=_variables, help="For it.")
@click.option("--check", is_flag=True, help="Only say what would be changed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@why_options
@session_options
def run_procedure(
    session: Session,
    name: str,
    selector: tuple[str, ...],
    variables: Mapping[str, str],
    *,
    check: bool,
    yes: bool,
    reason: str,
    ticket: str,
) -> None:
    """Run a procedure on the selected machines, or on those that it names itself.

    A machine that cannot be reached or fails is told with its cause, and the rest goes on, unless the
    procedure says otherwise. All that Ansible said is kept under var/procedure.

    \b
    infra-ctl procedure run survey level>=3
    infra-ctl procedure run patch zone=servers --check
    """
    from infra_ctl.procedure.playbooks import find

    playbook = find(name, _folders(session))
    if missing := playbook.missing(variables):
        given = " ".join(f"-e {each}=…" for each in missing)
        raise click.UsageError(f"{name} needs {given}: infra-ctl procedure list -v")
    order, digest = _order(session, playbook, " ".join(selector), variables, check=check)
    asked = check or playbook.reads_only
    if not asked and not confirm(f"{name}: {playbook.about.rstrip('.')}?", yes=yes):
        session.say("nothing was done")
        return
    words = " ".join((name, *selector, *(f"{key}={value}" for key, value in variables.items())))
    why = f"{words}: {reason}" if reason else words
    run = session.journal().start_run(
        Purpose(PROCEDURE, session.context.name, f"{why} (check)" if check else why, ticket, digest),
        lambda _run: (),
    )
    raise click.exceptions.Exit(_carry_out(session, order, run))


def _order(
    session: Session, playbook: Playbook, selector: str, variables: Mapping[str, str], *, check: bool
) -> tuple[Order, str]:
    """What is to be run, and the inventory's digest. Raises InfraCtlError before anything is tried."""
    from infra_ctl.cli.roster import refuse_simulated
    from infra_ctl.procedure.run import Order

    refuse_simulated(session.context)
    city = session.city()
    inventory = session.context.inventory / INVENTORY
    if not inventory.exists():
        raise UnknownError(f"{inventory} is missing: Ansible needs it, with the line 'plugin: infra_ctl'")
    if session.context.vault_password is not None or not playbook.reads_only:
        session.vault(city)  # or what it does by infra-ctl would find out half-way that it does not open
    order = Order(
        playbook,
        inventory,
        _environment(session),
        tuple(chain(*session.choose(city, selector))) if selector else None,
        variables,
        check,
    )
    return order, city.inventory.digest


def _environment(session: Session) -> dict[str, str]:
    """What the inventory plugin, and infra-ctl where a playbook calls it, are told of our options."""
    where = session.context
    own = {name: value for name, value in os.environ.items() if name.startswith("INFRA_CTL_")}
    return own | {
        "INFRA_CTL_CONTEXT": where.name,
        "INFRA_CTL_INVENTORY": str(where.inventory.resolve()),
        "INFRA_CTL_VAR": str(where.var.resolve()),
    }


def _carry_out(session: Session, order: Order, run: Run) -> Exit:
    from infra_ctl.cli.carrying import stopping
    from infra_ctl.procedure.run import carry_out, folder

    clock = Stopwatch()
    session.say(f"run {run.id}  {order.playbook.name}{' --check' if order.check else ''}")
    with stopping("stopping: Ansible is ended, and machines stay as far as it had come") as stop:
        ended = carry_out(order, run, session.journal(), session.context.var, _teller(session), stop)
    kept = folder(session.context.var, run.id)
    if session.is_json:
        session.emit(_as_dict(run.id, ended, kept))
    else:
        session.say(f"{ended.summary} · run {run.id} ({clock})")
        if ended.state is not RunState.DONE:
            session.say(f"why     {session.command(f'procedure status {run.id}')}    all of it: {kept}")
    return exit_of(ended)


def exit_of(ended: Ended) -> Exit:
    """Nothing tried is 2; some machines done and others not is 5."""
    if ended.state is RunState.STOPPED:
        return Exit.INTERRUPTED
    if ended.state is RunState.DONE:
        return Exit.DONE
    if not ended.machines:
        return Exit.USAGE
    return Exit.PARTIAL if ended.count(StepState.DONE) else Exit.FAILED


def _teller(session: Session) -> Callable[[Answer | None, Course], None]:
    """A line a task with its tally; a machine that goes no further at once, with its cause."""

    def tell(answer: Answer | None, course: Course) -> None:
        if answer is None:
            alone = f"{course.last} " if course.tally.total() == 1 else ""
            counts = (
                f"{'' if alone else f'{count} '}{outcome}" for outcome, count in sorted(course.tally.items())
            )
            session.say(f"{course.task:<44} {alone}{' · '.join(counts)}")
        elif answer.outcome in ("failed", "unreachable"):
            session.say(f"  {answer.machine}  {answer.outcome.upper()}  {answer.task}: {answer.cause}")
        elif session.verbose:
            session.say(f"  {answer.machine}  {answer.outcome}")

    return tell


def _as_dict(run: str, ended: Ended, kept: Path) -> dict[str, object]:
    machines = {name: {"state": state, "cause": cause} for name, (state, cause) in ended.machines.items()}
    return {
        "run": run,
        "state": ended.state,
        "summary": ended.summary,
        "machines": machines,
        "artifacts": str(kept),
    }


@procedure.command("status")
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("--last", type=click.IntRange(min=1), default=10, show_default=True, help="How many.")
@session_options
def status(session: Session, run_id: str | None, last: int) -> None:
    """The newest procedures, or one of them: how each machine ended, and why.

    \b
    infra-ctl procedure status 2026-11-21-005
    """
    from infra_ctl.cli import telling

    if run_id is not None:
        told = telling.tell(session.kept_journal(), run_id, None)
        if told.run.kind != PROCEDURE:
            raise UnknownError(f"run {run_id} is no procedure: {session.command(f'show run {run_id}')}")
        if session.is_json:
            session.emit(telling.as_dict(told))
            return
        for line in (*telling.head(told, ""), *telling.ways(told)):
            click.echo(line)
        return
    found, why = newest(session, last, kind=PROCEDURE)
    if session.is_json:
        session.emit([asdict(run) for run in found])
    elif not found:
        click.echo(f"no procedures yet{why}")
    else:
        _print(found)


def _print(found: Sequence[Run]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("run", "state", "started (UTC)", "by", "context", "what", "result"):
        table.add_column(column, no_wrap=column != "what")
    for run in found:
        started = f"{run.started:%Y-%m-%d %H:%M:%S}"
        table.add_row(run.id, run.state, started, run.user, run.context, run.why, run.summary)
    console().print(table)
