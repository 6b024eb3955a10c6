"""Planning: who is asked what, what stays, what goes, and what it costs."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

import pytest

from infra_ctl.change.plan import Plan, Status
from infra_ctl.city import City, load_city
from infra_ctl.drivers.base import ConfigDriver, Reading
from infra_ctl.drivers.embedded import EmbeddedFleet, Fault
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.errors import SecretError
from infra_ctl.inventory.adoption import declare
from infra_ctl.inventory.models import UnmanagedLine
from infra_ctl.journal.records import Synced
from infra_ctl.masking import Masking
from infra_ctl.plan import Judged, Planner, assemble
from infra_ctl.render import render
from tests.unit.conftest import VAULT, SmallCity, Watched

WARD, POP = "nk-an-hoa-ce1", "nk-pop1"
ROUTE = "ip route 198.51.100.0/24 blackhole"


@pytest.fixture
def devices(small: SmallCity, tmp_path: Path) -> EmbeddedFleet:
    """All as intended."""
    return small.devices(tmp_path / "devices")


@pytest.fixture
def fleet(devices: EmbeddedFleet) -> Fleet:
    return Fleet(devices.driver)


def add(devices: EmbeddedFleet, hostname: str, *lines: str) -> None:
    """By hand, into the running configuration."""
    with devices.driver(hostname) as device:
        devices.edit(hostname, device.read() + "".join(f"{line}\n" for line in lines))


def rename(devices: EmbeddedFleet, hostname: str) -> None:
    """Give a LAN another description by hand: something that intent is about."""
    with devices.driver(hostname) as device:
        text = device.read()
        assert "description LAN staff" in text
        devices.edit(hostname, text.replace("LAN staff", "by hand"))


RENAMED = "  interface eth2.10\n+  description LAN staff\n-  description by hand\n"


def synced(judged: dict[str, Judged]) -> dict[str, Synced]:
    return {host: each.synced for host, each in judged.items() if each.synced}


def saying(city: City, **parts: tuple[UnmanagedLine, ...]) -> City:
    """The city with other lines unmanaged or claimed."""
    return City(city.inventory.model_copy(update=parts), city.intents)


def line(text: str, device: str = WARD) -> tuple[UnmanagedLine, ...]:
    return (UnmanagedLine(device=device, line=text, reason="a test"),)


# What is asked


def test_a_device_as_it_was_last_seen_is_not_staged(small: SmallCity, devices: EmbeddedFleet) -> None:
    calls: list[str] = []
    lock = Lock()

    def note(what: str) -> None:
        with lock:
            calls.append(what)

    def watched(hostname: str) -> ConfigDriver:
        return Watched(devices.driver(hostname), note)

    fleet = Fleet(watched)
    hosts = small.city.intents
    first = small.judged(fleet, hosts)
    assert sorted(set(calls)) == ["open", "reading", "stage"]
    assert {each.planned.status for each in first.values()} == {Status.UNCHANGED}
    assert set(synced(first)) == set(hosts)

    calls.clear()
    again = small.judged(fleet, hosts, synced(first))
    assert sorted(calls) == [each for each in ("open", "reading") for _ in hosts]
    assert {each.planned.status for each in again.values()} == {Status.UNCHANGED}
    assert synced(again) == {}, "it is known already"


@pytest.mark.parametrize("what", ["hand edit", "secret", "intent"])
def test_whatever_changed_since_it_was_last_seen_is_staged(
    small: SmallCity, devices: EmbeddedFleet, fleet: Fleet, what: str
) -> None:
    seen = synced(small.judged(fleet, [WARD]))
    city, masking = small.city, small.masking
    if what == "hand edit":
        rename(devices, WARD)
    elif what == "secret":
        masking = Masking({**VAULT, "ospf/key": "another"}, masking.key)
    else:
        other = render(city.intents[WARD]).replace("LAN staff", "LAN office")
        seen = {WARD: Synced(WARD, masking.digest(other), seen[WARD].running, other)}
    judged = SmallCity(city, masking).judged(fleet, [WARD], seen)
    changed = Status.UNCHANGED if what == "intent" else Status.CHANGED
    assert judged[WARD].planned.status is changed
    if what == "intent":
        assert judged[WARD].synced is not None, "it was staged, and is remembered anew"


# Verdicts


def test_a_changed_device_carries_all_that_its_deployment_needs(
    small: SmallCity, devices: EmbeddedFleet, fleet: Fleet
) -> None:
    rename(devices, WARD)
    found = small.judged(fleet, [WARD])[WARD]
    assert found.planned.status is Status.CHANGED
    assert found.planned.diff == RENAMED
    assert found.planned.candidate == render(small.city.intents[WARD])
    assert found.planned.base == small.masking.fingerprint(found.running)
    assert found.planned.foreign == ()
    assert found.synced is None


def test_a_device_that_does_not_answer_is_planned_as_failed_and_the_others_are_not(
    small: SmallCity, tmp_path: Path
) -> None:
    devices = small.devices(tmp_path / "devices", faults={POP: Fault(unreachable=True)})
    judged = small.judged(Fleet(devices.driver), [POP, WARD])
    assert (judged[POP].planned.status, judged[POP].planned.cause) == (Status.FAILED, "no answer")
    assert judged[WARD].planned.status is Status.UNCHANGED


def test_a_refused_candidate_is_a_failed_device_and_its_cause_has_no_secret(
    small: SmallCity, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = render(small.city.intents[WARD])
    broken = text + "key-string vault:ospf/key\n"
    monkeypatch.setattr("infra_ctl.plan.render", lambda intent: broken)
    planned = small.judged(fleet, [WARD])[WARD].planned
    assert planned.status is Status.FAILED
    assert "key-string vault:ospf/key" in planned.cause


def test_a_secret_that_the_vault_lacks_is_said_before_any_device_is_asked(small: SmallCity) -> None:
    def nobody(hostname: str) -> ConfigDriver:
        raise AssertionError(f"{hostname} was asked")

    poor = SmallCity(small.city, Masking({}, b"key"))
    with pytest.raises(SecretError, match="not in the vault: ospf/key"):
        poor.judged(Fleet(nobody), [WARD])


@pytest.mark.parametrize("in_band", [True, False])
def test_what_nothing_routes_to_yet_is_no_failure_of_a_plan_in_band(
    small: SmallCity, tmp_path: Path, in_band: bool
) -> None:
    faults = {POP: Fault(unreachable=True), WARD: Fault(unreachable=True)}
    devices = small.devices(tmp_path / "devices", intended=False, faults=faults)
    planner = Planner(small.city, Fleet(devices.driver, in_band=in_band), small.masking, {})
    judged = planner.judge(small.city.intents, lambda _hostname: None)
    plan = assemble(planner, judged, "lab", "")
    assert plan.behind == ((WARD, POP) if in_band else ())
    assert [each.hostname for each in plan.failed] == ([] if in_band else [WARD, POP])


def test_what_a_router_that_routes_stands_before_has_failed(small: SmallCity, tmp_path: Path) -> None:
    devices = small.devices(tmp_path / "devices", faults={WARD: Fault(unreachable=True)})
    devices.edit(POP, small.configured(POP).replace("to dc-core1 eth21", "by hand"))
    planner = Planner(small.city, Fleet(devices.driver, in_band=True), small.masking, {})
    plan = assemble(planner, planner.judge([POP, WARD], lambda _hostname: None), "lab", "")
    assert (plan.behind, [each.hostname for each in plan.failed]) == ((), [WARD])


# Lines that are not ours


def test_what_a_device_left_the_workshop_with_is_ours(small: SmallCity, tmp_path: Path) -> None:
    devices = small.devices(tmp_path / "devices", intended=False)
    planned = small.judged(Fleet(devices.driver), [WARD])[WARD].planned
    assert planned.foreign == ()
    assert "-ip route 0.0.0.0/0 10.1.17.16" in planned.diff.replace("- ", "-")


def test_a_foreign_line_stays_and_is_reported(small: SmallCity, devices: EmbeddedFleet, fleet: Fleet) -> None:
    add(devices, WARD, ROUTE)
    found = small.judged(fleet, [WARD])[WARD]
    assert (found.planned.status, found.planned.foreign) == (Status.UNCHANGED, (ROUTE,))
    assert found.synced is not None
    assert ROUTE not in found.synced.text, "else it would be taken for ours one day"
    again = small.judged(fleet, [WARD], {WARD: found.synced})[WARD]
    assert again.planned.foreign == (ROUTE,), "it is reported until somebody decides"


def test_a_foreign_line_stays_where_something_else_changes(
    small: SmallCity, devices: EmbeddedFleet, fleet: Fleet
) -> None:
    add(devices, WARD, ROUTE)
    rename(devices, WARD)
    planned = small.judged(fleet, [WARD])[WARD].planned
    assert planned.foreign == (ROUTE,)
    assert ROUTE in planned.candidate
    assert planned.diff == RENAMED


def test_a_claimed_line_goes(small: SmallCity, devices: EmbeddedFleet, fleet: Fleet) -> None:
    add(devices, WARD, ROUTE)
    city = saying(small.city, claimed=line(ROUTE))
    planned = SmallCity(city).judged(fleet, [WARD])[WARD].planned
    assert (planned.diff, planned.foreign) == (f"- {ROUTE}\n", ())


def test_a_claim_is_of_one_device(small: SmallCity, devices: EmbeddedFleet, fleet: Fleet) -> None:
    add(devices, WARD, ROUTE)
    city = saying(small.city, claimed=line(ROUTE, device=POP))
    assert SmallCity(city).judged(fleet, [WARD])[WARD].planned.foreign == (ROUTE,)


def test_a_line_that_is_declared_unmanaged_stays_and_is_reported_no_more(
    small_folder: Path, devices: EmbeddedFleet, fleet: Fleet
) -> None:
    add(devices, WARD, "password hunter2", "interface eth9", " description a pilot")
    reported = SmallCity(load_city(small_folder)).judged(fleet, [WARD])[WARD].planned.foreign
    assert reported[0] == "interface eth9 / description a pilot"
    declare(small_folder / "unmanaged.yaml", "unmanaged", WARD, reported, "a pilot until March")
    found = SmallCity(load_city(small_folder)).judged(fleet, [WARD])[WARD]
    assert (found.planned.status, found.planned.foreign) == (Status.UNCHANGED, ())


def test_an_unmanaged_secret_that_the_device_has_no_more_fails_that_device_alone(
    small_folder: Path, devices: EmbeddedFleet, fleet: Fleet
) -> None:
    declare(small_folder / "unmanaged.yaml", "unmanaged", WARD, ["password <secret:0123abcd>"], "a pilot")
    judged = SmallCity(load_city(small_folder)).judged(fleet, [WARD, POP])
    assert judged[WARD].planned.status is Status.FAILED
    assert "a kept line's secret is not on the device" in judged[WARD].planned.cause
    assert judged[POP].planned.status is Status.UNCHANGED


def test_what_we_deployed_and_intend_no_more_goes(
    small: SmallCity, devices: EmbeddedFleet, fleet: Fleet
) -> None:
    add(devices, WARD, ROUTE)
    text = render(small.city.intents[WARD]).replace("end\n", f"{ROUTE}\nend\n")
    before = {WARD: Synced(WARD, "an older intent", "", text)}
    planned = small.judged(fleet, [WARD], before)[WARD].planned
    assert (planned.diff, planned.foreign) == (f"- {ROUTE}\n", ())


def test_a_password_that_only_the_device_knows_stays_and_is_masked(
    small: SmallCity, devices: EmbeddedFleet, fleet: Fleet
) -> None:
    add(devices, WARD, "password hunter2")
    rename(devices, WARD)
    found = small.judged(fleet, [WARD])[WARD]
    kept = found.planned.foreign[0]
    assert kept.startswith("password <secret:")
    assert kept in found.planned.candidate
    assert "hunter2" not in found.planned.model_dump_json()
    assert "password hunter2" in small.masking.resolve(found.planned.candidate, found.running)
    with devices.driver(WARD) as device:
        staged = device.stage(small.masking.resolve(found.planned.candidate, found.running))
    assert staged == RENAMED


# The whole plan


def planned(
    small: SmallCity,
    fleet: Fleet,
    hostnames: tuple[str, ...] | None = None,
    seen: dict[str, Synced] | None = None,
) -> Plan:
    planner = Planner(small.city, fleet, small.masking, seen or {})
    judged = planner.judge(hostnames or tuple(small.city.intents), lambda _hostname: None)
    return assemble(planner, judged, "embedded", "a selector")


@pytest.fixture
def first(small: SmallCity, tmp_path: Path) -> Plan:
    """The whole small city from how it leaves the workshop."""
    return planned(small, Fleet(small.devices(tmp_path / "workshop", intended=False).driver))


def test_a_city_is_planned_from_its_wards_to_its_cores(first: Plan) -> None:
    assert first.waves == (
        ("bt-long-hoa-ce1", "nk-an-hoa-ce1", "nk-cai-khe-ce1"),
        ("bk-r1", "bt-pop1", "dc-edge1", "hq-so-tttt-ce1"),
        ("nk-pop1",),
        ("dc-core1",),
        ("dc-core2",),
    )
    assert (first.context, first.selector, len(first.devices)) == ("embedded", "a selector", 10)


def test_a_plan_holds_no_secret(first: Plan) -> None:
    text = first.model_dump_json()
    assert "vault:ospf/key" in text
    assert not [value for value in VAULT.values() if value in text]


def test_a_secret_that_changes_is_shown_masked(small: SmallCity, fleet: Fleet) -> None:
    newer = Masking({**VAULT, "ospf/key": "the-new-s3cret"}, small.masking.key)
    text = planned(SmallCity(small.city, newer), fleet, (WARD,)).model_dump_json()
    assert "+  ip ospf message-digest-key 1 md5 vault:ospf/key" in text
    assert "-  ip ospf message-digest-key 1 md5 <secret:" in text
    assert "0spf-s3cret" not in text
    assert "the-new-s3cret" not in text


def test_nothing_to_do_is_no_wave(small: SmallCity, fleet: Fleet) -> None:
    assert planned(small, fleet).waves == ()


def test_plans_of_a_second_are_told_apart(small: SmallCity, fleet: Fleet) -> None:
    assert len({planned(small, fleet, (WARD,)).id for _ in range(3)}) > 1


def test_a_ward_lowered_to_no_ipv6_loses_that_neighbour_at_both_ends_and_nobody_else_does(
    small: SmallCity, small_folder: Path, fleet: Fleet
) -> None:
    communes = small_folder / "communes.csv"
    text = communes.read_text(encoding="utf-8")
    assert "commune-dual,dual" in text
    communes.write_text(text.replace("commune-dual,dual", "commune-dual,none"), encoding="utf-8")
    seen = synced(small.judged(fleet, small.city.intents))
    lowered = planned(SmallCity(load_city(small_folder)), fleet, seen=seen)
    assert lowered.waves == (("nk-cai-khe-ce1",), ("bt-pop1",), ("nk-pop1",))
    ward, pop = (str(small.city.intents[host].router_id) for host in ("nk-cai-khe-ce1", "nk-pop1"))
    losses = {device.hostname: device.may_lose for device in lowered.devices if device.may_lose}
    assert losses == {
        "nk-cai-khe-ce1": ("bfd neighbour on eth0", f"ospf6 neighbour {pop} on eth0"),
        "nk-pop1": ("bfd neighbour on eth10", f"ospf6 neighbour {ward} on eth10"),
    }


def test_a_prediction_takes_devices_that_were_not_read_to_be_as_intended(
    small: SmallCity, devices: EmbeddedFleet, fleet: Fleet
) -> None:
    add(devices, WARD, "router ospf", " passive-interface eth0")
    assert planned(small, fleet, (WARD,)).devices[0].may_lose == ()


def test_from_the_workshop_there_is_nothing_to_lose(first: Plan) -> None:
    assert {device.may_lose for device in first.devices} == {()}


# What cannot be planned on


def test_a_device_that_may_take_its_configuration_back_is_no_base_for_a_plan(
    small: SmallCity, devices: EmbeddedFleet, fleet: Fleet
) -> None:
    """After a controller was killed: what the device runs is as intended, and about to go."""
    seen = synced(small.judged(fleet, [WARD]))
    with devices.driver(WARD) as device:
        running = device.read()
        device.apply(running, base=running, revert_in=60, token="2026-11-21-007")
    planned = small.judged(fleet, [WARD], seen)[WARD].planned
    assert planned.status is Status.FAILED
    assert planned.cause == "commit 2026-11-21-007 is not confirmed: the device takes it back in 60 s"


def test_bytes_that_are_no_text_fail_their_device_alone(
    small: SmallCity, devices: EmbeddedFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Latin(Watched):
        def reading(self) -> Reading:
            return Reading("interface eth0\n description Ph\udcf2ng\n", None)

    def opened(hostname: str) -> ConfigDriver:
        driver = devices.driver(hostname)
        return Latin(driver, lambda _what: None) if hostname == WARD else driver

    judged = small.judged(Fleet(opened), [WARD, "nk-pop1"])
    assert judged[WARD].planned.cause == "its configuration is not UTF-8: description Ph\\udcf2ng"
    assert judged["nk-pop1"].planned.status is Status.UNCHANGED
