"""Targets of governing documents: data that is whole, and measured by something that there is."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from infra_ctl.inventory.indicators import IMPORTED
from infra_ctl.report.measured import COMPUTED
from infra_ctl.report.targets import Target, mandates

REQUIREMENTS = Path(__file__).parents[2] / "cases/inventory/requirements.csv"
TARGETS = {number: target for mandate in mandates() for number, target in mandate.targets.items()}


def test_documents_come_in_the_order_of_their_days() -> None:
    found = [mandate.document for mandate in mandates()]
    assert found == ["plan-2019", "ipv6-2021", "decision-2021", "tslcd-2026"]


@pytest.mark.parametrize(("number", "target"), TARGETS.items())
def test_a_target_is_measured_by_a_share_that_there_is(number: str, target: Target) -> None:
    assert (target.indicator in COMPUTED) != (target.indicator in IMPORTED)
    if target.indicator in IMPORTED:
        assert IMPORTED[target.indicator].shape == "share"
    assert 0 < target.at_least <= 1


def test_each_target_that_the_documents_name_is_there() -> None:
    lines = (
        line for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    )
    asked = {row["requirement"] for row in csv.DictReader(lines) if row["kind"] == "target"}
    assert asked == {"A01", "A03", "A04"}
    assert asked <= {number.rstrip("abc") for number in TARGETS}


def test_the_figures_of_2019() -> None:
    figures = {number: target.at_least for number, target in TARGETS.items() if not target.ours}
    assert {number: figures[number] for number in ("A01", "A02", "A03", "A04a", "A04b", "A04c", "A05")} == {
        "A01": 1,
        "A02": 0.95,
        "A03": 0.95,
        "A04a": 0.35,
        "A04b": 0.12,
        "A04c": 0.2,
        "A05": 0.5,
    }
    assert {TARGETS[number].by for number in ("A04a", "A04b", "A04c")} == {date(2019, 12, 31)}
