"""Figures, signers and remarks as they come out of their files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from infra_ctl.inventory import Inventory, load
from infra_ctl.inventory.indicators import IMPORTED
from infra_ctl.inventory.reporting import first_day

DOCS = Path(__file__).parents[3] / "docs"


def test_figures_keep_their_edition(city: Path) -> None:
    figures = load(city).figures
    assert [(each.edition, each.unit, each.value, each.of) for each in figures] == [
        ("2021", "92", 120, 400),
        ("2021", "31117", 25, None),
        ("2025", "31120", 31, None),
    ]
    assert figures[0].source == "Báo cáo tổng hợp, quý IV"


def test_a_city_needs_neither_file(city: Path) -> None:
    for name in ("figures.csv", "reports.yaml"):
        (city / name).unlink()
    inventory = load(city)
    assert (inventory.figures, dict(inventory.issuers), inventory.remarks) == ((), {}, ())


def test_a_remark_keeps_its_diacritics(city: Path) -> None:
    assert load(city).remarks[0].difficulties == ("Thiếu cán bộ chuyên trách.",)


def test_a_paragraph_is_one_line_and_no_book(city: Path, problems: Callable[[], list[str]]) -> None:
    remark = '{edition: "2021", unit: "92", period: "2026", proposals: ['
    (city / "reports.yaml").write_text(
        f'remarks:\n  - {remark}"a\\nb"]}}\n  - {remark}{"x" * 2001}]}}\n', encoding="utf-8"
    )
    said = problems()
    assert said[0].endswith("must be one line of text")
    assert said[1].endswith("is longer than 2000 characters")


@pytest.mark.parametrize(
    ("period", "day"),
    [("2026", date(2026, 1, 1)), ("2026H1", date(2026, 1, 1)), ("2026H2", date(2026, 7, 1))],
)
def test_the_first_day_of_a_period(period: str, day: date) -> None:
    assert first_day(period) == day


def test_every_indicator_is_in_the_docs_and_in_both_languages() -> None:
    text = (DOCS / "figures.md").read_text(encoding="utf-8")
    for name, indicator in IMPORTED.items():
        assert f"| `{name}` | {indicator.shape} | {indicator.of('en')} |\n" in text
        assert indicator.of("vi") != indicator.of("en")


def test_the_reference_city_has_figures_of_both_halves_and_of_the_year(reference: Inventory) -> None:
    assert {each.period for each in reference.figures} == {"2026", "2026H1", "2026H2"}
    assert {each.indicator for each in reference.figures} <= set(IMPORTED)
