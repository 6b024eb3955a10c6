"""Who is joined to whom: every link once, whatever the order of the devices, and the ways out."""

from __future__ import annotations

from infra_ctl.change import normal
from infra_ctl.change.losses import losses
from infra_ctl.change.reading import read
from infra_ctl.change.topology import End, Wire
from infra_ctl.change.wiring import OUTSIDE, laid, pairs, wires
from infra_ctl.render import render
from tests.unit.conftest import SmallCity


def test_every_circuit_and_cable_is_one_wire_with_both_its_ends(small: SmallCity) -> None:
    found = wires(small.city.intents)
    inventory = small.city.inventory
    inside = [wire for wire in found if wire.z.device in small.city.intents]
    cables = sum(len(inventory.profiles[site.profile].links) for site in inventory.sites.values())
    assert len(inside) == len(inventory.circuits) + cables == 14
    ends = [end for wire in inside for end in (wire.a, wire.z)]
    assert len(ends) == len({(end.device, end.interface) for end in ends})
    assert Wire(End("nk-an-hoa-ce1", "eth0"), End("nk-pop1", "eth11")) in inside


def test_a_wire_has_its_circuit_s_mtu(small: SmallCity) -> None:
    tunnel = Wire(End("bt-pop1", "eth40", 1400), End("nk-cai-khe-ce1", "eth1", 1400))
    assert tunnel in wires(small.city.intents)


def test_a_peering_leads_outside(small: SmallCity) -> None:
    outside = [wire for wire in wires(small.city.intents) if wire.z.device not in small.city.intents]
    assert outside == [Wire(End("dc-edge1", "eth0"), End("cpt-1", OUTSIDE))]


def test_in_a_slice_a_link_to_nobody_leads_outside(small: SmallCity) -> None:
    intents = {host: small.city.intents[host] for host in ("nk-pop1", "nk-an-hoa-ce1")}
    assert {frozenset((wire.a.device, wire.z.device)) for wire in wires(intents)} == {
        frozenset(("nk-pop1", far)) for far in ("nk-an-hoa-ce1", "dc-core1", "dc-core2", "nk-cai-khe-ce1")
    }
    assert pairs(intents) == (("nk-pop1", "nk-an-hoa-ce1"),)


def test_pairs_are_as_many_as_there_are_links_between_two(small: SmallCity) -> None:
    found = [tuple(sorted(pair)) for pair in pairs(small.city.intents)]
    assert found.count(("nk-an-hoa-ce1", "nk-pop1")) == 1
    assert len(found) == 14
    assert not [pair for pair in found if "cpt-1" in pair]


def test_a_device_that_is_gone_is_still_wired_to_what_shares_its_subnet(small: SmallCity) -> None:
    """Else the neighbour that goes with it would be a loss that nobody foresaw."""
    routers = {host: read(normal.parse(render(intent))) for host, intent in small.city.intents.items()}
    left = [
        wire for wire in wires(small.city.intents) if "nk-an-hoa-ce1" not in (wire.a.device, wire.z.device)
    ]
    cables = laid(left, routers)
    assert set(cables) - set(left) == {Wire(End("nk-an-hoa-ce1", "eth0"), End("nk-pop1", "eth11"))}
    lost = losses(routers, {"nk-pop1": read(normal.parse(""))}, cables, [["nk-pop1"]])["nk-pop1"]
    assert f"ospf neighbour {small.city.intents['nk-an-hoa-ce1'].router_id} on eth11" in lost
