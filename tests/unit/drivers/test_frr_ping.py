"""How many questions become one command, and its answers their order."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from infra_ctl.drivers.base import Ping
from infra_ctl.drivers.command import Completed
from infra_ctl.drivers.frr import router
from infra_ctl.drivers.frr.shell import Shell

SOURCE, SOURCE6 = ip_address("10.0.0.1"), ip_address("fd00::1")


class Answering:
    """Says which questions are answered, in no order."""

    def __init__(self, answered):
        self.answered = answered
        self.script = b""

    def run(self, command, stdin=b"", timeout=60.0):
        assert command == "/bin/sh -s"
        self.script = stdin
        return Completed(0, "".join(f"{index}\n" for index in self.answered).encode(), b"")


def test_answers_have_the_order_of_the_questions():
    questions = [Ping(ip_address(f"10.0.0.{last}"), SOURCE) for last in (2, 3, 4)]
    assert router.ping(Shell("r1", Answering([2, 0])), questions) == (True, False, True)


def test_no_question_needs_no_command():
    assert router.ping(Shell("r1", None), []) == ()


@pytest.mark.parametrize(
    ("question", "options"),
    [
        (Ping(ip_address("10.0.0.2"), SOURCE), "ping -4 -n -q -c 1 -i 0.2 -w 2 -I 10.0.0.1 10.0.0.2"),
        (Ping(ip_address("10.0.0.2"), SOURCE, 1500), "-M do -s 1472 -I"),
        (
            Ping(ip_address("fd00::2"), SOURCE6, 1500),
            "ping -6 -n -q -c 1 -i 0.2 -w 2 -M do -s 1452 -I fd00::1 fd00::2",
        ),
    ],
)
def test_the_whole_packet_has_the_size(question, options):
    assert options in router.ping_script([question])


def test_only_so_many_run_at_once():
    script = router.ping_script([Ping(ip_address("10.0.0.2"), SOURCE)] * (2 * router.PINGS_AT_ONCE + 1))
    assert [line for line in script.splitlines() if line == "wait"] == ["wait"] * 3
