"""`infra-ctl restore`: a device or host back to what the backup has of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infra_ctl.cli.backup import place_option
from infra_ctl.cli.deploy import go
from infra_ctl.cli.ending import leave
from infra_ctl.cli.later import say_left
from infra_ctl.cli.progress import Stopwatch
from infra_ctl.cli.request import Request, fail_option, run_options, why_options
from infra_ctl.cli.session import Session, name_argument, session_options
from infra_ctl.context.devices import present
from infra_ctl.errors import UnknownError

if TYPE_CHECKING:
    from infra_ctl.backup.records import Moment, Part
    from infra_ctl.city import City
    from infra_ctl.plan import Prepared


@click.command()
@name_argument("device")
@click.option(
    "--at",
    default="",
    metavar="TIME|COMMIT",
    help="Which: the last before a time (UTC), or of a commit. The newest without.",
)
@place_option("--from", "The git repository; var/backup/CONTEXT without.")
@click.option("--dry-run", is_flag=True, help="Show the plan and stop.")
@fail_option
@run_options
@why_options
@session_options
def restore(
    session: Session, /, device: str, at: str, folder: Path | None, *, dry_run: bool, **request: Any
) -> None:
    """Bring a device, or a host's files, back to what was backed up: a plan, carried out like any other.

    Secrets come from the vault, and from what the device runs. The inventory stays as it is: the next deploy
    goes back to that.

    \b
    infra-ctl restore nk-pop1 --dry-run
    infra-ctl restore nk-pop1 --at 2026-11-21T09:30 --reason "before the move"
    infra-ctl restore dc-app-1 --at 4f2a91c
    """
    from infra_ctl.deploy.run import RESTORE

    clock, asked, city = Stopwatch(), Request(**request), session.city()
    city.refuse_unknown(device)
    back = _prepare(session, city, device, at, folder or session.context.backup)
    session.say(f"from    {back.moment}")
    if back.differs:
        again = session.command(f"deploy {device}")
        session.say(f"intent  is not what comes back: {again} brings {device} to the inventory again")
    reason = ": ".join(filter(None, [f"backup {back.moment.commit[:12]}", asked.reason]))
    ending = go(session, back.prepared, RESTORE, replace(asked, reason=reason), clock, dry_run=dry_run)
    if ending:
        leave(session, say_left(session, back.prepared.plan, ending))


@dataclass(frozen=True, slots=True)
class _Back:
    """The plan of a restore, and what it goes back to."""

    prepared: Prepared
    moment: Moment
    differs: bool
    """Whether the next deploy takes it away again."""


def _prepare(session: Session, city: City, name: str, at: str, folder: Path) -> _Back:
    from infra_ctl.backup.records import Part
    from infra_ctl.backup.repository import reading

    part = Part(name, "device" if name in city.intents else "host")
    with reading(folder) as repository:
        repository.refuse_other(session.context.name)
        moment = repository.moment(part, at)
    return (_of_device if part.kind == "device" else _of_host)(session, city, part, moment)


def _of_device(session: Session, city: City, part: Part, moment: Moment) -> _Back:
    from infra_ctl.backup.restoring import differs, judge
    from infra_ctl.plan import Planner, Prepared, assemble

    session.select(city, part.name)
    masking, journal, context = session.masking(city), session.journal(), session.context.name
    synced, there = journal.synced(context), present(session.context, city)
    planner = Planner(city, session.fleet(city), masking, synced, there)
    judged = judge(planner, part, moment)
    plan = assemble(planner, judged, context, part.name)
    bases = {host: each.running for host, each in judged.items() if each.running}
    prepared = Prepared(city, planner.fleet, journal, masking, plan, bases)
    return _Back(prepared, moment, differs(planner, judged[part.name]))


def _of_host(session: Session, city: City, part: Part, moment: Moment) -> _Back:
    """Only its files go back: packages, accounts and services are as the inventory has them."""
    from infra_ctl.backup.restoring import operations
    from infra_ctl.hosts.meant import Kept
    from infra_ctl.plan import Planner, Prepared, assemble
    from infra_ctl.predicting import with_hosts

    masking, journal, context = session.masking(city), session.journal(), session.context.name
    foresight = session.foresight(city, masking)
    if foresight is None or part.name not in foresight.meant:
        raise UnknownError(f"{context} has no host {part.name}")
    meant = foresight.meant[part.name].operations(Kept())
    then = operations(meant, part, moment, masking)
    planner = Planner(city, session.fleet(city), masking, {}, present(session.context, city))
    plan = assemble(planner, {}, context, part.name)
    plan = with_hosts(plan, city, foresight.meant, foresight.predicted({part.name: then}))
    prepared = Prepared(city, planner.fleet, journal, masking, plan, {}, foresight.fleet)
    return _Back(prepared, moment, then != meant)
