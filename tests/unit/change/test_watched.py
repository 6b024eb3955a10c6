"""Which paths are watched: a ward's own, or all where others hang on the wave."""

from __future__ import annotations

from infra_ctl.change.watched import watched
from tests.unit.conftest import SmallCity

WARD, POP = "nk-an-hoa-ce1", "nk-pop1"


def test_a_wave_of_wards_has_their_own_paths_and_a_wave_of_a_pop_has_all(small: SmallCity) -> None:
    intents = small.city.intents
    of_ward, of_pop = watched(intents, intents, [(WARD,), (POP,)])
    assert {each.target for each in of_ward} == {WARD}
    assert {each.target for each in of_pop} == set(intents)
    assert set(of_ward) < set(of_pop)
    assert {each.what for each in of_pop} == {"loopback"}
    assert {intents[each.source].role for each in of_pop} == {"core"}


def test_what_is_not_there_is_not_asked_for(small: SmallCity) -> None:
    intents = small.city.intents
    there = [host for host, intent in intents.items() if intent.role == "core"] + [POP]
    (of_pop,) = watched(intents, there, [(POP,)])
    assert {each.target for each in of_pop} == set(there)
