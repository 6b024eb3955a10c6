"""Diffs: what they look like, and that they compute."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_ctl.change import diff, normal
from infra_ctl.change.diff import Line

OLD = """\
interface eth0
 ip address 10.0.0.1/31
 ip ospf cost 10
exit
router rip
 network 10.0.0.0/8
exit
"""
NEW = """\
interface eth0
 ip address 10.0.0.1/31
 ip ospf cost 20
exit
router bgp 65000
 address-family ipv4 unicast
  network 10.0.0.0/8
  network 10.1.0.0/16
 exit-address-family
exit
"""
SHOWN = """\
  interface eth0
-  ip ospf cost 10
+  ip ospf cost 20
+ router bgp 65000
   address-family ipv4 unicast
+   network 10.0.0.0/8
+   network 10.1.0.0/16
- router rip
-  network 10.0.0.0/8
"""


def test_it_reads_like_a_configuration() -> None:
    assert diff.to_text(diff.diff(normal.parse(OLD), normal.parse(NEW))) == SHOWN


def test_nothing_is_nothing() -> None:
    assert diff.to_text(diff.diff(normal.parse(OLD), normal.parse(OLD))) == ""
    assert diff.parse("") == ()


def test_text_is_read_back() -> None:
    assert diff.parse(SHOWN) == diff.diff(normal.parse(OLD), normal.parse(NEW))


def test_the_operation_may_stand_right_before_the_line() -> None:
    text = " interface eth0\n- ip ospf cost 10\n+ ip ospf cost 20\n+ip forwarding\n"
    assert diff.parse(text) == (
        Line(" ", (), "interface eth0"),
        Line("-", ("interface eth0",), "ip ospf cost 10"),
        Line("+", ("interface eth0",), "ip ospf cost 20"),
        Line("+", (), "ip forwarding"),
    )


def test_another_beginning_is_refused() -> None:
    with pytest.raises(ValueError, match="starts with"):
        diff.parse("> interface eth0\n")


WORDS = st.sampled_from("abcd")
PAIRS = st.tuples(st.lists(WORDS, max_size=2).map(tuple), WORDS)
NORMALS = st.lists(PAIRS, max_size=12).map(normal.ordered)


def patched(old: normal.Normal, lines: Iterable[Line], *, back: bool = False) -> normal.Normal:
    """`old` with a diff applied, or taken back. What is added was not there, and what is removed was."""
    pairs, added = set(old), "-" if back else "+"
    for line in lines:
        if line.op != " ":
            assert (line.op == added) == (line.pair not in pairs)
            pairs ^= {line.pair}
    return normal.ordered(pairs)


@given(NORMALS, NORMALS)
def test_old_and_diff_make_new_and_back(old: normal.Normal, new: normal.Normal) -> None:
    lines = diff.diff(old, new)
    assert patched(old, lines) == new
    assert patched(new, lines, back=True) == old
    assert diff.parse(diff.to_text(lines)) == lines


@given(NORMALS, NORMALS)
def test_a_diff_says_nothing_needless(old: normal.Normal, new: normal.Normal) -> None:
    changes = [line.pair for line in diff.diff(old, new) if line.op != " "]
    assert sorted(changes) == sorted(set(old) ^ set(new))
