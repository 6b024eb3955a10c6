"""Plan, deploy and verify by the command line, on a living slice of the reference city."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.lab.city_slice import AN_HOA, BINH_THUY, BY_HAND, CORE, POP, THOI_BINH, CitySlice, Deployed, Done
from tests.lab.faults.judge import meaning

pytestmark = pytest.mark.live

BOTH = f"{AN_HOA} or {THOI_BINH}"
ROUTE = "ip route 192.0.2.128/25 10.1.0.1"
OTHER_KEY = "typed-by-hand"
LAN = "2001:db8:9241:1110::1"
"""The ward's staff LAN, once it has IPv6."""
NO_KEY = "no ip ospf message-digest-key 1"
NO_CHANGES = "no changes"


def answers(city: CitySlice, hostname: str, address: str) -> bool:
    """Whether an address answers a router within fifteen seconds, routes still on their way included."""
    script = (
        f"i=0; until ping -n -q -c 1 -W 1 {address}; do i=$((i + 1)); [ $i -lt 15 ] || exit 0; sleep 1; done"
    )
    return " 1 received" in city.on(hostname, "sh", "-c", f"{script} 2>&1")


def test_the_first_deploy_confirms_every_router_and_verify_passes(deployed: Deployed) -> None:
    city, first = deployed.city, deployed.first
    assert first.code == 0, first
    assert f"{len(city.hostnames)} confirmed · run " in first.out
    run = city.runs()[-1]
    assert (run.state, run.reason, run.ticket) == ("done", "first", "CT-1")
    assert city.ends(run.id) == dict.fromkeys(city.hostnames, ("confirmed", ""))
    verified = city.run("verify", "--wait", "60", "--output", "json")
    assert verified.code == 0, verified
    outcomes = verified.json
    assert {outcome["check"] for outcome in outcomes} == {
        "interface",
        "bfd",
        "ospf",
        "ospf6",
        "bgp",
        "reachable",
        "path-mtu",
    }
    assert {outcome["verdict"] for outcome in outcomes} == {"pass"}


def test_verify_finds_what_is_broken(city: CitySlice) -> None:
    """Else its passing above would say nothing."""
    assert city.run("lab", "break", "cut", "bt-binh-thuy-2", "--dark").code == 0
    verified = city.run("verify", BINH_THUY, "--output", "json")
    assert verified.code == 3, verified
    failed = {outcome["check"] for outcome in verified.json if outcome["verdict"] == "fail"}
    assert {"interface", "bfd", "ospf", "ospf6"} <= failed


def touched(city: CitySlice, hostname: str) -> tuple[str, str]:
    """What a router runs, text for text, and when anything that outlasts a boot was last written."""
    written = city.on(hostname, "find", "/etc/frr", "/var/lib/infra-ctl", "-printf", "%p %i %T@\\n")
    return city.running(hostname), written


@pytest.mark.parametrize("laptop", ["the same", "another"])
def test_a_second_deploy_says_no_changes_and_touches_nothing(
    city: CitySlice, tmp_path: Path, laptop: str
) -> None:
    """Pain 5. Another laptop's journal has not seen the routers in sync: there they say so themselves."""
    journal = None if laptop == "the same" else tmp_path / "journal.db"
    before, runs = {host: touched(city, host) for host in city.hostnames}, len(city.runs(journal))
    second = city.run("deploy", "--yes", journal=journal)
    assert (second.code, second.out.partition(" (")[0]) == (0, NO_CHANGES)
    assert len(city.runs(journal)) == runs
    assert {host: touched(city, host) for host in city.hostnames} == before


def test_an_edit_by_hand_is_found_where_it_is_and_repaired(deployed: Deployed, city: CitySlice) -> None:
    """A changed line, one too few, and a key that nobody knows: in the plan it is neither shown nor saved."""
    key = f"ip ospf message-digest-key 1 md5 {OTHER_KEY}"
    city.edit(AN_HOA, *BY_HAND, "interface eth0", "no ip ospf bfd profile", NO_KEY, key)
    plan = city.run("plan", "--exit-code", "--output", "json")
    assert plan.code == 3, plan
    changed = {
        device["hostname"]: device for device in plan.json["devices"] if device["status"] != "unchanged"
    }
    assert set(changed) == {AN_HOA}
    assert plan.json["waves"] == [[AN_HOA]]
    lines = changed[AN_HOA]["diff"].splitlines()
    assert "-  description by hand" in lines
    assert "+  description loopback" in lines
    assert "+  ip ospf bfd profile city-1000-5" in lines
    assert "+  ip ospf message-digest-key 1 md5 vault:ospf/key" in lines
    assert OTHER_KEY not in plan.out + plan.err
    repaired = city.run("deploy", "--yes")
    assert repaired.code == 0, repaired
    assert deployed.changed() == []
    assert OTHER_KEY not in city.on(AN_HOA, "cat", "/etc/frr/frr.conf")
    assert OTHER_KEY.encode() not in city.journal_bytes()


def test_a_foreign_line_stays_until_it_is_claimed(deployed: Deployed, city: CitySlice) -> None:
    """Reported, kept through a deploy; declared unmanaged it is quiet, claimed it goes."""
    for ward in (AN_HOA, THOI_BINH):
        city.edit(ward, *BY_HAND, "exit", ROUTE)
    deployed_once = city.run("deploy", "--yes", BOTH)
    assert deployed_once.code == 0, deployed_once
    assert f"1 line that intent does not know stays: infra-ctl adopt {AN_HOA}" in deployed_once.out
    for ward in (AN_HOA, THOI_BINH):
        assert ROUTE in city.running(ward).splitlines()
        assert "by hand" not in city.running(ward)
    kept = city.run("adopt", AN_HOA, "--keep", "--reason", "a pilot")
    assert f"  {ROUTE}\n" in kept.out
    quiet = city.run("plan", AN_HOA)
    assert (quiet.code, quiet.out.partition(" (")[0]) == (0, NO_CHANGES)
    claimed = city.run("adopt", THOI_BINH, "--claim", "--reason", "nobody's")
    assert claimed.code == 0, claimed
    deployed_again = city.run("deploy", "--yes", BOTH)
    assert deployed_again.code == 0, deployed_again
    assert ROUTE in city.running(AN_HOA).splitlines()
    assert city.fingerprint(THOI_BINH) == deployed.fingerprint(THOI_BINH)


def test_a_saved_plan_is_carried_out_once(deployed: Deployed, city: CitySlice, tmp_path: Path) -> None:
    city.edit(AN_HOA, *BY_HAND)
    file = tmp_path / "plan.json"
    saved = city.run("plan", BOTH, "-o", str(file))
    assert f"infra-ctl deploy --plan {file}" in saved.out
    done = city.run("deploy", "--plan", str(file), "--yes")
    assert done.code == 0, done
    assert deployed.changed() == []
    again = city.run("deploy", "--plan", str(file), "--yes")
    assert "was carried out already, by run" in refused(again)
    assert deployed.changed() == []


def test_a_saved_plan_is_refused_once_its_router_has_changed(city: CitySlice, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    city.edit(AN_HOA, *BY_HAND)
    city.run("plan", BOTH, "-o", str(file))
    city.edit(AN_HOA, "interface eth0", "description somebody was here")
    before = city.fingerprint(AN_HOA)
    assert f"{AN_HOA} changed since" in refused(city.run("deploy", "--plan", str(file), "--yes"))
    assert city.fingerprint(AN_HOA) == before


def test_a_saved_plan_is_refused_when_it_is_damaged_or_the_inventory_has_changed(
    city: CitySlice, tmp_path: Path
) -> None:
    city.edit(AN_HOA, *BY_HAND)
    before, runs = city.fingerprint(AN_HOA), len(city.runs())
    file = tmp_path / "plan.json"
    city.run("plan", AN_HOA, "-o", str(file))
    whole = file.read_text()
    for damaged in (
        whole[: len(whole) // 2],
        whole.replace(" description loopback", " description loophole"),
        "",
    ):
        assert damaged != whole
        file.write_text(damaged)
        done = city.run("deploy", "--plan", str(file), "--yes")
        assert (done.code, done.out, len(done.err.splitlines())) in ((2, "", 1), (4, "", 1)), done
    file.write_text(whole)
    city.write("communes.csv", "nk-an-cu,31129,nk,14,commune,dual", "nk-an-cu,31129,nk,14,commune,none")
    assert "the inventory changed" in refused(city.run("deploy", "--plan", str(file), "--yes"))
    assert (city.fingerprint(AN_HOA), len(city.runs())) == (before, runs)


def refused(done: Done) -> str:
    """Its one line."""
    assert (done.code, done.out) == (4, ""), done
    (line,) = done.err.splitlines()
    return line


def test_a_dry_run_does_nothing_and_the_deploy_does_what_it_showed(city: CitySlice) -> None:
    """Pain 4: line for line, what is different afterwards is what the plan said."""
    city.edit(AN_HOA, *BY_HAND, "interface eth0", "no ip ospf bfd profile", "bandwidth 77")
    before, runs = touched(city, AN_HOA), len(city.runs())
    dry = city.json("deploy", AN_HOA, "--dry-run", "--yes")
    assert (touched(city, AN_HOA), len(city.runs())) == (before, runs)
    (shown,) = (device["diff"] for device in dry["devices"])
    assert city.run("deploy", "--yes", AN_HOA).code == 0
    was, now = (Counter(meaning(text)) for text in (before[0], city.running(AN_HOA)))
    delta = [f"-{line[-1]}" for line in (was - now).elements()] + [
        f"+{line[-1]}" for line in (now - was).elements()
    ]
    said = [line[0] + line[1:].strip() for line in shown.splitlines() if line[:1] in ("+", "-")]
    assert sorted(said) == sorted(delta)
    assert len(said) >= 4


def test_a_ward_raised_to_dual_is_reached_over_ipv6_and_lowered_again_is_not(
    deployed: Deployed, city: CitySlice
) -> None:
    """Going back loses neighbours; the plan predicts just those, so nothing is taken back."""
    row = "nk-an-hoa,31120,nk,11,commune,"
    assert not answers_now(city)
    city.write("communes.csv", f"{row}none", f"{row}dual")
    raised = city.run("deploy", "--yes", f"{AN_HOA} or {POP}")
    assert raised.code == 0, raised
    assert "2 confirmed" in raised.out
    assert answers(city, CORE, LAN)
    city.write("communes.csv", f"{row}dual", f"{row}none")
    plan = city.json("plan", f"{AN_HOA} or {POP}")
    expected = {device["hostname"]: device["may_lose"] for device in plan["devices"]}
    assert expected == {
        AN_HOA: ["bfd neighbour on eth0", "ospf6 neighbour 10.0.1.1 on eth0"],
        POP: ["bfd neighbour on eth11", "ospf6 neighbour 10.0.1.17 on eth11"],
    }
    lowered = city.run("deploy", "--yes", f"{AN_HOA} or {POP}")
    assert lowered.code == 0, lowered
    assert "2 confirmed" in lowered.out
    assert not answers_now(city)
    assert deployed.changed() == []


def answers_now(city: CitySlice) -> bool:
    return "1 received" in city.on(CORE, "sh", "-c", f"ping -n -q -c 1 -W 1 {LAN} 2>&1 || true")


def test_the_json_of_a_deploy_is_one_document(city: CitySlice) -> None:
    """Changes or none."""
    city.edit(AN_HOA, *BY_HAND)
    done = city.run("deploy", AN_HOA, "--yes", "--output", "json")
    assert done.code == 0, done
    assert done.json["devices"] == {AN_HOA: {"state": "confirmed", "cause": ""}}
    again = city.run("deploy", AN_HOA, "--yes", "--output", "json")
    assert again.json["devices"] == {}


def test_the_journal_and_the_lab_are_told_as_json(city: CitySlice) -> None:
    """Of plan and verify it is read by the other tests."""
    first = city.runs()[-1]
    assert city.json("runs", "--last", "1000")[-1]["id"] == first.id
    shown = city.json("show", "run", first.id, AN_HOA)
    assert shown["run"]["summary"] == first.summary
    assert [step["device"] for step in shown["steps"]] == [AN_HOA]
    assert [event["state"] for event in shown["events"]] == ["applying", "applied", "confirming", "confirmed"]
    assert city.run("lab", "break", "loss", "bt-binh-thuy-2", "--amount", "0.01").code == 0
    status = city.json("lab", "status")
    assert (status["name"], status["built"]) == (city.name, True)
    assert {node["hostname"] for node in status["nodes"] if node["pid"]} >= set(city.hostnames)
    assert [(fault["kind"], fault["object"]) for fault in status["faults"]] == [("loss", "bt-binh-thuy-2")]


def test_an_interface_that_only_its_configuration_knows_stops_nothing(
    deployed: Deployed, city: CitySlice
) -> None:
    """A card that was pulled out, a name mistyped: FRR keeps the lines, and says little of it."""
    city.edit(AN_HOA, *BY_HAND, "interface eth9", "description spare")
    done = city.run("deploy", AN_HOA, "--yes")
    assert done.code == 0, done
    assert " description spare" in city.running(AN_HOA).splitlines()
    assert " description by hand" not in city.running(AN_HOA).splitlines()
