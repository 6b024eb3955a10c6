"""`infra-ctl drain`: take the traffic off a device that stays up, and give it back."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infra_ctl.cli.deploy import go
from infra_ctl.cli.ending import Told, leave
from infra_ctl.cli.progress import Stopwatch
from infra_ctl.cli.request import Request, run_options, why_options
from infra_ctl.cli.session import Session, device_argument, session_options
from infra_ctl.errors import UnknownError
from infra_ctl.journal.records import StepState

if TYPE_CHECKING:
    from infra_ctl.city import City
    from infra_ctl.journal.store import Journal

USUAL = datetime.timedelta(days=7)
"""How long a device is drained where nobody says."""


@click.command()
@device_argument("device")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Its last day; a week from today without.")
@click.option("--undo", is_flag=True, help="Give its traffic back.")
@click.option("--dry-run", is_flag=True, help="Show the plan and stop.")
@run_options
@why_options
@session_options
def drain(
    session: Session,
    /,
    device: str,
    until: datetime.datetime | None,
    *,
    undo: bool,
    dry_run: bool,
    **request: Any,
) -> None:
    """Take the traffic off a device that has other ways beside it. It stays up, and is the last way taken.

    A hold in holds.yaml says so; every deploy honours it until it is lifted.

    \b
    infra-ctl drain nk-pop1 --reason "fibre work" --until 2026-12-01 --ticket CT-812
    infra-ctl drain nk-pop1 --undo
    """
    from infra_ctl.inventory.holding import lift

    asked = Request(**request)
    city = session.city()
    city.intent(device)
    if undo:

        def write() -> None:
            if not lift(session.context.inventory, device, "drain"):
                raise UnknownError(f"{device} is not drained: holds.yaml has no such hold")
    else:
        write = _holding(session, city, device, asked.reason, until)
    with _true_to_the_device(session, device, dry_run=dry_run):
        write()
        told = _carry_out(session, device, asked, dry_run=dry_run)
    if told is not None:
        leave(session, told)


def _holding(
    session: Session, city: City, device: str, reason: str, until: datetime.datetime | None
) -> Callable[[], None]:
    """What holds a device; says beforehand for whom that changes nothing."""
    from infra_ctl.change.waves import hanging_on
    from infra_ctl.change.wiring import ground
    from infra_ctl.inventory.holding import hold
    from infra_ctl.inventory.models import Hold

    today = datetime.date.today()
    last = until.date() if until else today + USUAL
    if not reason:
        raise click.UsageError("say why with --reason: it is written into holds.yaml")
    if last < today:
        raise click.UsageError(f"--until {last} is over")
    new = Hold(object=device, effect="drain", reason=reason, until=last, by=getuser())
    there = set(session.select(city, ""))
    if only := [host for host in hanging_on(device, ground(city.intents)) if host in there]:
        more = f" … and {len(only) - MOST} more" if len(only) > MOST else ""
        session.say(f"no other way  {' '.join(only[:MOST])}{more}: still reached through {device}")
    return lambda: hold(session.context.inventory, new)


MOST = 6
"""Devices that a line names."""


def _carry_out(session: Session, device: str, asked: Request, *, dry_run: bool) -> Told | None:
    """Bring the device to its intent; returns where it was there already, or where the run is dry."""
    from infra_ctl.cli.planning import prepare
    from infra_ctl.deploy.run import DRAIN

    clock, prepared = Stopwatch(), prepare(session, device)
    told = go(session, prepared, DRAIN, asked, clock, dry_run=dry_run)
    if told is not None and prepared.plan.changed:  # how the run ended says what holds now
        leave(session, told)
    return told


@contextmanager
def _true_to_the_device(session: Session, device: str, *, dry_run: bool) -> Iterator[None]:
    """holds.yaml is put back where the device did not come to run what it says by the end of the block."""
    from infra_ctl.inventory.files import HOLDS

    path, journal = session.context.inventory / HOLDS, session.journal()
    before, earlier = path.read_bytes() if path.exists() else None, _newest(journal)
    in_force = False
    try:
        yield
        in_force = not dry_run
    finally:
        state = _end(journal, earlier, device)
        if state in _UNCERTAIN:
            session.say(f"holds.yaml stays as written, and {device} is {state}: look at it, then drain again")
        elif not in_force and state is not StepState.CONFIRMED and _put_back(path, before):
            session.say("holds.yaml is as it was")


_UNCERTAIN = (
    StepState.UNKNOWN,
    StepState.NOT_RESTORED,
    StepState.APPLYING,
    StepState.APPLIED,
    StepState.CONFIRMING,
    StepState.SETTLING,
    StepState.RESTORING,
)


def _newest(journal: Journal) -> str:
    return next((run.id for run in journal.runs(1)), "")


def _end(journal: Journal, earlier: str, device: str) -> StepState | None:
    """How the device ended in a run that began since; None where none did."""
    run = _newest(journal)
    steps = journal.steps(run) if run != earlier else ()
    return next((step.state for step in steps if step.device == device), None)


def _put_back(path: Path, content: bytes | None) -> bool:
    """Whether there was something to put back."""
    if (path.read_bytes() if path.exists() else None) == content:
        return False
    if content is None:
        path.unlink()
    else:
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_bytes(content)
        fresh.replace(path)
    return True
