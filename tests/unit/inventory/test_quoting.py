"""What is said of the city can be shown: the file, the line, and what stands there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from infra_ctl.city import load_city
from infra_ctl.inventory import Inventory, load

Edit = Callable[[str, str, str], None]
ROOT = Path(__file__).parents[3]


def standing(city: Path, file: str, text: str) -> tuple[int, str]:
    """Number and content of the one line of a file that has the text."""
    lines = (city / file).read_text(encoding="utf-8").splitlines()
    found = [(number, line.strip()) for number, line in enumerate(lines, 1) if text in line]
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("asked", "file", "text"),
    [
        (("circuits", "nk-1"), "circuits.csv", "nk-1,"),
        (("sites", "nk-cai-khe", "profile"), "communes.csv", "nk-cai-khe,"),
        (("sites", "dc"), "sites.yaml", "dc: {"),
        (("city", "", "services", "ntp"), "city.yaml", "ntp: ["),
        (("all_units", "2025/31120"), "units.csv", "2025,31120"),
        (("systems", "one-stop", "rto"), "systems.yaml", "rto: 15m"),
        (("rooms", "hall", "number"), "video.yaml", "  hall: {"),
    ],
)
def test_an_object_or_a_value_of_it_is_its_line(
    asked: tuple[str, ...], file: str, text: str, city: Path
) -> None:
    assert load(city).quote(*asked) == (file, *standing(city, file, text))


def test_a_value_that_is_not_written_is_the_line_of_its_object(city: Path) -> None:
    inventory = load(city)
    assert inventory.quote("systems", "one-stop", "front") == inventory.quote("systems", "one-stop")


def test_an_element_of_a_list_by_its_number(city: Path, edit: Edit) -> None:
    edit(
        "holds.yaml",
        "holds: []",
        "holds:\n  - object: nk-pop1\n    effect: drain\n    reason: a\n    until: 2099-01-01",
    )
    assert str(load(city).quote("holds", 1, "until")) == "holds.yaml:5: until: 2099-01-01"


def test_what_a_profile_has_from_another_is_quoted_where_it_is_written(city: Path) -> None:
    inventory = load(city)
    assert inventory.quote("profiles", "commune-dual", "lans") == inventory.quote(
        "profiles", "commune", "lans"
    )


def test_what_was_not_written_has_no_line(city: Path) -> None:
    with pytest.raises(KeyError):
        load(city).quote("circuits", "nk-9")


def test_every_object_of_the_reference_city_is_found_where_it_says(reference: Inventory) -> None:
    for table, records in reference.writing.tables.items():
        for key in records:
            quote = reference.quote(table, key)
            lines = (ROOT / "inventory" / quote.file).read_text(encoding="utf-8").splitlines()
            assert quote.text == (lines[quote.number - 1].strip() if lines else "")


def test_a_prefix_is_quoted_from_the_lock() -> None:
    city = load_city(ROOT / "inventory")
    lines = (ROOT / "inventory/allocations.lock.csv").read_text(encoding="utf-8").splitlines()
    assert len(city.prefixes) > 700
    for key in city.prefixes:
        quote = city.quote(key)
        assert quote.text == lines[quote.number - 1]
