"""Whatever a city grows, loses or shuffles: nobody else is renumbered and nothing overlaps."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra_ctl.intent import allocate, relocked
from infra_ctl.intent.purposes import Key, Network, is_aggregate
from infra_ctl.inventory import Inventory

bounded = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def part(inventory: Inventory, random: Random) -> Inventory:
    """Some of the wards with their circuits, some circuits less, everything in another order."""
    wards = [site.id for site in inventory.sites.values() if site.kind == "commune"]
    gone = set(random.sample(wards, random.randrange(len(wards))))
    circuits = [
        (key, circuit)
        for key, circuit in inventory.circuits.items()
        if circuit.z.partition(":")[0] not in gone and random.random() < 0.9
    ]
    sites = [(key, site) for key, site in inventory.sites.items() if key not in gone]
    random.shuffle(circuits)
    random.shuffle(sites)
    return inventory.model_copy(update={"circuits": dict(circuits), "sites": dict(sites)})


def assert_apart(prefixes: Mapping[Key, Network]) -> None:
    for version in (4, 6):
        for aggregates in (True, False):
            same = [
                network
                for (_, purpose), network in prefixes.items()
                if network.version == version and is_aggregate(purpose) is aggregates
            ]
            same.sort(key=lambda network: int(network.network_address))
            for left, right in pairwise(same):
                assert int(left.broadcast_address) < int(right.network_address), (left, right)


def crowded(inventory: Inventory) -> Inventory:
    """With PoPs whose numbers no IPv4 formula has room for: most prefixes are the next free."""
    pops = {key: pop.model_copy(update={"number": pop.number + 40}) for key, pop in inventory.pops.items()}
    return inventory.model_copy(update={"pops": pops})


@bounded
@given(st.randoms(use_true_random=False), st.booleans())
def test_order_means_nothing(reference: Inventory, random: Random, full: bool) -> None:
    city = crowded(reference) if full else reference
    sites, circuits = list(city.sites.items()), list(city.circuits.items())
    random.shuffle(sites)
    random.shuffle(circuits)
    shuffled = city.model_copy(update={"sites": dict(sites), "circuits": dict(circuits)})
    assert allocate(shuffled, {}).prefixes == allocate(city, {}).prefixes


@bounded
@given(st.lists(st.randoms(use_true_random=False), min_size=1, max_size=4))
def test_a_life_of_changes_renumbers_nobody(reference: Inventory, randoms: list[Random]) -> None:
    locked: dict[Key, Network] = {}
    for random in randoms:
        city = part(crowded(reference) if random.random() < 0.3 else reference, random)
        allocations = allocate(city, locked)
        kept = allocations.prefixes.keys() & locked.keys()
        assert {key: allocations.prefixes[key] for key in kept} == {key: locked[key] for key in kept}
        locked = relocked(allocations, locked)
        assert_apart(locked)


@bounded
@given(st.randoms(use_true_random=False))
def test_every_site_lies_in_its_pop(reference: Inventory, random: Random) -> None:
    city = part(reference, random)
    allocations = allocate(city, {})
    for site in city.sites.values():
        if site.kind == "commune":
            assert allocations.ipv4(site.id, "site").subnet_of(allocations.ipv4(site.pop, "access"))
            assert allocations.ipv6(site.id, "site").subnet_of(allocations.ipv6(site.pop, "access"))
