"""`infra-ctl check`, `schema`, `ip` and `render`: the inventory alone, no device is asked."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra_ctl.cli.places import folder_option
from infra_ctl.cli.progress import names
from infra_ctl.cli.session import Session, selector_argument, session_options
from infra_ctl.errors import InventoryError, RefusedError, UnknownError

if TYPE_CHECKING:
    from infra_ctl.city import City
    from infra_ctl.intent.purposes import Key, Network
    from infra_ctl.journal.records import Synced


@click.command()
@session_options
def check(session: Session) -> None:
    """Every problem of the inventory in one go, as file:line:column: message.

    \b
    infra-ctl check
    infra-ctl check -i /srv/city/inventory
    """
    try:
        city = _checked(session)
    except InventoryError as error:
        if session.is_json:
            problems = [asdict(problem) for problem in error.problems]
            session.emit({"problems": problems, "counts": {}, "reserved": {}})
        raise
    counts = {
        "devices": len(city.intents),
        "sites": len(city.inventory.sites),
        "circuits": len(city.inventory.circuits),
        "hosts": len(city.inventory.hosts),
        "systems": len(city.inventory.systems),
        "rooms": len(city.inventory.rooms),
    }
    if session.is_json:
        reserved = {" ".join(key): str(network) for key, network in city.reserved.items()}
        session.emit({"problems": [], "counts": counts, "reserved": reserved})
        return
    click.echo(f"{city.inventory.city.name}: " + " · ".join(f"{n} {what}" for what, n in counts.items()))
    if gone := sorted({name for name, _ in city.reserved}):
        shown = names(gone, MOST)
        click.echo(f"still reserved for what is gone: {shown} ({session.command('ip lock --free')})")
    click.echo("no problems")


def _checked(session: Session) -> City:
    """The city. Raises InventoryError also for what stops few others.

    An old hold, a record of a day to come, a vault that is none, a law that nothing can be judged by, an
    audit or a waiver of nobody, a target that nothing measures.
    """
    from infra_ctl.inventory.ahead import ahead
    from infra_ctl.inventory.fields import VIETNAM
    from infra_ctl.inventory.holding import refuse_expired
    from infra_ctl.secrets.vault import not_encrypted

    folder = session.context.inventory
    found = [*not_encrypted(folder / "vault.yml")]
    city: City | None = None
    try:
        city = session.city()
        found += ahead(city.inventory, datetime.now(VIETNAM))
        refuse_expired(folder, date.today())
    except InventoryError as error:
        found += error.problems
    for refuse in (partial(_refuse_unlawful, folder, city), partial(_refuse_unmeasured, folder)):
        try:
            refuse()
        except InventoryError as error:
            found += error.problems
    if city is None or found:
        raise InventoryError(found)
    return city


def _refuse_unlawful(folder: Path, city: City | None) -> None:
    """Raises InventoryError for what is wrong with the city's own laws, else with who refers to laws.

    Audits and waivers of a part of the city are those of the whole, and are not looked at there.
    """
    from infra_ctl.controls import granting, scheduled
    from infra_ctl.controls.loading import laws
    from infra_ctl.inventory.slices import read_slice

    known = laws(folder)
    if city is None or read_slice(folder) is not None:
        return
    audits = scheduled.wrong(folder, city.inventory, known)
    if found := [*audits, *granting.wrong(city.inventory, known)]:
        raise InventoryError(found)


def _refuse_unmeasured(folder: Path) -> None:
    """Raises InventoryError for what is wrong with the city's own targets."""
    if (folder / "targets").exists():
        from infra_ctl.report.targets import mandates

        mandates(folder)


MOST = 6
"""Names in a line."""


@click.command()
@folder_option("Write a file each here.")
def schema(folder: Path | None) -> None:
    """JSON Schema of the inventory's YAML files, for editors; `controls` and `targets` are of folders.

    \b
    infra-ctl schema -o .schema
    """
    from infra_ctl.controls import schema as laws
    from infra_ctl.inventory.schema import schemas
    from infra_ctl.report import targets

    found = {**schemas(), **laws.schemas(), **targets.schemas()}
    if folder is None:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in found.items():
        target = folder / f"{Path(name).stem}.schema.json"
        target.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        click.echo(str(target))


@click.group()
def ip() -> None:
    """The city's addresses and their lock.

    \b
    infra-ctl ip lock
    infra-ctl ip list site=nk-an-hoa
    """


@ip.command("lock")
@click.option("--free", is_flag=True, help="Also release the prefixes of objects that are gone.")
@click.option("--unseen", is_flag=True, help="… although devices were never seen in sync, and may have them.")
@session_options
def ip_lock(session: Session, *, free: bool, unseen: bool) -> None:
    """Give every new object its prefixes, and write them to allocations.lock.csv. Nobody is renumbered.

    \b
    infra-ctl ip lock
    infra-ctl ip lock --free
    """
    from infra_ctl.city import relock

    if unseen and not free:
        raise click.UsageError("--unseen goes with --free")
    guard = partial(_refuse_too_early, session, unseen=unseen)
    added, freed = relock(session.context.inventory, free=free, guard=guard)
    changes = {"added": added, "freed": freed}
    if session.is_json:
        rows = {
            what: {" ".join(key): str(net) for key, net in some.items()} for what, some in changes.items()
        }
        session.emit(rows)
        return
    for sign, some in zip("+-", changes.values(), strict=True):
        for key, network in some.items():
            click.echo(f"{sign} {' '.join(key):<40} {network}")
    click.echo(f"{len(added)} added · {len(freed)} freed")


def _refuse_too_early(
    session: Session, hostnames: Collection[str], freed: Mapping[Key, Network], *, unseen: bool
) -> None:
    """Prefixes are freed once every device of the context was seen in sync without them.

    `unseen` lets those be that never were. Raises RefusedError.
    """
    from infra_ctl.change.carried import refuse_carried
    from infra_ctl.context.devices import existing

    if not freed:
        return
    synced = _synced(session)
    known = {host: synced[host] for host in hostnames if host in synced}
    refuse_carried(freed, {host: each.text for host, each in known.items()})
    if undone := [host for host, each in sorted(known.items()) if not each.intended]:
        again = session.command(f"deploy {undone[0]}")
        raise RefusedError(f"{undone[0]} was rolled back and may need them: {again}")
    if doubtful := [host for host, each in sorted(known.items()) if not each.running]:
        again = session.command(f"adopt {doubtful[0]}")
        raise RefusedError(f"{doubtful[0]} has lines that intent does not know, which may need them: {again}")
    if never := sorted(set(existing(session.context, hostnames)) - known.keys()):
        told = f"never seen in sync in {session.context.name}: {names(never, MOST)}"
        if not unseen:
            again = session.command("ip lock --free --unseen")
            raise RefusedError(
                f"{told}; may have them: {session.command('plan')} looks. All the same: {again}"
            )
        session.say(told)


def _synced(session: Session) -> Mapping[str, Synced]:
    """What the journal has seen in sync; nothing where there is none yet."""
    try:
        return session.kept_journal().synced(session.context.name)
    except UnknownError:
        return {}


@ip.command("list")
@selector_argument
@session_options
def ip_list(session: Session, selector: tuple[str, ...]) -> None:
    """The addresses of the selected devices' interfaces.

    \b
    infra-ctl ip list pop=nk role=ce
    """
    city = session.city()
    rows = [
        (host, interface.name, str(address))
        for host in city.select(" ".join(selector))
        for interface in city.intents[host].interfaces
        for address in (interface.ipv4, interface.ipv6)
        if address is not None
    ]
    if session.is_json:
        session.emit([{"device": h, "interface": i, "address": a} for h, i, a in rows])
        return
    for host, interface_name, address in rows:
        click.echo(f"{host:<28} {interface_name:<10} {address}")


@click.command()
@selector_argument
@folder_option("Write a file a device here.")
@click.option("--day0", is_flag=True, help="What they leave the workshop with instead.")
@session_options
def render(session: Session, selector: tuple[str, ...], folder: Path | None, *, day0: bool) -> None:
    """The intended configuration of the selected devices; secrets stay references.

    \b
    infra-ctl render nk-cai-khe-ce1
    infra-ctl render pop=nk -o build/
    infra-ctl render --day0 nk-an-hoa-ce1
    """
    from infra_ctl import render as rendering

    city = session.city()
    text_of = rendering.day0 if day0 else rendering.render
    texts = {host: text_of(city.intents[host]) for host in city.select(" ".join(selector))}
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for host, text in texts.items():
            (folder / f"{host}.conf").write_text(text, encoding="utf-8")
        session.say(f"{len(texts)} files in {folder}")
    if session.is_json:
        session.emit(texts)
    elif folder is None:
        for host, text in texts.items():
            click.echo(f"! {host}" if len(texts) > 1 else "", nl=len(texts) > 1)
            click.echo(text, nl=False)
