"""The small city and the reference one, and ways to change a city that is already loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from infra_ctl.intent import DeviceIntent, allocate, build
from infra_ctl.inventory import Inventory, load
from infra_ctl.inventory.models import Stage

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def small() -> Inventory:
    """Thirteen devices; nk-an-hoa is at stage none, bt and bt-long-hoa at addressed, the others at dual."""
    return load(ROOT / "tests/cases/inventory/city")


@pytest.fixture(scope="session")
def reference() -> Inventory:
    """The city of Cần Thơ."""
    return load(ROOT / "inventory")


@pytest.fixture
def intents(small: Inventory) -> dict[str, DeviceIntent]:
    return build(small, allocate(small, {}))


@pytest.fixture
def at_stage(small: Inventory) -> Callable[..., dict[str, DeviceIntent]]:
    """Intents of the small city with some sites at other stages: `at_stage(nk_an_hoa="dual")`."""

    def built(**stages: str) -> dict[str, DeviceIntent]:
        city = staged(small, {site.replace("_", "-"): stage for site, stage in stages.items()})
        return build(city, allocate(city, {}))

    return built


def staged(inventory: Inventory, stages: dict[str, str]) -> Inventory:
    """The same city with sites at other stages."""
    sites = {
        key: site.model_copy(update={"ipv6": Stage(stages[key])}) if key in stages else site
        for key, site in inventory.sites.items()
    }
    return inventory.model_copy(update={"sites": sites})
