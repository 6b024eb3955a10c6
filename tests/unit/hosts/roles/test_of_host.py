"""Roles: texts against cases, and what holds of the operations of every host of the city."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from infra_ctl.change.operations import File, Operation, Service
from infra_ctl.hosts import state
from infra_ctl.hosts.roles.of_host import ROLES, operations
from infra_ctl.intent import HostIntents, allocate
from infra_ctl.intent.host import HostIntent, Opening
from infra_ctl.inventory import load
from infra_ctl.inventory.kinds import HostRole
from infra_ctl.secrets import references

ROOT = Path(__file__).parents[4]
CASES = ROOT / "tests/cases/hosts"
MOVED = Opening("one-stop/https", "tcp", 8443, (ip_network("10.17.0.16/32"),))


@pytest.fixture(scope="module")
def small() -> HostIntents:
    inventory = load(ROOT / "tests/cases/inventory/city")
    return HostIntents(inventory, allocate(inventory, {}))


@pytest.fixture(scope="module")
def reference() -> HostIntents:
    inventory = load(ROOT / "inventory")
    return HostIntents(inventory, allocate(inventory, {}))


def file(found: tuple[Operation, ...], wanted: str) -> File:
    (one,) = [each for each in found if each.id == wanted]
    assert isinstance(one, File)
    return one


def written(found: tuple[Operation, ...]) -> str:
    """All operations of a host, to be read."""
    parts: list[str] = []
    for each in found:
        values = each.model_dump(exclude={"id", "kind", "text"}, exclude_defaults=True)
        parts.append(f"=== {each.id} {each.kind} {values}\n")
        if isinstance(each, File):
            parts.append(each.text)
    return "".join(parts)


@pytest.mark.parametrize("name", ["dc-ntp-1", "dc-app-1", "dc-db-1", "bk-db-1"])
def test_case(name: str, small: HostIntents) -> None:
    case = CASES / f"{name}.txt"
    text = written(operations(small[name]))
    if "UPDATE_CASES" in os.environ:
        case.write_text(text, encoding="utf-8")
    assert text == case.read_text(encoding="utf-8")


def test_every_host_has_operations_that_hold_together_and_are_always_the_same(reference: HostIntents) -> None:
    for host in reference.values():
        found = operations(host)
        assert found == operations(host)
        assert found[-1].id == state.OPENINGS
        for each in found:
            assert not isinstance(each, File) or each.text.endswith("\n"), each.id


def test_what_can_lock_us_out_is_on_trial_and_nothing_else(reference: HostIntents) -> None:
    guarded = {each.id for host in reference.values() for each in operations(host) if each.guarded}
    assert guarded == {"base/sudo", "base/sshd", "base/ssh", "firewall/rules", "firewall/nftables"}


def test_what_a_service_reads_is_judged_before_it_does(reference: HostIntents) -> None:
    """All but files whose reader has no way to judge them."""
    unjudged = {"node_exporter/arguments", "antimalware/freshclam-conf", "database/conf", "database/access"}
    for host in reference.values():
        found = {each.id: each for each in operations(host)}
        for service in found.values():
            if isinstance(service, Service):
                for trigger in (*service.reload_after, *service.restart_after):
                    read = found[trigger]
                    judged = isinstance(read, File) and (read.validate_by or service.unit.endswith(".timer"))
                    assert judged or trigger in unjudged, trigger


def test_secrets_are_references_and_only_on_databases(reference: HostIntents) -> None:
    found = {name: references(written(operations(host))) for name, host in reference.items()}
    assert {name for name, some in found.items() if some} == {
        name for name, host in reference.items() if host.database
    }
    assert {each for some in found.values() for each in some} == {"postgresql/replication"}
    for host in reference.values():
        for each in operations(host):
            assert not isinstance(each, File) or not references(each.text) or each.mode == "600"


def test_a_role_of_the_registry_is_one_that_hosts_can_have() -> None:
    assert ROLES.keys() <= set(map(str, HostRole))


def moving(reference: HostIntents) -> HostIntent:
    """dc-app-1 with one-stop's port as it is, asked to keep another."""
    return reference["dc-app-1"]


def test_a_kept_port_is_open_beside_the_new_one_in_firewall_server_and_state(reference: HostIntents) -> None:
    host = moving(reference)
    both, alone = operations(host, [MOVED]), operations(host)
    for id_, new, old in (
        ("firewall/rules", 'tcp dport 443 accept comment "one-stop/https"', "tcp dport 8443"),
        ("web/conf", "listen [::]:443 ssl;", "listen [::]:8443 ssl;"),
        (state.OPENINGS, '"port": 443', '"port": 8443'),
    ):
        assert new in file(both, id_).text
        assert old in file(both, id_).text
        assert old not in file(alone, id_).text


def test_a_kept_port_of_one_system_is_not_another_s(reference: HostIntents) -> None:
    text = file(operations(moving(reference), [MOVED]), "web/conf").text
    officials, one_stop = text.partition("server_name one-stop")[0], text.partition("server_name cbccvc")[2]
    assert "8443" not in officials.partition("server_name cbccvc")[0]
    assert "8443" in one_stop


def test_kept_sources_of_a_port_are_let_in_beside_the_new_ones(reference: HostIntents) -> None:
    host = moving(reference)
    old = replace(MOVED, port=443, sources=(ip_network("10.99.0.0/24"),))
    (entry,) = [
        state.opening(line.strip().rstrip(","))
        for line in file(operations(host, [old]), state.OPENINGS).text.splitlines()
        if '"one-stop/https"' in line
    ]
    assert set(entry.sources) > {ip_network("10.99.0.0/24")}


def test_a_database_listens_on_its_own_port_while_the_old_one_is_kept_open(reference: HostIntents) -> None:
    kept = Opening("postgresql", "tcp", 5000, (ip_network("10.18.0.16/32"),))
    found = operations(reference["dc-db-1"], [kept])
    assert "port = 5432\n" in file(found, "database/conf").text
    assert "tcp dport 5000" in file(found, "firewall/rules").text


def test_openings_are_read_as_they_were_written(reference: HostIntents) -> None:
    for host in reference.values():
        text = file(operations(host), state.OPENINGS).text
        lines = [line.strip().rstrip(",") for line in text.splitlines()[1:-1]]
        assert tuple(map(state.opening, lines)) == host.openings


@pytest.mark.parametrize("entry", ["{}", "[]", '{"service": "ssh"}', "1", '{"sources": ["x"]}'])
def test_what_is_no_opening_is_said_to_be_none(entry: str) -> None:
    with pytest.raises(ValueError, match=r"opening|appear to be"):
        state.opening(entry)


def test_below_level_3_only_what_comes_in_is_denied(reference: HostIntents) -> None:
    registrar, database = reference["dc-registrar-1"], reference["dc-db-1"]
    assert "chain output" not in file(operations(registrar), "firewall/rules").text
    assert "chain output" in file(operations(database), "firewall/rules").text


def test_the_registrar_listens_by_both_families_and_three_ways(reference: HostIntents) -> None:
    text = file(operations(reference["dc-registrar-1"]), "registrar/conf").text
    for way in ("udp", "tcp", "tls"):
        assert text.count(f"\nlisten={way}:") == 2
    assert '\nalias="sip.cantho.example"\n' in text


def test_a_front_lets_in_the_users_of_what_is_behind_it_only(reference: HostIntents) -> None:
    text = file(operations(reference["dc-portal-1"]), "web/conf").text
    behind = text.partition("server_name one-stop.cantho.example;")[2].partition("location /")[0]
    assert "allow 10.65.16.32/27;" in behind or "allow 10.65.16.32/" in behind
    assert behind.rstrip().endswith("deny all;")
    own = text.partition("server_name www.cantho.example;")[2].partition("server {")[0]
    assert "deny" not in own


def test_a_primary_makes_its_databases_and_a_replica_joins(reference: HostIntents) -> None:
    primary = {each.id for each in operations(reference["dc-db-2"])}
    replica = {each.id for each in operations(reference["bk-db-2"])}
    assert "database/databases-made" in primary - replica
    assert "database/joined" in replica - primary


def test_two_servers_on_one_host_are_configured_once(small: HostIntents) -> None:
    host = replace(small["dc-app-1"], roles=("application", "web", "antimalware"))
    assert [each.id for each in operations(host)].count("web/conf") == 1


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("nft"), reason="needs root and nft")
def test_the_kernel_takes_every_firewall(reference: HostIntents, tmp_path: Path) -> None:
    """In a network namespace of its own, not only its grammar: the kernel is given the rules."""
    rules = tmp_path / "rules"
    for host in reference.values():
        rules.write_text(file(operations(host), "firewall/rules").text, encoding="utf-8")
        said = subprocess.run(
            ("unshare", "--net", "nft", "-f", str(rules)), capture_output=True, text=True, check=False
        )
        assert said.returncode == 0, f"{host.name}: {said.stderr}"
