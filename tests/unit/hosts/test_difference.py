"""Diffs of files as a person reads them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from infra_ctl.hosts.difference import diff

LINES = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=12)


def test_what_stands_around_a_difference_is_shown_and_what_is_far_is_not():
    before = [f"line {number}" for number in range(20)]
    after = [*before[:1], "new", *before[2:18], "end", *before[19:]]
    assert diff(before, after).splitlines() == [
        "  line 0",
        "- line 1",
        "+ new",
        "  line 2",
        "  line 3",
        "  line 4",
        "  …",
        "  line 15",
        "  line 16",
        "  line 17",
        "- line 18",
        "+ end",
        "  line 19",
    ]


def test_a_file_that_is_new_comes_whole():
    assert diff([], ["one", "", "two"]) == "+ one\n+ \n+ two"


@given(LINES, LINES)
def test_lines_that_come_and_go_are_those_of_the_two_texts(before, after):
    shown = [line for line in diff(before, after).splitlines() if line != "  …"]
    gone, come = ([line[2:] for line in shown if line[0] == sign] for sign in "-+")
    assert len(before) - len(gone) == len(after) - len(come)
    assert all(line in before for line in gone)
    assert all(line in after for line in come)
    assert bool(shown) == (before != after)
