"""Who a drift is put down to: a run that left it so, logins since it was last seen right, or nobody known.

A login is evidence and no proof: somebody had a session in the time in which it happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from infra_ctl.drivers.logins import Login
from infra_ctl.errors import DeviceError
from infra_ctl.journal.records import Run, Step

MOST = 3
"""Logins that are told in words."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What a difference is put down to; neither a run nor a login: nobody known."""

    words: str
    run: str = ""
    logins: tuple[Login, ...] = ()


def by_run(run: Run, step: Step) -> Cause:
    """`run 2026-11-21-004 of lan@laptop (CT-812) left it so: stopped at firewall/rules`."""
    ticket = f" ({run.ticket})" if run.ticket else ""
    how = f"{run.kind}, {step.state}{f' {step.cause}' if step.cause else ''}"
    return Cause(f"run {run.id} of {run.user}@{run.host}{ticket} left it so: {how}", run.id)


def by_logins(right: datetime, said: tuple[Login, ...] | DeviceError) -> Cause:
    """Whoever had a session since it was last seen `right`, by the machine's own log."""
    last = f"it was last seen right at {_moment(right)}"
    if isinstance(said, DeviceError):
        return Cause(f"unknown: its log could not be read: {said.cause}")
    if not said:
        return Cause(f"unknown: it has logged no login but ours since {last}")
    shown = [_login(each) for each in said[:MOST]]
    more = f", and {len(said) - MOST} more" if len(said) > MOST else ""
    return Cause(f"after a login of {', of '.join(shown)}{more}; {last}", logins=said)


UNSEEN = Cause("unknown: this journal has never seen it right")


def _login(login: Login) -> str:
    at = f" at {_moment(login.at)}" if login.at else ""
    ran = f" (sudo {', '.join(login.ran)})" if login.ran else ""
    return f"{login.user} from {login.source}{at}{ran}"


def _moment(at: datetime) -> str:
    """UTC, to the second."""
    return f"{at.astimezone(UTC) if at.tzinfo else at:%Y-%m-%d %H:%M:%S} UTC"
