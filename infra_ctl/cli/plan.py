"""`infra-ctl plan` and `infra-ctl adopt`: what would change, and what is not ours."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra_ctl.cli.exits import Exit
from infra_ctl.cli.gate import refuse_unlawful, unlawful
from infra_ctl.cli.places import file_option
from infra_ctl.cli.progress import Stopwatch, counted
from infra_ctl.cli.session import Session, device_argument, selector_argument, session_options
from infra_ctl.errors import InfraCtlError

if TYPE_CHECKING:
    from infra_ctl.plan import Prepared


@click.command()
@selector_argument
@file_option("Save the plan here.")
@click.option("--exit-code", is_flag=True, help="Exit 3 when there are changes.")
@click.option(
    "--explain",
    "explained",
    metavar="NAME",
    help="Say why this device or host stands where it stands in the order.",
)
@session_options
def plan(
    session: Session, selector: tuple[str, ...], path: Path | None, explained: str | None, *, exit_code: bool
) -> None:
    """What would change on the selected devices and hosts, by their own verdict, and in which order.

    Changes nothing. Hosts have keys of their own: host, zone, role, system, database. What the law asks and
    is so must stay so, or waivers.yaml says who answers for it: else it is refused, exit 4.

    \b
    infra-ctl plan
    infra-ctl plan pop=nk role=ce -o plan.json
    infra-ctl plan role=database or zone=dmz
    infra-ctl plan --explain nk-pop1
    """
    from infra_ctl.change.plan import save
    from infra_ctl.cli.planning import prepare, print_held, print_plan

    clock = Stopwatch()
    if explained is not None:
        session.city().refuse_unknown(explained)
    prepared = prepare(session, " ".join(selector))
    found = prepared.plan
    if path is not None:
        save(found, path)
    if explained is not None:
        _explain(session, explained, prepared)
    elif session.is_json:
        print_plan(session, found)
    elif not found.steps and not found.failed and not found.foreign:
        print_held(session, found)
        session.say(f"no changes ({counted(found.parts)}, {clock})")
        if path is not None:
            session.say(f"saved  {path}     it has nothing to do")
    else:
        print_plan(session, found)
        if path is not None and found.steps and not unlawful(found):
            session.say(f"saved  {path}     run it:  {session.command(f'deploy --plan {path}')}")
    refuse_unlawful(found)
    raise click.exceptions.Exit(_code(changed=bool(found.steps), failed=bool(found.failed), asked=exit_code))


def _explain(session: Session, device: str, prepared: Prepared) -> None:
    """Why a device or host stands where it stands, or why it stands nowhere."""
    from infra_ctl.change.explaining import explain, explain_host, host_in_words, in_words, nowhere
    from infra_ctl.change.waves import order
    from infra_ctl.change.wiring import ground

    plan = prepared.plan
    if device not in plan.steps:
        status, words = nowhere(device, plan, prepared.city.nearer(device))
        if session.is_json:
            session.emit({"device": device, "wave": None, "status": status, "why": words})
        else:
            session.say(f"{device} is in no wave: {words}")
        return
    changed = {each.hostname for each in plan.changed}
    if device in changed:
        rests_on = ground(prepared.city.intents)
        why = explain(device, order(changed, rests_on), rests_on)
        value, lines = asdict(why), in_words(why)
    else:
        place = explain_host(device, plan)
        value, lines = asdict(place), host_in_words(place)
    if session.is_json:
        session.emit(value)
        return
    session.say(device)
    for subject, words in lines:
        session.say(f"  {subject:<10} {words}")


def _code(*, changed: bool, failed: bool, asked: bool) -> Exit:
    if failed:
        return Exit.FAILED
    return Exit.FOUND if changed and asked else Exit.DONE


@click.command()
@device_argument("device")
@click.option("--claim", is_flag=True, help="They are ours now: the next deploy removes them.")
@click.option("--keep", is_flag=True, help="They stay: declare them unmanaged.")
@click.option("--reason", default="", help="Why, for unmanaged.yaml; needed with --claim and --keep.")
@session_options
def adopt(session: Session, device: str, *, claim: bool, keep: bool, reason: str) -> None:
    """List the lines on a device that intent does not know; claim them, or declare them unmanaged.

    \b
    infra-ctl adopt nk-an-hoa-ce1
    infra-ctl adopt nk-an-hoa-ce1 --claim --reason "left from the old provider"
    infra-ctl adopt nk-an-hoa-ce1 --keep --reason "telemetry pilot until March"
    """
    from infra_ctl.cli.planning import prepare
    from infra_ctl.inventory.adoption import declare

    if claim and keep:
        raise click.UsageError("--claim and --keep exclude each other")
    if (claim or keep) and not reason:
        raise click.UsageError("say why with --reason: it is written into unmanaged.yaml")
    session.city().intent(device)
    planned = prepare(session, device).plan.devices[0]
    if planned.cause:
        raise InfraCtlError(f"{device}: {planned.cause}")
    if session.is_json:
        session.emit({"device": device, "lines": planned.foreign})
    elif not planned.foreign:
        session.say(f"{device}: nothing that intent does not know")
    else:
        for line in planned.foreign:
            session.say(f"  {line}")
    if planned.foreign and (claim or keep):
        declare(
            session.context.inventory / "unmanaged.yaml",
            "claimed" if claim else "unmanaged",
            device,
            planned.foreign,
            reason,
        )
        count = len(planned.foreign)
        lines = f"{count} line{'' if count == 1 else 's'}"
        session.say(f"{lines} {'claimed' if claim else 'kept'} in unmanaged.yaml")
