"""`infra-ctl report`: its forms, where they go, and what is said of what cannot be had."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra_ctl.cli.exits import Exit
from infra_ctl.report.sheet import BOM
from tests.unit.cli.conftest import Command
from tests.unit.cli.test_completion import offered

REPORTS = ("audit", "changes", "yearly")


@pytest.mark.parametrize("report", REPORTS)
def test_an_empty_period_is_a_report_and_no_error(infra_ctl: Command, report: str) -> None:
    said = infra_ctl("report", report, "--period", "2020", "-f", "json")
    assert said.code == Exit.DONE
    assert said.json["period"]["name"] == "2020"
    assert any(each["vi"].startswith("Trong kỳ không có") for each in said.json["said"])


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--period", "2026H3"), "there is no period '2026H3': 2026 is a year, 2026H2 a half of it"),
        (("--unit", "31118"), "there is no unit '31118' in edition 2021 (did you mean '31180'?)"),
        (
            ("--unit", "Cái Khế"),
            "there is no unit 'Cái Khế' in edition 2021 (did you mean 31117, Phường Cái Khế?)",
        ),
        (("-o", "nowhere/x.html"), "nowhere/x.html: there is no folder"),
        (("-o", "x.xlsx"), "x.xlsx: '.xlsx' is no form of a report: -f says which, of html, pdf, csv, json"),
    ],
)
def test_what_there_is_not_is_said_in_a_line(
    infra_ctl: Command, report: str, options: tuple[str, ...], words: str
) -> None:
    said = infra_ctl("report", report, *options)
    assert said.code == Exit.USAGE
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert said.err.startswith(f"error: {words}")


def test_the_form_is_what_was_asked_or_what_the_file_is_called(infra_ctl: Command, tmp_path: Path) -> None:
    page = infra_ctl("report", "changes")
    assert page.out.startswith("<!doctype html>\n")
    for name, begins in (
        ("x.html", b"<!doctype html>"),
        ("x.pdf", b"%PDF-"),
        ("x.csv", f"{BOM}Tình hình chung\r\n".encode()),
        ("x.json", b'{\n  "form": 1,'),
        ("x", b"<!doctype html>"),
    ):
        file = tmp_path / name
        said = infra_ctl("report", "changes", "-o", str(file))
        assert (said.code, said.out) == (Exit.DONE, f"saved  {file}\n")
        assert file.read_bytes().startswith(begins)
    infra_ctl("report", "changes", "-f", "csv", "-o", str(tmp_path / "y.html"))
    assert (tmp_path / "y.html").read_bytes().startswith(BOM.encode())
    assert sorted(each.name for each in tmp_path.glob(".*")) == []


def test_a_sheet_without_tables_has_what_is_said(infra_ctl: Command) -> None:
    said = infra_ctl("report", "audit", "--period", "2020", "-f", "csv")
    assert said.out.startswith(f"{BOM}Trong kỳ không có")


def test_a_link_is_written_through_and_stays(infra_ctl: Command, tmp_path: Path) -> None:
    link, file = tmp_path / "x.csv", tmp_path / "elsewhere"
    link.symlink_to(file)
    assert infra_ctl("report", "changes", "-o", str(link)).code == Exit.DONE
    assert (link.is_symlink(), file.read_bytes().startswith(BOM.encode())) == (True, True)


def test_output_json_is_the_report_or_where_it_was_put(infra_ctl: Command, tmp_path: Path) -> None:
    assert infra_ctl("report", "changes", "--output", "json").json["report"] == "changes"
    file = tmp_path / "x.pdf"
    put = infra_ctl("report", "changes", "--output", "json", "-o", str(file)).json
    assert put == {"file": str(file), "form": "pdf", "bytes": file.stat().st_size}


def test_junit_is_of_audits_alone(infra_ctl: Command) -> None:
    said = infra_ctl("report", "changes", "-f", "junit")
    assert said.code == Exit.USAGE
    assert "junit is a form of `report audit` alone" in said.err
    assert infra_ctl("report", "audit", "-f", "junit").out.splitlines()[1] == '<testsuites name="" />'


def test_an_audit_is_reported_by_its_id_or_name(infra_ctl: Command) -> None:
    assert infra_ctl("audit", "nk-pop1", "--law", "tslcd-2026").code == Exit.FOUND
    value = infra_ctl("report", "audit", "-f", "json").json
    audit = {row["what"]: row["value"] for row in value["tables"]["audit"]}
    assert (audit["laws"]["en"], audit["where"]) == (
        "Circular 06/2026/TT-BKHCN: the private data network of Party and State",
        "nk-pop1",
    )
    assert value["tables"]["errors"]
    again = infra_ctl("report", "audit", audit["id"], "-f", "json").json
    assert again["tables"] == value["tables"]
    unknown = infra_ctl("report", "audit", "A2020-01-01-001")
    assert (unknown.code, unknown.err.count("\n")) == (Exit.USAGE, 1)
    both = infra_ctl("report", "audit", audit["id"], "--name", "x")
    assert (both.code, "AUDIT says which one" in both.err) == (Exit.USAGE, True)
    named = infra_ctl("report", "audit", "--name", "x")
    assert named.err == "error: there is no audit called 'x'\n"
    assert offered("report", "audit", "A20") == [audit["id"]]


def test_the_language_is_vietnamese_unless_another_is_asked_for(infra_ctl: Command) -> None:
    assert "Báo cáo" in infra_ctl("report", "changes").out
    english = infra_ctl("report", "changes", "--language", "en").out
    assert "Independence - Freedom - Happiness" in english
    assert "Báo cáo" not in english


def test_the_folder_of_templates_is_the_citys(infra_ctl: Command, tmp_path: Path) -> None:
    folder = tmp_path / "ours/report"
    folder.mkdir(parents=True)
    (folder / "document.html.j2").write_text("{{ document.kind }}!")
    assert infra_ctl("report", "changes", "--templates", str(folder.parent)).out == "changes!"
    (folder / "document.html.j2").write_text("{% if %}")
    said = infra_ctl("report", "changes", "--templates", str(folder.parent))
    assert (said.code, said.err.count("\n")) == (Exit.USAGE, 1)
    assert "a template is broken" in said.err


def test_units_and_periods_are_offered(infra_ctl: Command) -> None:
    infra_ctl("check")
    assert offered("report", "changes", "--unit", "31") == ["31117", "31120", "31180"]
    assert all(name.startswith("20") for name in offered("report", "changes", "--period", "20"))


def test_a_file_that_cannot_be_written_leaves_nothing(infra_ctl: Command, tmp_path: Path) -> None:
    folder = tmp_path / "x.html"
    folder.mkdir()
    said = infra_ctl("report", "changes", "-o", str(folder))
    assert said.code == Exit.USAGE
    assert json.dumps(said.err).count("Traceback") == 0
