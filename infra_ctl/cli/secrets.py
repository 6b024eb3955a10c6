"""`infra-ctl secrets`: what the vault holds, edited, checked and renewed. No command shows a value."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import click

from infra_ctl.cli import completion
from infra_ctl.cli.exits import Exit
from infra_ctl.cli.progress import devices
from infra_ctl.cli.progress import names as listed
from infra_ctl.cli.session import Session, confirm, session_options
from infra_ctl.cli.verify import in_words
from infra_ctl.errors import SecretError, UnknownError

if TYPE_CHECKING:
    from infra_ctl.city import City
    from infra_ctl.secrets import Use


@click.group()
def secrets() -> None:
    """The vault: the values that `vault:` in the inventory refers to.

    \b
    infra-ctl secrets check
    infra-ctl secrets edit
    infra-ctl secrets rotate ospf/key
    """


@secrets.command()
@session_options
def edit(session: Session) -> None:
    """Edit the vault with $VISUAL or $EDITOR; a vault that is not there yet is made.

    The text is in a private file in memory while the editor is open, and is checked before it replaces
    anything. Set INFRA_CTL_VAULT_PASSWORD_FILE to the file with the vault's password.

    \b
    infra-ctl secrets edit
    """
    from infra_ctl.secrets.editing import editor, memory_folder, private_file
    from infra_ctl.secrets.vault import decrypted, encrypt_to, refuse_changed

    where = session.context
    command = editor()
    before = where.vault.read_bytes() if where.vault.exists() else b""
    old = decrypted(where.vault, where.vault_password) if before else ""
    if memory_folder() is None:
        session.say("this machine keeps no files in memory: the text is on its disk while you edit")
    with private_file(old or EMPTY) as file:
        new = file.edited(command)
        while problem := _problem(new):
            if not sys.stdin.isatty() or not click.confirm(f"{problem}: go on editing?", True, err=True):
                raise SecretError(f"{problem}; the vault is as it was")
            new = file.edited(command)
    told, changes = "nothing changed: nothing was written", new not in (old, "" if old else EMPTY)
    if changes:
        refuse_changed(where.vault, before)
        encrypt_to(where.vault, where.vault_password, new)
        does = "replaced" if before else "made"
        told = f"{where.vault}: {does}; {session.command('secrets check')} says whether it fits"
    session.say(told)
    if session.is_json:
        session.emit({"vault": str(where.vault), "written": changes})


EMPTY = """\
# A name and a value a line, nested as in vault:ospf/key. Who refers to what: infra-ctl secrets check
# ospf:
#   key: …
"""
"""What a vault begins as."""


def _problem(text: str) -> str:
    """What speaks against a text as a vault; empty for nothing."""
    from infra_ctl.secrets.vault import parse

    try:
        parse(text)
    except SecretError as error:
        return str(error)
    return ""


@secrets.command()
@session_options
def check(session: Session) -> None:
    """Whether every secret has a value, of use, that its places can take, and that is hard to guess.

    Exit 3 where one does not. Values are never shown.

    \b
    infra-ctl secrets check --output json
    """
    from infra_ctl.secrets import judge

    city = session.city()
    vault = session.vault(city)
    outcomes = judge(vault, _uses(session, city, vault))
    bad = [outcome for outcome in outcomes if outcome.verdict != "pass"]
    if session.is_json:
        findings = [{"name": each.object, "check": each.check, "message": each.message} for each in bad]
        session.emit({"vault": str(session.context.vault), "secrets": len(vault), "findings": findings})
    else:
        for outcome in outcomes if session.verbose else bad:
            session.say(in_words(outcome))
        found = f"{len(bad)} finding{'' if len(bad) == 1 else 's'}" if bad else "nothing to find"
        session.say(f"{_counted(vault)}, {found} ({session.context.vault})")
    raise click.exceptions.Exit(Exit.FOUND if bad else Exit.DONE)


@secrets.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=completion.secret_names)
@click.option("--all", "everything", is_flag=True, help="Every one that nobody outside has to know.")
@click.option(
    "--length", type=click.IntRange(min=8, max=80), metavar="N", help="Characters of the new value."
)
@click.option("--ask", is_flag=True, help="Type the new value, unseen, instead of a random one.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@session_options
def rotate(
    session: Session, names: tuple[str, ...], *, everything: bool, length: int | None, ask: bool, yes: bool
) -> None:
    """Give secrets new values; the vault is replaced in one move, and the devices by the next deploy.

    What that costs on living links, and how to do it: docs/secrets.md.

    \b
    infra-ctl secrets rotate ospf/key
    infra-ctl secrets rotate bgp/cpt --ask       a value that was agreed with somebody else
    infra-ctl secrets rotate --all --yes
    """
    from infra_ctl.secrets.vault import decrypted, encrypt_to, revised

    if bool(names) == everything:
        raise click.UsageError("name secrets, or say --all")
    if ask and (everything or length):
        raise click.UsageError("--ask goes with names, and without --length")
    city = session.city()
    vault = session.vault(city)
    used = _uses(session, city, vault)
    left_out = _left_out(city, {*vault, *used}) if everything else {}
    chosen = tuple(sorted({*vault, *used} - left_out.keys())) if everything else tuple(dict.fromkeys(names))
    for name, why in left_out.items():
        session.say(f"left    {name:<20} {why}")
    _refuse_unknown(chosen, {*vault, *used})
    values = {name: _value(name, used.get(name), length, ask=ask) for name in chosen}
    if not chosen or not confirm(f"new values for {', '.join(chosen)}?", yes=yes):
        session.say("nothing was done")
        if session.is_json:
            session.emit({"rotated": {}, "outside": {}, "left_out": left_out})
        return
    where = session.context
    old = decrypted(where.vault, where.vault_password) if where.vault.exists() else ""
    encrypt_to(where.vault, where.vault_password, revised(old, values))
    _say_rotated(session, city, chosen, used, left_out)


def _uses(session: Session, city: City, vault: Collection[str]) -> dict[str, Use]:
    """Who needs which secret; a twin, which has those of its own routers and hosts, misses none besides."""
    from infra_ctl.context.devices import present
    from infra_ctl.context.hosts import intended_hosts
    from infra_ctl.render import render
    from infra_ctl.secrets import references, uses

    there = present(session.context, city)
    declared = references(city.inventory.model_dump_json())
    if session.context.kind == "lab":
        declared = tuple(name for name in declared if name in vault)
    texts = {host: render(city.intents[host]) for host in there}
    web = city.inventory.monitoring.web
    hashed = references(web.secret) if web else ()
    return uses(texts, declared, intended_hosts(session.context, city), hashed)


def _counted(vault: Collection[str]) -> str:
    return f"{len(vault)} secret{'' if len(vault) == 1 else 's'}"


def _outside(city: City) -> dict[str, list[str]]:
    """Secrets that peers and receivers outside have to know, each with their names."""
    found: dict[str, list[str]] = {}
    for name, receiver in city.inventory.monitoring.receivers.items():
        for hook in receiver.webhooks:
            if hook.startswith("vault:"):
                found.setdefault(hook.removeprefix("vault:"), []).append(name)
    for peer in city.inventory.peers.values():
        found.setdefault(peer.secret.removeprefix("vault:"), []).append(peer.id)
    return found


def _left_out(city: City, known: Collection[str]) -> dict[str, str]:
    """What `--all` does not mean, and why: what is agreed with somebody outside, what masks are made with."""
    from infra_ctl.secrets import HASH_KEY

    agreed = {name: f"agreed with {', '.join(peers)}" for name, peers in _outside(city).items()}
    reasons = {**agreed, HASH_KEY: "masks and fingerprints are made with it"}
    return {name: why for name, why in sorted(reasons.items()) if name in known}


def _refuse_unknown(names: Collection[str], known: Collection[str]) -> None:
    """Raises UnknownError with the nearest name."""
    from infra_ctl.inventory.hints import did_you_mean

    for name in names:
        if name not in known:
            raise UnknownError(f"there is no secret '{name}'{did_you_mean(name, known)}")


def _value(name: str, use: Use | None, length: int | None, *, ask: bool) -> str:
    """A new value. Raises SecretError where the secret's places cannot take it."""
    from infra_ctl.secrets.fitness import fresh, refuse_unfit

    if not ask:
        return fresh(use, length)
    if not sys.stdin.isatty():
        raise click.UsageError("nobody is there to answer: leave --ask out")
    value = str(click.prompt(name, hide_input=True, confirmation_prompt=True, err=True))
    refuse_unfit(name, value, use)
    return value


def _say_rotated(
    session: Session,
    city: City,
    names: Collection[str],
    used: Mapping[str, Use],
    left_out: Mapping[str, str],
) -> None:
    from infra_ctl.secrets import Use

    needing = {name: used.get(name) or Use() for name in names}
    touched = {name: (*use.devices, *use.hosts) for name, use in needing.items()}
    outside = {name: peers for name, peers in _outside(city).items() if name in needing}
    if session.is_json:
        session.emit({"rotated": touched, "outside": outside, "left_out": left_out})
        return
    for name, use in needing.items():
        session.say(f"rotated {name:<20} {_some(use)}")
    for name, peers in outside.items():
        session.say(f"agree   {name:<20} {', '.join(peers)} must have it too")
    if any(touched.values()):
        session.say(f"next    {session.command('plan')}     what it costs on the way: docs/secrets.md")


def _some(use: Use) -> str:
    """`103 devices: bt-an-thoi-ce1 bt-binh-thuy-ce1 … and 101 more`."""
    both = (*use.devices, *use.hosts)
    if not both:
        return "no device and no host"
    return f"{devices(len(use.devices), len(use.hosts))}: {listed(both, 3)}"
