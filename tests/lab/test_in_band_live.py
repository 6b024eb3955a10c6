"""Wards that are managed through their own circuits alone, on living routers."""

from __future__ import annotations

import re

import pytest

from tests.lab.city_slice import AN_HOA, CAI_KHE, POP, CitySlice, Deployed, until
from tests.lab.test_guard_live import convergence, only_way_is_refused, ward_moves

pytestmark = pytest.mark.live

CIRCUIT = "nk-an-hoa-1"
"""The only one of nk-an-hoa."""


def pins(city: CitySlice) -> dict[str, str]:
    """Pinned host keys by address."""
    lines = (city.lab.keys / "known_hosts").read_text().splitlines()
    return dict(line.split(" ", 1) for line in lines)


def plans(city: CitySlice, hostname: str) -> bool:
    return city.run("plan", hostname).code == 0


def test_one_deploy_goes_from_the_data_centre_outwards(in_band: Deployed) -> None:
    """Nobody can reach a ward before its PoP routes, nor a PoP before the cores do."""
    city, first = in_band.city, in_band.first
    assert first.code == 0, first
    rings = [set(city.ends(run.id)) for run in reversed(city.runs()) if run.reason == "first"]
    assert rings == [{"dc-core1", "dc-core2"}, {POP, "bt-pop1"}, {AN_HOA, CAI_KHE}]
    assert all(run.state == "done" for run in city.runs())
    assert f"… bt-pop1 {AN_HOA} {CAI_KHE} {POP}   cannot be reached yet" in first.out
    verified = city.run("verify", "--wait", "60")
    assert verified.code == 0, verified


def test_only_the_data_centre_is_on_the_management_bridge(in_band: Deployed) -> None:
    city = in_band.city
    on_bridge = {host for host in city.hostnames if "mgmt0" in city.on(host, "ls", "/sys/class/net")}
    assert on_bridge == {"dc-core1", "dc-core2"}
    assert "managed in-band" in city.run("lab", "status").out
    assert city.json("lab", "status")["in_band"] is True


def test_a_ward_is_reached_through_its_circuit_and_no_other_way(in_band_city: CitySlice) -> None:
    city = in_band_city
    assert city.run("lab", "break", "cut", CIRCUIT).code == 0
    cut = city.run("plan", AN_HOA)
    assert cut.code == 1, cut
    assert f"! {AN_HOA}   " in cut.out
    assert plans(city, CAI_KHE)
    assert city.run("lab", "heal").code == 0
    until(lambda: plans(city, AN_HOA), 180)


def test_a_ward_that_shuts_its_own_way_in_comes_back_by_itself(
    in_band: Deployed, in_band_city: CitySlice
) -> None:
    """Pain 2: the plan is refused. Where it is forced, nobody can take it back but the ward's own timer."""
    city = in_band_city
    city.unmanage({AN_HOA: "interface eth0 / shutdown"})
    refused = city.run("deploy", "--yes", AN_HOA)
    assert refused.code == 4, refused
    assert re.search(rf"error: {AN_HOA}: .+ no way from dc-core1: .*{AN_HOA}/eth0 is shut down", refused.err)
    assert in_band.changed() == []
    done = city.run("deploy", "--yes", "--may-cut", "--timer", "20", AN_HOA)
    assert done.code == 1, done
    assert "RESTORED" in done.end(AN_HOA)
    assert city.ends(city.runs()[0].id)[AN_HOA][0] == "restored"
    assert in_band.changed() == []


def test_a_change_that_takes_a_wards_only_way_in_is_refused(in_band_city: CitySlice) -> None:
    only_way_is_refused(in_band_city)


def test_a_ward_that_moves_keeps_its_session_and_its_answers(in_band_city: CitySlice) -> None:
    """Its own circuits carry the command that moves it."""
    ward_moves(in_band_city, convergence(in_band_city))


def test_new_hardware_takes_a_wards_place(in_band: Deployed, in_band_city: CitySlice) -> None:
    """It is deployed to only with the key that its engineer read from it, which is pinned once it works."""
    city = in_band_city
    before, runs = pins(city), len(city.runs())
    swapped = city.run("lab", "swap", AN_HOA)
    assert swapped.code == 0, swapped
    (fingerprint,) = re.findall(r"SHA256:\S+", swapped.out)
    # Its circuit was dark, and has to be announced anew.
    until(lambda: fingerprint in city.run("plan", AN_HOA).out, 180)
    planned = city.run("plan", AN_HOA)
    assert planned.code == 1, planned
    assert f"! {AN_HOA}   its ssh-ed25519 host key {fingerprint} is not the one that is pinned" in planned.out
    unasked = city.run("replace", AN_HOA, "--yes")
    assert unasked.code == 2, unasked
    day0 = city.fingerprint(AN_HOA)
    wrong = city.run("replace", AN_HOA, "--yes", "--host-key", "SHA256:another")
    assert wrong.code == 4, wrong
    city.unmanage({AN_HOA: "no such command"})
    rejected = city.run("replace", AN_HOA, "--yes", "--host-key", fingerprint)
    assert rejected.code == 4, rejected
    assert (city.fingerprint(AN_HOA), pins(city), len(city.runs())) == (day0, before, runs)
    city.reset_inventory()
    done = city.run("replace", AN_HOA, "--yes", "--host-key", fingerprint, "--reason", "lightning")
    assert done.code == 0, done
    assert city.runs()[0].kind == "replace"
    assert in_band.changed() == []
    assert {address for address in before if pins(city)[address] != before[address]} == {address_of(city)}
    again = city.run("deploy", "--yes")
    assert (again.code, again.out.partition(" (")[0]) == (0, "no changes"), again
    verified = city.run("verify", "--wait", "60")
    assert verified.code == 0, verified
    same = city.run("replace", AN_HOA, "--yes", "--host-key", fingerprint)
    assert same.code == 4, same


def address_of(city: CitySlice) -> str:
    """The ward's management address, as known_hosts has it."""
    (found,) = re.findall(
        rf"^{AN_HOA},loopback-ipv4,(\S+)/32$",
        (city.inventory / "allocations.lock.csv").read_text(),
        re.MULTILINE,
    )
    return str(found)
