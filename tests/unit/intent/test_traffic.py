"""Who is marked how, and which of a router's interfaces queue: from classes, LANs, zones and circuits."""

from __future__ import annotations

import pytest

from infra_ctl.intent import HostParts, allocate, build
from infra_ctl.intent.traffic import Mark, Queue
from infra_ctl.inventory import Inventory


def parts_of(inventory: Inventory) -> HostParts:
    allocations = allocate(inventory, {})
    return HostParts(inventory, allocations, build(inventory, allocations))


@pytest.fixture(scope="module")
def parts(reference: Inventory) -> HostParts:
    return parts_of(reference)


def marks(parts: HostParts, name: str) -> dict[str, tuple[str, ...]]:
    return {mark.traffic: mark.interfaces for mark in parts[name].marks}


def test_a_ward_marks_what_its_lans_send_and_believes_none_of_it(parts: HostParts) -> None:
    assert marks(parts, "nk-cai-khe-ce1/host") == {
        "voice": ("eth2.30",),
        "video": ("eth2.40",),
        "business": ("eth2.20",),
        "default": ("eth2.10", "eth2.70", "eth2.160"),
    }


def test_a_data_centre_marks_its_zones_and_an_edge_the_world_outside(parts: HostParts) -> None:
    core = marks(parts, "dc-core1/host")
    assert core["video"] == ("eth1.90",), "where registrars and MCUs are"
    assert "voice" not in core
    edge = parts["dc-edge1/host"]
    assert {mark.dscp for mark in edge.marks} == {"cs0"}
    assert not edge.queues, "it has cables and a peering, and no circuit"


def test_marks_of_our_own_routers_are_believed(parts: HostParts) -> None:
    """A PoP has links alone."""
    assert parts["nk-pop1/host"].marks == ()


def test_every_end_of_a_circuit_queues_at_its_rate_and_nothing_else_does(
    parts: HostParts, reference: Inventory
) -> None:
    assert parts["nk-cai-khe-ce1/host"].queues == (
        Queue("eth0", "nk-cai-khe-1", 50),
        Queue("eth1", "nk-cai-khe-2", 20),
    )
    ends = sorted(queue.circuit for part in parts.values() for queue in part.queues)
    assert ends == sorted(2 * list(reference.circuits))
    for part in parts.values():
        for queue in part.queues:
            assert queue.mbps == reference.circuits[queue.circuit].mbps


def test_classes_are_in_the_order_in_which_they_are_sent_and_keep_their_numbers(reference: Inventory) -> None:
    """A class that the inventory drops leaves the others' numbers alone: queues in use are adjusted."""
    few = {name: each for name, each in reference.classes.items() if name in ("default", "video")}
    fewer = parts_of(reference.model_copy(update={"classes": few}))["nk-cai-khe-ce1/host"]
    assert [(each.name, each.minor) for each in fewer.classes] == [("video", 30), ("default", 50)]
    assert fewer.marks[0] == Mark("video", "af41", ("eth2.40",))


def test_without_classes_nothing_is_marked_or_queued(reference: Inventory) -> None:
    plain = parts_of(reference.model_copy(update={"classes": {}}))["nk-cai-khe-ce1/host"]
    assert (plain.marks, plain.queues) == ((), ())


def test_an_agent_is_for_monitoring_alone_and_says_where_it_is(
    parts: HostParts, reference: Inventory
) -> None:
    agent = parts["nk-cai-khe-ce1/host"].agent
    assert agent is not None
    assert list(map(str, agent.clients)) == ["10.20.0.19/32", "10.36.0.19/32"]
    assert (agent.location, agent.contact) == ("Phường Cái Khế (nk-cai-khe)", reference.snmp.contact)
    assert ("eth0", "to nk-pop1 eth10, circuit nk-cai-khe-1") in agent.aliases
    assert (agent.auth, agent.privacy) == ("vault:snmp/auth", "vault:snmp/privacy")


def test_vlans_are_the_sub_interfaces_of_trunks(parts: HostParts) -> None:
    vlans = parts["nk-cai-khe-ce1/host"].vlans
    assert [(each.name, each.trunk, each.number, each.mtu) for each in vlans][:1] == [
        ("eth2.10", "eth2", 10, 1500)
    ]
    assert len(vlans) == 6
    assert parts["nk-pop1/host"].vlans == ()
