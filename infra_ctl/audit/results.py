"""What audits have found and kept, as values: for those who show it, report it or tell somebody of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from infra_ctl.controls.exhibit import Exhibit
from infra_ctl.controls.finding import Finding, Key
from infra_ctl.journal.records import Audit
from infra_ctl.journal.store import Journal

__all__ = ["Audit", "Key", "audit", "audits", "exhibits", "findings", "newest"]


def audits(
    journal: Journal,
    context: str,
    *,
    name: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[Audit, ...]:
    """Those that started from `since` on and before `until`, oldest first."""
    return journal.audits.list(context, name=name, since=since, until=until)


def audit(journal: Journal, id: str) -> Audit:  # noqa: A002 - what it is
    """Raises UnknownError where there is no such audit."""
    return journal.audits.one(id)


def findings(journal: Journal, id: str) -> Iterator[Finding]:  # noqa: A002
    """All of an audit, in the order of objects: the city, sites, devices, circuits, hosts, systems."""
    return journal.audits.findings(id)


def exhibits(journal: Journal, id: str) -> Iterator[Exhibit]:  # noqa: A002
    """All that an audit collected, in the same order."""
    return journal.audits.exhibits(id)


def newest(journal: Journal, context: str, at: datetime | None = None) -> Mapping[Key, Finding]:
    """What was last said of each object by each control, in audits that came to their end before `at`."""
    return journal.audits.newest(context, at)
