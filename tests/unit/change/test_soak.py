"""Which changes need their neighbours watched: all but those that cannot make one deaf."""

from __future__ import annotations

import pytest

from infra_ctl.change import normal
from infra_ctl.change.soak import SECONDS, soak

BEFORE = """\
interface eth0
 description to pop
 ip ospf cost 10
 ip ospf message-digest-key 1 md5 one
exit
bfd
 profile city
  detect-multiplier 5
  receive-interval 1000
 exit
exit
route-map IN permit 10
 set metric 5
exit
"""


@pytest.mark.parametrize(
    ("old", "new", "watched"),
    [
        ("", "", False),
        (" ip ospf cost 10", " ip ospf cost 20", False),
        (" ip ospf cost 10\n", "", False),
        (" description to pop", " description to nk-pop1", False),
        ("  detect-multiplier 5", "  detect-multiplier 6", False),
        (" set metric 5", " set metric 6", False),
        ("route-map IN permit 10\n set metric 5\nexit\n", "", False),
        ("md5 one", "md5 two", True),
        (" ip ospf message-digest-key 1 md5 one\n", "", True),
        ("  receive-interval 1000", "  receive-interval 300", True),
        ("exit\nbfd\n", "exit\nip route 10.0.0.1/32 blackhole\nbfd\n", True),
        ("interface eth0\n", "interface eth0\n shutdown\n", True),
    ],
)
def test_a_change_is_watched_where_it_could_make_a_neighbour_deaf(old: str, new: str, watched: bool) -> None:
    after = BEFORE.replace(old, new)
    assert (after == BEFORE) == (not old)
    assert soak(normal.parse(BEFORE), normal.parse(after)) == (SECONDS if watched else 0)


def test_one_loud_line_among_quiet_ones_is_enough() -> None:
    after = BEFORE.replace("cost 10", "cost 20").replace("md5 one", "md5 two")
    assert soak(normal.parse(BEFORE), normal.parse(after)) == SECONDS
