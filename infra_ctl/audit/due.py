"""Which audits are due: the last occasion that the calendar names, where none was run for it yet. Pure.

What was missed is caught up once, by its latest occasion: ten weeks of silence are one audit, not ten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from infra_ctl.inventory.audits import ScheduledAudit
from infra_ctl.inventory.fields import VIETNAM
from infra_ctl.journal.records import Audit, RunState

LEFT = frozenset({RunState.KILLED, RunState.STOPPED})
"""How an audit stands that somebody has to go on with."""
AGAIN = timedelta(hours=1)
"""After it failed it is gone on with: what was against it may have passed, and nobody is asked all day."""


@dataclass(frozen=True, slots=True)
class Due:
    """An audit that is to be run, for which occasion, and the one that was begun for it and left."""

    name: str
    occasion: datetime
    """UTC, without a zone."""
    left: Audit | None = None


def due(scheduled: Mapping[str, ScheduledAudit], past: Iterable[Audit], at: datetime) -> tuple[Due, ...]:
    """Those that are due at a time (UTC, without a zone), the longest overdue first.

    One that never ran is due at once: what is news is seen against what was before. One that is under way
    is somebody else's.
    """
    newest = _newest(past)
    found = []
    for name, audit in scheduled.items():
        occasion, last = latest(audit.calendar, at), newest.get(name)
        if last is None or last[0] < occasion:
            found.append(Due(name, occasion))
        elif _is_left(last[1], at):
            found.append(Due(name, last[0], last[1]))
    return tuple(sorted(found, key=lambda each: (each.occasion, each.name)))


def _is_left(audit: Audit, at: datetime) -> bool:
    if audit.state is RunState.FAILED:
        return at - (audit.ended or audit.started) >= AGAIN
    return audit.state in LEFT


def latest(calendar: str, at: datetime) -> datetime:
    """The last occasion up to a time, both in UTC without a zone."""
    return _occasion(calendar, at + timedelta(seconds=1), reverse=True)


def coming(calendar: str, at: datetime) -> datetime:
    """The first occasion after a time, both in UTC without a zone."""
    return _occasion(calendar, at, reverse=False)


def _occasion(calendar: str, at: datetime, *, reverse: bool) -> datetime:
    """A calendar is read on the city's clock, wherever the machine's stands."""
    from cronsim import CronSim

    local = at.replace(microsecond=0, tzinfo=UTC).astimezone(VIETNAM)
    return next(CronSim(calendar, local, reverse)).astimezone(UTC).replace(tzinfo=None)


def _newest(past: Iterable[Audit]) -> Mapping[str, tuple[datetime, Audit]]:
    """By name the audit of the latest occasion; of one occasion, the one that was started last."""
    found: dict[str, tuple[datetime, Audit]] = {}
    for audit in sorted(past, key=lambda each: each.started):
        if audit.due is not None and (audit.name not in found or audit.due >= found[audit.name][0]):
            found[audit.name] = (audit.due, audit)
    return found
