"""Targets of governing documents: data that is whole, and measured by something that there is."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from infra_ctl.errors import InventoryError
from infra_ctl.inventory.indicators import IMPORTED
from infra_ctl.report.compared import judged
from infra_ctl.report.document import words
from infra_ctl.report.mandate import Target
from infra_ctl.report.measure import Measure, share, unmeasured
from infra_ctl.report.measured import COMPUTED
from infra_ctl.report.targets import SHIPPED, mandates, schemas, shipped

REQUIREMENTS = Path(__file__).parents[2] / "cases/inventory/requirements.csv"
DOCS = Path(__file__).parents[3] / "docs/figures.md"
TARGETS = {number: target for mandate in shipped() for number, target in mandate.targets.items()}


def test_documents_come_in_the_order_of_their_days() -> None:
    found = [mandate.document for mandate in shipped()]
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


@pytest.mark.parametrize(
    ("at_least", "measure", "state"),
    [
        (1, share("monitoring", 2, 2), "met"),
        (1, share("monitoring", 2, 2, 140), "incomplete"),
        (1, share("monitoring", 1, 2, 140), "not-met"),
        (0.5, share("imported", 1, 2, 2), "incomplete"),
        (0.5, share("imported", 3, 4, 1), "met"),
        (0.5, share("imported", 1, 5, 1), "not-met"),
        (0.5, unmeasured("audit", words("chưa", "not yet")), "unknown"),
    ],
)
def test_a_part_meets_no_target_of_all(at_least: float, measure: Measure, state: str) -> None:
    target = TARGETS["V01"].model_copy(update={"at_least": at_least, "by": None})
    assert judged(target, measure, date(2026, 12, 31)).code == state


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


OWN = """document: plan-2027
title: {vi: Kế hoạch năm 2027, en: Plan of 2027}
source: The city's own
since: 2027-01-01
targets:
  K01:
    clause: line 3
    text: {vi: 100% máy tính được bảo vệ, en: All computers are protected}
    indicator: computers-protected
    at_least: 100%
    by: 2027-12-31
"""


def written(folder: Path, text: str, name: str = "own.yaml") -> Path:
    (folder / "targets").mkdir(exist_ok=True)
    (folder / "targets" / name).write_text(text, encoding="utf-8")
    return folder


def test_a_city_adds_documents_and_puts_one_in_the_place_of_ours(tmp_path: Path) -> None:
    assert mandates(tmp_path) == shipped()
    found = mandates(written(tmp_path, OWN))
    assert [each.document for each in found] == [*(each.document for each in shipped()), "plan-2027"]
    gone = mandates(written(tmp_path, OWN.replace("plan-2027", "plan-2019")))
    assert [each.document for each in gone] == ["ipv6-2021", "decision-2021", "tslcd-2026", "plan-2019"]
    assert set(gone[-1].targets) == {"K01"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "computers-protected",
            "computer-protected",
            "9:16: no share is called 'computer-protected' (did you mean",
        ),
        ("computers-protected", "computers", "9:16: no share is called 'computers'"),
        ("at_least: 100%", "at_least: 0%", "10:15: '0%' must be more than 0"),
        ("at_least: 100%", "at_least: much", "10:15: 'much' must be a ratio such as 0.1% or 0.001"),
        ("K01:", "first:", "6:3: 'first' must be letters and a number, such as A05 or B16"),
        ("source: The city's own\n", "", "1:1: 'source' is missing"),
        ("    clause: line 3\n", "    claus: line 3\n", "6:3: 'clause' is missing"),
        ("2027-12-31", "2027-13-31", "11:9: '2027-13-31'"),
        ("document: plan-2027", "- x", "2:1: is not YAML"),
    ],
)
def test_what_is_wrong_has_its_place(old: str, new: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InventoryError) as caught:
        mandates(written(tmp_path, OWN.replace(old, new)))
    assert f"{caught.value}".startswith(f"{tmp_path}/targets/own.yaml:{said}")


def test_what_is_no_document_is_not_overlooked(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match=r"own\.yml:0:0: is not read: documents are \.yaml files"):
        mandates(written(tmp_path, OWN, "own.yml"))


def test_the_schema_knows_our_own_documents_and_no_other_keys() -> None:
    (schema,) = schemas().values()
    reader = YAML(typ="safe")
    for path in SHIPPED.glob("*.yaml"):
        document = json.loads(json.dumps(reader.load(path.read_text(encoding="utf-8")), default=str))
        jsonschema.validate(document, schema)
        with pytest.raises(jsonschema.ValidationError, match="colour"):
            jsonschema.validate({**document, "colour": "red"}, schema)


def test_every_computed_indicator_is_in_the_docs() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for name, each in COMPUTED.items():
        assert f"| `{name}` |" in text
        assert f"| {each.title.en} |\n" in text
