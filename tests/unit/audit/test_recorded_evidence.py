"""Records as evidence: what counts on a day, how old it is, and what nobody can know."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra_ctl.audit.collecting.part import Part
from infra_ctl.audit.collecting.recorded import collect
from infra_ctl.city import City, load_city
from infra_ctl.controls.asked import asked
from infra_ctl.controls.catalogue import FACTS
from infra_ctl.controls.values import fits

NOON = datetime(2026, 11, 27, 5)
"""UTC: twelve o'clock in Vietnam."""
DAY = 86400.0
Write = Callable[[str], City]


@pytest.fixture
def write(small_folder: Path) -> Write:
    """The small city with another records.yaml."""

    def written(text: str) -> City:
        (small_folder / "records.yaml").write_text(text, encoding="utf-8")
        return load_city(small_folder)

    return written


def of(city: City, kind: str, name: str, at: datetime = NOON) -> Part:
    return collect(city, at)[kind, name]  # type: ignore[index]


def ages(part: Part, fact: str) -> list[float]:
    return [float(each.value) / DAY for each in part.facts[fact]]


def scan(date: str, *more: str) -> str:
    fields = ", ".join((f"date: {date}", "kind: scan, of: [one-stop], by: A, title: B", *more))
    return f"records:\n  - {{{fields}}}\n"


def test_a_record_is_as_old_as_its_day_in_vietnam(write: Write) -> None:
    city = write(scan("2026-11-20"))
    fact = of(city, "system", "one-stop").facts["record.scan"][0]
    assert fact.value == 7.5 * DAY
    assert (
        str(fact.line) == "records.yaml:2: - {date: 2026-11-20, kind: scan, of: [one-stop], by: A, title: B}"
    )


def test_a_record_is_of_nobody_else(write: Write) -> None:
    city = write(scan("2026-11-20"))
    assert of(city, "system", "portal").facts["record.scan"] == ()
    assert of(city, "system", "one-stop").facts["record.log_review"] == ()


@pytest.mark.parametrize(
    ("date", "until", "counts"),
    [
        ("2026-11-27", None, True),
        ("2026-11-28", None, False),
        ("2026-01-01", "until: 2026-11-27", True),
        ("2026-01-01", "until: 2026-11-26", False),
    ],
)
def test_a_record_counts_from_its_day_to_its_last(
    date: str, until: str | None, counts: bool, write: Write
) -> None:
    city = write(scan(date, *([until] if until else [])))
    assert bool(of(city, "system", "one-stop").facts["record.scan"]) is counts


def test_a_day_begins_at_midnight_in_vietnam(write: Write) -> None:
    city = write(scan("2026-11-20"))
    midnight = datetime(2026, 11, 19, 17)
    assert ages(of(city, "system", "one-stop", midnight), "record.scan") == [0]
    assert ages(of(city, "system", "one-stop", midnight - timedelta(seconds=1)), "record.scan") == []


def test_what_nobody_keeps_is_missing_and_not_nothing(write: Write) -> None:
    part = of(write("statements: []\n"), "city", "can-tho")
    assert part.missing["record.drill"] == "records.yaml has no list of records"
    assert part.missing["record.incident_late"] == "records.yaml has no list of incidents"
    assert not part.facts
    part = of(write("records: []\nincidents: []\n"), "city", "can-tho")
    assert part.facts["record.drill"] == part.facts["record.incident_late"] == ()


def test_the_newest_statement_that_counts_is_taken_thing_by_thing(write: Write) -> None:
    city = write(
        "statements:\n"
        "  - {of: [one-stop], date: 2026-03-01, by: A, title: B, idle: 15m, tries: 5}\n"
        "  - {of: [one-stop], date: 2026-01-01, by: A, title: B, idle: 1h, tries: 9}\n"
        "  - {of: [one-stop], date: 2026-05-01, by: A, title: B, tries: 0, until: 2026-06-01}\n"
        "  - {of: [one-stop], date: 2026-12-01, by: A, title: B, idle: 2m}\n"
    )
    part = of(city, "system", "one-stop")
    assert [each.value for each in part.facts["system.idle"]] == [900]
    assert [each.value for each in part.facts["system.tries"]] == [5]
    assert part.facts["system.tries"][0].line.number == 2
    assert [
        each.value for each in of(city, "system", "one-stop", datetime(2026, 5, 2)).facts["system.tries"]
    ] == [0]


def test_what_nobody_said_is_missing(write: Write) -> None:
    city = write("statements:\n  - {of: [can-tho], date: 2026-03-01, by: A, title: B, gateway: false}\n")
    part = of(city, "city", "can-tho")
    assert [each.value for each in part.facts["mail.gateway"]] == [False]
    assert part.missing["mail.dmarc"] == "no statement in records.yaml that is in force says 'dmarc' of it"
    assert "system.idle" in of(city, "system", "one-stop").missing


@pytest.mark.parametrize(
    ("told", "late"),
    [
        ("notified: 2026-11-02 08:00, reported: 2026-11-04 08:00", None),
        ("notified: 2026-11-02 08:01, reported: 2026-11-04 08:00", "notified: 2026-11-02 08:01"),
        ("notified: 2026-11-02 08:00, reported: 2026-11-04 08:01", "reported: 2026-11-04 08:01"),
        ("notified: 2026-11-02 08:00", "occurred: 2026-11-01 08:00"),
    ],
)
def test_an_incident_is_told_within_a_day_and_reported_within_three(
    told: str, late: str | None, write: Write
) -> None:
    fields = ["of: [one-stop]", "title: Mã độc", "by: A", "occurred: 2026-11-01 08:00", *told.split(", ")]
    head, *rest = fields
    city = write("incidents:\n  - " + "\n    ".join([head, *rest]) + "\n")
    found = of(city, "city", "can-tho").facts["record.incident_late"]
    assert [each.value for each in found] == (["Mã độc"] if late else [])
    if late and told.count(":") > 2:
        assert found[0].line.text == late


def test_an_incident_of_today_is_not_late_yet(write: Write) -> None:
    city = write("incidents:\n  - {of: [one-stop], title: A, by: B, occurred: 2026-11-26 13:00}\n")
    assert of(city, "city", "can-tho").facts["record.incident_late"] == ()
    later = of(city, "city", "can-tho", NOON + timedelta(hours=1, seconds=1))
    assert [each.value for each in later.facts["record.incident_late"]] == ["A"]


def of_records(kind: str) -> set[str]:
    return {name for name, known in FACTS.items() if known.source == "records" and kind in known.of}


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(at=st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)))
def test_every_fact_is_had_or_missing_and_is_what_the_catalogue_says(at: datetime, reference: City) -> None:
    parts = collect(reference, at)
    objects: Iterable[tuple[str, str]] = ((each.kind, each.name) for each in asked(reference.inventory))
    assert parts.keys() == {(kind, name) for kind, name in objects if of_records(kind)}
    for (kind, _), part in parts.items():
        assert part.facts.keys() | part.missing.keys() == of_records(kind)
        assert not part.facts.keys() & part.missing.keys()
        for name, facts in part.facts.items():
            assert all(fits(fact.value, FACTS[name].shape) and fact.line.number for fact in facts)
            assert facts or FACTS[name].many
            if FACTS[name].shape == "seconds" and name.startswith("record."):
                assert all(float(fact.value) >= 0 for fact in facts)
