"""Who may open what: derived from systems, roles and zones, for both families, and nothing besides."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import pairwise

import pytest

from infra_ctl.intent import HostIntent, HostIntents, allocate
from infra_ctl.intent.host import Opening
from infra_ctl.intent.model import Network
from infra_ctl.intent.places import ANYBODY
from infra_ctl.inventory import Inventory
from infra_ctl.inventory.kinds import Lan, Users, Zone


@pytest.fixture(scope="module")
def hosts(reference: Inventory) -> HostIntents:
    return HostIntents(reference, allocate(reference, {}))


def opening(host: HostIntent, service: str, protocol: str = "tcp") -> Opening:
    (found,) = [each for each in host.openings if (each.service, each.protocol) == (service, protocol)]
    return found


def lets_in(host: HostIntent, service: str, who: HostIntent) -> bool:
    sources = opening(host, service).sources
    inside = [any(address in source for source in sources) for address in who.addresses]
    assert len(set(inside)) == 1, "one family only"
    return inside[0]


def test_who_may_be_named_is_every_kind_of_lan_and_two_more() -> None:
    assert {*map(str, Lan), "outside", "administrators"} == {*Users.__args__}


def test_every_host_is_looked_after_from_the_management_zones_and_measured(hosts: HostIntents) -> None:
    for host in hosts.values():
        assert lets_in(host, "ssh", hosts["bk-ntp-1"])
        assert not lets_in(host, "ssh", hosts["dc-app-1"])
        if "monitoring" not in host.roles:
            assert lets_in(host, "node-exporter", hosts["bk-monitor-1"])
            assert not lets_in(host, "node-exporter", hosts["dc-ntp-1"])


def test_who_administers_sees_what_is_measured_and_told_and_monitoring_hosts_tell_each_other(
    hosts: HostIntents,
) -> None:
    host = hosts["dc-monitor-1"]
    for service in ("prometheus", "alertmanager"):
        assert lets_in(host, service, hosts["bk-ntp-1"])  # in a management zone
        assert not lets_in(host, service, hosts["dc-app-1"])
    assert lets_in(host, "alertmanager-gossip", hosts["bk-monitor-1"])
    assert not lets_in(host, "alertmanager-gossip", hosts["bk-ntp-1"])


def test_a_database_lets_in_who_uses_one_of_its_databases_and_its_partner(hosts: HostIntents) -> None:
    database = hosts["dc-db-2"]
    assert lets_in(database, "postgresql", hosts["bk-qlvb-1"])
    assert lets_in(database, "postgresql", hosts["bk-db-2"])
    assert not lets_in(database, "postgresql", hosts["dc-portal-1"])
    assert lets_in(hosts["dc-db-1"], "postgresql", hosts["dc-portal-1"])


def test_systems_exchange_through_the_platform_whoever_of_the_two_says_so(hosts: HostIntents) -> None:
    assert lets_in(hosts["dc-lgsp-1"], "lgsp/https", hosts["dc-qlvb-1"])
    assert lets_in(hosts["dc-qlvb-1"], "qlvb/https", hosts["bk-lgsp-1"])
    assert not lets_in(hosts["dc-qlvb-1"], "qlvb/https", hosts["dc-app-1"])


def test_a_system_behind_another_is_asked_by_that_one_alone(hosts: HostIntents) -> None:
    behind, front = hosts["dc-app-1"], hosts["dc-portal-2"]
    staff = ip_network("10.65.16.32/27")  # of nk-cai-khe
    assert lets_in(behind, "one-stop/https", front)
    assert not any(staff.subnet_of(source) for source in fours(opening(behind, "one-stop/https").sources))
    assert any(staff.subnet_of(source) for source in fours(opening(behind, "officials/https").sources))
    assert any(staff.subnet_of(source) for source in fours(opening(front, "one-stop/https").sources))
    assert not lets_in(behind, "officials/https", front)


def test_where_a_system_is_administered_nobody_else_gets_in(reference: Inventory) -> None:
    one_stop = reference.systems["one-stop"]
    apart = one_stop.model_copy(update={"administration": ("ssh/22", "https/8443")})
    inventory = reference.model_copy(update={"systems": {**reference.systems, "one-stop": apart}})
    hosts = HostIntents(inventory, allocate(inventory, {}))
    host = hosts["dc-app-1"]
    assert opening(host, "one-stop/administration").port == 8443
    assert lets_in(host, "one-stop/administration", hosts["bk-ntp-1"])
    assert not lets_in(host, "one-stop/administration", hosts["dc-portal-1"])
    assert not any(each.service.endswith("/administration") for each in hosts["dc-qlvb-1"].openings)


def test_guests_use_nothing_inside(hosts: HostIntents) -> None:
    guests = ip_network("10.65.16.224/27")  # of nk-cai-khe
    for host in hosts.values():
        for each in host.openings:
            if each.service not in ("ntp", "dns", "syslog", "signatures") and each.sources != ANYBODY:
                assert not any(guests.subnet_of(source) for source in fours(each.sources)), each.service


def test_anybody_may_use_what_is_outside_s_and_no_other(hosts: HostIntents) -> None:
    open_to_all = {host.zone for host in hosts.values() for each in host.openings if each.sources == ANYBODY}
    assert open_to_all == {Zone.DMZ, Zone.CLOUD}


def test_the_registrar_is_asked_by_both_protocols_and_over_tls(hosts: HostIntents) -> None:
    found = [(each.service, each.protocol, each.port) for each in hosts["dc-registrar-1"].openings]
    assert found[1:] != found[:-1]
    assert ("video-conference/sip", "udp", 5060) in found
    assert ("video-conference/sip", "tcp", 5060) in found
    assert ("video-conference/sips", "tcp", 5061) in found


def test_what_a_host_may_ask_is_what_others_let_it(hosts: HostIntents) -> None:
    """Both ends are drawn from one list: an exit without its opening would be a hole, or a promise."""
    for host in hosts.values():
        for other in hosts.values():
            for each in other.openings if other.name != host.name else ():
                if each.sources == ANYBODY or each.service == "ssh":
                    continue
                asks = any(
                    (out.service, out.protocol, out.port) == (each.service, each.protocol, each.port)
                    and any(other.addresses[0] in target for target in out.targets)
                    for out in host.exits
                )
                inside = any(host.addresses[0] in source for source in each.sources)
                named = asks or each.service in ("postgresql",)
                assert not asks or inside, (host.name, other.name, each.service)
                assert not inside or named or host.zone == Zone.MANAGEMENT, (host.name, other.name, each)


def test_only_the_platform_and_mirrors_go_anywhere_outside(hosts: HostIntents) -> None:
    going = {host.name for host in hosts.values() for each in host.exits if each.targets == ANYBODY}
    assert going == {"dc-lgsp-1", "bk-lgsp-1", "dc-av-1", "bk-av-1"}


def test_no_source_lies_within_another_and_both_families_are_there(hosts: HostIntents) -> None:
    for host in hosts.values():
        for each in host.openings:
            versions = {source.version for source in each.sources}
            assert versions == {4, 6}
            for family in (fours(each.sources), sixes(each.sources)):
                ordered = sorted(family)
                assert not any(a.overlaps(b) for a, b in pairwise(ordered))


def fours(networks: tuple[Network, ...]) -> list[IPv4Network]:
    return [each for each in networks if isinstance(each, IPv4Network)]


def sixes(networks: tuple[Network, ...]) -> list[IPv6Network]:
    return [each for each in networks if isinstance(each, IPv6Network)]


def test_a_stage_without_ipv6_opens_nothing_over_it(small: Inventory) -> None:
    intents: Mapping[str, HostIntent] = HostIntents(small, allocate(small, {}))
    staff = opening(intents["dc-app-1"], "one-stop/https").sources
    assert len(fours(staff)) > len(sixes(staff)) > 0
