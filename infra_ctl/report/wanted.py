"""What a report is asked for, and what it is drawn from: the city as it is written, and what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from infra_ctl.city import City
from infra_ctl.controls.model import Law
from infra_ctl.inventory.models import Inventory
from infra_ctl.inventory.reporting import Remark
from infra_ctl.journal.store import Journal
from infra_ctl.report.document import Letterhead
from infra_ctl.report.letterhead import letterhead, remark
from infra_ctl.report.mandate import Mandate
from infra_ctl.report.period import Period
from infra_ctl.report.scope import Scope


@dataclass(frozen=True, slots=True)
class Sources:
    """Where all comes from. Without a journal nothing was done or judged yet."""

    city: City
    context: str
    journal: Journal | None
    laws: Mapping[str, Law] = field(default_factory=dict)
    """Every one that there is, as it is written now."""
    mandates: tuple[Mandate, ...] = ()
    """Documents that set targets, the earliest first."""


@dataclass(frozen=True, slots=True)
class Wanted:
    period: Period
    scope: Scope
    made: datetime
    """Now, UTC without a zone."""

    def remark(self, inventory: Inventory, report: str) -> Remark | None:
        """What the unit has to say in a report of this period."""
        return remark(inventory, self.scope.code, self.period.name, report)

    def head(self, inventory: Inventory, report: str = "") -> Letterhead:
        """Of the unit that it is about; with the number and date that a `report` of it has."""
        return letterhead(inventory, self.scope.unit, self.remark(inventory, report))
