"""The yearly report: the list of systems by level, incidents and what is due, beside the year before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra_ctl.city import City
from infra_ctl.errors import UnknownError
from infra_ctl.inventory.fields import VIETNAM
from infra_ctl.inventory.recorded import Incident, Recorded
from infra_ctl.inventory.reporting import Remark
from infra_ctl.journal.records import StepState
from infra_ctl.journal.store import Journal
from infra_ctl.outcome import Verdict
from infra_ctl.report.document import Document
from infra_ctl.report.period import period, today
from infra_ctl.report.reading import read
from infra_ctl.report.scope import scope
from infra_ctl.report.values import values
from infra_ctl.report.wanted import Wanted
from infra_ctl.report.yearly import document, reporting_year
from tests.unit.conftest import SmallCity
from tests.unit.report.stored import MADE, audited, finding, ran, sources

PASS, FAIL, ERROR, WAIVED = (Verdict(each) for each in ("pass", "fail", "error", "waived"))
YEAR = str(today().year + ((today().month, today().day) > (12, 14)))
"""The reporting year that it is: what is kept in a test is kept now."""


def told(city: City, journal: Journal | None, name: str = YEAR, unit: str = "") -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(json.dumps(values(made(city, journal, name, unit))))
    return found


def made(city: City, journal: Journal | None, name: str = YEAR, unit: str = "") -> Document:
    drawn, nowhere = sources(city, journal), Path("/nowhere")
    wanted = Wanted(period(name), scope(city.inventory, unit), MADE)
    years = (reporting_year(each) for each in (wanted.period, wanted.period.before))
    return document(drawn, wanted, *(read(drawn, each, MADE, nowhere, None) for each in years))


def said(city: City, **of_inventory: object) -> City:
    """A city whose inventory says something else."""
    inventory = city.inventory.model_copy(update=of_inventory)
    return City(inventory, city.intents, city.prefixes, city.reserved, city.hosts, city.parts)


def test_a_year_is_that_of_the_decree() -> None:
    found = reporting_year(period("2026"))
    assert (found.name, found.first, found.last) == ("2026", date(2025, 12, 15), date(2026, 12, 14))
    with pytest.raises(UnknownError, match=r"^a yearly report is of a year, such as 2026, and not"):
        reporting_year(period("2026H2"))


def test_the_level_list_says_who_answers_and_how_far_each_is(small: SmallCity, journal: Journal) -> None:
    audited(
        journal,
        finding("APP-01", "one-stop", PASS, kind="system"),
        finding("LOG-03", "dc-app-1", PASS, kind="host"),
        finding("LOG-03", "bk-app-1", FAIL, kind="host"),
        finding("LOG-03", "dc-lgsp-1", ERROR, kind="host"),
        finding("NET-02", "nk-pop1", PASS),
    )
    rows = {row["system"]: row for row in told(small.city, journal)["tables"]["systems"]}
    assert [row["level"] for row in rows.values()] == [3, 3, 2]
    one_stop = rows["one-stop"]
    assert (one_stop["owner"], one_stop["operator"]) == ("Sở Thông tin và Truyền thông",) * 2
    assert (one_stop["approval"], one_stop["decision"], one_stop["decided"]) == (
        "approved",
        "103/QĐ-STTTT",
        "2020-06-30",
    )
    assert one_stop["approved_by"]["vi"] == "103/QĐ-STTTT ngày 30/06/2020"
    assert (one_stop["measures"], one_stop["in_order"]) == ("part", {"part": 1, "whole": 2})
    assert (rows["lgsp"]["measures"], rows["lgsp"]["approval"]) == ("none", "draft")
    assert (rows["portal"]["measures"], rows["portal"]["in_order"]) == ("full", {"part": 1, "whole": 1})


def test_what_nobody_judged_or_somebody_waived_is_not_in_full(small: SmallCity, journal: Journal) -> None:
    rows = {row["system"]: row for row in told(small.city, journal)["tables"]["systems"]}
    assert {row["measures"] for row in rows.values()} == {"not-judged"}
    assert {row["inspected"] for row in rows.values()} == {None}
    audited(
        journal,
        finding("APP-01", "portal", PASS, kind="system"),
        finding("LOG-03", "dc-app-1", WAIVED, kind="host"),
    )
    rows = {row["system"]: row for row in told(small.city, journal)["tables"]["systems"]}
    assert rows["portal"]["measures"] == "part"


def test_regulations_and_what_was_done_are_of_the_year(small: SmallCity) -> None:
    def recorded(kind: str, day: str, of: str, **more: str) -> Recorded:
        written = {"kind": kind, "date": day, "of": [of], "by": "Sở TTTT", "title": f"{kind} {day}", **more}
        return Recorded.model_validate(written)

    city = said(
        small.city,
        records=(
            recorded("regulation", "2024-01-01", "portal", number="1/QĐ"),
            recorded("regulation", "2026-09-30", "portal", number="21/QĐ"),
            recorded("regulation", "2026-12-20", "portal", number="30/QĐ"),
            recorded("regulation", "2020-01-01", "lgsp", until="2026-12-13"),
            recorded("drill", "2025-12-14", "can-tho"),
            recorded("drill", "2025-12-15", "can-tho"),
            recorded("scan", "2026-12-14", "portal"),
            recorded("scan", "2026-12-15", "portal"),
        ),
    )
    value = told(city, None, "2026")
    rows = {row["system"]: row for row in value["tables"]["systems"]}
    assert rows["portal"]["regulation"]["vi"] == "21/QĐ ngày 30/09/2026"
    assert rows["lgsp"]["regulation"] is None
    assert [row["date"] for row in value["tables"]["drills"]] == ["2025-12-15"]
    assert [row["date"] for row in value["tables"]["deeds"] if row["kind"] == "scan"] == ["2026-12-14"]
    assert value["headlines"]["summary"]["drills"] == {"value": 1, "before": 1}


def test_an_incident_is_told_in_time_or_not(small: SmallCity) -> None:
    def incident(hour: int, notified: int | None, reported: int | None) -> Incident:
        def at(hours: int) -> datetime:
            return datetime(2026, 3, 1 + hours // 24, hours % 24, tzinfo=VIETNAM)

        return Incident(
            of=("portal",),
            title="Mã độc",
            by="Sở TTTT",
            occurred=at(hour),
            notified=None if notified is None else at(hour + notified),
            reported=None if reported is None else at(hour + reported),
        )

    city = said(small.city, incidents=(incident(1, 24, 72), incident(0, 25, 73), incident(2, None, None)))
    value = told(city, None, "2026")
    rows = value["tables"]["incidents"]
    assert [(row["notice"], row["report"]) for row in rows] == [
        ("late", "late"),
        ("in-time", "in-time"),
        ("missing", "missing"),
    ]
    assert rows[0]["occurred"] == "2026-02-28T17:00:00Z"
    assert value["headlines"]["summary"]["late"] == {"value": 2, "before": 0}


def test_who_has_time_left_is_not_late(small: SmallCity) -> None:
    def befell(hours: int) -> Incident:
        occurred = MADE.replace(tzinfo=UTC) - timedelta(hours=hours)
        return Incident(of=("portal",), title="Mã độc", by="Sở TTTT", occurred=occurred)

    value = told(said(small.city, incidents=(befell(72), befell(23), befell(25))), None, "2026")
    assert [(row["notice"], row["report"]) for row in value["tables"]["incidents"]] == [
        ("missing", "open"),
        ("missing", "open"),
        ("open", "open"),
    ]
    assert value["headlines"]["summary"]["late"]["value"] == 2


def test_a_year_that_has_not_begun_has_no_days(small: SmallCity) -> None:
    texts = [each["vi"] for each in told(small.city, None, "2028")["said"]]
    assert texts[0] == "Kỳ báo cáo chưa bắt đầu."
    assert told(small.city, None, "2026")["said"][0]["vi"].startswith("Số liệu từ ngày 15/12/2025")


def test_a_unit_has_its_own_systems_incidents_and_changes(small: SmallCity, journal: Journal) -> None:
    ran(journal, ("nk-cai-khe-ce1", StepState.CONFIRMED))
    ran(journal, ("bt-pop1", StepState.CONFIRMED))
    value = told(small.city, journal, unit="31117")
    assert value["tables"]["systems"] == []
    assert value["headlines"]["summary"]["changes"]["value"] == 1
    counts = {row["what"]: row["now"] for row in value["tables"]["changes"]}
    assert (counts["done"], counts["unexplained"]) == (1, 1)
    assert told(small.city, journal)["headlines"]["summary"]["changes"]["value"] == 2


def test_findings_are_counted_by_level_beside_the_year_before(small: SmallCity, journal: Journal) -> None:
    audited(journal, finding("LOG-03", "dc-app-1", FAIL, kind="host"), finding("NET-02", "nk-pop1", PASS))
    value = told(small.city, journal)
    (row,) = value["tables"]["by_level"]
    assert (row["level"], row["fail"], row["pass"]) == (3, 1, 1)
    assert (row["compliance"], row["before"]) == ({"part": 1, "whole": 2}, {"part": 0, "whole": 0})
    assert [row["control"] for row in value["tables"]["failing"]] == ["LOG-03"]
    later = told(small.city, journal, str(int(YEAR) + 1))
    assert later["tables"]["systems"][0]["measures"] == "not-judged"
    assert later["headlines"]["summary"]["compliance"] == {"value": None, "before": {"part": 1, "whole": 2}}


def test_an_empty_year_and_one_without_records_say_so(small: SmallCity, journal: Journal) -> None:
    value = told(said(small.city, records=None, incidents=None), journal, "2019")
    texts = [each["vi"] for each in value["said"]]
    assert "Trong kỳ không có số liệu nào được ghi nhận." in texts
    assert "Trong kỳ không có cuộc kiểm tra nào." in texts
    assert value["tables"]["incidents"] == value["tables"]["drills"] == []
    assert value["subject"]["vi"].endswith("năm 2019")


def test_what_the_unit_has_to_say_stands_at_its_end(small: SmallCity) -> None:
    remark = Remark.model_validate(
        {
            "edition": "2021",
            "unit": "92",
            "period": "2026",
            "report": "yearly",
            "difficulties": ["Thiếu cán bộ chuyên trách."],
            "proposals": ["Bổ sung biên chế."],
        }
    )
    report = made(said(small.city, remarks=(remark,)), None, "2026")
    titles = [section.title.vi for section in report.sections]
    assert titles[-2:] == ["Khó khăn, vướng mắc", "Đề xuất, kiến nghị"]
