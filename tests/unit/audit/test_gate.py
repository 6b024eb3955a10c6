"""What a plan would break of the law, by what it changes of routers, hosts and their files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from infra_ctl.audit import gate
from infra_ctl.audit.collecting import rendered, written
from infra_ctl.audit.collecting.part import exhibit
from infra_ctl.change.operations import File
from infra_ctl.change.plan import Plan, PlannedDevice, PlannedHost, Status
from infra_ctl.city import City, load_city
from infra_ctl.controls.exhibit import Exhibit
from infra_ctl.controls.loading import shipped
from infra_ctl.hosts.meant import Hosts, Kept
from infra_ctl.hosts.papers import paper
from infra_ctl.render import render

DAY = date(2026, 11, 27)
SSHD = "/etc/ssh/sshd_config.d/00-infra-ctl.conf"
ROUTER, HOST = "dc-edge1", "dc-app-1"


@pytest.fixture(scope="module")
def reference() -> City:
    return load_city(Path(__file__).parents[3] / "inventory")


def plan(*changing: PlannedDevice | PlannedHost) -> Plan:
    devices = tuple(each for each in changing if isinstance(each, PlannedDevice))
    hosts = tuple(each for each in changing if isinstance(each, PlannedHost))
    waves = tuple((each.name,) for each in changing)
    return Plan(
        id="1",
        created="2026-11-27T00:00:00+00:00",
        tool="1",
        context="test",
        selector="",
        inventory="",
        devices=devices,
        hosts=hosts,
        waves=waves,
        cuts=((),) * len(waves),
    )


def device(candidate: str, hostname: str = ROUTER) -> PlannedDevice:
    return PlannedDevice(hostname=hostname, platform="frr", status=Status.CHANGED, candidate=candidate)


def host(name: str, files: Mapping[str, str]) -> PlannedHost:
    operations = tuple(File(id=path, path=path, text=text) for path, text in files.items())
    return PlannedHost(name=name, status=Status.CHANGED, operations=operations)


def judged(planned: Plan, city: City, running: str, present: Mapping[str, Mapping[str, str]]) -> Plan:
    changes = gate.joined(gate.of_devices(planned, {ROUTER: running}), gate.of_hosts(planned, present, city))
    return gate.judged(planned, changes, city, shipped(), DAY)


def broken(found: Plan) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(each.object, each.control, each.lines) for each in found.breaches]


def files_of(city: City, name: str) -> dict[str, str]:
    """Those of a host, or a host part, by which the law judges it."""
    operations = Hosts(city.hosts, city.hosts, city.parts)[name].operations(Kept())
    return {each.path: each.text for each in operations if isinstance(each, File) and paper(each)}


def test_lines_that_come_and_lines_that_go_are_quoted(reference: City) -> None:
    right = render(reference.intent(ROUTER))
    without = right.replace("log syslog informational\n", "")
    number = right.splitlines().index("log syslog informational") + 1
    assert broken(judged(plan(device(without)), reference, right, {})) == [
        (ROUTER, "STD-08", (f"- frr:{number}: log syslog informational",))
    ]
    clear = f"{right}snmp-server community public\n"
    (found,) = broken(judged(plan(device(clear)), reference, right, {}))
    assert found[:2] == (ROUTER, "NET-09")
    assert found[2][0].startswith("+ frr:")


def test_what_it_mends_is_told_and_what_stays_wrong_is_not(reference: City) -> None:
    right = render(reference.intent(ROUTER))
    without = right.replace("log syslog informational\n", "")
    found = judged(plan(device(right)), reference, without, {})
    assert (found.breaches, [each.control for each in found.mended]) == ((), ["STD-08"])
    same = judged(plan(device(f"{without}!\n")), reference, without, {})
    assert (same.breaches, same.mended) == ((), ())


def test_a_key_that_goes_is_a_router_that_talks_to_anybody(reference: City) -> None:
    right = render(reference.intent(ROUTER))
    line = next(line for line in right.splitlines() if " password " in line)
    found = judged(plan(device(right.replace(f"{line}\n", "", 1))), reference, right, {})
    assert [(each.control, each.clause) for each in found.breaches] == [("STD-07", "City standard, routing")]


def test_what_a_host_is_to_let_in_is_judged(reference: City) -> None:
    right = files_of(reference, HOST)
    loose = {**right, SSHD: right[SSHD].replace("ClientAliveInterval 150", "ClientAliveInterval 900")}
    found = judged(plan(host(HOST, loose)), reference, "", {HOST: right})
    assert {(each.object, each.control) for each in found.breaches} == {(HOST, "NET-12")}
    assert "clientaliveinterval 900" in found.breaches[0].lines[0]
    assert judged(plan(host(HOST, right)), reference, "", {HOST: right}).breaches == ()


def test_a_firewall_that_lets_all_in_is_refused(reference: City) -> None:
    right = files_of(reference, HOST)
    rules = "/etc/nftables.conf"
    opened = {**right, rules: right[rules].replace("hook input priority filter; policy drop;",
                                                   "hook input priority filter; policy accept;")}  # fmt: skip
    found = judged(plan(host(HOST, opened)), reference, "", {HOST: right})
    assert {"SRV-06", "NET-19"} <= {each.control for each in found.breaches}
    everybody = right[rules].replace(
        '        iif "lo" accept\n', '        iif "lo" accept\n        tcp dport 22 accept\n', 1
    )
    found = judged(plan(host(HOST, {**right, rules: everybody})), reference, "", {HOST: right})
    assert {each.control for each in found.breaches} == {"NET-19"}
    assert found.breaches[0].lines[0].endswith("tcp dport 22 accept")


def test_zones_that_let_pass_what_no_rule_names(reference: City) -> None:
    part = "dc-core1/host"
    right = files_of(reference, part)
    path = next(path for path, text in right.items() if "table inet zones" in text)
    opened = {**right, path: right[path].replace("        drop\n", "        accept\n")}
    found = judged(plan(host(part, opened)), reference, "", {part: right})
    assert [(each.object, each.control) for each in found.breaches] == [("dc-core1", "NET-02")]


def test_both_parts_of_a_router_are_one_object(reference: City) -> None:
    part, snmpd = f"{ROUTER}/host", "/etc/snmp/snmpd.conf"
    right = files_of(reference, part)
    clear = {**right, snmpd: f"{right[snmpd]}rocommunity public\n"}
    frr = render(reference.intent(ROUTER))
    found = judged(plan(device(f"{frr}!\n"), host(part, clear)), reference, frr, {part: right})
    assert [(each.object, each.control) for each in found.breaches] == [(ROUTER, "NET-09")]
    assert "public" not in str(found.breaches)


def test_of_what_was_not_there_nobody_can_say_that_it_was_lawful(reference: City) -> None:
    """Day 0: a port that the law does not like is deployed with all else, and found by the audit."""
    names = [*reference.hosts, *reference.parts]
    planned = plan(*(host(name, files_of(reference, name)) for name in names))
    found = judged(planned, reference, "", {name: {} for name in names})
    assert (broken(found), found.mended) == ([], ())


def test_rules_are_read_as_the_kernel_would_print_them(reference: City) -> None:
    files = [(File(id=path, path=path, text=text), text) for path, text in files_of(reference, HOST).items()]
    found = rendered.said(reference, "host", HOST, files, datetime(2026, 11, 27))
    lines = found.documents["nftables"].lines
    assert lines[0] == "table inet host {"
    assert not any(line.strip().startswith(("#", "flush")) for line in lines)
    assert not any(line.rstrip().endswith("{") and "saddr" in line for line in lines)
    assert [fact.value for fact in found.facts["firewall.input"]] == ["drop"]
    assert found.facts["ssh.outside"] == ()
    assert "package.security" in found.missing


def test_a_direction_that_goes_is_what_the_last_audit_had(reference: City) -> None:
    site = "nk-cai-khe"
    before = written.collect(reference, datetime(2026, 11, 26))
    last = [exhibit(subject, [part], datetime(2026, 11, 26)) for subject, part in before.items()]
    inventory = reference.inventory
    left = {name: each for name, each in inventory.circuits.items() if name != "nk-cai-khe-2"}
    poorer = replace(reference, inventory=inventory.model_copy(update={"circuits": left}))
    planned = plan(
        PlannedDevice(hostname=f"{site}-ce1", platform="frr", status=Status.CHANGED, candidate="x")
    )

    def broken_by(city: City, known: Iterable[Exhibit]) -> set[tuple[str, str]]:
        changes = gate.of_inventory(planned, known, city)
        found = gate.judged(planned, changes, city, shipped(), DAY)
        return {(each.object, each.control) for each in found.breaches}

    assert broken_by(reference, last) == set()
    assert (site, "STD-02") in broken_by(poorer, last)
    assert broken_by(poorer, []) == set(), "nobody has seen what it was"
    other = plan(device("x"))
    assert gate.of_inventory(other, last, poorer).keys().isdisjoint({("site", site)})
