"""Taking a change back: exactly what it did, on whatever there is by now."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_ctl.change import normal
from infra_ctl.change.undo import ours, undone, written

lines = st.frozensets(
    st.tuples(st.sampled_from([(), ("interface eth0",), ("router ospf",)]), st.sampled_from("abcdef"))
)


@given(lines, lines)
def test_undoing_at_once_leads_back(before: frozenset[normal.Pair], after: frozenset[normal.Pair]) -> None:
    old, new = normal.ordered(before), normal.ordered(after)
    assert undone(new, old, new) == old


@given(lines, lines)
def test_what_was_done_since_stays(before: frozenset[normal.Pair], after: frozenset[normal.Pair]) -> None:
    mine: normal.Pair = ((), "ip route 198.51.100.0/24 blackhole")
    now = normal.ordered({*after, mine})
    assert set(undone(now, normal.ordered(before), normal.ordered(after))) == {*before, mine}


BEFORE = normal.parse("interface eth0\n ip ospf cost 10\nexit\n")
AFTER = normal.parse("interface eth0\n ip ospf cost 20\n description new\nexit\n")


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (
            "interface eth0\n ip ospf cost 30\n description new\nexit\n",
            "interface eth0 / ip ospf cost 20 is gone",
        ),
        ("interface eth0\n ip ospf cost 20\nexit\n", "interface eth0 / description new is gone"),
        (
            "interface eth0\n ip ospf cost 10\n ip ospf cost 20\n description new\nexit\n",
            "interface eth0 / ip ospf cost 10 is back",
        ),
    ],
)
def test_what_is_not_as_the_change_left_it_is_said(now: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        undone(normal.parse(now), BEFORE, AFTER)


def test_a_configuration_is_written_whole_with_what_no_normal_form_has() -> None:
    running = (
        "frr version 8.4.4\nfrr defaults traditional\nhostname pop\nservice integrated-vtysh-config\n!\n"
        "interface eth0\n ip ospf cost 10\nexit\n!\nend\n"
    )
    text = written(normal.parse(running), running)
    assert text.splitlines()[:4] == running.splitlines()[:4]
    assert normal.parse(text) == normal.parse(running)
    assert "\nend" not in text


def test_what_comes_back_is_ours_and_what_was_typed_by_hand_is_not() -> None:
    hand, back, stays = ((), "ip route a"), ((), "line b"), ((), "line c")
    assert ours((stays, ((), "line d")), (hand, stays), (hand, back, stays)) == (back, stays)
