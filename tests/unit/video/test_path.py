from __future__ import annotations

import math

from infra_ctl.inventory.monitoring import Media
from infra_ctl.probe.counters import Reading
from infra_ctl.video.path import Flaw, Path


def test_a_way_that_has_just_fallen_silent_is_judged_by_what_it_lost() -> None:
    """Its jitter is known no longer; 15 of 100 are lost."""
    path = Path.between(None, Reading(15, (85,), 0.85, math.nan, 0, 0, None))
    assert path is not None
    assert (path.jitter, round(path.rtt, 6)) == (0.0, 0.01)
    assert 0 < path.rating < 70
    assert Flaw.LOSS in path.flaws(Media())
