"""`infra-ctl report half-year` and `survey`: of a ward, of the city, of nothing, of no such Prometheus."""

from __future__ import annotations

import pytest

from infra_ctl.cli.exits import Exit
from tests.unit.cli.conftest import Command

REPORTS = ("half-year", "survey")


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("unit", [(), ("--unit", "31117")])
def test_a_report_of_nothing_is_a_report(infra_ctl: Command, report: str, unit: tuple[str, ...]) -> None:
    said = infra_ctl("report", report, "--period", "2020H1", *unit, "-f", "json")
    assert said.code == Exit.DONE
    assert (said.json["report"], said.json["period"]["name"]) == (report, "2020H1")
    assert said.json["unit"] == (unit[1] if unit else None)


@pytest.mark.parametrize("report", REPORTS)
def test_the_half_year_of_today_is_meant_without_a_period(infra_ctl: Command, report: str) -> None:
    assert infra_ctl("report", report, "-f", "json").json["period"]["name"][4] == "H"


@pytest.mark.parametrize(("period", "half"), [("2026", "H1"), ("2026Q3", "H2"), ("2026-06", "H1")])
def test_a_half_year_is_half_a_year(infra_ctl: Command, period: str, half: str) -> None:
    said = infra_ctl("report", "half-year", "--period", period, "-f", "json")
    assert (said.code, said.out) == (Exit.USAGE, "")
    meant = f"error: a half-year report is of half a year, such as 2026{half}, and not of {period}"
    assert said.err.splitlines() == [meant]


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--period", "2026H3"), "there is no period '2026H3'"),
        (("--unit", "31118"), "there is no unit '31118' in edition 2021"),
        (("--prometheus", "nowhere"), "'nowhere' is no address of a Prometheus"),
    ],
)
def test_what_there_is_not_is_said_in_a_line(
    infra_ctl: Command, report: str, options: tuple[str, ...], words: str
) -> None:
    said = infra_ctl("report", report, *options)
    assert said.code == Exit.USAGE
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert said.err.startswith(f"error: {words}")


def test_a_prometheus_that_does_not_answer_is_a_cause_and_no_error(infra_ctl: Command) -> None:
    said = infra_ctl("report", "half-year", "--prometheus", "http://127.0.0.1:1", "-f", "html")
    assert said.code == Exit.DONE
    assert "Prometheus không trả lời (http://127.0.0.1:1 does not answer: Connection refused)" in said.out
