"""A small city to break, and the reference one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from infra_ctl.errors import InventoryError
from infra_ctl.inventory import Inventory, load

ROOT = Path(__file__).parents[3]
CASES = ROOT / "tests/cases/inventory"
Edit = Callable[[str, str, str], None]


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """A copy of the small city."""
    return Path(shutil.copytree(CASES / "city", tmp_path / "city"))


@pytest.fixture
def edit(city: Path) -> Edit:
    """Replace a text that stands once in a file of the small city."""

    def replace(file: str, old: str, new: str) -> None:
        text = (city / file).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        (city / file).write_text(text.replace(old, new), encoding="utf-8")

    return replace


@pytest.fixture
def problems(city: Path) -> Callable[[], list[str]]:
    """What is wrong with the small city, files named as in its folder."""

    def found() -> list[str]:
        try:
            load(city)
        except InventoryError as error:
            return [str(problem).replace(f"{city}/", "") for problem in error.problems]
        return []

    return found


@pytest.fixture(scope="session")
def reference() -> Inventory:
    """The city of Cần Thơ."""
    return load(ROOT / "inventory")


@pytest.fixture(scope="session")
def cases() -> Path:
    """The folder of this room's cases."""
    return CASES
