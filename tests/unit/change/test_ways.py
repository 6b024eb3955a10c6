"""Ways kept up over changes are those that `Reach` finds from nothing, in every state of a run."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from infra_ctl.change import normal, reading
from infra_ctl.change.reach import Reach
from infra_ctl.change.router import Router
from infra_ctl.change.topology import Topology
from infra_ctl.change.ways import Ways
from tests.unit.change.conftest import wire
from tests.unit.change.test_reach import CITY, LOOPBACKS, LOOPBACKS6
from tests.unit.change.test_reach import WIRES as WIRE_TEXTS

WIRES = [wire(each) for each in (*WIRE_TEXTS, "pop1/eth3 pop2/eth2")]
ROOTS = ("core1", "core2")
PORTS = [(device, f"eth{n}") for device, most in (("pop1", 4), ("pop2", 3), ("both", 2)) for n in range(most)]
PORTS += [("core1", "eth0"), ("core1", "eth1"), ("core2", "eth0"), ("core2", "eth1"), ("one", "eth0")]
PORTS += [(device, "lo") for device in ("one", "pop1")]
LINES = ("shutdown", "ip ospf passive", "ip ospf area 0", "ip ospf area 1", "ip ospf cost 7", "description x")
EDITS = st.lists(st.tuples(st.sampled_from(PORTS), st.sampled_from(LINES)), max_size=2)


def router(device: str, edits: list[tuple[tuple[str, str], str]]) -> Router:
    """A router of the city with lines more; one about an area takes the place of what was said of it."""
    text = CITY[device]
    if device.startswith("pop"):  # a second way round, in the area of the wards
        port, address = ("eth3", "10.1.9.0") if device == "pop1" else ("eth2", "10.1.9.1")
        text += (
            f"interface {port}\n ip address {address}/31\n ip ospf area 1\n ip ospf network point-to-point\n"
        )
    lines = normal.parse(text)
    for (where, port), line in edits:
        if where == device:
            context = (f"interface {port}",)
            start = line.rpartition(" ")[0] if "area" in line else line
            lines = (*(pair for pair in lines if pair[0] != context or not pair[1].startswith(start)),)
            lines = (*lines, (context, line))
    return reading.read(normal.ordered(lines))


def routers(edits: list[tuple[tuple[str, str], str]]) -> dict[str, Router]:
    return {device: router(device, edits) for device in CITY}


def unreached(state: Mapping[str, Router]) -> set[str]:
    """By `Reach`, from nothing."""
    reach = Reach(Topology(state, WIRES))
    return {
        device
        for device, address in LOOPBACKS.items()
        if not any(root == device or reach.round_trip(root, LOOPBACKS[root], address).ok for root in ROOTS)
    }


@settings(deadline=None)
@given(st.lists(EDITS, min_size=1, max_size=5), st.permutations(sorted(CITY)))
def test_after_every_change_the_same_are_reached(
    changes: list[list[tuple[tuple[str, str], str]]], order: list[str]
) -> None:
    state = routers([])
    ways = Ways(state, WIRES, ROOTS, LOOPBACKS)
    for edits in changes:
        for device in order:
            state[device] = router(device, edits)
            ways.put(device, state[device])
            assert ways.unreached == unreached(state)


@settings(deadline=None)
@given(EDITS, EDITS)
def test_what_is_reached_for_certain_is_reached_whoever_has_changed(
    before: list[tuple[tuple[str, str], str]], after: list[tuple[tuple[str, str], str]]
) -> None:
    old, new = routers(before), routers(after)
    moved = [device for device in CITY if old[device] != new[device]]
    ways = Ways(old, WIRES, ROOTS, LOOPBACKS)
    for device in moved:
        ways.put(device, old[device], new[device])
    for chosen in product((old, new), repeat=len(moved)):
        state = {**old, **{device: each[device] for device, each in zip(moved, chosen, strict=True)}}
        assert unreached(state) <= ways.unreached
    for device in moved:
        ways.put(device, old[device])
    assert ways.unreached == unreached(old), "and all comes back"


@settings(deadline=None, max_examples=60)
@given(st.lists(EDITS, min_size=1, max_size=5), st.permutations(sorted(CITY)))
def test_paths_that_are_kept_up_are_those_found_from_nothing(
    changes: list[list[tuple[tuple[str, str], str]]], order: list[str]
) -> None:
    """In both versions, with their hops; trees are grafted where a change concerns one device alone."""
    state = routers([])
    kept = Reach(Topology(state, WIRES))
    for edits in changes:
        for device in order:
            state[device] = router(device, edits)
            kept.topology.replace(device, state[device])
            fresh = Reach(Topology(state, WIRES))
            for source, target in product(CITY, (*LOOPBACKS.values(), *LOOPBACKS6.values())):
                assert kept.path(source, target) == fresh.path(source, target)
