"""Which worker takes what: a file that is missing in its lab's lot would boot that lab a second time."""

from __future__ import annotations

import re
from pathlib import Path

from tests.conftest import LOTS, lot

LIVE = Path(__file__).parents[1] / "lab"


def given(text: str) -> str | None:
    """Which lab a file's fixtures give it; one that is given both sites calls them `city` in its tests."""
    if re.search(r"\bsites: Sites\b", text):
        return "both sites"
    tests = re.findall(r"^def test_\w+\([^)]*\)", text, re.MULTILINE)
    return "a slice of the city" if re.search(r"\b(city|deployed): ", " ".join(tests)) else None


def test_every_file_that_is_given_a_lab_is_in_its_lot() -> None:
    wanted = {
        file.stem: found
        for file in LIVE.glob("test_*.py")
        if (found := given(file.read_text(encoding="utf-8"))) is not None
    }
    assert wanted == {name: lab for lab, names in LOTS.items() for name in names}


def test_what_is_in_no_lot_is_one_by_itself() -> None:
    assert lot("tests/lab/test_twin.py::test_up[1]") == "tests/lab/test_twin.py"
    assert lot("tests/lab/test_life_live.py::test_x") == lot("tests/lab/test_backup_live.py::test_y")
