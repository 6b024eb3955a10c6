"""Which saved plans are refused, and which are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra_ctl.change.plan import Plan
from infra_ctl.city import City
from infra_ctl.drivers.embedded import EmbeddedFleet
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.errors import RefusedError
from infra_ctl.masking import Masking
from infra_ctl.plan import Planner, assemble
from infra_ctl.saved_plan import refuse_stale
from tests.unit.conftest import VAULT, SmallCity

WARD = "nk-an-hoa-ce1"


def planned(small: SmallCity, devices: EmbeddedFleet, *hostnames: str) -> Plan:
    fleet = Fleet(devices.driver)
    planner = Planner(small.city, fleet, small.masking, {})
    return assemble(planner, small.judged(fleet, hostnames), "embedded", "")


@pytest.fixture
def saved(small: SmallCity, tmp_path: Path) -> Plan:
    """A whole city from its workshop."""
    devices = small.devices(tmp_path / "workshop", intended=False)
    plan = planned(small, devices, *small.city.intents)
    refuse_stale(plan, small.city, small.masking, "embedded")
    return plan


def test_a_plan_of_another_context_is_refused(saved: Plan, small: SmallCity) -> None:
    with pytest.raises(RefusedError, match=f"plan {saved.id} was made in context embedded, not live"):
        refuse_stale(saved, small.city, small.masking, "live")


def test_a_plan_of_another_version_is_refused(saved: Plan, small: SmallCity) -> None:
    older = saved.model_copy(update={"tool": "0.0.1"})
    with pytest.raises(RefusedError, match=r"was made by infra-ctl 0\.0\.1: plan again"):
        refuse_stale(older, small.city, small.masking, "embedded")


def test_a_plan_of_another_inventory_is_refused(saved: Plan, small: SmallCity) -> None:
    inventory = small.city.inventory.model_copy(update={"digest": "another"})
    with pytest.raises(RefusedError, match="the inventory changed since plan"):
        refuse_stale(saved, City(inventory, small.city.intents), small.masking, "embedded")


def test_a_plan_with_an_older_secret_is_refused(saved: Plan, small: SmallCity) -> None:
    rotated = Masking({**VAULT, "bgp/cpt": "rotated"}, small.masking.key)
    with pytest.raises(RefusedError, match="dc-edge1: a secret changed since plan"):
        refuse_stale(saved, small.city, rotated, "embedded")


def test_a_plan_whose_candidate_was_edited_is_refused(saved: Plan, small: SmallCity) -> None:
    devices = tuple(
        device.model_copy(update={"candidate": device.candidate.replace("LAN staff", "LAN x")})
        for device in saved.devices
    )
    edited = saved.model_copy(update={"devices": devices})
    with pytest.raises(RefusedError, match="changed since plan"):
        refuse_stale(edited, small.city, small.masking, "embedded")


def test_a_plan_that_keeps_a_password_of_the_device_alone_is_not_stale(
    small: SmallCity, tmp_path: Path
) -> None:
    devices = small.devices(tmp_path / "devices")
    with devices.driver(WARD) as device:
        by_hand = device.read().replace("LAN staff", "by hand") + "password hunter2\n"
    devices.edit(WARD, by_hand)
    plan = planned(small, devices, WARD)
    assert plan.changed
    refuse_stale(plan, small.city, small.masking, "embedded")
