"""A run that died, was paused, or is to be undone, on living routers."""

from __future__ import annotations

import pytest

from tests.dying import DIED
from tests.lab.city_slice import AN_HOA, BY_HAND, POP, THOI_BINH, CitySlice, Deployed, until
from tests.lab.test_deploy_faults import edited, last_run, selector

pytestmark = pytest.mark.live

HOSTS = AN_HOA, POP

NEIGHBOUR = "router bgp 4200000092", f"neighbor 10.0.32.1 {BY_HAND[1]}"
UPLINK = "interface eth1", BY_HAND[1]
ROUTE = "ip route 198.51.100.0/24 blackhole"
"""Edits of a PoP by hand, besides that of its loopback."""


@pytest.mark.parametrize(
    ("number", "moment"),
    [(5, "before"), (5, "after"), (6, "after"), (9, "before")],
)
def test_a_deploy_that_died_at_a_journal_write_is_resumed(
    deployed: Deployed, city: CitySlice, number: int, moment: str
) -> None:
    """Pain 10. Every write is died at on the simulated fleet (tests/unit/cli); here the ones that matter."""
    edited(city, *HOSTS)
    died = city.die_at(number, moment, "deploy", "--yes", selector(*HOSTS))
    assert died.code == DIED, died
    run = city.runs()[0]
    assert run.state == "killed"
    done = city.run("resume", run.id, "--yes")
    assert done.code == 0, done
    assert last_run(city) == ("done", dict.fromkeys(HOSTS, ("confirmed", "")))
    assert deployed.changed() == []
    assert not any(map(city.is_pending, HOSTS))


def test_a_deploy_that_died_is_resumed_after_its_timers_ran_out(deployed: Deployed, city: CitySlice) -> None:
    old = edited(city, *HOSTS)
    died = city.die_at(4, "after", "deploy", "--yes", "--timer", "20", selector(*HOSTS))
    assert died.code == DIED, died
    until(lambda: not any(map(city.is_pending, HOSTS)), 180)
    assert city.fingerprint(AN_HOA) == old[AN_HOA], "the timer took it back"
    done = city.run("resume", city.runs()[0].id, "--yes")
    assert done.code == 0, done
    assert deployed.changed() == []


def test_a_run_is_paused_and_continued_from_another_terminal(deployed: Deployed, city: CitySlice) -> None:
    edited(city, *HOSTS)
    with city.held(AN_HOA) as release:
        deploying = city.start("deploy", "--yes", selector(*HOSTS))
        until(lambda: city.is_pending(AN_HOA), meanwhile=deploying)
        run = city.runs()[0].id
        assert city.run("run", "pause", run).code == 0
        release()
        until(lambda: city.ends(run)[AN_HOA][0] == "confirmed", meanwhile=deploying)
        assert city.ends(run)[POP][0] == "waiting"
        assert not deploying.is_over()
        assert city.run("run", "continue", run).code == 0
        done = deploying.end()
    assert done.code == 0, done
    assert deployed.changed() == []


def test_a_run_that_is_aborted_leaves_the_rest_alone_and_is_resumed(
    deployed: Deployed, city: CitySlice
) -> None:
    old = edited(city, *HOSTS)
    with city.held(AN_HOA) as release:
        deploying = city.start("deploy", "--yes", selector(*HOSTS))
        until(lambda: city.is_pending(AN_HOA), meanwhile=deploying)
        run = city.runs()[0].id
        assert city.run("run", "abort", run).code == 0
        release()
        done = deploying.end()
    assert done.code == 5, done
    assert last_run(city) == ("stopped", {AN_HOA: ("confirmed", ""), POP: ("waiting", "")})
    assert city.fingerprint(POP) == old[POP]
    assert city.run("resume", run, "--yes").code == 0
    assert deployed.changed() == []


def test_a_rollback_leads_back_to_the_very_configuration(deployed: Deployed, city: CitySlice) -> None:
    """Pain 3: by fingerprint, on a router whose neighbour line, route and description the run had changed."""
    for lines in (NEIGHBOUR, UPLINK, (ROUTE,)):
        city.edit(POP, *lines)
    city.claim({POP: ROUTE})
    old = edited(city, POP, THOI_BINH)
    by_hand = {line for line in city.running(POP).splitlines() if BY_HAND[1] in line or line == ROUTE}
    assert len(by_hand) == 3, "a neighbour's line, a description, a route"
    assert city.run("deploy", "--yes", selector(POP, THOI_BINH)).code == 0
    assert by_hand.isdisjoint(city.running(POP).splitlines())
    run = city.runs()[0].id
    done = city.run("rollback", run, POP, "--yes")
    assert done.code == 0, done
    assert by_hand <= set(city.running(POP).splitlines())
    assert city.fingerprint(POP) == old[POP]
    assert city.fingerprint(THOI_BINH) == deployed.fingerprint(THOI_BINH)
    assert city.runs()[0].kind == "rollback"


def test_a_rollback_keeps_what_was_done_since(city: CitySlice) -> None:
    edited(city, AN_HOA)
    assert city.run("deploy", "--yes", AN_HOA).code == 0
    city.edit(AN_HOA, "ip route 198.51.100.0/24 blackhole")
    done = city.run("rollback", city.runs()[0].id, "--yes")
    assert done.code == 0, done
    running = city.running(AN_HOA)
    assert "ip route 198.51.100.0/24 blackhole" in running
    assert "description by hand" in running
