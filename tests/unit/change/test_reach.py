"""Paths through a small city: two cores, two PoPs with an area each, a ward on both, a ward on one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address

import pytest

from infra_ctl.change import normal, reading
from infra_ctl.change.reach import Path, Reach
from infra_ctl.change.router import Address
from infra_ctl.change.topology import End, Topology, Wire

Network = Callable[[Mapping[str, str], Iterable[str]], Reach]


def router(n: int, area: int, links: Mapping[str, tuple[int, int]], lan: str = "", version: int = 4) -> str:
    """Router n with its loopback in an area; links are `interface: (link's number, area)`, /31 and /127 each.

    The router with the lower number comes first on a link, so its address is the even one.
    """
    lines = [
        f"interface lo\n ip address 10.0.0.{n}/32\n ipv6 address 2001:db8::{n}/128",
        *_ospf(area, passive=True),
    ]
    for name, (link, in_area) in links.items():
        odd = link % 2
        lines += [
            f"exit\ninterface {name}\n ip address 10.1.{link // 2}.{odd}/31",
            f" ipv6 address 2001:db8:1:{link // 2}::{odd}/127",
            *_ospf(in_area, passive=False),
        ]
    if lan:
        lines += [f"exit\ninterface lan\n ip address {lan}", *_ospf(area, passive=True)]
    lines += [
        "exit",
        f"router ospf\n ospf router-id 10.0.0.{n}\nexit\nrouter ospf6\n ospf6 router-id 10.0.0.{n}\nexit",
    ]
    return "\n".join(lines) + "\n"


def _ospf(area: int, *, passive: bool) -> list[str]:
    how = "passive" if passive else "network point-to-point"
    return [f" ip ospf area {area}\n ip ospf {how}\n ipv6 ospf6 area {area}\n ipv6 ospf6 {how}"]


CITY = {
    "core1": router(1, 0, {"eth0": (0, 0), "eth1": (2, 0)}),
    "core2": router(2, 0, {"eth0": (1, 0), "eth1": (4, 0)}),
    "pop1": router(3, 0, {"eth0": (3, 0), "eth1": (6, 1), "eth2": (8, 1)}),
    "pop2": router(4, 0, {"eth0": (5, 0), "eth1": (10, 1)}),
    "both": router(5, 1, {"eth0": (7, 1), "eth1": (11, 1)}, lan="10.65.1.1/24"),
    "one": router(6, 1, {"eth0": (9, 1)}),
}
WIRES = (
    "core1/eth0 core2/eth0",
    "core1/eth1 pop1/eth0",
    "core2/eth1 pop2/eth0",
    "pop1/eth1 both/eth0",
    "pop2/eth1 both/eth1",
    "pop1/eth2 one/eth0",
)
LOOPBACKS = {name: ip_address(f"10.0.0.{n}") for n, name in enumerate(CITY, start=1)}
LOOPBACKS6 = {name: ip_address(f"2001:db8::{n}") for n, name in enumerate(CITY, start=1)}


@pytest.fixture
def city(network: Network) -> Reach:
    return network(CITY, WIRES)


def edit(reach: Reach, device: str, *lines: str, without: tuple[str, ...] = ()) -> None:
    """Give a device of the city its configuration with lines less, and with text more."""
    text = "".join(f"{line}\n" for line in CITY[device].splitlines() if line.strip() not in without)
    reach.topology.replace(device, reading.read(normal.parse(text + "".join(f"{line}\n" for line in lines))))


@pytest.mark.parametrize("loopbacks", [LOOPBACKS, LOOPBACKS6], ids=["IPv4", "IPv6"])
def test_all_reach_all(city: Reach, loopbacks: Mapping[str, Address]) -> None:
    for source, own in loopbacks.items():
        for name, target in loopbacks.items():
            path = city.round_trip(source, own, target)
            assert path.ok, path
            assert (path.hops[0], path.hops[-1]) == (source, name)


def test_a_path_names_every_router(city: Reach) -> None:
    assert city.path("core2", LOOPBACKS["one"]) == Path(("core2", "core1", "pop1", "one"))


def test_an_area_is_left_through_the_backbone_only(city: Reach) -> None:
    """A cable way would be there, through the ward that is on both PoPs."""
    edit(city, "core1", "interface eth0\n shutdown\nexit")
    down = "core1/eth0 is shut down"
    assert city.path("core1", LOOPBACKS["core2"]).obstacle == f"no OSPF path from core1 to core2/lo: {down}"
    assert city.path("pop1", LOOPBACKS["core2"]).obstacle == f"no OSPF path from pop1 to core2/lo: {down}"


def test_every_router_on_the_way_decides_anew(city: Reach) -> None:
    """The ward's way to core2 begins at pop1, which knows of core2 from the backbone only: seen on FRR."""
    edit(city, "core1", "interface eth0\n shutdown\nexit")
    assert city.path("core2", LOOPBACKS["one"]).hops == ("core2", "pop2", "both", "pop1", "one")
    down = ": core1/eth0 is shut down"  # the shortest way to the other one is whole, and no way for packets
    for target, why in (("core2", down), ("pop2", "")):
        assert city.path("one", LOOPBACKS[target]).obstacle == f"no OSPF path from one to {target}/lo{why}"
    assert city.path("both", LOOPBACKS["core2"]).hops == ("both", "pop2", "core2")


def test_an_area_is_no_way_into_another(network: Network) -> None:
    """A PoP without the backbone tells its areas of each other, and the backbone of none."""
    pop2 = (
        router(4, 0, {"eth0": (5, 0), "eth1": (10, 1), "eth2": (12, 2)}) + "interface eth0\n shutdown\nexit\n"
    )
    two = {**CITY, "pop2": pop2, "two": router(7, 2, {"eth0": (13, 2)})}
    reach = network(two, (*WIRES, "pop2/eth2 two/eth0"))
    target = ip_address("10.0.0.7")
    assert reach.path("both", target).hops == ("both", "pop2", "two")
    obstacle = "no OSPF path from core1 to two/lo: pop2/eth0 is shut down"
    assert reach.path("core1", target).obstacle == obstacle


def test_a_router_that_lost_the_backbone_is_not_found_through_a_ward(city: Reach) -> None:
    """FRR's border routers take no summaries from another area while they have a backbone neighbour."""
    edit(city, "pop1", "interface eth0\n shutdown\nexit")
    assert not city.path("core2", LOOPBACKS["pop1"]).ok
    assert city.path("core2", LOOPBACKS["both"]).hops == ("core2", "pop2", "both")
    assert city.path("core2", LOOPBACKS["one"]).hops == ("core2", "pop2", "both", "pop1", "one")
    assert city.path("pop1", LOOPBACKS["core2"]).ok
    assert "no way back" in city.round_trip("pop1", LOOPBACKS["pop1"], LOOPBACKS["core2"]).obstacle


def test_a_ward_survives_the_loss_of_one_uplink(city: Reach) -> None:
    edit(city, "both", "interface eth0\n shutdown\nexit")
    assert city.path("core1", LOOPBACKS["both"]).hops == ("core1", "core2", "pop2", "both")
    edit(city, "both", "interface eth0\n shutdown\nexit\ninterface eth1\n shutdown\nexit")
    assert not city.path("core1", LOOPBACKS["both"]).ok


def test_costs_decide(city: Reach) -> None:
    edit(city, "core1", "interface eth1\n ip ospf cost 500\nexit")
    assert city.path("core1", LOOPBACKS["both"]).hops == ("core1", "core2", "pop2", "both")
    assert city.path("core1", LOOPBACKS6["both"]).hops == ("core1", "pop1", "both")


def test_an_address_that_is_not_announced_is_not_reached(city: Reach) -> None:
    edit(city, "one", without=("ip ospf passive", "ip ospf area 1"))
    assert not city.path("core1", LOOPBACKS["one"]).ok
    assert city.path("core1", LOOPBACKS6["one"]).ok


def test_why_an_address_is_not_reached(city: Reach) -> None:
    edit(city, "one", "interface lan\n ip address 10.66.0.1/24\nexit")
    assert city.path("core1", ip_address("10.66.0.1")).obstacle == "one/lan does not announce 10.66.0.1"
    assert city.path("core1", ip_address("192.0.2.1")).obstacle == "nobody has 192.0.2.1"
    edit(city, "both", "interface lan\n shutdown\nexit")
    assert city.path("core1", ip_address("10.65.1.1")).obstacle == "both/lan is down"


def test_redistributed_connected_prefixes_are_reached(city: Reach) -> None:
    lan = "interface lan\n ip address 10.66.0.1/24\nexit\nrouter ospf\n redistribute connected"
    edit(city, "one", f"{lan}\nexit")
    assert city.path("core1", ip_address("10.66.0.1")).ok
    edit(city, "one", f"{lan} route-map SOME\nexit")
    assert not city.path("core1", ip_address("10.66.0.1")).ok


def test_a_link_address_is_reached_at_either_end(city: Reach) -> None:
    assert city.path("core2", ip_address("10.1.4.1")).hops == ("core2", "core1", "pop1", "one")


def test_a_host_in_a_lan_is_reached_and_none_in_a_loopback_or_a_link(city: Reach) -> None:
    assert city.path("core1", ip_address("10.65.1.77")).hops == ("core1", "pop1", "both")
    edit(city, "core2", "interface lo\n ip address 10.9.9.1/30\n ip ospf area 0\nexit")
    assert city.path("core1", ip_address("10.9.9.2")).obstacle == "nobody has 10.9.9.2"


def test_routers_on_one_lan_reach_each_other(network: Network) -> None:
    text = "interface lan\n ip address 10.65.0.{}/24\nexit\n"
    reach = network({"a": text.format(1), "b": text.format(2)}, [])
    assert reach.round_trip("a", ip_address("10.65.0.1"), ip_address("10.65.0.2")).hops == ("a", "b")


def test_what_is_outside_answers_on_its_wire(network: Network) -> None:
    reach = network({"a": "interface eth0\n ip address 203.0.113.1/31\nexit\n"}, ["a/eth0 provider/eth0"])
    assert reach.path("a", ip_address("203.0.113.0")).hops == ("a",)


def test_the_smallest_mtu_on_the_way_counts(network: Network) -> None:
    narrow = [each.replace("pop1/eth2 one/eth0", "pop1/eth2:1400 one/eth0:1400") for each in WIRES]
    reach = network(CITY, narrow)
    assert reach.path("core2", LOOPBACKS["one"], 1400).ok
    obstacle = "1401 bytes do not fit into the MTU of 1400 behind pop1"
    assert reach.path("core2", LOOPBACKS["one"], 1401).obstacle == obstacle
    assert reach.path("core2", LOOPBACKS["both"], 1500).ok
    assert reach.path("one", ip_address("10.1.4.0"), 1401).obstacle == obstacle.replace("pop1", "one")


def test_the_smaller_mtu_of_a_wire_counts(network: Network) -> None:
    narrow = [each.replace("one/eth0", "one/eth0:1400") for each in WIRES]
    reach = network({**CITY, "one": CITY["one"] + "interface eth0\n ip ospf mtu-ignore\nexit\n"}, narrow)
    assert reach.path("core2", LOOPBACKS["one"], 1400).ok
    assert not reach.path("core2", LOOPBACKS["one"], 1401).ok


def test_an_unknown_source(city: Reach) -> None:
    assert city.path("nobody", LOOPBACKS["one"]).obstacle == "nothing is known of nobody"


def test_replacing_a_router_is_the_same_as_beginning_anew(network: Network, city: Reach) -> None:
    edit(city, "pop1", "interface eth1\n ip ospf cost 77\nexit")
    city.path("core1", LOOPBACKS["both"])
    edit(city, "pop1", "interface eth0\n shutdown\nexit")
    fresh = network({**CITY, "pop1": CITY["pop1"] + "interface eth0\n shutdown\nexit\n"}, WIRES)
    for source in CITY:
        for target in (*LOOPBACKS.values(), *LOOPBACKS6.values(), ip_address("10.1.1.1")):
            assert city.path(source, target) == fresh.path(source, target)


def test_a_change_that_concerns_nobody_keeps_what_was_computed(city: Reach) -> None:
    city.path("core1", LOOPBACKS["one"])
    revisions = [city.topology.revision(version) for version in (4, 6)]
    edit(city, "one", "interface eth0\n description elsewhere\nexit\nlog syslog debugging")
    assert [city.topology.revision(version) for version in (4, 6)] == revisions
    edit(city, "one", "interface eth0\n ip ospf cost 9\nexit")
    assert city.topology.revision(4) > revisions[0]
    assert city.topology.revision(6) == revisions[1], "each version for itself"


def star(wards: int) -> tuple[dict[str, str], list[Wire]]:
    """A core, a PoP for every 100 wards, and the wards, each on its PoP."""
    texts: dict[str, str] = {}
    wires: list[Wire] = []
    links: dict[str, dict[str, tuple[int, int]]] = {"core": {}}
    for ward in range(wards):
        pop = f"pop{ward // 100}"
        if pop not in links:
            links["core"][f"eth{ward // 100}"] = (2 * (wards + ward // 100), 0)
            links[pop] = {"eth0": (2 * (wards + ward // 100) + 1, 0)}
            wires.append(Wire(End("core", f"eth{ward // 100}"), End(pop, "eth0")))
        links[pop][f"eth{ward % 100 + 1}"] = (2 * ward, ward // 100 + 1)
        links[f"ward{ward}"] = {"eth0": (2 * ward + 1, ward // 100 + 1)}
        wires.append(Wire(End(pop, f"eth{ward % 100 + 1}"), End(f"ward{ward}", "eth0")))
    for n, (name, own) in enumerate(links.items()):
        area = own["eth0"][1] if name.startswith("ward") else 0
        texts[name] = big(n, area, own)
    return texts, wires


def big(n: int, area: int, links: Mapping[str, tuple[int, int]]) -> str:
    """As `router`, IPv4 only, with room for thousands."""
    loopback = f"10.128.{n // 256}.{n % 256}"
    lines = [f"interface lo\n ip address {loopback}/32\n ip ospf area {area}\n ip ospf passive\nexit"]
    for name, (link, in_area) in links.items():
        lines.append(f"interface {name}\n ip address 10.{link >> 16}.{link >> 8 & 255}.{link & 255}/31")
        lines.append(f" ip ospf area {in_area}\n ip ospf network point-to-point\nexit")
    return "\n".join([*lines, f"router ospf\n ospf router-id {loopback}\nexit\n"])


def test_cost_grows_with_the_network_and_not_with_its_square(
    calls: Callable[[Callable[[], object]], int],
) -> None:
    """Every ward once under another configuration, and the way to it asked after each change."""

    def work(wards: int) -> int:
        texts, wires = star(wards)
        routers = {name: reading.read(normal.parse(text)) for name, text in texts.items()}
        again = {
            name: reading.read(normal.parse(text + "log syslog debugging\n")) for name, text in texts.items()
        }
        reach = Reach(Topology(routers, wires))

        def change_all() -> None:
            for name in texts:
                reach.topology.replace(name, again[name])
                assert reach.path("core", routers[name].ports["lo"].addresses[0].ip).ok

        return calls(change_all)

    assert work(400) < 4.2 * work(100)
