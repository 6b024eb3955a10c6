"""What is measured of a unit and of the city, against a half year that was made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from infra_ctl.inventory import Inventory
from infra_ctl.report.measure import Measure, added, cell, count, share
from infra_ctl.report.measured import COMPUTED, measures
from infra_ctl.report.rollup import lacking, parts, whole
from infra_ctl.report.scope import own
from tests.unit.report.by_hand import BACKUPS, LOOKS, looked, nothing, of, readings, small


@pytest.fixture(scope="module")
def inventory() -> Inventory:
    return small()


WARD = {
    "sites-conforming": (1, 1),
    "sites-two-directions": (1, 1),
    "sites-private": (1, 1),
    "sites-dual": (1, 1),
    "sites-reachable": (0.9999, 1),
    "bandwidth": (70, None),
    "circuits-available": (1.9795, 2),
    "circuits-within-load": (1, 2),
    "communes-with-room": (1, 1),
    "systems-approved": (0, 0),
    "systems-central": (0, 0),
    "objects-audited": (2, 4),
    "controls-passed": (2, 4),
    "machines-as-intended": (0, 1),
    "machines-backed-up": (1, 1),
    "changes": (2, None),
    "changes-explained": (1, 2),
    "changes-well": (1, 2),
}
"""Of phường Cái Khế: one site with two circuits, a router with one finding that fails and one in error."""
CITY = {
    "sites-conforming": (1, 3),
    "sites-two-directions": (4, 7),
    "sites-private": (7, 7),
    "sites-dual": (5, 8),
    "bandwidth": (5370, None),
    "communes-with-room": (3, 3),
    "systems-approved": (1, 3),
    "systems-central": (3, 3),
    "controls-passed": (4, 8),
    "machines-as-intended": (1, 2),
    "changes": (3, None),
    "changes-explained": (2, 3),
    "changes-well": (2, 3),
}


@pytest.mark.parametrize(("name", "parts"), WARD.items())
def test_a_ward(name: str, parts: tuple[float, float | None], inventory: Inventory) -> None:
    measure = measures(of(inventory, "31117"), readings(inventory))[name]
    assert (measure.part, measure.whole) == (pytest.approx(parts[0]), parts[1])


@pytest.mark.parametrize(("name", "parts"), CITY.items())
def test_the_city(name: str, parts: tuple[float, float | None], inventory: Inventory) -> None:
    measure = measures(of(inventory, None), readings(inventory))[name]
    assert (measure.part, measure.whole) == (pytest.approx(parts[0]), parts[1])


def test_a_district_has_what_is_beneath_it(inventory: Inventory) -> None:
    district = measures(of(inventory, "916"), readings(inventory))
    alone = measures(own(inventory, inventory.units["2021", "916"]), readings(inventory))
    assert (district["sites-dual"].part, district["sites-dual"].whole) == (2, 3)
    assert (alone["sites-dual"].part, alone["sites-dual"].whole) == (1, 1)


@pytest.mark.parametrize("name", COMPUTED)
@pytest.mark.parametrize("code", [None, "916"])
def test_a_roll_up_is_the_sum_of_its_units(name: str, code: str | None, inventory: Inventory) -> None:
    taken = readings(inventory)
    scope = of(inventory, code)
    beneath = parts(scope, taken)
    total, summed = whole(scope, taken, beneath)[name], added(each.measures[name] for each in beneath)
    assert (total.part, total.whole) == (pytest.approx(summed.part), summed.whole)


def test_each_object_is_in_one_unit_alone(inventory: Inventory) -> None:
    everything = [
        each for part in parts(of(inventory, None), readings(inventory)) for each in part.scope.objects
    ]
    assert sorted(everything) == sorted(of(inventory, None).objects)


def test_units_stand_after_the_one_that_they_are_under(inventory: Inventory) -> None:
    units = [part.unit.code for part in parts(of(inventory, None), readings(inventory))]
    assert units == ["92", "so-tttt", "916", "31117", "31120", "918", "31180"]


def test_nothing_that_was_not_measured_is_a_nought(inventory: Inventory) -> None:
    found = measures(of(inventory, None), nothing(inventory))
    unknown = {name for name, each in found.items() if each.part is None}
    written = {name for name, each in found.items() if each.origin == "inventory"}
    assert unknown == set(found) - written - {"objects-audited", "circuits-as-promised"}
    for name in unknown:
        cause = found[name].cause
        assert cause is not None
        assert cause.vi
        assert cause.en


def test_who_lacks_what_others_have_is_named(inventory: Inventory) -> None:
    beneath = parts(of(inventory, "916"), readings(inventory))
    assert lacking("machines-as-intended", beneath) == ("Phường An Hòa",)


def test_what_is_older_or_newer_than_the_period_says_nothing_of_it(inventory: Inventory) -> None:
    later = datetime(2027, 1, 5)
    taken = replace(
        readings(inventory),
        looks={**LOOKS, "nk-an-hoa-ce1": looked("nk-an-hoa-ce1", drifted=True, at=later)},
        backups={**BACKUPS, "nk-an-hoa-ce1": later},
    )
    found = measures(of(inventory, "31120"), taken)
    assert found["machines-as-intended"].part is None
    assert found["machines-backed-up"].part is None
    district = measures(of(inventory, "916"), taken)["machines-backed-up"]
    assert (district.part, district.whole) == (1, 2)  # Cái Khế in it, the PoP before it


def test_figures_are_those_of_the_edition_in_force(inventory: Inventory) -> None:
    """In the edition of 2025 31120 is Cái Khế: its 31 computers are not those of An Hòa."""
    units = {part.unit.code: part for part in parts(of(inventory, None), readings(inventory))}
    assert units["31120"].measures["computers"].part is None
    assert units["31117"].measures["computers"].part == 25


def test_a_unit_that_moved_has_the_sites_that_it_governs_now(inventory: Inventory) -> None:
    moved = {
        **inventory.sites,
        **{
            site: inventory.sites[site].model_copy(update={"unit": "31120"})
            for site in ("nk-cai-khe", "nk-an-hoa")
        },
        **{
            site: inventory.sites[site].model_copy(update={"unit": "92"})
            for site in ("nk", "bt", "bt-long-hoa", "dc")
        },
    }
    later = inventory.model_copy(update={"edition": "2025", "sites": moved})
    taken = readings(later)
    assert measures(of(later, "31120"), taken)["sites-dual"] == share("inventory", 1, 2)
    assert {part.unit.code: part.measures["computers"].part for part in parts(of(later, None), taken)} == {
        "92": None,
        "31120": 31,
    }


def test_a_figure_of_the_city_stands_for_the_sum_of_its_units(inventory: Inventory) -> None:
    scope, taken = of(inventory, None), readings(inventory)
    total = whole(scope, taken, parts(scope, taken))
    assert (total["dossiers-online"].part, total["dossiers-online"].whole) == (120, 400)
    assert total["computers"].part == 25
    assert "Kiểm kê của phường" in total["computers"].source
    assert total["printers"].part is None


def test_how_many_nothing_is_known_of_is_kept(inventory: Inventory) -> None:
    scope, taken = of(inventory, None), readings(inventory)
    found = measures(scope, taken)
    circuits, sites = len(scope.named("circuit")), len(scope.named("site"))
    machines = len(scope.named("device")) + len(scope.named("host"))
    missing = {
        "circuits-available": circuits - 3,
        "circuits-within-load": circuits - 2,
        "sites-conforming": sites - 3,
        "sites-reachable": sites - 1,
        "machines-as-intended": machines - 2,
        "machines-backed-up": 0,
        "sites-dual": 0,
    }
    assert {name: found[name].missing for name in missing} == missing
    assert found["controls-passed"].missing == found["objects-audited"].whole - found["objects-audited"].part  # type: ignore[operator]
    own = measures(of(inventory, "31117"), taken)
    assert {own[name].missing for name in ("circuits-available", "sites-conforming")} == {0}
    counted = whole(scope, taken, parts(scope, taken))
    assert counted["computers"].missing == len(parts(scope, taken)) - 2  # of one it is known, one is the city


def test_sums() -> None:
    first, second = share("inventory", 1, 2), share("inventory", 2, 5)
    missing = Measure("inventory")
    assert added([first, missing, second]) == share("inventory", 3, 7, 1)
    assert added([first, share("inventory", 1, 1, 4)]) == share("inventory", 2, 3, 4)
    assert added([first, share("inventory", 0, 0)]) == first
    assert added([count("journal", 2), count("journal", 3)]) == count("journal", 5)
    assert added([missing, missing]) == missing
    assert added([share("inventory", 0, 0), missing]) == missing
    assert added([share("inventory", 0, 0), first]) == first
    with pytest.raises(ValueError, match="of nothing"):
        added([])


def test_a_cell_says_that_there_was_nothing_to_measure() -> None:
    assert str(getattr(cell(share("inventory", 0, 0)), "code", "")) == "none"
    assert str(getattr(cell(Measure("audit")), "code", "")) == "not-measured"
