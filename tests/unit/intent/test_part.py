"""Host parts: what routers let through is what hosts let in and out, and nothing besides."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network

import pytest

from infra_ctl.hosts.roles.queues import marks
from infra_ctl.intent import HostIntent, HostIntents, HostPart, HostParts, allocate, build
from infra_ctl.intent.host import Exit, Opening
from infra_ctl.intent.model import Network
from infra_ctl.intent.part import merged
from infra_ctl.inventory import Inventory

SITES = {"dc": "dc-core1/host", "bk": "bk-r1/host"}


@pytest.fixture(scope="module")
def hosts(reference: Inventory) -> HostIntents:
    return HostIntents(reference, allocate(reference, {}))


@pytest.fixture(scope="module")
def parts(reference: Inventory) -> HostParts:
    allocations = allocate(reference, {})
    return HostParts(reference, allocations, build(reference, allocations))


def within(inner: Network, networks: Iterable[Network]) -> bool:
    return any(
        inner.version == network.version and inner.subnet_of(network)  # type: ignore[arg-type]
        for network in networks
    )


def addresses(host: HostIntent) -> tuple[Network, ...]:
    return tuple(map(ip_network, host.addresses))


def lets_out(part: HostPart, exit_: Exit, source: Network, target: Network) -> bool:
    """All of a target, or each half of it."""
    key = (exit_.service, exit_.protocol, exit_.port)
    whole = any(
        (each.service, each.protocol, each.port) == key
        and within(source, each.sources)
        and within(target, each.targets)
        for each in part.openings
    )
    halves = target.subnets() if target.prefixlen < target.max_prefixlen else ()
    return whole or (bool(halves) and all(lets_out(part, exit_, source, half) for half in halves))


def test_every_router_has_one_and_knows_who_stands_in_for_it(parts: HostParts) -> None:
    assert len(parts) == 103
    carrying = [name for name, part in parts.items() if part.zones]
    assert carrying == ["bk-r1/host", "bk-r2/host", "dc-core1/host", "dc-core2/host"]
    assert parts["dc-edge1/host"].partners == ("dc-edge2/host",)
    assert parts["nk-cai-khe-ce1/host"].partners == ()
    assert (parts["bk-r1/host"].router, parts["bk-r1/host"].site) == ("bk-r1", "bk")
    assert parts["dc-core1/host"].partners == ("dc-core2/host",)
    assert parts["dc-core1/host"].openings == parts["dc-core2/host"].openings


@pytest.mark.parametrize("site", SITES)
def test_what_hosts_let_in_their_routers_let_through_from_the_same_and_nobody_else(
    site: str, hosts: HostIntents, parts: HostParts
) -> None:
    here = {addresses(host): host for host in hosts.values() if host.site == site}
    let_in = [
        Opening(each.service, each.protocol, each.port, each.sources, own)
        for own, host in here.items()
        for each in host.openings
    ]
    through = [each for each in parts[SITES[site]].openings if each.targets in here]
    assert merged(let_in) == tuple(through)


@pytest.mark.parametrize("site", SITES)
def test_what_hosts_ask_for_their_routers_let_out(site: str, hosts: HostIntents, parts: HostParts) -> None:
    for host in hosts.values():
        own = addresses(host) if host.site == site else ()
        for each in host.exits:
            for source in own:
                targets = [target for target in each.targets if target.version == source.version]
                unlet = [
                    target for target in targets if not lets_out(parts[SITES[site]], each, source, target)
                ]
                assert not unlet, f"{host.name} {each.service}"


def test_all_that_is_let_through_begins_or_ends_in_a_zone(parts: HostParts) -> None:
    for part in parts.values():
        for each in part.openings:
            ends_here = any(within(network, part.zones) for network in each.targets)
            assert ends_here or all(within(network, part.zones) for network in each.sources)


def test_hosts_that_deny_both_ways_are_held_and_people_and_others_are_free(
    hosts: HostIntents, parts: HostParts
) -> None:
    part = parts["dc-core1/host"]
    for host in hosts.values():
        for own in addresses(host) if host.site == "dc" else ():
            assert within(own, part.held) == host.is_strict
            assert within(own, part.free) == (not host.is_strict or host.zone == "management")
    assert all(within(network, part.zones) for network in (*part.held, *part.free, *part.people))
    assert within(ip_network("10.20.255.254/32"), part.people), "where the controller stands"


def test_only_cores_believe_the_marks_of_the_hosts_that_measure(parts: HostParts) -> None:
    believed = {
        name: [str(each) for each in parts[name].believed] for name in ("dc-core1/host", "nk-pop1/host")
    }
    assert believed == {"dc-core1/host": ["10.20.0.19/32", "2001:db8:9214::19/128"], "nk-pop1/host": []}
    before, _, after = marks(parts["dc-core1/host"]).partition(
        'ip saddr 10.20.0.19 accept comment "it measures every class"'
    )
    assert "dscp set" not in before
    assert "dscp set" in after
