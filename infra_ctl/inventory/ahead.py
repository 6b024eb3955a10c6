"""What is dated of days that are still to come: nobody has done, or counted, yet what he writes down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from infra_ctl.errors import Problem
from infra_ctl.inventory.models import Inventory
from infra_ctl.inventory.records import problem


def ahead(inventory: Inventory, now: datetime) -> Iterator[Problem]:
    """What records.yaml and figures.csv say of later than now, a time with its zone.

    Nothing but `check` asks: a clock that is behind must not stop a run. An audit leaves such records out.
    """
    for table in ("records", "statements"):
        for number, each in enumerate(getattr(inventory, table) or (), 1):
            if each.date > now.date():
                yield _problem(inventory, table, str(number), "date")
    for figure in inventory.figures:
        if figure.date > now.date():
            key = f"{figure.edition}/{figure.unit}/{figure.indicator}/{figure.period}"
            yield _problem(inventory, "figures", key, "date")
    for number, incident in enumerate(inventory.incidents or (), 1):
        for name in ("occurred", "notified", "reported"):
            if (when := getattr(incident, name)) is not None and when > now:
                yield _problem(inventory, "incidents", str(number), name)


def _problem(inventory: Inventory, table: str, key: str, field: str) -> Problem:
    return problem(inventory.writing.tables[table][key], (field,), "this is still to come")
