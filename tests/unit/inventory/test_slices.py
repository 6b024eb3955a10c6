"""A slice of the city: what is in it is as it was, and nothing refers to what is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from infra_ctl.city import City, load_city, slice_of
from infra_ctl.errors import InventoryError
from infra_ctl.intent.expectations import device_expectations
from infra_ctl.inventory.slices import FILE, Slice, read_slice, write_slice
from infra_ctl.monitor.jobs import registry
from infra_ctl.monitor.targets import path_targets

REFERENCE = Path(__file__).parents[3] / "inventory"
SLICE = Slice(
    of=REFERENCE,
    devices=("dc-core1", "dc-core2", "nk-pop1", "nk-cai-khe-ce1", "nk-an-hoa-ce1"),
    hosts=("dc-app-1", "dc-portal-1", "dc-monitor-1"),
    parts=("nk-pop1",),
)


@pytest.fixture(scope="module")
def whole() -> City:
    return load_city(REFERENCE)


def test_circuits_have_both_ends_and_sites_a_router(whole: City) -> None:
    part = slice_of(whole, SLICE)
    assert sorted(part.inventory.sites) == ["dc", "nk", "nk-an-hoa", "nk-cai-khe"]
    assert "nk-cai-khe-1" in part.inventory.circuits
    assert "nk-cai-khe-2" not in part.inventory.circuits, "its other end is bt-pop1"
    assert part.intents["nk-pop1"] == whole.intents["nk-pop1"]
    measured = {(target.kind, target.name) for target in path_targets(part)}
    assert {name for kind, name in measured if kind == "site"} == {"dc", "nk", "nk-an-hoa", "nk-cai-khe"}


def test_a_system_is_left_where_it_and_its_front_still_run(whole: City) -> None:
    part = slice_of(whole, SLICE)
    assert part.inventory.systems["one-stop"].runs_on == ("dc-app-1",)
    assert "monitoring" in part.inventory.systems
    assert "monitoring" not in slice_of(whole, replace(SLICE, stand_ins=("dc-monitor-1",))).inventory.systems
    without_front = slice_of(whole, Slice(REFERENCE, SLICE.devices, ("dc-app-1",)))
    assert "one-stop" not in without_front.inventory.systems


def test_every_job_has_targets_of_the_slice_alone(whole: City) -> None:
    part = slice_of(whole, SLICE)
    found = {job: targets(part) for job, targets in registry().items()}
    assert {each.labels["device"] for each in found["snmp"]} == {"nk-pop1"}
    assert {each.labels["device"] for each in found["frr"]} == set(SLICE.devices)
    assert {each.labels["host"] for each in found["node"]} == set(SLICE.hosts)
    assert {each.labels["system"] for each in found["blackbox"]} <= set(part.inventory.systems)
    assert device_expectations(part.intents, part.intents, part.inventory.peers)


def test_a_folder_that_says_which_part_is_read_as_that_part(whole: City, tmp_path: Path) -> None:
    write_slice(SLICE, tmp_path)
    assert read_slice(tmp_path) == SLICE
    assert load_city(tmp_path).inventory == slice_of(whole, SLICE).inventory
    assert read_slice(REFERENCE) is None
    (tmp_path / FILE).write_text("{}")
    with pytest.raises(InventoryError, match="is not a slice that this version wrote"):
        load_city(tmp_path)
