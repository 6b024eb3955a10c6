"""Who gets which prefix, and what is said when there is none to give."""

from __future__ import annotations

import csv
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

import pytest

from infra_ctl.errors import InventoryError
from infra_ctl.intent import allocate, format_lock, missing, parse_lock, relocked, stale
from infra_ctl.intent.purposes import Network
from infra_ctl.inventory import Inventory

ROOT = Path(__file__).parents[3]


def addressed(inventory: Inventory, **changes: Any) -> Inventory:
    """The city with other pools or overrides."""
    addressing = inventory.addressing.model_copy(update=changes)
    return inventory.model_copy(update={"addressing": addressing})


def overridden(inventory: Inventory, **prefixes: str) -> Inventory:
    """The city with overrides; `nk_1__link_ipv4` stands for `nk-1 link-ipv4`."""
    overrides = {
        key.replace("__", " ").replace("_", "-"): ip_network(prefix) for key, prefix in prefixes.items()
    }
    return addressed(inventory, overrides=overrides)


def problems(inventory: Inventory, locked: dict[tuple[str, str], Network] | None = None) -> list[str]:
    with pytest.raises(InventoryError) as caught:
        allocate(inventory, locked or {}, Path("inventory"))
    return [str(problem) for problem in caught.value.problems]


def without(inventory: Inventory, circuit: str) -> Inventory:
    kept = {key: each for key, each in inventory.circuits.items() if key != circuit}
    return inventory.model_copy(update={"circuits": kept})


def test_every_commune_of_2021_has_the_prefix_of_the_address_plan(reference: Inventory) -> None:
    allocations = allocate(reference, {})
    sites = {site.unit: site.id for site in reference.sites.values() if site.kind == "commune"}
    with (ROOT / "tests/cases/intent/communes-2021.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 83
    for row in rows:
        assert str(allocations.ipv6(sites[row["unit"]], "site")) == row["ipv6"]
        assert str(allocations.ipv4(sites[row["unit"]], "site")) == row["ipv4"]


def test_the_reference_lock_is_what_the_formula_gives(reference: Inventory) -> None:
    text = (ROOT / "inventory/allocations.lock.csv").read_text(encoding="utf-8")
    locked = parse_lock(text)
    allocations = allocate(reference, locked)
    assert missing(allocations, locked) == []
    assert stale(allocations, locked) == []
    assert format_lock(relocked(allocations, locked)) == text


@pytest.mark.parametrize(
    ("name", "purpose", "prefix"),
    [
        ("dc-edge1", "loopback-ipv4", "10.0.0.1/32"),
        ("dc-core2", "loopback-ipv4", "10.0.32.1/32"),
        ("dc-core2", "loopback-ipv6", "2001:db8:9200::1:3/128"),
        ("nk-cai-khe-ce1", "loopback-ipv4", "10.0.1.16/32"),
        ("nk-cai-khe-ce1", "loopback-ipv6", "2001:db8:9200::1:10:1/128"),
        ("nk-cai-khe-1", "link-ipv4", "10.1.17.0/31"),
        ("nk-cai-khe-2", "link-ipv4", "10.1.17.2/31"),
        ("nk-cai-khe-2", "link-ipv6", "2001:db8:9201:1101::/64"),
        ("dc:core2/eth3", "link-ipv6", "2001:db8:9201:12::/64"),
        ("nk", "access-ipv6", "2001:db8:9241::/48"),
        ("hq", "departments-ipv4", "10.48.0.0/16"),
        ("hq-so-tttt", "site-ipv6", "2001:db8:9230:1000::/56"),
        ("dc", "zone-lgsp-ipv6", "2001:db8:921b::/48"),
        ("bk", "zone-servers-ipv4", "10.34.0.0/16"),
    ],
)
def test_formula(small: Inventory, name: str, purpose: str, prefix: str) -> None:
    assert allocate(small, {}).prefixes[name, purpose] == ip_network(prefix)


def test_an_override_wins_over_the_lock_and_the_formula(small: Inventory) -> None:
    city = overridden(small, nk_cai_khe__site_ipv4="172.16.8.0/24")
    locked: dict[tuple[str, str], Network] = {("nk-cai-khe", "site-ipv4"): IPv4Network("10.65.99.0/24")}
    allocations = allocate(city, locked)
    assert allocations.ipv4("nk-cai-khe", "site") == IPv4Network("172.16.8.0/24")
    assert ("nk-cai-khe", "site-ipv4") in missing(allocations, locked)


def test_what_is_locked_stays_where_it_is(small: Inventory) -> None:
    locked: dict[tuple[str, str], Network] = {("nk-cai-khe-1", "link-ipv4"): IPv4Network("10.1.255.0/31")}
    assert allocate(small, locked).ipv4("nk-cai-khe-1", "link") == IPv4Network("10.1.255.0/31")


def test_prefixes_of_the_gone_stay_reserved_until_freed(small: Inventory) -> None:
    city = without(small, "nk-cai-khe-1")
    locked = allocate(small, {}).prefixes
    allocations = allocate(city, locked)
    assert stale(allocations, locked) == [("nk-cai-khe-1", "link-ipv4"), ("nk-cai-khe-1", "link-ipv6")]
    assert allocations.ipv4("nk-cai-khe-2", "link") == IPv4Network("10.1.17.2/31")
    assert relocked(allocations, locked) == locked


def test_a_taken_slot_sends_the_newcomer_to_the_next_free_one(small: Inventory) -> None:
    """The second circuit, alone, would prefer the first slot of its site; the lock has given that away."""
    city = without(small, "nk-cai-khe-1")
    locked: dict[tuple[str, str], Network] = {("gone", "link-ipv4"): IPv4Network("10.1.17.0/31")}
    assert allocate(city, locked).ipv4("nk-cai-khe-2", "link") == IPv4Network("10.1.0.0/31")


def test_a_ninth_link_of_a_site_does_not_take_its_neighbours_slot(small: Inventory) -> None:
    """Three bits number a site's links in the IPv4 formula, four in the IPv6 one."""
    first = small.circuits["nk-cai-khe-1"]
    more = {f"nk-cai-khe-{n}": first.model_copy(update={"id": f"nk-cai-khe-{n}"}) for n in range(3, 10)}
    city = small.model_copy(update={"circuits": {**small.circuits, **more}})
    allocations = allocate(city, {})
    assert allocations.ipv4("nk-cai-khe-8", "link") == IPv4Network("10.1.17.14/31")
    assert allocations.ipv4("nk-cai-khe-9", "link") == IPv4Network("10.1.0.0/31")
    assert allocations.ipv4("nk-an-hoa-1", "link") == IPv4Network("10.1.17.16/31")
    assert allocations.ipv6("nk-cai-khe-9", "link") == IPv6Network("2001:db8:9201:1108::/64")


def test_the_next_free_goes_around_what_is_bigger_than_a_slot(small: Inventory) -> None:
    city = without(small, "nk-cai-khe-1")
    locked: dict[tuple[str, str], Network] = {
        ("gone", "link-ipv4"): IPv4Network("10.1.17.0/31"),
        ("old", "link-ipv4"): IPv4Network("10.1.0.0/28"),
    }
    assert allocate(city, locked).ipv4("nk-cai-khe-2", "link") == IPv4Network("10.1.0.22/31")


def test_more_than_sixteen_pops_fit_wider_pools(small: Inventory) -> None:
    pops = {**small.pops, "nk": small.pops["nk"].model_copy(update={"number": 33})}
    city = addressed(
        small.model_copy(update={"pops": pops}),
        access_ipv4=IPv4Network("10.64.0.0/10"),
        access_ipv6=IPv6Network("2001:db8:9240::/42"),
        overrides={},
    )
    allocations = allocate(city, {})
    assert allocations.ipv4("nk-cai-khe", "site") == IPv4Network("10.97.16.0/24")
    assert allocations.ipv6("nk-cai-khe", "site") == IPv6Network("2001:db8:9261:1000::/56")
    assert allocations.ipv6("nk-cai-khe-ce1", "loopback") == IPv6Network("2001:db8:9200::21:10:1/128")
    assert allocations.ipv4("nk-cai-khe-ce1", "loopback").subnet_of(city.addressing.loopback_ipv4)


def test_a_city_with_a_48_alone_has_four_bits_each_for_pop_and_site(small: Inventory) -> None:
    city = addressed(small, access_ipv6=IPv6Network("2001:db8:9240::/48"), overrides={})
    allocations = allocate(city, {})
    assert allocations.ipv6("nk", "access") == IPv6Network("2001:db8:9240:1000::/52")
    assert allocations.ipv6("nk", "site") == IPv6Network("2001:db8:9240:1100::/56")


def test_a_full_pool_is_a_problem(small: Inventory) -> None:
    city = addressed(small, link_ipv4=IPv4Network("10.1.0.0/28"))
    found = problems(city)
    assert len(found) == len(small.circuits) + 3 - 8
    assert all("no /31 is left in 10.1.0.0/28; widen the pool or free stale lines" in line for line in found)
    assert found[0].startswith("inventory/city.yaml:0:0: ")


def test_an_override_that_overlaps_the_lock_names_both(small: Inventory) -> None:
    city = overridden(small, nk_1__link_ipv4="10.65.16.0/31")
    message = "10.65.16.0/31 of nk-1 link-ipv4 overlaps 10.65.16.0/24 of nk-cai-khe site-ipv4"
    locked: dict[tuple[str, str], Network] = {("nk-cai-khe", "site-ipv4"): IPv4Network("10.65.16.0/24")}
    assert problems(city, locked) == [f"inventory/city.yaml:0:0: {message}"]


def test_a_lock_at_odds_with_itself_is_a_problem(small: Inventory) -> None:
    locked: dict[tuple[str, str], Network] = {
        ("nk-1", "link-ipv4"): IPv4Network("10.1.9.0/31"),
        ("nk-2", "link-ipv4"): IPv4Network("10.1.9.0/31"),
    }
    message = "10.1.9.0/31 of nk-2 link-ipv4 overlaps 10.1.9.0/31 of nk-1 link-ipv4"
    assert problems(small, locked) == [f"inventory/allocations.lock.csv:0:0: {message}"]


@pytest.mark.parametrize(
    ("override", "prefix", "message"),
    [
        ("nk-1 links-ipv4", "10.1.0.0/31", "write `<object> <purpose>`, as in the lock"),
        ("nk-1", "10.1.0.0/31", "write `<object> <purpose>`, as in the lock"),
        ("nk-1 link-ipv4", "2001:db8::/127", "2001:db8::/127 is not an IPv4 prefix, which link-ipv4 is"),
        ("nk-pop1 loopback-ipv4", "10.9.0.0/31", "10.9.0.0/31 cannot be a loopback-ipv4: that is /32 to /32"),
        ("nk-cai-khe site-ipv4", "10.9.0.0/27", "10.9.0.0/27 cannot be a site-ipv4: that is /8 to /26"),
        ("nk-9 link-ipv4", "10.9.0.0/31", "nothing in the inventory needs it"),
    ],
)
def test_a_wrong_override_is_a_problem(small: Inventory, override: str, prefix: str, message: str) -> None:
    city = addressed(small, overrides={override: ip_network(prefix)})
    assert problems(city) == [f"inventory/city.yaml:0:0: override {override!r}: {message}"]
