"""Records are of what there is, in an order that days can have, and say one thing of it."""

from __future__ import annotations

from collections.abc import Iterator

from infra_ctl.errors import Problem
from infra_ctl.inventory.draft import Draft, Table
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.recorded import OF, SAID, Dated, Incident, Whose
from infra_ctl.inventory.rules.survey import Survey, hostnames

_MOMENT = "%Y-%m-%d %H:%M"


def recorded_objects(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """What was done was done of what there is, and is of its kind."""
    for key, record in draft.records.objects.items():
        yield from _strangers(draft, draft.records, key, record.of, OF[record.kind], f"a {record.kind}")


def stated(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """A statement says something, of what there is, and of its kind; on one day one thing."""
    days: dict[tuple[str, str, object], str] = {}
    for key, statement in draft.statements.objects.items():
        if not statement.says:
            known = ", ".join(SAID)
            yield draft.statements.problem(key, ("title",), f"says nothing: it needs one of {known}")
        for name in statement.says:
            yield from _strangers(draft, draft.statements, key, statement.of, SAID[name], f"'{name}'")
            for index, each in enumerate(statement.of):
                if (first := days.setdefault((name, each, statement.date), key)) != key:
                    message = f"'{name}' of {each} is said on {statement.date} by number {first} already"
                    yield draft.statements.problem(key, ("of", index), message)


def _strangers(
    draft: Draft, table: Table[Dated], key: str, of: tuple[str, ...], whose: Whose, what: str
) -> Iterator[Problem]:
    """Those objects of a record that are not there, or are not what it can be of."""
    for index, name in enumerate(of):
        if message := _not_one(draft, name, whose, what):
            yield table.problem(key, ("of", index), message)


def _not_one(draft: Draft, name: str, whose: Whose, what: str) -> str | None:
    if whose == "city":
        slug = draft.city.city.slug if draft.city else name
        return None if name == slug else f"{what} is of the city: {slug}"
    table = draft.systems if whose == "system" else draft.sites
    missing = table.missing(name)
    if missing and name in _others(draft):
        return f"{what} is of a {whose}, and {name} is none"
    return missing


def _others(draft: Draft) -> set[str]:
    """Everything that has a name of its own."""
    tables = (draft.systems.records, draft.sites.records, draft.hosts.records, dict(hostnames(draft)))
    city = {draft.city.city.slug} if draft.city else set()
    return city | {name for table in tables for name in table}


def befallen(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """An incident befell what there is."""
    if not (draft.sites.sound and draft.systems.complete and draft.hosts.complete and draft.city):
        return
    known = _others(draft)
    for key, incident in draft.incidents.objects.items():
        for index, name in enumerate(incident.of):
            if name not in known:
                message = f"nothing is called {name!r}{did_you_mean(name, known)}"
                yield draft.incidents.problem(key, ("of", index), message)


def days(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """Nothing ends before it begins, and nobody is told before it happens."""
    tables: tuple[Table[Dated], ...] = (draft.records, draft.statements)
    for table in tables:
        for key, each in table.objects.items():
            if each.until is not None and each.until < each.date:
                yield table.problem(key, ("until",), f"{each.until} is before {each.date}")
    for key, incident in draft.incidents.objects.items():
        yield from _disorder(draft.incidents, key, incident)


def _disorder(table: Table[Incident], key: str, incident: Incident) -> Iterator[Problem]:
    since = incident.occurred
    for name, when in (("notified", incident.notified), ("reported", incident.reported)):
        if when is None:
            continue
        if when < since:
            yield table.problem(key, (name,), f"{when:{_MOMENT}} is before {since:{_MOMENT}}")
        since = when


RULES = (recorded_objects, stated, befallen, days)
