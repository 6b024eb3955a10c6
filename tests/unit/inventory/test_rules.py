"""A bad city a rule: exactly these problems, at exactly these places (tests/cases/inventory/bad)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from infra_ctl.errors import InventoryError
from infra_ctl.inventory import load
from infra_ctl.inventory.build import build
from infra_ctl.inventory.files import open_folder
from infra_ctl.inventory.rules import RULES
from infra_ctl.inventory.rules.survey import survey

BAD = sorted((Path(__file__).parents[2] / "cases/inventory/bad").glob("*.yaml"))
Problems = Callable[[], list[str]]


def read(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def break_city(city: Path, edits: dict[str, list[dict[str, str]]]) -> None:
    """Make the edits of a case; each must find what it replaces exactly once."""
    for file, changes in edits.items():
        text = (city / file).read_text(encoding="utf-8")
        for change in changes:
            if "append" in change:
                text += change["append"] + "\n"
            else:
                assert text.count(change["replace"]) == 1, f"{file}: {change['replace']!r}"
                text = text.replace(change["replace"], change["by"])
        (city / file).write_text(text, encoding="utf-8")


def test_the_city_that_the_cases_break_is_sound(problems: Problems) -> None:
    assert problems() == []


@pytest.mark.parametrize("case", BAD, ids=lambda path: path.stem)
def test_problems_and_their_places(case: Path, city: Path, problems: Problems) -> None:
    content = read(case)
    break_city(city, content["edits"])
    assert problems() == content["problems"]


def test_every_rule_is_broken_by_some_case(city: Path) -> None:
    quiet = {rule.__name__ for rule in RULES}
    sound = {path.name: path.read_bytes() for path in city.iterdir()}
    for case in BAD:
        break_city(city, read(case)["edits"])
        draft = build(open_folder(city))
        surveyed = survey(draft)
        quiet -= {rule.__name__ for rule in RULES if any(True for _ in rule(draft, surveyed))}
        for name, data in sound.items():
            (city / name).write_bytes(data)
    assert quiet == set()


def test_problems_are_sorted_and_counted_in_the_text(city: Path) -> None:
    break_city(city, read(next(path for path in BAD if path.stem == "three-at-once"))["edits"])
    with pytest.raises(InventoryError) as caught:
        load(city)
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert lines == sorted(lines)
    assert lines[0].startswith(f"{city}/circuits.csv:12:3: ")
