"""The reference city, read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra_ctl.city import City, load_city


@pytest.fixture(scope="session")
def city() -> City:
    return load_city(Path(__file__).parents[3] / "inventory")
