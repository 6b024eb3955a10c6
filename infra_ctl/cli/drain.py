"""`infra-ctl drain`: take the traffic off a device that stays up, and give it back."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Callable
from getpass import getuser
from typing import TYPE_CHECKING, Any

import click

from infra_ctl.cli.deploy import go
from infra_ctl.cli.ending import Ending, leave
from infra_ctl.cli.exits import Exit
from infra_ctl.cli.later import say_left
from infra_ctl.cli.progress import Stopwatch, names
from infra_ctl.cli.request import Request, fail_option, run_options, why_options
from infra_ctl.cli.session import Session, device_argument, session_options
from infra_ctl.errors import UnknownError

if TYPE_CHECKING:
    from infra_ctl.city import City
    from infra_ctl.deploy.holds import DrainRun
    from infra_ctl.inventory.holding import Written


@click.command()
@device_argument("device")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Its last day; a week from today without.")
@click.option("--undo", is_flag=True, help="Give its traffic back.")
@click.option("--dry-run", is_flag=True, help="Show the plan and stop.")
@fail_option
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
    from infra_ctl.deploy.holds import true_to_the_device
    from infra_ctl.inventory.holding import lift

    again = _again(device, request["reason"], request["ticket"], until, undo=undo)
    asked = Request(**request, again=again)
    city = session.city()
    city.intent(device)
    if undo:

        def write() -> Written:
            if (lifted := lift(session.context.inventory, device, "drain")) is None:
                raise UnknownError(f"{device} is not drained: holds.yaml has no such hold")
            return lifted
    else:
        write = _holding(session, city, device, asked.reason, until)
    with true_to_the_device(session.context.inventory, session.journal(), device, session.say) as drained:
        drained.written = write()
        ending = _carry_out(session, device, asked, drained, dry_run=dry_run)
    if ending is not None:
        leave(session, ending)


def _again(device: str, reason: str, ticket: str, until: datetime.datetime | None, *, undo: bool) -> str:
    """The same drain: where it fails, holds.yaml is put back, and its run belongs to another inventory."""
    given = {"--reason": reason, "--until": f"{until:%Y-%m-%d}" if until else "", "--ticket": ticket}
    words = [word for option, value in given.items() if value for word in (option, value)]
    return shlex.join(["drain", device, *(["--undo"] if undo else []), *words])


def _holding(
    session: Session, city: City, device: str, reason: str, until: datetime.datetime | None
) -> Callable[[], Written]:
    """What holds a device; says beforehand for whom that changes nothing."""
    from infra_ctl.change.waves import hanging_on
    from infra_ctl.change.wiring import ground
    from infra_ctl.inventory.holding import USUAL, hold
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
        session.say(f"no other way  {names(only, MOST)}: still reached through {device}")
    return lambda: hold(session.context.inventory, new)


MOST = 6
"""Devices that a line names."""


def _carry_out(
    session: Session, device: str, asked: Request, drained: DrainRun, *, dry_run: bool
) -> Ending | None:
    """Bring the device to its intent; None where the run is dry."""
    from infra_ctl.cli.planning import prepare
    from infra_ctl.deploy.run import DRAIN

    clock, prepared = Stopwatch(), prepare(session, device)
    ending = go(session, prepared, DRAIN, asked, clock, dry_run=dry_run, begun=drained.begun)
    if ending is None:
        return None
    drained.in_force = ending.code is Exit.DONE and not prepared.plan.changed
    return say_left(session, prepared.plan, ending)
