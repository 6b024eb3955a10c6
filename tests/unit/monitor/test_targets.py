"""Who is measured: every circuit over itself, every site, every room, in the families that it has."""

from __future__ import annotations

from collections import Counter
from ipaddress import ip_address

import pytest

from infra_ctl.city import City
from infra_ctl.intent.host import Exit
from infra_ctl.intent.model import Address
from infra_ctl.monitor.jobs import at, discovery, monitoring_hosts, registry
from infra_ctl.monitor.targets import PathTarget, path_targets, registrar_targets, room_targets


@pytest.fixture(scope="module")
def paths(city: City) -> tuple[PathTarget, ...]:
    return path_targets(city)


def test_every_circuit_and_site_is_measured_in_both_classes(
    city: City, paths: tuple[PathTarget, ...]
) -> None:
    seen = Counter((each.kind, each.name, each.family) for each in paths)
    assert set(seen.values()) == {2}
    assert {name for kind, name, family in seen if (kind, family) == ("circuit", "ipv4")} == set(
        city.inventory.circuits
    )
    assert {name for kind, name, family in seen if (kind, family) == ("site", "ipv4")} == set(
        city.inventory.sites
    )


def test_a_circuit_is_measured_at_its_own_z_end(city: City, paths: tuple[PathTarget, ...]) -> None:
    owners = {
        interface.ipv4.ip: (intent.site, interface.circuit)
        for intent in city.intents.values()
        for interface in intent.interfaces
        if interface.ipv4
    }
    circuits = [each for each in paths if each.kind == "circuit" and each.family == "ipv4"]
    assert all(owners[each.address] == (each.site, each.name) for each in circuits)
    assert {each.site for each in circuits if each.name == "nk-cai-khe-1"} == {"nk-cai-khe"}


def test_ipv6_is_measured_where_it_is_routed(paths: tuple[PathTarget, ...]) -> None:
    has_ipv6 = {each.name for each in paths if each.family == "ipv6"}
    assert "nk-cai-khe" in has_ipv6  # dual
    assert "nk-an-hoa" not in has_ipv6  # none


def test_the_order_is_stable(city: City, paths: tuple[PathTarget, ...]) -> None:
    assert path_targets(city) == paths
    assert room_targets(city) == room_targets(city)


def test_a_room_has_the_address_of_its_number(city: City) -> None:
    rooms = {each.room: each for each in room_targets(city)}
    assert set(rooms) == set(city.inventory.rooms)
    room = rooms["nk-cai-khe-room"]
    assert room.addresses == (ip_address("10.65.16.144"), ip_address("2001:db8:9241:1040::16"))
    assert (room.address, room.registrar, room.transports) == (
        ip_address("10.65.16.144"),
        "sip.cantho.example",
        ("udp", "tcp", "tls"),
    )
    hall = rooms["hq-van-phong-ubnd-hall"]
    assert (hall.port, hall.transports, hall.registrar) == (1720, (), None)
    assert len({each.address for each in rooms.values()}) == len(rooms)


def test_registrars_are_known_by_their_names_first_the_one_that_their_system_names_first(city: City) -> None:
    assert [(each.registrar, each.names) for each in registrar_targets(city)] == [
        ("dc-registrar-1", ("sip.cantho.example",)),
        ("bk-registrar-1", ("sip.cantho.example",)),
    ]


def test_targets_of_the_good_exporters_carry_the_inventorys_labels(city: City) -> None:
    found = {job: targets(city) for job, targets in registry().items()}
    by_host = {each.labels["host"]: each for each in found["node"]}
    assert set(by_host) == set(city.hosts)
    assert dict(by_host["dc-db-1"].labels) == {
        "host": "dc-db-1",
        "site": "dc",
        "pop": "hq",
        "owner": "so-tttt",
    }
    for job in ("snmp", "frr"):
        assert {each.labels["device"] for each in found[job]} == set(city.intents)


def test_systems_are_probed_in_the_families_of_their_stage(city: City) -> None:
    seen = {
        (each.labels.get("system"), each.labels["family"], each.labels["__param_module"], each.address)
        for each in registry()["blackbox"](city)
    }
    assert ("portal", "ipv6", "http_ipv6", "https://www.cantho.example/") in seen
    assert ("accounts", "ipv4", "tls_ipv4", "id.cantho.example:636") in seen
    assert ("warehouse", "ipv4", "tcp_ipv4", "warehouse.db.cantho.example:5432") in seen
    assert not [each for each in seen if each[0] == "warehouse" and each[1] == "ipv6"]  # its stage: routed
    assert (None, "ipv4", "tcp_ipv4", "10.48.20.145:1720") in seen


def test_discovery_is_what_prometheus_reads(city: City) -> None:
    groups = discovery(registry()["frr"](city))
    assert groups[0] == {
        "targets": ["10.0.0.2:9342"],
        "labels": {"device": "bk-r1", "site": "bk", "pop": "hq", "owner": "so-tttt"},
    }
    assert at(ip_address("2001:db8::1"), 9100) == "[2001:db8::1]:9100"


def test_the_data_centres_monitoring_host_comes_first(city: City) -> None:
    assert monitoring_hosts(city) == ("dc-monitor-1", "bk-monitor-1")


def test_the_monitoring_hosts_firewall_lets_out_what_they_ask(city: City) -> None:
    for name in monitoring_hosts(city):
        exits = city.hosts[name].exits

        def may_ask(protocol: str, address: Address, port: int, exits: tuple[Exit, ...] = exits) -> bool:
            return any(
                (each.protocol, each.port) == (protocol, port)
                and any(address in net for net in each.targets if net.version == address.version)
                for each in exits
            )

        for intent in city.intents.values():
            for protocol, port in (("udp", 161), ("udp", 862), ("tcp", 9342), ("tcp", 22)):
                assert may_ask(protocol, intent.management, port)
        for room in room_targets(city):
            ports = {("udp", room.port), ("tcp", room.port), ("tcp", room.tls_port)}
            ports = ports if room.protocol == "sip" else {("tcp", room.port)}
            assert all(
                may_ask(protocol, address, port) for address in room.addresses for protocol, port in ports
            )
        for host, each in city.hosts.items():
            assert host == name or may_ask("tcp", each.addresses[0], 9100)
        for registrar in registrar_targets(city):
            assert may_ask("udp", registrar.address, registrar.port)
            assert may_ask("tcp", registrar.address, registrar.tls_port)
