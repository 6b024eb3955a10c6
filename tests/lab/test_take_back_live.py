"""A run that passed every test and lost a path at its end takes itself back, on living routers."""

from __future__ import annotations

import sys

import pytest

from tests.lab.city_slice import AN_HOA, BY_HAND, CORE, CitySlice, until

pytestmark = pytest.mark.live

WAITS = "i=0; while [ -e /var/lib/infra-ctl/pending ] && [ $i -lt 6000 ]; do sleep 0.02; i=$((i + 1)); done"
"""On the router, until the change is confirmed: the controller looks at the end state right after that."""
LOST = f"path from {CORE} to {AN_HOA} over IPv4"


def test_a_path_that_is_lost_after_the_last_test_takes_the_run_back(city: CitySlice) -> None:
    """A circuit goes once the ward's change is confirmed, and returns while it is taken back."""
    city.edit(AN_HOA, *BY_HAND)
    old, runs = city.fingerprint(AN_HOA), len(city.runs())
    hasty = (sys.executable, "-m", "tests.hasty", "5")
    deploying = city.start("deploy", AN_HOA, "--yes", "--ticket", "CT-7", command=hasty)
    until(lambda: city.is_pending(AN_HOA), meanwhile=deploying)
    city.on(AN_HOA, "sh", "-c", f"({WAITS}; ip link set eth0 down) >/dev/null 2>&1 &")
    try:
        until(lambda: len(city.runs()) == runs + 2, 180, meanwhile=deploying)
    finally:
        city.on(AN_HOA, "ip", "link", "set", "eth0", "up")
    done = deploying.end()
    back, run = city.runs()[:2]
    assert done.code == 1, done
    assert (run.kind, run.state, back.kind, back.undoes, back.ticket) == (
        "deploy",
        "failed",
        "rollback",
        run.id,
        "CT-7",
    )
    assert LOST in run.summary
    assert f"run {run.id} is taken back (--keep leaves it)" in done.out
    assert done.out.splitlines()[-1].startswith(f"run {run.id} was taken back: path from ")
    assert done.out.splitlines()[-1].endswith("answers again")
    assert city.ends(back.id) == {AN_HOA: ("confirmed", "")}
    assert city.fingerprint(AN_HOA) == old
    assert city.json("show", "run", run.id)["undone_by"] == [back.id]
