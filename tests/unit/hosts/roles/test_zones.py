"""The host part of routers: one table of its own, which the kernel takes in one piece."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from datetime import date
from ipaddress import ip_network
from pathlib import Path

import pytest

from infra_ctl.change.operations import File, Operation, Run
from infra_ctl.hosts import state
from infra_ctl.hosts.meant import Hosts, Kept
from infra_ctl.hosts.roles import of_router, zones
from infra_ctl.intent import HostPart, HostParts, allocate, build
from infra_ctl.intent.host import Opening
from infra_ctl.inventory import Inventory, load
from infra_ctl.inventory.models import Hold

ROOT = Path(__file__).parents[4]
CASE = ROOT / "tests/cases/hosts/dc-core1.txt"
APP = (ip_network("10.18.0.16/32"),)
KEPT = Opening("one-stop/https", "tcp", 8443, (ip_network("10.17.0.16/31"),), APP)

needs_nft = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("nft"), reason="needs root and nft")


@pytest.fixture(scope="module")
def reference() -> HostParts:
    return parts_of(load(ROOT / "inventory"))


@pytest.fixture(scope="module")
def core() -> HostPart:
    return parts_of(load(ROOT / "tests/cases/inventory/city"))["dc-core1/host"]


def parts_of(inventory: Inventory) -> HostParts:
    allocations = allocate(inventory, {})
    return HostParts(inventory, allocations, build(inventory, allocations))


def in_a_namespace(script: str) -> subprocess.CompletedProcess[str]:
    command = ("unshare", "--net", "sh", "-ec", script)
    return subprocess.run(command, capture_output=True, text=True, check=False)


def loads() -> Run:
    (found,) = [each for each in of_router.operations(_none()) if each.id == "zones/load"]
    assert isinstance(found, Run)
    return found


def _none() -> HostPart:
    return HostPart("r/host", "r", "dc", APP)


def acl(operations: Iterable[Operation]) -> File:
    (found,) = [each for each in operations if each.id == "zones/rules"]
    assert isinstance(found, File)
    return found


def test_case(core: HostPart) -> None:
    text = zones.rules(core)
    if "UPDATE_CASES" in os.environ:
        CASE.write_text(text, encoding="utf-8")
    assert text == CASE.read_text(encoding="utf-8")


def test_what_can_lock_out_is_on_trial_and_its_state_comes_last(core: HostPart) -> None:
    found = of_router.operations(core)
    guarded = ["vlans/script", "vlans/load", "zones/rules", "zones/load", "queues/script", "queues/load"]
    assert [each.id for each in found if each.guarded] == guarded
    assert [each.id for each in found[1 : 1 + len(guarded)]] == guarded, "all of it is one trial"
    assert found[-1].id == state.OPENINGS
    assert isinstance(found[-1], File)
    assert state.parsed(found[-1].text) == core.openings


def test_a_kept_opening_stays_beside_those_that_are_meant(reference: HostParts) -> None:
    part = reference["dc-core1/host"]
    meant = Hosts({}, (), {part.name: part})[part.name]
    assert (meant.standing.router, meant.standing.site) == ("dc-core1", "dc")
    assert meant.concerns(["one-stop/https"])
    rules, both = (acl(meant.operations(kept)) for kept in (Kept(), Kept((KEPT,))))
    added = set(both.text.splitlines()) - set(rules.text.splitlines())
    assert {line.strip() for line in added} == {
        'ip saddr { 10.17.0.16/31 } ip daddr { 10.18.0.16/32 } tcp dport 8443 accept comment "one-stop/https"'
    }
    assert set(rules.text.splitlines()) <= set(both.text.splitlines())


def test_many_networks_have_a_set_and_two_sets_never_one_name(reference: HostParts) -> None:
    text = zones.rules(reference["dc-core1/host"])
    names = [line.split()[1] for line in text.splitlines() if line.startswith("    set ")]
    assert len(names) == len(set(names)) > 4
    assert all(f"@{name} " in text for name in names)


def isolating(name: str) -> HostPart:
    inventory = load(ROOT / "inventory")
    hold = Hold(object=name, effect="isolate", reason="taken", until=date(2099, 1, 1))
    held = inventory.model_copy(update={"holds": (hold,)})
    return parts_of(held)["dc-core1/host"]


def test_an_isolated_host_is_cut_off_on_its_routers_too_with_the_connections_that_it_has(
    reference: HostParts,
) -> None:
    """Whoever has taken the host has taken its firewall."""
    part = isolating("dc-app-1")
    assert part.isolated == (*APP, ip_network("2001:db8:9212::16/128"))
    assert part.openings == reference["dc-core1/host"].openings, "no port moves by that"
    text = zones.rules(part)
    sealed = text.partition("chain sealed {")[2].partition("\n    }")[0]
    assert set(re.findall(r'comment "([^"]+)"', sealed)) == {"ssh", "ssh answers", "syslog", "syslog answers"}
    assert all("!= syn" in line for line in sealed.splitlines() if "sport" in line), "it opens none itself"
    forward = text.partition("chain forward {")[2]
    assert forward.index("goto sealed") < forward.index("icmp") < forward.index("!= syn accept")


@needs_nft
def test_the_kernel_takes_every_ruleset_again_and_leaves_other_tables(
    reference: HostParts, tmp_path: Path
) -> None:
    """In a network namespace of its own; a fault of the lab is a table like any other."""
    rules = tmp_path / "rules"
    carrying = [part for part in reference.values() if part.zones]
    for part in (*carrying, isolating("dc")):
        rules.write_text(zones.rules(part), encoding="utf-8")
        script = (
            f"nft add table netdev fault; nft -c -f {rules}; nft -f {rules}; nft -f {rules}; nft list tables"
        )
        said = in_a_namespace(script)
        assert said.stdout.splitlines() == ["table netdev fault", "table inet zones"], f"{part.name}: {said}"


@needs_nft
def test_rules_that_are_no_more_are_no_more_in_the_kernel() -> None:
    """What the dead-man timer does where there were none before."""
    assert not Path(zones.RULES).exists(), "this machine is no router"
    said = in_a_namespace(
        f"nft add table inet zones; {loads().unless} >&2; {loads().command}; nft list tables"
    )
    assert (said.returncode, said.stdout) == (0, ""), said
