"""`infra-ctl replace`: new hardware takes a device's place, or a host was installed anew."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from infra_ctl.cli.carrying import begin_and_carry_out
from infra_ctl.cli.ending import do_nothing, leave
from infra_ctl.cli.request import Request, refuse, run_options, why_options
from infra_ctl.cli.session import Session, name_argument, session_options
from infra_ctl.errors import RefusedError, UnknownError
from infra_ctl.journal.records import WELL

if TYPE_CHECKING:
    from paramiko import PKey

    from infra_ctl.city import City
    from infra_ctl.deploy.rollout import Result
    from infra_ctl.drivers.connection import Connection


def _fingerprint(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    """Raises click.BadParameter."""
    if text is not None and not text.startswith("SHA256:"):
        raise click.BadParameter(f"'{text}' is no fingerprint: SHA256:…, as ssh-keygen -l prints it")
    return text


@click.command()
@name_argument("name")
@click.option(
    "--host-key",
    metavar="SHA256:…",
    callback=_fingerprint,
    help="The host key that it has to show; without it you are asked.",
)
@run_options
@why_options
@session_options
def replace(session: Session, /, name: str, *, host_key: str | None, **request: Any) -> None:
    """Deploy to new hardware, or a new system, in a device's or host's place: its host key is another one.

    A device is on day 0, a host as its installer leaves it: with addresses, and our key for infra. The new
    host key is pinned in the old one's place once the deployment is confirmed or done, and not before.

    \b
    infra-ctl replace nk-an-hoa-ce1
    infra-ctl replace dc-app-1
    infra-ctl replace nk-an-hoa-ce1 --host-key SHA256:mVPwvezndPv/ARoIadVY98vAC0g+P/5633yTC4d/wXE --yes
    """
    from infra_ctl.cli.planning import prepare_replacement, print_plan
    from infra_ctl.deploy.replaced import settle
    from infra_ctl.deploy.run import REPLACE
    from infra_ctl.drivers.known_hosts import pin
    from infra_ctl.drivers.ssh import offered_key

    city = session.city()
    way = _way(session, city, name)
    key = offered_key(way)
    _accept(session, way, key, host_key)

    def keep(result: Result) -> None:
        if result.count(*WELL):
            pin(way, key)
            session.say(f"pinned  {key.fingerprint} in {way.known_hosts}")
            _say_left(session, city, name)

    with _pinned_for_now(way, key) as known_hosts:
        prepared = prepare_replacement(session, city, name, known_hosts)
        if prepared.plan.changing and not session.is_json:
            print_plan(session, prepared.plan)
        if prepared.plan.failed:
            raise RefusedError(f"{name}: {prepared.plan.failed[0].cause}: nothing was done")
        wanted = Request(**request, again=f"replace {name}")
        refuse(prepared.plan, wanted)
        for run_id, state in settle(prepared, name).items():
            session.say(f"settled run {run_id}, which was left: {state}")
        if prepared.plan.changing:
            leave(session, begin_and_carry_out(session, prepared, REPLACE, wanted, ended=keep))
    pin(way, key)  # a replacement before this one was confirmed, and died before it pinned
    _say_left(session, city, name)
    leave(session, do_nothing(session, f"no changes; pinned {key.fingerprint} in {way.known_hosts}"))


def _way(session: Session, city: City, name: str) -> Connection:
    """Raises UnknownError where there is no such device or host, RefusedError where it has no host key."""
    from infra_ctl.context.devices import enter
    from infra_ctl.context.hosts import present_hosts, way

    city.refuse_unknown(name)
    if name in city.parts:
        router = city.parts[name].router
        raise UnknownError(f"{name} has no host key of its own: {session.command(f'replace {router}')}")
    if session.context.kind == "embedded":
        raise RefusedError("a simulated device has no host key: nothing to replace")
    if name in city.hosts and name not in present_hosts(session.context, city):
        raise UnknownError(f"{session.context.name} has no host {name}")
    enter(session.context)
    return way(session.context, city, name)


def _say_left(session: Session, city: City, name: str) -> None:
    """A router's host part is planned over the host key that is pinned: in a run of its own."""
    from infra_ctl.context.hosts import present_parts

    if (part := f"{name}/host") in present_parts(session.context, city):
        session.say(f"go on   {session.command(f'deploy {name}')}     {part} is as it left the workshop")


def _accept(session: Session, way: Connection, key: PKey, wanted: str | None) -> None:
    """Raises RefusedError where it is not the key that was expected, click.UsageError where nobody says."""
    from infra_ctl.drivers.known_hosts import pinned_or_none

    pinned = pinned_or_none(way)
    session.say(f"pinned  {', '.join(old.fingerprint for old in pinned) or 'none'}")
    session.say(f"shown   {key.fingerprint}   {key.get_name()}")
    if key in pinned:
        again = session.command(f"deploy {way.device}")
        raise RefusedError(f"{way.device} shows the host key that is pinned: nothing is new there; {again}")
    if wanted is None:
        if not sys.stdin.isatty():
            raise click.UsageError("nobody is there to compare the host key: pass --host-key SHA256:…")
        if click.confirm("is that the new one's key?", err=True):
            return
        raise RefusedError(f"{way.device}: the host key was not accepted: nothing was touched")
    if wanted != key.fingerprint:
        raise RefusedError(
            f"{way.device} shows host key {key.fingerprint}, not {wanted}: nothing was touched"
        )


@contextmanager
def _pinned_for_now(way: Connection, key: PKey) -> Iterator[Path]:
    """A known_hosts of this one key, while the block lasts."""
    from infra_ctl.drivers.known_hosts import line

    with TemporaryDirectory(prefix="infra-ctl-") as folder:
        known_hosts = Path(folder) / "known_hosts"
        known_hosts.write_text(line(way, key), encoding="utf-8")
        yield known_hosts
