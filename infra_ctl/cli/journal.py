"""`infra-ctl runs` and `infra-ctl show`: what was done, and what there is."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from infra_ctl.cli.session import Session, console, device_argument, session_options
from infra_ctl.journal.records import RunState

if TYPE_CHECKING:
    from infra_ctl.journal.records import Run, Step
    from infra_ctl.journal.store import Journal


@click.command()
@click.option("--last", type=click.IntRange(min=1), default=20, show_default=True, help="How many.")
@session_options
def runs(session: Session, last: int) -> None:
    """The newest runs: when, who, why, and how they ended.

    \b
    infra-ctl runs --last 5
    """
    found = session.journal().runs(last)
    if session.is_json:
        session.emit([asdict(run) for run in found])
        return
    if not found:
        click.echo("no runs yet")
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("run", "state", "started (UTC)", "by", "context", "why", "result"):
        table.add_column(column, no_wrap=column != "why")
    for run in found:
        started = f"{run.started:%Y-%m-%d %H:%M:%S}"
        table.add_row(run.id, run.state, started, run.user, run.context, why(run), run.summary)
    console().print(table)


@click.group()
def show() -> None:
    """One thing, whole.

    \b
    infra-ctl show run 2026-11-21-005
    infra-ctl show run 2026-11-21-005 cr-phu-thu-ce1
    infra-ctl show device nk-cai-khe-ce1
    """


@show.command("run")
@click.argument("run_id", metavar="RUN")
@device_argument("device", required=False)
@session_options
def show_run(session: Session, run_id: str, device: str | None) -> None:
    """A run: who, why, and each device's end; with a DEVICE its timeline and diff.

    \b
    infra-ctl show run 2026-11-21-005 cr-phu-thu-ce1
    """
    journal = session.journal()
    run = journal.run(run_id)
    steps = [step for step in journal.steps(run_id) if device in (None, step.device)]
    if device is not None and not steps:
        raise click.UsageError(f"run {run_id} has no device {device}")
    if session.is_json:
        events = [asdict(event) for event in journal.events(run_id, device)]
        session.emit({"run": asdict(run), "steps": [asdict(step) for step in steps], "events": events})
        return
    click.echo(f"{run.id}  {run.kind}  {run.state}  {run.summary}")
    click.echo(f"by      {run.user}@{run.host}   {run.started:%Y-%m-%d %H:%M:%S} UTC   context {run.context}")
    if why(run):
        click.echo(f"why     {why(run)}")
    if run.state is RunState.KILLED:
        click.echo(
            "then    devices that were not confirmed took the change back by themselves when their timers"
        )
        click.echo(f"        ran out; what they run now says {session.command('plan')}")
    if device is not None:
        _timeline(journal, run, steps[0])
        return
    for step in steps:
        click.echo(
            f"  {step.wave:>2}  {step.device:<28} {step.state}{'  ' + step.cause if step.cause else ''}"
        )


def _timeline(journal: Journal, run: Run, step: Step) -> None:
    click.echo(f"device  {step.device}   wave {step.wave}   {step.state}")
    for event in journal.events(run.id, step.device):
        click.echo(f"  {event.at:%H:%M:%S.%f}"[:-3] + f"  {event.state:<12} {event.detail}")
    click.echo(step.diff)


@show.command("device")
@device_argument("hostname")
@session_options
def show_device(session: Session, hostname: str) -> None:
    """A device as the inventory means it: addresses, links, neighbours.

    \b
    infra-ctl show device nk-cai-khe-ce1 --output json
    """
    intent = session.city().intent(hostname)
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


def why(run: Run) -> str:
    """The reason and the ticket, where they were given."""
    return " ".join(part for part in (run.reason, f"({run.ticket})" if run.ticket else "") if part)
