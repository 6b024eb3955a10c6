"""Who comes next when a city is put up from its centre."""

from __future__ import annotations

from infra_ctl.change.behind import behind
from tests.unit.conftest import SmallCity

WARDS = ("nk-an-hoa-ce1", "nk-cai-khe-ce1")


def test_what_is_behind_the_cores_is_everybody_who_is_not_there(small: SmallCity) -> None:
    unreachable = (*WARDS, "nk-pop1")
    assert behind(small.city.intents, unreachable, ["dc-core1", "dc-core2"]) == unreachable


def test_what_a_router_that_routes_stands_before_is_behind_nobody(small: SmallCity) -> None:
    """The ward's other PoP routes, and the PoP that does not is not a way to the second ward."""
    assert behind(small.city.intents, WARDS, ["bt-pop1"]) == ("nk-cai-khe-ce1",)
    assert behind(small.city.intents, WARDS, []) == ()


def test_nobody_nearer_to_the_cores_is_behind(small: SmallCity) -> None:
    assert behind(small.city.intents, ["nk-pop1", "dc-core1"], WARDS) == ()
