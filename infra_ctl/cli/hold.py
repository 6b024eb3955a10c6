"""`infra-ctl hold`: what is kept from something for a while. It touches no device: the next deploy does."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import click

from infra_ctl.cli.session import Session, session_options
from infra_ctl.errors import UnknownError

if TYPE_CHECKING:
    from infra_ctl.inventory.holding import Written
    from infra_ctl.inventory.models import Hold, Inventory

Effect: TypeAlias = Literal["drain", "isolate"]

_object = click.argument("object_", metavar="OBJECT")
_effect = click.argument("effect", type=click.Choice(get_args(Effect)))


@click.group()
def hold() -> None:
    """Holds of holds.yaml: every deploy honours them, every plan shows them, `check` fails one that is over.

    Nothing here touches a device: the next deploy does.

    \b
    infra-ctl hold set nk-cai-khe isolate --reason "malware in the one-stop hall" --until 2026-12-01
    infra-ctl hold lift nk-cai-khe isolate
    """


@hold.command("list")
@session_options
def list_holds(session: Session) -> None:
    """What is held from what, until when, why and by whom.

    \b
    infra-ctl hold list --output json
    """
    from infra_ctl.inventory import load

    held = load(session.context.inventory).holds
    if session.is_json:
        session.emit([each.model_dump() for each in held])
        return
    for each in held:
        click.echo(each.in_words + (f" ({each.by})" if each.by else ""))
    if not held:
        click.echo("nothing is held")


@hold.command("set")
@_object
@_effect
@click.option("--reason", required=True, help="Why.")
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Its last day; without, that of the hold there is, or a week from today.",
)
@session_options
def set_hold(
    session: Session, object_: str, effect: Effect, reason: str, until: datetime.datetime | None
) -> None:
    """Hold OBJECT from today on: drain a device, isolate a site, a device or a host.

    \b
    infra-ctl hold set dc-app-1 isolate --reason "unknown process" --until 2026-12-01
    """
    from infra_ctl.inventory import load
    from infra_ctl.inventory.holding import USUAL
    from infra_ctl.inventory.holding import hold as write
    from infra_ctl.inventory.models import Hold

    folder = session.context.inventory
    there = {(each.object, each.effect): each for each in load(folder).holds}.get((object_, effect))
    last = until.date() if until else there.until if there else datetime.date.today() + USUAL
    if until is not None and last < datetime.date.today():
        raise click.UsageError(f"--until {last} is over")
    if there is not None and (there.reason, there.until) == (reason, last):
        _tell(session, there, changed=False)
        return
    # Not validated here: the whole inventory judges it once it is written, with its place and a hint.
    new = Hold.model_construct(object=object_, effect=effect, reason=reason, until=last, by=getuser())
    _write(folder, lambda: write(folder, new))
    _tell(session, new, changed=True)


@hold.command("lift")
@_object
@_effect
@session_options
def lift_hold(session: Session, object_: str, effect: str) -> None:
    """Let OBJECT go; where it is not held there is nothing to do.

    \b
    infra-ctl hold lift dc-app-1 isolate
    """
    from infra_ctl.inventory import load
    from infra_ctl.inventory.holding import lift

    folder = session.context.inventory
    _refuse_unknown(load(folder), object_)
    changed = lift(folder, object_, effect) is not None
    if session.is_json:
        session.emit({"object": object_, "effect": effect, "changed": changed})
    else:
        click.echo(f"lifted  {object_}: {effect}" if changed else f"no hold: {object_}: {effect}")


def _refuse_unknown(inventory: Inventory, name: str) -> None:
    """Raises UnknownError where it is neither a site nor a device nor a host."""
    from infra_ctl.inventory import devices
    from infra_ctl.inventory.hints import did_you_mean

    known = {*inventory.sites, *inventory.hosts, *(device.hostname for device in devices(inventory))}
    if name not in known:
        raise UnknownError(f"there is no site, no device and no host '{name}'{did_you_mean(name, known)}")


def _tell(session: Session, held: Hold, *, changed: bool) -> None:
    if session.is_json:
        session.emit({**held.model_dump(), "changed": changed})
    else:
        click.echo(f"{'held    ' if changed else 'is held '}{held.in_words}")


def _write(folder: Path, write: Callable[[], Written]) -> None:
    """Write a hold; it is put back where the inventory does not hold together with it."""
    from infra_ctl.errors import InventoryError
    from infra_ctl.inventory import load
    from infra_ctl.inventory.holding import put_back

    written = write()
    try:
        load(folder)
    except InventoryError:
        put_back(folder, written)
        raise
