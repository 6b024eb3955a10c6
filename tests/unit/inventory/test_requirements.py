"""No system that the city's documents name is missing, and none is there that they do not name.

The table has the ids and facts of the requirements (tests/cases/inventory/requirements.csv).
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from infra_ctl.inventory import Inventory

TABLE = Path(__file__).parents[2] / "cases/inventory/requirements.csv"
NAMED_SYSTEMS = {
    *("A06", "A08", "A09", "A10", "A11", "A12", "A15", "A16", "A17", "A41"),
    *("B11", "B22", "B23", "B24", "B25", "B35"),
}
"""Every requirement of kind system."""
NAMED_INFRASTRUCTURE = {
    *("A13", "A19", "A20", "A21"),
    *("B08", "B09", "B13", "B15", "B16", "B17", "B20", "B21"),
}
"""Every requirement of kind infra that speaks of more than equipment or policy."""


def rows() -> list[dict[str, str]]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def objects(kind: str) -> dict[str, list[str]]:
    """Requirement → the objects of a kind that stand for it."""
    return {
        row["requirement"]: [
            name
            for have, _, name in (entry.partition(":") for entry in row["objects"].split())
            if have == kind
        ]
        for row in rows()
    }


def names(kind: str) -> set[str]:
    return {name for found in objects(kind).values() for name in found}


def test_no_requirement_is_left_out_or_written_twice() -> None:
    ids = [row["requirement"] for row in rows()]
    assert len(ids) == len(set(ids))
    assert {row["requirement"] for row in rows() if row["kind"] == "system"} == NAMED_SYSTEMS
    assert {row["requirement"] for row in rows() if row["kind"] == "infra"} == NAMED_INFRASTRUCTURE


@pytest.mark.parametrize("requirement", sorted(NAMED_SYSTEMS))
def test_every_requirement_of_a_system_has_one(requirement: str) -> None:
    assert objects("system")[requirement]


def test_every_named_system_is_in_the_inventory(reference: Inventory) -> None:
    assert names("system") - set(reference.systems) == set()


def test_every_system_of_the_inventory_is_named(reference: Inventory) -> None:
    assert set(reference.systems) - names("system") == set()


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        ("site", "sites"),
        ("contract", "contracts"),
        ("profile", "profiles"),
        ("peer", "peers"),
        ("mcu", "mcus"),
        ("host", "hosts"),
    ],
)
def test_every_other_object_that_is_named_is_in_the_inventory(
    kind: str, table: str, reference: Inventory
) -> None:
    assert names(kind)
    assert names(kind) - set(getattr(reference, table)) == set()


def test_the_platform_reaches_what_the_documents_name_outside(reference: Inventory) -> None:
    assert names("flow") == {flow.removeprefix("external:") for flow in reference.systems["lgsp"].flows}


def test_at_least_half_of_the_systems_have_an_approved_level(reference: Inventory) -> None:
    approved = [system for system in reference.systems.values() if system.approval.state == "approved"]
    assert len(approved) / len(reference.systems) >= 0.5
    assert len(approved) < len(reference.systems)


def test_every_state_of_approval_occurs(reference: Inventory) -> None:
    states = {system.approval.state for system in reference.systems.values()}
    assert states == {"none", "draft", "sent", "appraised", "approved"}
