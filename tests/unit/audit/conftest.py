"""The reference city, for what is judged of a whole one."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra_ctl.city import City, load_city


@pytest.fixture(scope="session")
def reference() -> City:
    """The city of Cần Thơ."""
    return load_city(Path(__file__).parents[3] / "inventory")
