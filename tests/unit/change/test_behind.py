"""Who comes next when a city is put up from its centre."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from infra_ctl.change import normal
from infra_ctl.change.behind import behind
from infra_ctl.change.reading import read
from infra_ctl.change.router import Router
from infra_ctl.render import day0, render
from tests.unit.conftest import SmallCity

WARDS = ("nk-an-hoa-ce1", "nk-cai-khe-ce1")


def on_day_0(small: SmallCity, hosts: Iterable[str]) -> Mapping[str, Router]:
    return {host: read(normal.parse(day0(small.city.intents[host]))) for host in hosts}


def test_what_is_behind_the_cores_is_everybody_who_is_not_there(small: SmallCity) -> None:
    unreachable = (*WARDS, "nk-pop1")
    assert behind(small.city.intents, unreachable, on_day_0(small, ["dc-core1", "dc-core2"])) == unreachable


def test_what_a_router_that_routes_stands_before_is_behind_nobody(small: SmallCity) -> None:
    """The ward's other PoP routes, and the PoP that does not is not a way to the second ward."""
    assert behind(small.city.intents, WARDS, on_day_0(small, ["bt-pop1"])) == ("nk-cai-khe-ce1",)
    assert behind(small.city.intents, WARDS, {}) == ()


def test_a_ward_whose_circuit_is_new_is_behind_its_pop_that_routes_for_others(small: SmallCity) -> None:
    """The commonest change of all: one ward more on a PoP in service."""
    text = render(small.city.intents["nk-pop1"])
    block = text[text.index("interface eth11\n") :]
    without = text.replace(block[: block.index("!\n")], "")
    assert behind(small.city.intents, WARDS, {"nk-pop1": read(normal.parse(without))}) == ("nk-an-hoa-ce1",)
    assert behind(small.city.intents, WARDS, {"nk-pop1": read(normal.parse(text))}) == ()


def test_nobody_nearer_to_the_cores_is_behind(small: SmallCity) -> None:
    assert behind(small.city.intents, ["nk-pop1", "dc-core1"], on_day_0(small, WARDS)) == ()
