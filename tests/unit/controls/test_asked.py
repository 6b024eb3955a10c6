"""Who is audited, at which level, and whom a control means."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from infra_ctl.controls.asked import asked, meaning
from infra_ctl.controls.judging import Asked
from infra_ctl.controls.model import Control, Law
from infra_ctl.inventory import Inventory, load

SMALL = Path(__file__).parents[2] / "cases/inventory/city"


@pytest.fixture(scope="module")
def inventory() -> Inventory:
    return load(SMALL)


def of(kind: str, inventory: Inventory) -> dict[str, int]:
    return {each.name: each.level for each in asked(inventory) if each.kind == kind}


def test_every_object_is_asked_once(inventory: Inventory) -> None:
    everything = list(asked(inventory))
    assert len({(each.kind, each.name) for each in everything}) == len(everything)
    assert everything[0] == Asked("city", "can-tho", 3)
    assert set(of("site", inventory)) == set(inventory.sites)
    assert set(of("circuit", inventory)) == set(inventory.circuits)
    assert set(of("host", inventory)) == set(inventory.hosts)
    assert of("system", inventory) == {system.id: system.level for system in inventory.systems.values()}
    assert len(of("device", inventory)) == 10


def with_a_system(inventory: Inventory, level: int) -> Inventory:
    """One system, that a ward works on."""
    system = next(iter(inventory.systems.values()))
    small = system.model_copy(update={"level": level, "sites": ("nk-cai-khe",), "runs_on": ()})
    return inventory.model_copy(update={"systems": {small.id: small}})


@pytest.mark.parametrize("level", [2, 4])
def test_a_level_is_that_of_what_is_worked_on_at_a_site(level: int, inventory: Inventory) -> None:
    city = with_a_system(inventory, level)
    assert of("site", city)["nk-cai-khe"] == level
    assert of("device", city)["nk-cai-khe-ce1"] == level
    assert of("circuit", city)["nk-cai-khe-1"] == level
    assert of("city", city)["can-tho"] == max(3, level)


def test_what_is_shared_in_the_province_has_level_3(inventory: Inventory) -> None:
    city = with_a_system(inventory, 5)
    assert of("site", city)["nk-an-hoa"] == 3
    assert of("device", city)["nk-an-hoa-ce1"] == 3
    assert of("device", city)["nk-pop1"] == 3


def control(shipped: Mapping[str, Law], **changes: Any) -> Control:
    return shipped["tcvn-14423-2026"].controls["LOG-03"].model_copy(update=changes)


@pytest.mark.parametrize(
    ("kind", "where", "meant"),
    [
        ("device", "role=pop pop=nk", {"nk-pop1"}),
        ("host", "role=ntp", {"dc-ntp-1"}),
        ("machine", "site=nk-cai-khe or role=ntp", {"nk-cai-khe-ce1", "dc-ntp-1"}),
    ],
)
def test_a_selector_means_objects(
    kind: str, where: str, meant: set[str], inventory: Inventory, shipped: Mapping[str, Law]
) -> None:
    means = meaning(inventory)(control(shipped, of=kind, where=where))
    assert {each.name for each in asked(inventory) if means(each.name)} == meant


def test_no_selector_means_all(inventory: Inventory, shipped: Mapping[str, Law]) -> None:
    assert meaning(inventory)(control(shipped, where=None))("anything")


def test_selectors_are_asked_once(
    inventory: Inventory, shipped: Mapping[str, Law], monkeypatch: pytest.MonkeyPatch
) -> None:
    from infra_ctl.controls import asked as module

    read: list[str] = []
    parse = module.parse
    monkeypatch.setattr(module, "parse", lambda text, kind: read.append(text) or parse(text, kind))
    means = meaning(inventory)
    for _ in range(3):
        means(control(shipped))
    assert read == ["role=syslog"]
