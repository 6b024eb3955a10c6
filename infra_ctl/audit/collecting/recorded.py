"""What people say that they did, and what only they know: records.yaml as evidence. Pure.

A record is evidence from the day that it has until its last one, in Vietnam. Where a list of the file is
there and an object is not in it, nothing was done; where the list is not there, nobody knows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta

from infra_ctl.audit.collecting.part import Part, Subject
from infra_ctl.city import City
from infra_ctl.controls.catalogue import FACTS
from infra_ctl.controls.exhibit import Fact, Line
from infra_ctl.inventory import Inventory
from infra_ctl.inventory.fields import VIETNAM
from infra_ctl.inventory.recorded import OF, Dated, Incident

LATE = "record.incident_late"
_DEADLINES = (("notified", timedelta(hours=24)), ("reported", timedelta(hours=72)))
"""Since an incident occurred, its notice and its report (Decree 331/2026, 31.2d)."""
_SAYING = {
    "dmarc": "mail.dmarc",
    "dns_filter": "mail.dns_filter",
    "encryption_layers": "system.encryption_layers",
    "gateway": "mail.gateway",
    "idle": "system.idle",
    "tries": "system.tries",
}
"""What a statement says → the fact that it is."""
_DOING = {kind: f"record.{kind.replace('-', '_')}" for kind in OF}
"""What was done → the fact that it is."""


def collect(city: City, at: datetime) -> Mapping[Subject, Part]:
    """Of the city, its sites and its systems, as it stood then: UTC, without a zone."""
    inventory, now = city.inventory, at.replace(tzinfo=UTC)
    done, said = _done(inventory, now), _said(inventory, now)
    late = tuple(_late(inventory, now))
    return {subject: _part(subject, inventory, done, said, late) for subject in _subjects(inventory)}


def _subjects(inventory: Inventory) -> Iterator[Subject]:
    yield "city", inventory.city.slug
    yield from (("site", site) for site in inventory.sites)
    yield from (("system", system) for system in inventory.systems)


def _part(
    subject: Subject,
    inventory: Inventory,
    done: Mapping[tuple[str, str], list[Fact]],
    said: Mapping[tuple[str, str], Fact],
    late: tuple[Fact, ...],
) -> Part:
    kind, name = subject
    facts: dict[str, tuple[Fact, ...]] = {}
    missing: dict[str, str] = {}
    for fact in (each for each in FACTS if FACTS[each].source == "records" and kind in FACTS[each].of):
        if fact == LATE and inventory.incidents is not None:
            facts[fact] = late
        elif fact in _DOING.values() and inventory.records is not None:
            facts[fact] = tuple(done.get((fact, name), ()))
        elif (fact, name) in said:
            facts[fact] = (said[fact, name],)
        else:
            missing[fact] = _cause(fact)
    return Part(facts=facts, missing=missing)


def _cause(fact: str) -> str:
    for written, name in _SAYING.items():
        if name == fact:
            return f"no statement in records.yaml that is in force says '{written}' of it"
    return f"records.yaml has no list of {'incidents' if fact == LATE else 'records'}"


def _done(inventory: Inventory, now: datetime) -> Mapping[tuple[str, str], list[Fact]]:
    """By fact and object, the age of each record that counts."""
    found: defaultdict[tuple[str, str], list[Fact]] = defaultdict(list)
    for number, record in enumerate(inventory.records or (), 1):
        if _counts(record, now):
            age = Fact(
                (now - _morning(record.date)).total_seconds(), _line(inventory, "records", number, "date")
            )
            for name in record.of:
                found[_DOING[record.kind], name].append(age)
    return found


def _said(inventory: Inventory, now: datetime) -> Mapping[tuple[str, str], Fact]:
    """By fact and object, what the newest statement that counts says."""
    found: dict[tuple[str, str], Fact] = {}
    counting = ((n, each) for n, each in enumerate(inventory.statements, 1) if _counts(each, now))
    for number, statement in sorted(counting, key=lambda each: each[1].date):
        for written, value in statement.says.items():
            fact = Fact(value, _line(inventory, "statements", number, written))
            found |= {(_SAYING[written], name): fact for name in statement.of}
    return found


def _late(inventory: Inventory, now: datetime) -> Iterator[Fact]:
    """Incidents that somebody was told of too late, or should have been by now."""
    for number, incident in enumerate(inventory.incidents or (), 1):
        if (field := _overdue(incident, now)) is not None:
            yield Fact(incident.title, _line(inventory, "incidents", number, field))


def _overdue(incident: Incident, now: datetime) -> str | None:
    """What of it came too late; None where nothing did."""
    for field, limit in _DEADLINES:
        told: datetime | None = getattr(incident, field)
        if min(told or now, now) > incident.occurred + limit:
            return field
    return None


def _counts(record: Dated, now: datetime) -> bool:
    ended = record.until is not None and now >= _morning(record.until + timedelta(days=1))
    return _morning(record.date) <= now and not ended


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(), VIETNAM)


def _line(inventory: Inventory, table: str, number: int, field: str) -> Line:
    return Line(*inventory.quote(table, number, field))
