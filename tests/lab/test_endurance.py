"""A round of each of what `python -m tests.lab.endurance` does for minutes: only memory needs those."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.endurance import faults
from tests.lab.endurance.__main__ import asked_for, until
from tests.lab.endurance.faults import FAULTS, RECOVERY_SECONDS, Tally, is_well
from tests.lab.endurance.ground import Ground, ground

pytestmark = pytest.mark.live

QUICK = ("unknown", "oversized", "slow", "storm", "sip", "stamp", "echo", "clock", "flaps", "reloads")
"""All but those that take minutes (ten thousand dead targets: test_probe_live) or are about time."""


@pytest.fixture(scope="module")
def place(_can_run: None, lab_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with ground(f"{lab_name}en", tmp_path_factory.mktemp("endurance")) as found:
        yield found


def test_every_exporter_goes_on_as_if_nothing_had_been(
    place: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All is answered as it should be, no process began anew, no log has a defect, all is well again."""
    monkeypatch.setattr(faults, "SCRAPE_SECONDS", 120.0)  # how busy the machine is, is not what is asked
    assert until(lambda: is_well(place), 3 * RECOVERY_SECONDS)
    began = {each: each.use().processes for each in place.all}
    for name in QUICK:
        tally = Tally()
        with FAULTS[name].around(place) as there:
            FAULTS[name].round(there, tally)
        assert not tally.complaints, name
        assert tally.requests > 0, name
    assert until(lambda: is_well(place), 3 * RECOVERY_SECONDS)
    assert {each: each.use().processes for each in place.all} == began
    assert [line for each in place.all for line in each.complaints()] == []


def test_a_fault_that_there_is_not_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        asked_for(["hail"])
    assert ended.value.code == 2
    assert "there is no fault hail; there are unknown, oversized" in capsys.readouterr().err
