"""A host's intent: its level, its servers, its names, who comes before it and who stands in for it."""

from __future__ import annotations

from graphlib import TopologicalSorter
from ipaddress import IPv4Address

import pytest

from infra_ctl.intent import HostIntents, allocate
from infra_ctl.intent.host import RETENTION_MONTHS
from infra_ctl.inventory import Inventory
from infra_ctl.inventory.kinds import Stage


@pytest.fixture(scope="module")
def hosts(reference: Inventory) -> HostIntents:
    return HostIntents(reference, allocate(reference, {}))


def test_hosts_are_sorted_and_none_is_worked_out_before_it_is_asked_for(reference: Inventory) -> None:
    intents = HostIntents(reference, allocate(reference, {}))
    assert list(intents) == sorted(reference.hosts)
    assert len(intents) == len(reference.hosts)
    assert intents["dc-db-1"] is intents["dc-db-1"]
    assert "dc-db-9" not in intents


@pytest.mark.parametrize(
    ("host", "level", "strict", "months"),
    [
        ("dc-db-2", 3, True, 3),  # keeps the data of one-stop, which runs elsewhere
        ("dc-registrar-1", 2, False, 1),
        ("dc-ntp-1", 3, True, 3),  # runs no system and serves them all
        ("dc-portal-1", 3, True, 3),  # the highest of four
    ],
)
def test_a_level_is_the_highest_of_what_a_host_serves(
    hosts: HostIntents, host: str, level: int, strict: bool, months: int
) -> None:
    intent = hosts[host]
    assert (intent.level, intent.is_strict, RETENTION_MONTHS[intent.level]) == (level, strict, months)


def test_servers_of_the_own_site_are_asked_first(hosts: HostIntents) -> None:
    near, far = hosts["dc-ntp-1"].addresses[0], hosts["bk-ntp-1"].addresses[0]
    assert hosts["dc-app-1"].ntp == (near, far)
    assert hosts["bk-app-1"].ntp == (far, near)


def test_a_server_of_the_city_asks_outside_and_its_partner(hosts: HostIntents, reference: Inventory) -> None:
    server = hosts["dc-ntp-1"]
    assert server.ntp == reference.upstreams.ntp
    assert server.ntp_partners == hosts["bk-ntp-1"].addresses[:1]
    assert hosts["dc-dns-1"].dns == reference.upstreams.dns
    assert hosts["dc-log-1"].collectors == hosts["bk-log-1"].addresses[:1]
    assert hosts["dc-av-1"].mirrors == ()
    assert hosts["dc-av-1"].signatures == reference.upstreams.signatures


def test_a_resolver_knows_devices_hosts_and_systems(hosts: HostIntents) -> None:
    records = {record.name: record for record in hosts["bk-dns-1"].records}
    assert records["nk-pop1.cantho.example"].reverse
    assert records["dc-db-1.cantho.example"].addresses == hosts["dc-db-1"].addresses
    assert not records["www.cantho.example"].reverse
    assert hosts["dc-app-1"].records == ()


def test_a_system_s_name_leads_to_what_takes_its_requests(hosts: HostIntents) -> None:
    records = {record.name: record.addresses for record in hosts["dc-dns-1"].records}
    fronts = [hosts[name].addresses for name in ("dc-portal-1", "dc-portal-2", "bk-portal-1")]
    assert records["one-stop.cantho.example"] == tuple(address for each in fronts for address in each)
    assert records["shared.db.cantho.example"] == hosts["dc-db-1"].addresses


def test_a_collector_knows_every_address_that_logs_come_from(hosts: HostIntents) -> None:
    sources = {source.address: (source.name, source.months) for source in hosts["dc-log-1"].log_sources}
    for host in hosts.values():
        for address in host.addresses:
            assert sources[address] == (host.name, RETENTION_MONTHS[host.level])
    assert sources[IPv4Address("10.0.0.1")] == ("dc-edge1", 3)


def test_requests_are_passed_on_to_the_own_site_and_to_the_other_where_nobody_answers(
    hosts: HostIntents,
) -> None:
    (site,) = [site for site in hosts["bk-portal-1"].sites if site.system == "one-stop"]
    assert [(each.host, each.spare) for each in site.upstreams] == [("dc-app-1", True), ("bk-app-1", False)]
    assert site.users
    assert not [site for site in hosts["dc-app-1"].sites if site.upstreams]


def test_a_replica_copies_the_primary_of_its_databases(hosts: HostIntents) -> None:
    primary, replica = hosts["dc-db-1"].database, hosts["bk-db-1"].database
    assert primary is not None
    assert replica is not None
    assert primary.primary is None
    assert replica.primary == (hosts["dc-db-1"].addresses[0], 5432)
    assert primary.partners == hosts["bk-db-1"].addresses
    assert hosts["dc-app-1"].database is None


def test_what_comes_before_a_host_is_what_it_is_a_client_of(hosts: HostIntents) -> None:
    assert {"dc-ntp-1", "bk-dns-1", "dc-log-1", "dc-av-1"} <= set(hosts["dc-db-1"].needs)
    assert "dc-db-1" in hosts["bk-db-1"].needs
    assert "dc-db-2" in hosts["dc-app-1"].needs
    assert {"dc-app-1", "bk-app-1"} <= set(hosts["dc-portal-1"].needs)
    assert hosts["dc-ntp-1"].needs == ()


def test_nobody_waits_in_a_circle(hosts: HostIntents) -> None:
    order = list(TopologicalSorter({name: host.needs for name, host in hosts.items()}).static_order())
    assert order.index("dc-db-1") < order.index("bk-db-1") < order.index("dc-portal-1")


def test_partners_are_each_other_s(hosts: HostIntents) -> None:
    assert hosts["dc-portal-1"].partners == ("bk-portal-1", "dc-portal-2")
    assert hosts["dc-ntp-1"].partners == ("bk-ntp-1",)
    assert hosts["bk-db-2"].partners == ("dc-db-2",)
    for name, host in hosts.items():
        assert all(name in hosts[partner].partners for partner in host.partners)


def test_a_host_without_ipv4_asks_over_ipv6(reference: Inventory) -> None:
    moved = reference.sites["bk"].model_copy(update={"ipv6": Stage.V6ONLY})
    city = reference.model_copy(update={"sites": {**reference.sites, "bk": moved}})
    hosts = HostIntents(city, allocate(city, {}))
    assert {address.version for address in hosts["bk-app-1"].addresses} == {6}
    assert {address.version for address in hosts["bk-app-1"].ntp} == {6}
    assert hosts["bk-app-1"].ntp[1] == hosts["dc-ntp-1"].addresses[1]
    assert hosts["dc-portal-1"].sites[-1].upstreams[-1].address in hosts["bk-app-1"].addresses
