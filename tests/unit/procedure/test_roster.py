"""The city as Ansible sees it: everybody, in groups, each with a way in, and never a secret."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from infra_ctl.city import City
from infra_ctl.drivers.connection import Connection
from infra_ctl.intent.allocation import Allocations
from infra_ctl.intent.hosts import HostIntents
from infra_ctl.inventory.models import Hold
from infra_ctl.procedure.roster import Member, Ways, by_group, roster
from tests.unit.conftest import SmallCity


def ways(known_hosts: str = "/keys/known_hosts") -> Ways:
    """Everybody at an address of a name, by our key."""

    def way(name: str) -> Connection:
        user = "infra" if name == "dc-app-1" else "netops"
        return Connection(name, f"at-{name}", user, Path(known_hosts), Path("/keys/id"), sudo=True)

    return way


def members(city: City, network: str = "live", known_hosts: str = "/keys/known_hosts") -> dict[str, Member]:
    return {member.name: member for member in roster(city, network, ways(known_hosts))}


def held(city: City, name: str, effect: str) -> City:
    hold = Hold.model_validate({"object": name, "effect": effect, "reason": "x", "until": date(2099, 1, 1)})
    inventory = city.inventory.model_copy(update={"holds": (hold,)})
    return replace(city, inventory=inventory, hosts=HostIntents(inventory, Allocations(city.prefixes)))


def test_every_router_and_host_is_there_once(small: SmallCity) -> None:
    found = [member.name for member in roster(small.city, "live", ways())]
    assert found == [*small.city.intents, *sorted(small.city.inventory.hosts)]
    assert [each.name for each in roster(small.city, "live", ways(), {"nk-pop1"})] == ["nk-pop1"]


def test_a_router_s_groups_and_its_way_in(small: SmallCity) -> None:
    ward = members(small.city)["nk-cai-khe-ce1"]
    assert set(ward.groups) >= {
        "routers",
        "role_ce",
        "pop_nk",
        "site_nk_cai_khe",
        "kind_commune",
        "ipv6_dual",
    }
    assert ward.variables["ansible_host"] == "at-nk-cai-khe-ce1"
    assert (ward.variables["ansible_user"], ward.variables["ansible_become"]) == ("netops", True)
    assert "StrictHostKeyChecking=yes" in str(ward.variables["ansible_ssh_common_args"])


def test_a_host_s_groups_and_its_way_in(small: SmallCity) -> None:
    host = members(small.city)["dc-app-1"]
    level = max(each.level for each in small.city.inventory.systems.values() if "dc-app-1" in each.runs_on)
    assert set(host.groups) >= {"hosts", "role_application", "site_dc", "zone_servers", f"level_{level}"}
    assert (host.variables["ansible_user"], host.variables["ansible_become"]) == ("infra", True)


def test_two_networks_never_share_a_kept_connection(small: SmallCity) -> None:
    """A twin has the addresses of its city: a socket named after an address alone would lead to the other."""
    paths = {
        str(members(small.city, *network)["nk-pop1"].variables["ansible_control_path"])
        for network in (("live",), ("lab:city",), ("live", "/other"))
    }
    assert len(paths) == 3


@pytest.mark.parametrize(
    ("name", "effect", "group", "who"),
    [
        ("nk-pop1", "drain", "drained", ["nk-pop1"]),
        ("nk-cai-khe", "isolate", "isolated", ["nk-cai-khe-ce1"]),
        ("dc-app-1", "isolate", "isolated", ["dc-app-1"]),
    ],
)
def test_what_is_held_is_a_group(
    small: SmallCity, name: str, effect: str, group: str, who: list[str]
) -> None:
    groups = by_group(roster(held(small.city, name, effect), "live", ways()))
    assert list(groups[group]) == who


def test_nothing_in_it_is_a_secret_or_leads_to_one(small: SmallCity) -> None:
    told = repr(roster(small.city, "live", ways()))
    assert "vault:" not in told
    assert not [secret for secret in small.masking.vault.values() if secret in told]
