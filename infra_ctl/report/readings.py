"""Everything that the measures of one period are computed from, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from infra_ctl.audit.results import Key
from infra_ctl.controls.finding import Finding
from infra_ctl.controls.model import Words
from infra_ctl.inventory.models import Inventory
from infra_ctl.journal.records import Looked
from infra_ctl.report.changes import Change
from infra_ctl.report.period import Period


@dataclass(frozen=True, slots=True)
class Seen:
    """What monitoring knows of one object in a period."""

    value: float
    """A share of the time, or of a capacity."""
    days: float
    """Of the period on which anything was measured."""


@dataclass(frozen=True, slots=True)
class Monitored:
    """By indicator and object; `cause` says why there is nothing at all."""

    values: Mapping[str, Mapping[str, Seen]] = field(default_factory=dict)
    cause: Words | None = None


@dataclass(frozen=True, slots=True)
class Readings:
    """`changes` are all of the city's in the period."""

    inventory: Inventory
    period: Period
    made: datetime
    findings: Mapping[Key, Finding]
    """The last of each object and control in audits that ended within the period."""
    changes: tuple[Change, ...]
    looks: Mapping[str, Looked]
    backups: Mapping[str, datetime]
    """When each machine was last read for the backup."""
    monitored: Monitored
    has_journal: bool = True
