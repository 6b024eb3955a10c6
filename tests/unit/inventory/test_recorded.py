"""Records as they come out of good files, and those of days that are still to come."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from infra_ctl.inventory import Inventory, load
from infra_ctl.inventory.ahead import ahead
from infra_ctl.inventory.fields import VIETNAM
from infra_ctl.inventory.recorded import OF, SAID, Statement

Edit = Callable[[str, str, str], None]


def test_records_are_of_what_they_list(city: Path) -> None:
    records = load(city).records
    assert records is not None
    assert [(each.kind, each.of) for each in records] == [
        ("drill", ("can-tho",)),
        ("scan", ("one-stop", "portal")),
        ("spare-plan", ("dc",)),
    ]


def test_a_statement_says_what_is_written_and_nothing_else(city: Path) -> None:
    assert [each.says for each in load(city).statements] == [{"idle": 900, "tries": 5}, {"dmarc": "reject"}]


def test_no_is_said_too() -> None:
    said = Statement(of=("can-tho",), date="2026-07-08", by="a", title="b", gateway=False, tries=0)  # type: ignore[arg-type]
    assert said.says == {"gateway": False, "tries": 0}


def test_everything_that_can_be_said_has_its_object() -> None:
    fields = Statement.model_fields.items()
    own = {field.alias or name for name, field in fields if not field.is_required()}
    assert own - {"number", "until"} == set(SAID)
    assert set(OF.values()) == {"city", "site", "system"}


def test_a_list_that_nobody_wrote_is_not_an_empty_one(city: Path) -> None:
    (city / "records.yaml").write_text("records: []\n", encoding="utf-8")
    written = load(city)
    assert (written.records, written.incidents, written.statements) == ((), None, ())
    (city / "records.yaml").unlink()
    assert load(city).records is None


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("date: 2020-06-18", "date: 2026-11-28", "records.yaml:2:40"),
        ("of: [one-stop], date: 2020-07-08", "of: [one-stop], date: 2026-11-28", "records.yaml:8:28"),
        ("notified: 2020-03-12 15:05", "notified: 2026-11-27 08:01", "records.yaml:6:88"),
        (
            "Kiểm kê của phường,2026-11-18,so-tttt\n2025",
            "Kiểm kê của phường,2026-11-28,so-tttt\n2025",
            "figures.csv:3:8",
        ),
    ],
)
def test_nobody_has_done_what_is_to_come(old: str, new: str, place: str, city: Path, edit: Edit) -> None:
    now = datetime(2026, 11, 27, 8, 0, tzinfo=VIETNAM)
    assert list(ahead(load(city), now)) == []
    edit(place.partition(":")[0], old, new)
    assert [str(each).removeprefix(f"{city}/") for each in ahead(load(city), now)] == [
        f"{place}: this is still to come"
    ]


def test_the_example_of_the_docs_is_taken(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    folder = Path(shutil.copytree(root / "inventory", tmp_path / "inventory"))
    example = (root / "docs/records.md").read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    (folder / "records.yaml").write_text(example, encoding="utf-8")
    inventory = load(folder)
    counts = [len(inventory.records or ()), len(inventory.incidents or ()), len(inventory.statements)]
    assert counts == [3, 1, 2]


def test_the_reference_city_has_a_record_of_each_kind(reference: Inventory) -> None:
    assert {each.kind for each in reference.records or ()} == set(OF)
    assert {name for each in reference.statements for name in each.says} == set(SAID)
