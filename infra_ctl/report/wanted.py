"""What a report is asked for, and what it is drawn from: the city as it is written, and what is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from infra_ctl.city import City
from infra_ctl.journal.store import Journal
from infra_ctl.report.document import Letterhead
from infra_ctl.report.letterhead import letterhead
from infra_ctl.report.period import Period
from infra_ctl.report.scope import Scope


@dataclass(frozen=True, slots=True)
class Sources:
    """Where all comes from. Without a journal nothing was done or judged yet."""

    city: City
    context: str
    journal: Journal | None


@dataclass(frozen=True, slots=True)
class Wanted:
    period: Period
    scope: Scope
    made: datetime
    """Now, UTC without a zone."""

    def head(self, city: City) -> Letterhead:
        """Of the unit that it is about."""
        return letterhead(city.inventory, self.scope.unit)
