"""Fetching what a period's measures are computed from: the journal, the marks of the backup, Prometheus."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from infra_ctl.audit.results import Key, newest
from infra_ctl.backup.repository import last_read
from infra_ctl.controls.finding import Finding
from infra_ctl.errors import BackupError, UnknownError
from infra_ctl.report.changes import changes
from infra_ctl.report.monitored import Ask, monitored
from infra_ctl.report.period import Period
from infra_ctl.report.readings import Readings
from infra_ctl.report.scope import scope
from infra_ctl.report.wanted import Sources, Wanted


def read(sources: Sources, period: Period, made: datetime, backup: Path, ask: Ask | None) -> Readings:
    """All of the city's; whose it is, is for who computes to say."""
    inventory = sources.city.inventory
    everything = Wanted(period, scope(inventory, None), made)
    return Readings(
        inventory=inventory,
        period=period,
        made=made,
        findings=_findings(sources, period),
        changes=tuple(changes(sources, everything, period)),
        looks=sources.journal.looks(sources.context) if sources.journal else {},
        backups=_backups(backup),
        monitored=monitored(ask, period, made),
        has_journal=sources.journal is not None,
    )


def _findings(sources: Sources, period: Period) -> Mapping[Key, Finding]:
    """The last of each that was taken in the period: what is older says nothing of it."""
    if sources.journal is None:
        return {}
    found = newest(sources.journal, sources.context, period.until)
    return {key: finding for key, finding in found.items() if finding.taken >= period.since}


def _backups(folder: Path) -> Mapping[str, datetime]:
    try:
        return last_read(folder)
    except (UnknownError, BackupError):
        return {}
