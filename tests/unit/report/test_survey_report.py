"""The survey of what there is, with and without what the procedure found on machines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from infra_ctl.city import City
from infra_ctl.errors import UnusableError
from infra_ctl.inventory import Inventory
from infra_ctl.inventory.models import Asset
from infra_ctl.report.page import html
from infra_ctl.report.survey import document
from infra_ctl.report.surveyed import Machine, Surveyed, surveyed
from infra_ctl.report.values import values
from infra_ctl.report.wanted import Sources, Wanted
from tests.unit.report.by_hand import HALF, MADE, of, readings, small

FOUND = {
    "name": "nk-cai-khe-ce1",
    "state": "surveyed",
    "serial": "R3-1",
    "installed": "2021-05-04",
    "processors": "2",
    "memory_mb": "2048",
    "disk_gb": 16,
    "disk_free_percent": 60,
    "os": "Debian 10",
    "frr": "8.4.4",
    "supported_until": "2024-06-30",
    "supported": "False",
    "ipv6_default": True,
    "ipv4_only_ports": [22],
}
OFF = {"name": "nk-an-hoa-ce1", "state": "not reached"}


def told(code: str | None, found: Surveyed, inventory: Inventory | None = None) -> Mapping[str, Any]:
    city = inventory or small()
    wanted = Wanted(HALF, of(city, code), MADE)
    report = document(Sources(City(city, {}), "live", None), wanted, readings(city), found)
    html(report, "vi")
    html(report, "en")
    answer: Mapping[str, Any] = json.loads(json.dumps(values(report)))
    return answer


def read(tmp_path: Path, *rows: Mapping[str, object]) -> Surveyed:
    folder = tmp_path / "survey"
    folder.mkdir()
    (folder / "survey.json").write_text(json.dumps(rows), encoding="utf-8")
    return surveyed(tmp_path)


def test_without_a_survey_age_and_capacity_are_not_made_up(tmp_path: Path) -> None:
    none = surveyed(tmp_path)
    assert none == Surveyed()
    report = told("31117", none)
    assert list(report["tables"]["machines"][0]) == [
        *("machine", "kind", "role", "serial", "location", "support_end"),
    ]
    assert any("procedure run survey" in said["en"] for said in report["said"])


def test_what_the_procedure_found_stands_beside_what_is_written(tmp_path: Path) -> None:
    asset = Asset(machine="nk-cai-khe-ce1", location="Tủ mạng", support_end=date(2026, 6, 30))
    city = small().model_copy(update={"assets": {"nk-cai-khe-ce1": asset}})
    (row,) = told("31117", read(tmp_path, FOUND, OFF), city)["tables"]["machines"]
    assert (row["serial"], row["location"]) == ("R3-1", "Tủ mạng")
    assert row["support_end"] == "2026-06-30"
    assert (row["os"], row["os_support"]) == ("Debian 10, FRR 8.4.4", "2024-06-30")
    assert row["installed"] == "2021-05-04"
    assert row["capacity"] == "2 CPU, 2048 MB RAM, 16 GB"


def test_a_roll_up_counts_machines_and_names_those_that_nobody_mends(tmp_path: Path) -> None:
    tables = told("916", read(tmp_path, FOUND, OFF))["tables"]
    routers = next(row for row in tables["machine-counts"] if row["kind"] == "router")
    assert (routers["count"], routers["surveyed"], routers["software"]) == (3, 1, 1)
    assert routers["systems"] == ["Debian 10"]
    assert [row["machine"] for row in tables["ended"]] == ["nk-cai-khe-ce1"]
    assert len(tables["machines"]) == 3  # for programs


def test_a_roll_up_has_what_each_unit_has_and_their_sum() -> None:
    rows = {row["unit"]: row for row in told(None, Surveyed())["tables"]["units"]}
    total = rows.pop("total")
    for column in ("sites", "routers", "hosts", "circuits", "mbps", "dual", "rooms", "systems"):
        assert sum(row[column] for row in rows.values()) == total[column], column
    assert (total["sites"], total["rooms"], total["circuits"]) == (8, 5, 11)
    assert rows["31117"]["computers"]["imported"] == total["computers"]["imported"] == 25
    assert rows["31120"]["computers"] == "not-measured"


def test_circuits_are_added_up_by_class() -> None:
    rows = {row["class"]: row for row in told(None, Surveyed())["tables"]["classes"]}
    assert {name: (row["circuits"], row["mbps"]) for name, row in rows.items()} == {
        "tslcd-1": (3, 3000),
        "tslcd-2": (4, 350),
        "leased": (3, 2000),
        "internet-vpn": (1, 20),
    }


BAD = ["", "{}", '[{"name": "a"}]', '[{"name": "a", "state": "x", "disk_gb": "much"}]']


@pytest.mark.parametrize("content", BAD)
def test_a_damaged_survey_is_one_clear_line(content: str, tmp_path: Path) -> None:
    (tmp_path / "survey").mkdir()
    (tmp_path / "survey/survey.json").write_text(content, encoding="utf-8")
    with pytest.raises(UnusableError, match=r"survey\.json is not what the procedure survey writes: [^\n]*$"):
        surveyed(tmp_path)


def test_a_survey_has_its_time_and_days_that_are_none(tmp_path: Path) -> None:
    found = read(tmp_path, {**FOUND, "supported_until": "unknown", "installed": ""})
    assert found.at is not None
    machine: Machine = found.machines["nk-cai-khe-ce1"]
    assert (machine.supported_until, machine.installed) == (None, None)
