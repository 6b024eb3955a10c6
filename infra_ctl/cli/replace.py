"""`infra-ctl replace`: new hardware takes a device's place."""

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
from infra_ctl.cli.session import Session, device_argument, session_options
from infra_ctl.errors import RefusedError
from infra_ctl.journal.records import StepState

if TYPE_CHECKING:
    from paramiko import PKey

    from infra_ctl.deploy.rollout import Result
    from infra_ctl.drivers.connection import Connection


def _fingerprint(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    """Raises click.BadParameter."""
    if text is not None and not text.startswith("SHA256:"):
        raise click.BadParameter(f"'{text}' is no fingerprint: SHA256:…, as ssh-keygen -l prints it")
    return text


@click.command()
@device_argument("device")
@click.option(
    "--host-key",
    metavar="SHA256:…",
    callback=_fingerprint,
    help="What the new hardware has to show; without it you are asked.",
)
@run_options
@why_options
@session_options
def replace(session: Session, /, device: str, *, host_key: str | None, **request: Any) -> None:
    """Deploy to new hardware in a DEVICE's place: it is on day 0 and has another host key.

    Its key is pinned in the place of the old one once the deployment is confirmed, and not before.

    \b
    infra-ctl replace nk-an-hoa-ce1
    infra-ctl replace nk-an-hoa-ce1 --host-key SHA256:mVPwvezndPv/ARoIadVY98vAC0g+P/5633yTC4d/wXE --yes
    """
    from infra_ctl.cli.devices import way_to
    from infra_ctl.cli.planning import prepare_replacement, print_plan
    from infra_ctl.deploy.replaced import settle
    from infra_ctl.deploy.run import REPLACE
    from infra_ctl.drivers.known_hosts import pin
    from infra_ctl.drivers.ssh import offered_key

    city = session.city()
    intent = city.intent(device)
    if session.context.kind == "embedded":
        raise RefusedError("a simulated device has no host key: nothing to replace")
    way = way_to(session.context, intent)
    key = offered_key(way)
    _accept(session, way, key, host_key)

    def keep(result: Result) -> None:
        if result.count(StepState.CONFIRMED):
            pin(way, key)
            session.say(f"pinned  {key.fingerprint} in {way.known_hosts}")

    with _pinned_for_now(way, key) as known_hosts:
        prepared = prepare_replacement(session, city, device, known_hosts)
        if prepared.plan.changed and not session.is_json:
            print_plan(session, prepared.plan)
        if prepared.plan.failed:
            raise RefusedError(f"{device}: {prepared.plan.failed[0].cause}: nothing was done")
        wanted = Request(**request, again=f"replace {device}")
        refuse(prepared.plan, wanted)
        for run_id, state in settle(prepared, device).items():
            session.say(f"settled run {run_id}, which was left: {state}")
        if prepared.plan.changed:
            leave(session, begin_and_carry_out(session, prepared, REPLACE, wanted, ended=keep))
    pin(way, key)  # a replacement before this one was confirmed, and died before it pinned
    leave(session, do_nothing(session, f"no changes; pinned {key.fingerprint} in {way.known_hosts}"))


def _accept(session: Session, way: Connection, key: PKey, wanted: str | None) -> None:
    """Raises RefusedError where it is not the key that was expected, click.UsageError where nobody says."""
    from infra_ctl.drivers.known_hosts import pinned_or_none

    pinned = pinned_or_none(way)
    session.say(f"pinned  {', '.join(old.fingerprint for old in pinned) or 'none'}")
    session.say(f"shown   {key.fingerprint}   {key.get_name()}")
    if key in pinned:
        again = session.command(f"deploy {way.device}")
        raise RefusedError(f"{way.device} shows the host key that is pinned: it is no new hardware; {again}")
    if wanted is None:
        if not sys.stdin.isatty():
            raise click.UsageError("nobody is there to compare the host key: pass --host-key SHA256:…")
        if click.confirm("is that the new hardware's key?", err=True):
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
