"""The report of an audit: what is in it, in which order, and what it is compared with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from infra_ctl.city import City
from infra_ctl.errors import UnknownError
from infra_ctl.journal.records import Asking
from infra_ctl.journal.store import Journal
from infra_ctl.outcome import Verdict
from infra_ctl.report import junit
from infra_ctl.report.audit import Which, chosen, document, judged
from infra_ctl.report.findings import Naming, asked, waiver
from infra_ctl.report.page import html
from infra_ctl.report.period import period
from infra_ctl.report.scope import scope
from infra_ctl.report.values import values
from tests.unit.conftest import SmallCity
from tests.unit.report.stored import CONTEXT, INJECTION, LAW, MADE, audited, finding, sources

PASS, FAIL, ERROR, SKIP, WAIVED = (Verdict(each) for each in ("pass", "fail", "error", "skip", "waived"))
WAIVER = "Đang mua sắm · Nguyễn Văn An, Giám đốc (45/QĐ) · 2026-09-01 → 2027-03-31"
ENDED = "Đang mua sắm · Nguyễn Văn An, Giám đốc (45/QĐ) · 2025-09-01 → 2026-03-31"
FOUND = (
    finding("NET-02", "nk-pop1", PASS, severity="critical"),
    finding("LOG-03", "nk-pop1", FAIL, said="Lưu nhật ký chưa đủ.", lines=("log syslog",)),
    finding("LOG-03", "bt-pop1", FAIL, said="Lưu nhật ký chưa đủ.", lines=(INJECTION,)),
    finding("NET-02", "bt-pop1", FAIL, severity="critical", said="Chưa chặn mặc định.", lines=("accept",)),
    finding("SRV-13", "bt-pop1", ERROR, severity="low", said="Không trả lời."),
    finding("NET-15", "nk-cai-khe-ce1", WAIVED, severity="medium", said="Chưa có 802.1X.", waiver=WAIVER),
    finding("NET-15", "nk-an-hoa-ce1", FAIL, severity="medium", said="Chưa có 802.1X.", waiver=ENDED),
    finding("ADM-01", "one-stop", SKIP, kind="system", said="Cấp độ này không yêu cầu."),
)


def told(
    city: City, journal: Journal | None, which: Which | None = None, unit: str = ""
) -> Mapping[str, Any]:
    made = document(sources(city, journal), which or Which(), scope(city.inventory, unit), MADE)
    found: Mapping[str, Any] = json.loads(json.dumps(values(made)))
    return found


def test_the_worst_comes_first_each_with_its_proof(small: SmallCity, journal: Journal) -> None:
    audited(journal, *FOUND)
    tables = told(small.city, journal)["tables"]
    rows = tables["findings"]
    assert [(row["severity"], row["control"], row["object"]) for row in rows] == [
        ("critical", "NET-02", "bt-pop1"),
        ("high", "LOG-03", "nk-pop1"),
        ("high", "LOG-03", "bt-pop1"),
        ("medium", "NET-15", "nk-an-hoa-ce1"),
    ]
    assert rows[1]["lines"] == {"lines": ["frr:1: log syslog"], "more": 0}
    assert rows[1]["reason"]["vi"] == "Lưu nhật ký chưa đủ."
    assert rows[1]["asked"] == {"vi": "90 ngày", "en": "90 days"}
    assert [row["control"] for row in tables["failing"]] == ["NET-02", "LOG-03", "NET-15"]
    assert tables["failing"][1]["objects"] == 2
    assert tables["failing"][1]["title"]["vi"].startswith("Thời gian lưu nhật ký")
    assert tables["failing"][1]["remediation"]["vi"]
    grouped = tables["failing_by_reason"][1]
    assert grouped["objects"] == ["nk-pop1", "bt-pop1"]
    assert grouped["lines"]["lines"] == ["nk-pop1  frr:1: log syslog", f"bt-pop1  frr:1: {INJECTION}"]


def test_verdicts_are_counted_by_law_and_severity(small: SmallCity, journal: Journal) -> None:
    audited(journal, *FOUND)
    value = told(small.city, journal)
    summary = {key: each["value"] for key, each in value["headlines"]["summary"].items()}
    assert summary == {
        "compliance": {"part": 1, "whole": 7},
        "fail": 4,
        "error": 1,
        "waived": 1,
        "severe": 3,
    }
    critical = value["tables"]["by_law"][0]
    assert (critical["law"], critical["severity"], critical["fail"], critical["pass"]) == (
        LAW,
        "critical",
        1,
        1,
    )
    assert value["charts"]["laws"][0]["values"] == {"pass": 1, "waived": 1, "error": 1, "fail": 4}


def test_waivers_have_who_answers_and_until_when(small: SmallCity, journal: Journal) -> None:
    audited(journal, *FOUND)
    tables = told(small.city, journal)["tables"]
    (row,) = tables["waived"]
    assert row["objects"] == ["nk-cai-khe-ce1"]
    assert (row["reason"], row["approver"]) == ("Đang mua sắm", "Nguyễn Văn An, Giám đốc (45/QĐ)")
    assert row["until"] == "2027-03-31"
    (ended,) = tables["expired"]
    assert (ended["objects"], ended["until"]) == (["nk-an-hoa-ce1"], "2026-03-31")


def test_what_was_not_judged_is_said(small: SmallCity, journal: Journal) -> None:
    audited(journal, *FOUND)
    tables = told(small.city, journal)["tables"]
    assert [(row["control"], row["object"]) for row in tables["errors"]] == [("SRV-13", "bt-pop1")]
    (skipped,) = tables["skipped"]
    assert (skipped["control"], skipped["objects"]) == ("ADM-01", 1)
    assert skipped["reason"]["vi"] == "Cấp độ này không yêu cầu."


def test_it_is_compared_with_the_audit_of_the_same_before_it(small: SmallCity, journal: Journal) -> None:
    audited(journal, finding("LOG-03", "nk-pop1", FAIL), finding("NET-02", "nk-pop1", FAIL), name="other")
    audited(journal, finding("LOG-03", "nk-pop1", FAIL), finding("NET-02", "nk-pop1", FAIL))
    audited(journal, *FOUND)
    value = told(small.city, journal)
    assert value["headlines"]["summary"]["fail"] == {"value": 4, "before": 2}
    assert [row["control"] for row in value["tables"]["fresh"]] == ["NET-02", "LOG-03", "NET-15"]
    assert value["tables"]["fresh"][1]["objects"] == ["bt-pop1"]
    assert [row["control"] for row in value["tables"]["mended"]] == ["NET-02"]
    assert [bar["values"]["fail"] for bar in value["charts"]["trend"]] == [2, 4]


def test_the_first_audit_has_nothing_to_be_compared_with(small: SmallCity, journal: Journal) -> None:
    audited(journal, *FOUND)
    value = told(small.city, journal)
    assert value["headlines"]["summary"]["fail"]["before"] is None
    assert value["charts"]["trend"] == value["tables"]["fresh"] == value["tables"]["mended"] == []
    assert {"vi": "Chưa có cuộc kiểm tra tương tự trước đó.", "en": "There is none alike before."} in value[
        "said"
    ]


def test_a_unit_has_its_own_objects_alone(small: SmallCity, journal: Journal) -> None:
    audited(journal, *FOUND)
    value = told(small.city, journal, unit="31117")
    assert value["unit"] == "31117"
    assert value["tables"]["findings"] == []
    assert [row["objects"] for row in value["tables"]["waived"]] == [["nk-cai-khe-ce1"]]
    below = told(small.city, journal, unit="916")["tables"]["findings"]
    assert {row["object"] for row in below} == {"nk-pop1", "nk-an-hoa-ce1"}


def test_an_audit_that_goes_on_says_that_it_is_not_complete(small: SmallCity, journal: Journal) -> None:
    begun = journal.audits.start(Asking("", CONTEXT, (LAW,), "", "abc", 7))
    value = told(small.city, journal, Which(begun.id))
    assert value["said"][0]["vi"] == "Cuộc kiểm tra chưa hoàn thành: đã đánh giá 0/7 đối tượng."
    assert value["said"][1]["vi"] == "7 đối tượng chưa được kiểm tra."
    assert chosen(sources(small.city, journal), Which()) is None


def test_where_nothing_was_audited_the_report_says_so(small: SmallCity, journal: Journal) -> None:
    for kept in (None, journal):
        value = told(small.city, kept)
        assert value["said"] == [
            {"vi": "Chưa có cuộc kiểm tra nào được thực hiện.", "en": "Nothing was audited yet."}
        ]
    audited(journal, *FOUND)
    value = told(small.city, journal, Which(period=period("2020H1")))
    assert value["said"][0]["vi"] == "Trong kỳ không có cuộc kiểm tra nào."
    assert value["subject"]["vi"].endswith("an toàn thông tin mạng 6 tháng đầu năm 2020")


def test_what_nothing_has_is_said_in_a_line(small: SmallCity, journal: Journal) -> None:
    drawn = sources(small.city, journal)
    with pytest.raises(UnknownError, match=r"^there is no audit A2026-01-01-001; "):
        chosen(drawn, Which("A2026-01-01-001"))
    with pytest.raises(UnknownError, match=r"^there is no audit called 'montly'"):
        chosen(drawn, Which(name="montly"))
    audited(journal, *FOUND, name="of old")  # no longer in audits.yaml, and not in the period
    assert chosen(drawn, Which(name="of old", period=period("2020H1"))) is None
    other = journal.audits.start(Asking("", "lab:x", (LAW,), "", "abc", 1))
    with pytest.raises(UnknownError, match=f"^audit {other.id} is of lab:x, and not of live$"):
        chosen(drawn, Which(other.id))


def test_junit_has_a_suite_a_law_and_a_case_a_finding(small: SmallCity, journal: Journal) -> None:
    drawn = sources(small.city, journal)
    audit = audited(journal, *FOUND)
    found = judged(drawn, audit, scope(small.city.inventory, None)).findings
    text = junit.text(audit, found, Naming(drawn.laws, small.city.inventory), "vi")
    (suite,) = ET.fromstring(text)
    counted = {name: suite.get(name) for name in ("name", "tests", "failures", "errors", "skipped")}
    assert counted == {"name": LAW, "tests": "8", "failures": "4", "errors": "1", "skipped": "2"}
    cases = {each.get("name"): each for each in suite}
    failed = next(each for name, each in cases.items() if name and name.startswith("LOG-03 bt-pop1"))
    failure = failed.find("failure")
    assert failure is not None
    assert (failure.get("message"), failure.get("type")) == ("Lưu nhật ký chưa đủ.", "high")
    assert failure.text == f"frr:1: {INJECTION}"
    waived = next(each for name, each in cases.items() if name and "nk-cai-khe-ce1" in name).find("skipped")
    assert waived is not None
    assert waived.get("message") == f"Chưa có 802.1X. [{WAIVER}]"
    assert not [*ET.fromstring(junit.text(None, (), Naming({}, small.city.inventory), "en"))]


def test_a_description_with_html_is_text_on_the_page(small: SmallCity, journal: Journal) -> None:
    audited(journal, *FOUND)
    page = html(document(sources(small.city, journal), Which(), scope(small.city.inventory, ""), MADE), "vi")
    assert "&lt;script&gt;alert(&#34;mô tả&#34;)&lt;/script&gt;" in page
    assert "<script" not in page


def test_a_page_shows_some_lines_of_many_and_counts_the_others(small: SmallCity, journal: Journal) -> None:
    waiting = [f"package-{number}" for number in range(20)]
    audited(journal, finding("SRV-08", "nk-pop1", FAIL, lines=waiting))
    page = html(document(sources(small.city, journal), Which(), scope(small.city.inventory, ""), MADE), "vi")
    assert "package-5" in page
    assert "package-6" not in page
    assert "và 14 dòng nữa" in page


def test_a_threshold_in_words() -> None:
    assert asked("true") is asked("") is None
    assert asked("TLSv1.2") == "TLSv1.2"
    minutes = asked("15m")
    assert minutes is not None
    assert not isinstance(minutes, str)
    assert (minutes.vi, minutes.en) == ("15 phút", "15 minutes")
    day = asked("1d")
    assert day is not None
    assert not isinstance(day, str)
    assert (day.vi, day.en) == ("1 ngày", "1 day")


def test_a_waiver_that_is_kept_otherwise_is_shown_as_it_is() -> None:
    assert waiver("why") == ("why", None, None)
    assert waiver("a · b · c · 2026 → never") == ("a · b", "c", "never")
