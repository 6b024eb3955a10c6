"""What goes wrong on the way, each on living routers and by the command line.

Every time: one line says what and where, the router runs all of its old or all of its new configuration, the
others are unharmed, the journal tells what happened, and the exit code is not 0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.lab.city_slice import (
    AN_HOA,
    AN_NGHIEP,
    BINH_THUY,
    BY_HAND,
    CAI_KHE,
    CORE,
    POP,
    THOI_BINH,
    WARDS,
    CitySlice,
    Deployed,
    Done,
    until,
)
from tests.lab.faults import door
from tests.lab.faults.door import STATE

pytestmark = pytest.mark.live

TIMER = 20
"""Seconds until a router takes back what nobody confirmed."""


def selector(*hostnames: str) -> str:
    return " or ".join(hostnames)


def last_run(city: CitySlice) -> tuple[str, dict[str, tuple[str, str]]]:
    """How the newest run ended, and each of its devices, by the journal."""
    run = city.runs()[0]
    return run.state, city.ends(run.id)


def edited(city: CitySlice, *hostnames: str) -> dict[str, str]:
    """Edit routers by hand; fingerprints of what they run from then on, which is their old configuration."""
    for hostname in hostnames:
        city.edit(hostname, *BY_HAND)
    return {hostname: city.fingerprint(hostname) for hostname in hostnames}


# Five wards in one wave, four of them in trouble, and the PoP that would come next.


@dataclass(frozen=True)
class Trouble:
    """What came of a deploy while four wards are in trouble, and of one that may go on without some."""

    old: Mapping[str, str]
    after: Mapping[str, str]
    """Fingerprints, once the trouble was over."""
    refused: Done
    went_on: Done
    state: str
    ends: Mapping[str, tuple[str, str]]
    """Of the one that went on, by the journal."""


TROUBLES: dict[str, tuple[Callable[[CitySlice, str], AbstractContextManager[None]], str]] = {
    AN_HOA: (door.switched_off, "timed out|no route to host"),
    THOI_BINH: (door.strange_key, "refused our credentials: .+"),
    AN_NGHIEP: (door.other_host_key, r"its ssh-ed25519 host key SHA256:\S+ is not the one that is pinned"),
    BINH_THUY: (
        partial(door.full_disk, folder=STATE),
        f"cat: .+: No space left on device; cannot write {STATE}/fence",
    ),
}
"""What is wrong with a router, and the cause that is given."""

UNREADABLE = (AN_HOA, THOI_BINH, AN_NGHIEP)
"""That a disk is full shows when something is written to it."""


@pytest.fixture(scope="module")
def trouble(deployed: Deployed) -> Trouble:
    city = deployed.city
    old = edited(city, *WARDS, POP)
    with ExitStack() as troubles:
        for hostname, (befall, _) in TROUBLES.items():
            troubles.enter_context(befall(city, hostname))
        refusing = city.start("deploy", "--yes", selector(*TROUBLES, POP))
        went_on = city.run("deploy", "--yes", "--max-fail", f"{len(UNREADABLE)}", selector(*WARDS, POP))
        refused = refusing.end()
    after = {hostname: city.fingerprint(hostname) for hostname in old}
    found = Trouble(old, after, refused, went_on, *last_run(city))
    deployed.restore()
    return found


@pytest.mark.parametrize("hostname", TROUBLES)
def test_a_router_in_trouble_is_named_with_its_cause_and_not_touched(trouble: Trouble, hostname: str) -> None:
    cause = TROUBLES[hostname][1]
    if hostname in UNREADABLE:
        assert re.search(rf"^! {hostname} +({cause})$", trouble.went_on.out, re.MULTILINE)
    else:
        end = trouble.went_on.end(hostname)
        assert re.fullmatch(rf"wave 1/2  {hostname} +({cause}) · FAILED +[\d.]+ s", end)
    assert trouble.after[hostname] == trouble.old[hostname]


@pytest.mark.parametrize("hostname", TROUBLES)
def test_the_journal_says_of_a_router_in_trouble_that_it_failed(trouble: Trouble, hostname: str) -> None:
    """Also of one that could not be planned: who asks later what became of it is told."""
    state, cause = trouble.ends[hostname]
    assert state == "failed"
    assert re.fullmatch(TROUBLES[hostname][1], cause)


def test_the_router_beside_them_is_done_and_the_next_wave_is_not_started(
    deployed: Deployed, trouble: Trouble
) -> None:
    """Pain 11: what fails stops what comes after it and nothing beside it; who does not answer has failed."""
    assert trouble.after[CAI_KHE] == deployed.fingerprint(CAI_KHE)
    assert trouble.after[POP] == trouble.old[POP]
    assert (trouble.ends[CAI_KHE], trouble.ends[POP]) == (("confirmed", ""), ("waiting", ""))
    assert "1 confirmed · 1 failed · 1 not started · run " in trouble.went_on.out
    assert (trouble.state, trouble.went_on.code) == ("failed", 5)


def test_routers_that_cannot_be_read_are_a_refusal_before_anything_is_done(trouble: Trouble) -> None:
    assert trouble.refused.code == 4
    last = trouble.refused.err.splitlines()[-1]
    assert re.match(rf"error: {AN_HOA}: ({TROUBLES[AN_HOA][1]}) and 2 more: nothing was done\. ", last)
    assert "run 2" not in trouble.refused.out


def test_a_router_that_is_lost_while_others_are_deployed_fails_when_its_turn_comes(
    deployed: Deployed, city: CitySlice
) -> None:
    edited(city, AN_HOA)
    old = edited(city, POP, CORE)
    with city.held(AN_HOA) as release:
        deploying = city.start("deploy", "--yes", selector(AN_HOA, POP, CORE))
        until(lambda: city.is_pending(AN_HOA), meanwhile=deploying)
        with door.strange_key(city, POP):
            release()
            done = deploying.end()
    assert re.fullmatch(rf"wave 2/3  {POP} +refused our credentials: .+ · FAILED +[\d.]+ s", done.end(POP))
    assert "1 confirmed · 1 failed · 1 not started" in done.out
    assert done.code == 5
    assert city.fingerprint(AN_HOA) == deployed.fingerprint(AN_HOA)
    assert {host: city.fingerprint(host) for host in old} == old
    state, ends = last_run(city)
    assert (state, ends[AN_HOA], ends[CORE]) == ("failed", ("confirmed", ""), ("waiting", ""))
    assert ends[POP][0] == "failed"
    assert ends[POP][1].startswith("refused our credentials: ")


def test_a_line_that_frr_refuses_takes_the_whole_candidate_back(deployed: Deployed, city: CitySlice) -> None:
    """It parses, so nobody knows before bgpd is told; by then the rest of the candidate is in force.

    A neighbour without a key is against the city's standard: somebody has to answer for it.
    """
    old = edited(city, AN_HOA, POP, CORE)
    days = f"since: {date.today() - timedelta(days=7)}, until: {date.today() + timedelta(days=7)}"
    waiver = f"{{control: STD-07, objects: [{POP}], reason: a test, approver: a test, {days}}}"
    city.write("waivers.yaml", "waivers:\n", f"waivers:\n  - {waiver}\n")
    own = city.on(POP, "sh", "-c", "ip -4 -o address show dev lo scope global").split()[3].partition("/")[0]
    city.unmanage({POP: f"router bgp 4200000092 / neighbor {own} remote-as 4200000092"})
    done = city.run("deploy", "--yes", selector(AN_HOA, POP, CORE))
    line = done.end(POP)
    assert re.fullmatch(
        rf"wave 2/3  {POP} +line \d+: .+: neighbor {own} remote-as .+ · RESTORED +[\d.]+ s", line
    )
    assert "1 confirmed · 1 restored · 1 not started" in done.out
    assert done.code == 5
    assert city.fingerprint(AN_HOA) == deployed.fingerprint(AN_HOA)
    assert {host: city.fingerprint(host) for host in (POP, CORE)} == {host: old[host] for host in (POP, CORE)}
    state, ends = last_run(city)
    assert (state, ends[AN_HOA], ends[CORE]) == ("failed", ("confirmed", ""), ("waiting", ""))
    assert ends[POP][0] == "restored"
    assert "Can not configure the local system as neighbor" in ends[POP][1]


# A change that goes in and does harm.


@dataclass(frozen=True)
class Harm:
    """Two wards get a line each that cuts something off; what came of it."""

    done: Done
    journal: tuple[str, dict[str, tuple[str, str]]]
    changed: list[str]
    pop: str


LINES = {THOI_BINH: "bfd / profile city-1000-5 / shutdown", AN_NGHIEP: "ip route 10.0.32.1/32 blackhole"}
"""The second is a route to dc-core1's loopback that beats OSPF's: all its neighbours stay up."""


@pytest.fixture(scope="module")
def harm(deployed: Deployed) -> Harm:
    city = deployed.city
    old = edited(city, POP)
    city.unmanage(LINES)
    done = city.run("deploy", "--yes", "--timer", "20", selector(*LINES, POP))
    found = Harm(done, last_run(city), deployed.changed(), old[POP])
    deployed.restore()
    return found


@pytest.mark.parametrize(
    ("hostname", "lost"),
    [
        (THOI_BINH, "bfd neighbour 10.1.17.32 on eth0, bfd neighbour on eth0.*"),
        (AN_NGHIEP, "path to dc-core1 over IPv4"),
    ],
    ids=["a neighbour", "a path"],
)
def test_a_change_that_cuts_something_off_is_taken_back(harm: Harm, hostname: str, lost: str) -> None:
    """The plan cannot see it; the test after the wave misses what was there before."""
    state, cause = harm.journal[1][hostname]
    assert state == "restored"
    assert re.fullmatch(f"test failed: lost what it had: {lost}", cause)
    assert f" armed · applied · {cause} · RESTORED " in harm.done.end(hostname)
    assert hostname not in harm.changed
    assert harm.done.code != 0


def test_after_a_change_that_did_harm_the_next_wave_is_not_started(harm: Harm) -> None:
    assert harm.journal[0] == "failed"
    assert harm.journal[1][POP] == ("waiting", "")
    assert POP in harm.changed, "it is as it was edited"


def test_a_key_that_is_changed_at_one_end_only_is_taken_back_before_it_is_missed(
    deployed: Deployed, city: CitySlice
) -> None:
    """OSPF forgets a neighbour after forty seconds; its last hello was heard before the change."""
    old = city.fingerprint(THOI_BINH)
    with city.other_secret("ospf/key"):
        done = city.run("deploy", "--yes", THOI_BINH)
    assert re.search(
        r"lost what it had: .*ospf neighbour 10\.0\.\d+\.\d+ on eth0.* · RESTORED", done.end(THOI_BINH)
    )
    assert done.code == 1
    assert city.fingerprint(THOI_BINH) == old


def test_a_change_that_did_harm_is_taken_back_by_the_timer_where_the_controller_is_gone(
    deployed: Deployed, city: CitySlice
) -> None:
    """And the resumed run says that it was the timer; then the checks have their turn, and say so too."""
    old = city.fingerprint(AN_NGHIEP)
    city.unmanage({AN_NGHIEP: LINES[AN_NGHIEP]})
    deploying = city.start("deploy", "--yes", "--timer", "20", AN_NGHIEP)
    until(lambda: city.is_applied(AN_NGHIEP), meanwhile=deploying)
    deploying.kill()
    until(lambda: not city.is_pending(AN_NGHIEP), 180)
    assert city.fingerprint(AN_NGHIEP) == old
    run = city.runs()[0]
    assert run.state == "killed"
    resumed = city.run("resume", run.id, "--yes", "--timer", "20")
    assert resumed.code == 1, resumed
    timer, checks = (
        "its own timer took the change back",
        "test failed: lost what it had: path to dc-core1 over IPv4",
    )
    assert f"\nwhile it was left  {AN_NGHIEP}: {timer}\n" in resumed.out
    assert f"{checks} · RESTORED" in resumed.end(AN_NGHIEP)
    details = [event["detail"] for event in city.json("show", "run", run.id, AN_NGHIEP)["events"]]
    assert timer in details
    assert details[-1] == checks
    assert city.fingerprint(AN_NGHIEP) == old


# Cuts


def test_a_session_cut_in_mid_commit_is_settled_over_a_new_one(deployed: Deployed, city: CitySlice) -> None:
    """The reload goes on without us, and is then taken back; the ward beside it does not notice."""
    old = edited(city, AN_HOA, THOI_BINH)
    with city.held(AN_HOA) as release:
        deploying = city.start("deploy", "--yes", selector(AN_HOA, THOI_BINH))
        until(lambda: city.is_pending(AN_HOA), meanwhile=deploying)
        city.cut_sessions(AN_HOA)
        release()
        done = deploying.end()
    assert "· RESTORED" in done.end(AN_HOA), done
    assert "armed · applied · tested · confirmed" in done.end(THOI_BINH)
    assert done.code == 5
    assert city.fingerprint(AN_HOA) == old[AN_HOA]
    assert city.fingerprint(THOI_BINH) == deployed.fingerprint(THOI_BINH)
    state, ends = last_run(city)
    assert (state, ends[THOI_BINH]) == ("failed", ("confirmed", ""))
    assert ends[AN_HOA][0] == "restored"
    assert ends[AN_HOA][1]


def test_a_session_cut_in_mid_confirmation_keeps_what_has_passed_its_test(
    deployed: Deployed, city: CitySlice
) -> None:
    """Pain 1: a good change is neither taken back for a confirmation that was lost nor called lost."""
    edited(city, AN_HOA)
    deploying = city.start("deploy", "--yes", AN_HOA)
    until(lambda: city.is_applied(AN_HOA), meanwhile=deploying)
    with city.busy(AN_HOA):
        until(lambda: "confirm" in city.on(AN_HOA, "ps", "-eo", "args"), meanwhile=deploying)
        city.cut_sessions(AN_HOA)
    done = deploying.end()
    assert done.code == 0, done
    assert city.fingerprint(AN_HOA) == deployed.fingerprint(AN_HOA)
    assert last_run(city) == ("done", {AN_HOA: ("confirmed", "")})
    assert "by hand" not in city.on(AN_HOA, "cat", "/etc/frr/frr.conf")


# Two at once


def test_a_second_deploy_is_refused_and_names_the_first(
    deployed: Deployed, city: CitySlice, tmp_path: Path
) -> None:
    """By the journal, whatever the device, where it is shared; by the device where it is not."""
    edited(city, AN_HOA)
    old, elsewhere = edited(city, THOI_BINH), tmp_path / "journal.db"
    with city.held(AN_HOA) as release:
        first = city.start("deploy", "--yes", AN_HOA)
        until(lambda: city.is_pending(AN_HOA), meanwhile=first)
        run = city.runs()[0].id
        others = (
            city.start("deploy", "--yes", THOI_BINH),
            city.start("deploy", "--yes", AN_HOA, journal=elsewhere),
        )
        colleague, stranger = (other.end() for other in others)
        release()
        done = first.end()
    assert colleague.code == 4, colleague
    assert f"error: run {run} is under way: " in colleague.err
    assert city.fingerprint(THOI_BINH) == old[THOI_BINH]
    assert stranger.code == 4, stranger
    assert f"error: {AN_HOA}: commit {run}-" in stranger.err
    assert city.runs(elsewhere) == ()
    assert done.code == 0, done
    assert last_run(city) == ("done", {AN_HOA: ("confirmed", "")})
    assert deployed.changed() == [THOI_BINH]


def test_two_laptops_with_two_journals_never_interleave(
    deployed: Deployed, city: CitySlice, tmp_path: Path
) -> None:
    """Pains 8 and 9. Neither journal knows of the other's run; the cores do, whatever each is about."""
    wards, journals = (AN_HOA, THOI_BINH), (tmp_path / "one.db", tmp_path / "other.db")
    old = edited(city, *wards)
    with city.held(AN_HOA) as release:
        first = city.start("deploy", "--yes", AN_HOA, journal=journals[0])
        until(lambda: city.is_pending(AN_HOA), meanwhile=first)
        second = city.run("deploy", "--yes", THOI_BINH, journal=journals[1])
        release()
        done = first.end()
    assert done.code == 0, done
    assert second.code == 4, second
    run = city.runs(journals[0])[0]
    assert re.search(rf"error: dc-core[12]: leased to {run.user}@\S+ \(run {run.id}-", second.err)
    assert city.fingerprint(THOI_BINH) == old[THOI_BINH]
    assert city.runs(journals[1])[0].state == "failed"
    again = city.run("deploy", "--yes", THOI_BINH, journal=journals[1])
    assert again.code == 0, "the lease was given back"
    assert deployed.changed() == []


def test_what_a_killed_run_held_is_taken_over_by_its_own_journal_and_waited_for_by_others(
    deployed: Deployed, city: CitySlice, tmp_path: Path
) -> None:
    edited(city, AN_HOA, THOI_BINH)
    with city.held(AN_HOA):
        deploying = city.start("deploy", "--yes", "--timer", "10", AN_HOA)
        until(lambda: city.is_pending(AN_HOA), meanwhile=deploying)
        deploying.kill()
    until(lambda: not city.is_pending(AN_HOA), 180)
    stranger = city.run("deploy", "--yes", THOI_BINH, journal=tmp_path / "other.db")
    assert stranger.code == 4, stranger
    assert "leased to" in stranger.err
    ours = city.run("deploy", "--yes", selector(AN_HOA, THOI_BINH))
    assert ours.code == 0, ours
    assert deployed.changed() == []


# The controller dies


def test_a_controller_killed_at_any_moment_leaves_every_router_old_or_new(
    deployed: Deployed, city: CitySlice
) -> None:
    """Timers end what was armed, in the middle of its reload, or applied; what was confirmed stays.

    Then a deploy finishes what is left.
    """
    hostnames = AN_HOA, THOI_BINH, POP
    for hostname in hostnames:
        city.edit(
            hostname, *BY_HAND, "router ospf", "no log-adjacency-changes", "no graceful-restart helper enable"
        )
    old = {hostname: city.fingerprint(hostname) for hostname in hostnames}
    new = {hostname: deployed.fingerprint(hostname) for hostname in hostnames}

    def kill_when(moment: Callable[[], bool]) -> dict[str, str]:
        deploying = city.start("deploy", "--yes", "--timer", str(TIMER), selector(*hostnames))
        until(moment, meanwhile=deploying)
        deploying.kill()
        until(lambda: not any(map(city.is_pending, hostnames)), TIMER + 20)
        assert city.runs()[0].state == "killed"
        return {hostname: city.fingerprint(hostname) for hostname in hostnames}

    with city.held(AN_HOA):
        assert kill_when(lambda: city.is_applied(THOI_BINH) and city.is_pending(AN_HOA)) == old
    now = kill_when(lambda: "by hand" not in startup(city, AN_HOA) + startup(city, THOI_BINH))
    assert now == {AN_HOA: new[AN_HOA], THOI_BINH: new[THOI_BINH], POP: old[POP]}
    finished = city.run("deploy", "--yes", selector(*hostnames))
    assert finished.code == 0, finished
    assert deployed.changed() == []
    assert [run.state for run in city.runs()[:3]] == ["done", "killed", "killed"]


def startup(city: CitySlice, hostname: str) -> str:
    """What it would come up with."""
    return city.on_disk(hostname, "etc/frr/frr.conf").read_text()


def test_ctrl_c_ends_what_is_in_flight_and_starts_nothing_else(deployed: Deployed, city: CitySlice) -> None:
    old = edited(city, AN_HOA, POP)
    with city.held(AN_HOA) as release:
        deploying = city.start("deploy", "--yes", selector(AN_HOA, POP))
        until(lambda: city.is_pending(AN_HOA), meanwhile=deploying)
        deploying.interrupt()
        release()
        done = deploying.end()
    assert done.code == 130, done
    assert "1 confirmed · 1 not started" in done.out
    assert city.fingerprint(AN_HOA) == deployed.fingerprint(AN_HOA)
    assert city.fingerprint(POP) == old[POP]
    assert last_run(city) == ("stopped", {AN_HOA: ("confirmed", ""), POP: ("waiting", "")})
