"""One fault of each kind, on living routers; `make soak` deals two hundred.

Pains 1, 10 and 11: every router is wholly on its old or its new configuration, the journal agrees with it,
exit code and last lines say what happened, and no hand is needed. See tests/lab/faults/judge.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from tests.lab.city_slice import AN_HOA, POP, THOI_BINH
from tests.lab.faults.fault import Moment
from tests.lab.faults.kinds import KINDS
from tests.lab.faults.trial import Trial, Verdict
from tests.lab.soak import report, run

pytestmark = pytest.mark.live

BEFORE, ARMED, APPLIED = Moment


def one(kind: str, name: str, victim: str, moment: Moment) -> Trial:
    """A trial of the variant that is called so."""
    (fault,) = (fault for fault in KINDS[kind] if fault.name == name)
    return Trial(kind, fault, victim, moment)


ENDED = rf"{THOI_BINH} .* · RESTORED "
TRIALS: Mapping[Trial, str] = {
    one("slow device", "ten times", THOI_BINH, BEFORE): ENDED,
    one("power loss", "", THOI_BINH, ARMED): ENDED,
    one("daemon killed", "bgpd", POP, ARMED): r"2 confirmed · 1 restored",
    one("loss on management", "30 %", AN_HOA, ARMED): r" · run 2",
    one("confirm lost", "its answer", AN_HOA, BEFORE): r"3 confirmed · run ",
    one("journal gone", "", AN_HOA, ARMED): r"error: the journal is gone: ",
    one("controller's disk full", "", AN_HOA, ARMED): r"error: the journal is gone: .*(is full|read-only)",
    one("controller killed", "after write 7", POP, BEFORE): r"wave 1/2",
    one("disk full", "/etc/frr", POP, BEFORE): r"No space left on device.* · RESTORED ",
    one("link cut", "", AN_HOA, APPLIED): r" · run 2",
    one("clock jumps", "-400 days", AN_HOA, ARMED): r"3 confirmed · run ",
    one("two controllers", "at once", POP, BEFORE): r"run 2|error: ",
}
"""What is to happen, the longest first, and what the deployment that it happens to says."""


@pytest.fixture(scope="module")
def verdicts(_can_run: None, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Verdict]:
    """By kind. Three slices are as many as two cores keep busy."""
    place = tmp_path_factory.mktemp("faults")
    soak = run(list(enumerate(TRIALS, start=1)), slices=3, kept=place, under=place)
    return {verdict.trial.kind: verdict for verdict in soak.over.values()}


def test_every_kind_is_met() -> None:
    assert sorted(trial.kind for trial in TRIALS) == sorted(KINDS)


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.kind)
def test_a_deployment_that_meets_a_fault_ends_old_or_new_and_says_so(
    verdicts: Mapping[str, Verdict], trial: Trial
) -> None:
    verdict = verdicts[trial.kind]
    assert verdict.is_well, report(verdict)
    deployment = verdict.said[0]
    assert re.search(TRIALS[trial], deployment.out + deployment.err), report(verdict)
