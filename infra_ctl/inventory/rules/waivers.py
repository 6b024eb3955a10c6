"""What a waiver must say of itself; which controls there are is known to another room only."""

from __future__ import annotations

from collections.abc import Iterator

from infra_ctl.errors import Problem, SelectorError
from infra_ctl.inventory.draft import Draft
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.rules.survey import Survey, hostnames
from infra_ctl.inventory.selectors import parse
from infra_ctl.inventory.waivers import LONGEST


def days(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """A waiver begins, ends after that, and is looked at again within a year."""
    table = draft.waivers
    for key, waiver in table.objects.items():
        if waiver.until < waiver.since:
            yield table.problem(key, ("until",), f"ends before it begins, on {waiver.since}")
        elif waiver.until - waiver.since > LONGEST:
            message = f"is more than a year after {waiver.since}: a waiver is looked at again within one"
            yield table.problem(key, ("until",), message)


def waived(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """A waiver says what it waives: things that there are, each once, or a selector that can be read."""
    table = draft.waivers
    known = _names(draft)
    for key, waiver in table.objects.items():
        if bool(waiver.objects) == (waiver.where is not None):
            yield table.problem(key, (), "a waiver has either objects or where")
        if waiver.where is not None:
            try:
                parse(waiver.where, "both")
            except SelectorError as error:
                yield table.problem(key, ("where",), str(error))
        for place, name in enumerate(waiver.objects):
            if name in waiver.objects[:place]:
                yield table.problem(key, ("objects", place), f"{name} is named twice")
            elif known and name not in known:
                message = f"{name!r} does not exist{did_you_mean(name, known)}"
                yield table.problem(key, ("objects", place), message)


def _names(draft: Draft) -> set[str]:
    """Whatever a control can be about; nothing where some of it could not be read."""
    tables = (draft.circuits, draft.hosts, draft.systems)
    if draft.city is None or not draft.sites.sound or not all(table.complete for table in tables):
        return set()
    names = {draft.city.city.slug, *draft.sites.records, *(name for name, _ in hostnames(draft))}
    return names.union(*(table.records for table in tables))


RULES = (days, waived)
