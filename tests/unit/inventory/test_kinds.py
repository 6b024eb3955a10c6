"""Words of a fixed set whose order has a meaning."""

from __future__ import annotations

from itertools import combinations

from infra_ctl.inventory.kinds import Stage


def test_stages_are_ordered_as_they_stand_and_not_as_texts() -> None:
    for earlier, later in combinations(Stage, 2):
        assert earlier < later
        assert earlier <= later
        assert later > earlier
        assert later >= earlier
        assert not earlier >= later
        assert not later <= earlier
    assert max(Stage.NONE, Stage.DUAL) is Stage.DUAL
    assert Stage.NONE <= Stage.NONE
