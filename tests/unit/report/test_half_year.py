"""The half-yearly report: the numbers of a city made by hand, read back from its JSON and its page."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from infra_ctl.city import City
from infra_ctl.inventory.reporting import Issuer, Remark
from infra_ctl.report.document import Document
from infra_ctl.report.half_year import document
from infra_ctl.report.page import html
from infra_ctl.report.readings import Monitored, Readings, Seen
from infra_ctl.report.sheet import text
from infra_ctl.report.targets import shipped
from infra_ctl.report.values import values
from infra_ctl.report.wanted import Sources, Wanted
from tests.unit.report.by_hand import CHANGES, HALF, MADE, nothing, of, readings, small

JSON = Mapping[str, Any]


def written(code: str | None, now: Readings, before: Readings | None = None) -> Document:
    inventory = now.inventory
    sources = Sources(City(inventory, {}), "live", None, mandates=shipped())
    earlier = before or replace(nothing(inventory), period=HALF.before)
    return document(sources, Wanted(HALF, of(inventory, code), MADE), now, earlier)


def told(report: Document) -> JSON:
    found: JSON = json.loads(json.dumps(values(report)))
    return found


@cache
def ward() -> JSON:
    return told(written("31117", readings(small())))


@cache
def city() -> JSON:
    return told(written(None, readings(small())))


def rows(report: JSON, table: str, key: str) -> Mapping[str, JSON]:
    return {str(row[key]): row for row in report["tables"][table]}


def test_a_ward_has_its_own_site_circuits_and_room() -> None:
    site, circuits = rows(ward(), "sites", "site"), rows(ward(), "circuits", "circuit")
    assert set(site) == {"nk-cai-khe"}
    assert site["nk-cai-khe"]["directions"]["en"] == "north, south"
    assert set(circuits) == {"nk-cai-khe-1", "nk-cai-khe-2"}
    assert (circuits["nk-cai-khe-1"]["available"], circuits["nk-cai-khe-2"]["load"]) == (0.9995, 0.2)
    assert rows(ward(), "rooms", "room")["nk-cai-khe-room"]["available"] == "not-measured"


def test_a_place_and_numbers_are_written_as_within_a_sentence() -> None:
    assert " tại phường Cái Khế 6 tháng" in ward()["subject"]["vi"]
    assert (
        " tại Sở Thông tin và Truyền thông 6 tháng"
        in told(written("so-tttt", readings(small())))["subject"]["vi"]
    )
    inventory = small()
    wide = {key: each.model_copy(update={"mbps": 1000}) for key, each in inventory.circuits.items()}
    now = readings(inventory.model_copy(update={"circuits": wide}))
    (counted, *_) = told(written(None, now))["said"]
    assert f"tổng băng thông {len(wide)}.000 Mbit/s" in counted["vi"]
    assert f"circuits {len(wide)} ({len(wide)},000 Mbit/s together)" in counted["en"]
    assert all(each.en[12:].startswith(("the ", "circular ")) for each in written(None, now).grounds[1:])


@pytest.mark.parametrize(
    ("days", "is_said"), [(183.2, False), (181.5, False), (181.1, True), (3.4, True), (0, False)]
)
def test_of_how_much_of_the_period_monitoring_knows(days: float, is_said: bool) -> None:
    """The half year has had 182 days and a few hours when the report is made."""
    now = readings(small())
    seen = {"circuits-available": {"nk-1": Seen(1, 1), "nk-cai-khe-1": Seen(1, days)}} if days else {}
    said = [each["en"] for each in told(written(None, replace(now, monitored=Monitored(seen))))["said"]]
    told_so = f"Monitoring has figures of {round(days)} days of the 182 of the period."
    assert (told_so in said) == is_said
    assert any("Monitoring has" in each for each in said) == is_said


def test_a_wards_headlines() -> None:
    headlines = ward()["headlines"]["summary"]
    assert headlines["sites-conforming"]["value"] == {"part": 1, "whole": 1}
    assert headlines["controls-passed"]["value"] == {"part": 2, "whole": 4}
    assert headlines["changes"] == {"value": 2, "before": None}
    assert "systems-approved" not in headlines  # it owns none


def test_targets_stand_beside_what_was_measured() -> None:
    targets = rows(city(), "targets", "target")
    assert (targets["A05"]["at_least"], targets["A05"]["measured"]) == (0.5, {"part": 1, "whole": 3})
    assert targets["A05"]["state"] == "not-met"
    assert targets["V01"]["by"] == "2025-12-31"
    assert (targets["V01"]["measured"], targets["V01"]["state"]) == ({"part": 5, "whole": 8}, "overdue")
    assert targets["A10"]["state"] == "met"
    assert (targets["A01"]["measured"], targets["A01"]["state"]) == ("not-measured", "unknown")


def test_an_imported_figure_is_marked_with_its_source() -> None:
    figure = rows(city(), "targets", "target")["A04c"]
    assert figure["origin"] == "imported"
    assert figure["measured"]["imported"] == {"part": 120, "whole": 400}
    assert "Báo cáo tổng hợp, quý IV, 20/11/2026" in figure["measured"]["source"]
    assert figure["state"] == "met"


def test_what_is_of_the_whole_city_is_no_wards_target() -> None:
    assert "A01" in rows(city(), "targets", "target")
    assert {"A01", "A02", "A04a"} & set(rows(ward(), "targets", "target")) == set()


def test_a_roll_up_has_a_row_a_unit_and_their_sum() -> None:
    units = rows(city(), "units", "unit")
    assert list(units) == ["92", "so-tttt", "916", "31117", "31120", "918", "31180", "total"]
    for indicator in ("bandwidth", "changes"):
        own = [row[indicator] for code, row in units.items() if code != "total"]
        assert sum(own) == units["total"][indicator]
    for part in ("part", "whole"):
        own = [row["sites-dual"][part] for row in units.values() if isinstance(row["sites-dual"], dict)]
        assert sum(own[:-1]) == own[-1]


def test_units_without_data_are_named_with_the_cause() -> None:
    lacking = rows(city(), "lacking", "indicator")
    assert lacking["sites-conforming"]["units"] == [
        *("Sở Thông tin và Truyền thông", "Quận Bình Thủy", "Phường Long Hòa"),
    ]
    assert lacking["sites-conforming"]["cause"]["en"] == "there was no audit in the period"


def test_what_fails_is_quoted_and_what_is_waived_listed() -> None:
    assert set(rows(ward(), "failed", "control")) == {"NET-09"}
    assert set(rows(city(), "failed", "control")) == {"NET-09", "STD-02"}
    assert [row["objects"] for row in city()["tables"]["waived"]] == [["nk"]]


def test_changes_have_their_reasons_and_no_machine_of_another_unit() -> None:
    changes = rows(ward(), "changes", "run")
    assert set(changes) == {"2026-11-20-001", "2026-11-20-002"}
    assert changes["2026-11-20-001"]["machines"] == ["nk-cai-khe-ce1"]
    assert changes["2026-11-20-001"]["reason"] == "IPv6"


def test_the_period_before_stands_beside_this_one() -> None:
    inventory = small()
    before = replace(readings(inventory), period=HALF.before, changes=CHANGES[:1])
    trend = rows(told(written("31117", readings(inventory), before)), "trend", "indicator")
    assert (trend["changes"]["before"], trend["changes"]["now"]) == (1, 2)
    assert trend["changes"]["difference"]["en"] == "+1"
    assert trend["changes-explained"]["difference"]["vi"] == "-50 điểm %"
    assert trend["controls-passed"]["difference"] == "unchanged"
    assert "sites-dual" not in trend  # the inventory is of now


def test_an_empty_period_says_so_everywhere() -> None:
    for code in (None, "31117"):
        report = written(code, nothing(small()))
        found, page = told(report), html(report, "vi")
        headlines = found["headlines"]["summary"]
        assert headlines["controls-passed"]["value"] == "not-measured"
        assert headlines["changes"]["value"] == "not-measured"
        assert found["tables"]["changes"] == []
        assert "Trong kỳ chưa có đợt kiểm tra nào." in page
        assert "chưa có nhật ký" in page


def test_a_period_that_runs_says_that_it_has_not_ended() -> None:
    running = replace(readings(small()), made=HALF.since)
    assert "Kỳ báo cáo chưa kết thúc" in html(written("31117", running), "vi")
    assert "Kỳ báo cáo chưa kết thúc" not in html(
        written("31117", replace(readings(small()), made=HALF.until)), "vi"
    )


def test_it_is_a_letter_that_an_official_can_sign() -> None:
    inventory = small()
    issuers = {"92": Issuer(by="so-tttt"), "31117": Issuer(signer="Nguyễn Văn Thành")}
    remark = Remark(
        edition="2021", unit="31117", period="2026H2", number="35", difficulties=("Thiếu <b>cán bộ</b>.",)
    )
    signed = inventory.model_copy(update={"issuers": issuers, "remarks": (remark,)})
    page = html(written("31117", readings(signed)), "vi")
    for words in (
        "Cộng hòa xã hội chủ nghĩa Việt Nam",
        "Độc lập - Tự do - Hạnh phúc",
        "Ủy ban nhân dân phường Cái Khế",
        "Sở Thông tin và Truyền thông",
        "6 tháng cuối năm 2026",
        "Căn cứ Quyết định ngày 29/01/2021",
        "Nơi nhận:",
        "TM. Ủy ban nhân dân",
        "Nguyễn Văn Thành",
        "Thiếu &lt;b&gt;cán bộ&lt;/b&gt;.",
        "./.",
    ):
        assert words in page
    assert "<b>cán" not in page


def test_a_roll_up_has_what_the_units_have_to_say() -> None:
    voices = rows(city(), "voices", "unit")
    assert set(voices) == {"31117"}
    assert voices["31117"]["difficulties"] == "Thiếu cán bộ chuyên trách."
    assert "voices" not in ward()["tables"]
    assert any(said["vi"] == "Thiếu cán bộ chuyên trách." for said in ward()["said"])


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("code", [None, "916", "31117"])
def test_every_word_is_there_in_both_languages_and_composed(code: str | None, language: Any) -> None:
    report = written(code, readings(small()))
    for said in (html(report, language), text(report, language)):
        assert unicodedata.is_normalized("NFC", said)
        assert "Words(" not in said
        assert "None" not in said.replace("None.", "")


def test_a_report_of_the_department_that_collects_goes_to_the_city() -> None:
    collecting = small().model_copy(update={"issuers": {"92": Issuer(by="so-tttt")}})
    assert written("so-tttt", readings(collecting)).head.to == ("Ủy ban nhân dân thành phố Cần Thơ",)
    assert written("31120", readings(collecting)).head.to == ("Sở Thông tin và Truyền thông",)
