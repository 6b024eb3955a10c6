"""The small city and the reference one, and ways to change a city that is already loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from infra_ctl.intent import DeviceIntent, allocate, build
from infra_ctl.inventory import Inventory, load
from infra_ctl.inventory.kinds import Stage

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
def staged(small: Inventory) -> Callable[..., Inventory]:
    """The small city with some sites at other stages: `staged(nk_an_hoa="dual")`."""

    def changed(**stages: str) -> Inventory:
        wanted = {site.replace("_", "-"): Stage(stage) for site, stage in stages.items()}
        sites = {
            key: site.model_copy(update={"ipv6": wanted.get(key, site.ipv6)})
            for key, site in small.sites.items()
        }
        return small.model_copy(update={"sites": sites})

    return changed


@pytest.fixture
def at_stage(staged: Callable[..., Inventory]) -> Callable[..., dict[str, DeviceIntent]]:
    """Intents of that city."""

    def built(**stages: str) -> dict[str, DeviceIntent]:
        city = staged(**stages)
        return build(city, allocate(city, {}))

    return built
