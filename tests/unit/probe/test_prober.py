"""The loop as its parent has it. It sends to loopback, by UDP only, which needs no rights."""

from __future__ import annotations

import errno
import os
import signal
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from infra_ctl.errors import UnusableError
from infra_ctl.probe.prober import Prober
from infra_ctl.probe.targets import Pace, StampTarget

TARGET = StampTarget("stamp", ip_address("127.0.0.9"))


@pytest.fixture
def prober() -> Iterator[Prober]:
    with Prober() as made:
        made.configure([TARGET], Pace())
        yield made


def test_the_loop_lives_through_what_is_meant_for_its_parent(prober: Prober) -> None:
    pid = prober.pid
    assert pid is not None
    for number in (signal.SIGHUP, signal.SIGINT):
        os.kill(pid, number)
    prober.configure([TARGET], Pace())
    assert prober.pid == pid


def test_a_loop_that_ended_is_begun_again_but_not_after_the_end() -> None:
    prober = Prober()
    prober.configure([TARGET], Pace())
    pid = prober.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert prober.ensure()
    assert not prober.ensure()
    prober.close()
    assert not prober.ensure()
    with pytest.raises(UnusableError, match="has been ended"):
        prober.configure([TARGET], Pace())
    assert prober.pid is None
    assert prober.readings()["stamp"].sent == 0


def test_what_lies_in_the_folder_we_are_in_is_no_module_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may write there would be root, who starts the loop."""
    (tmp_path / "random.py").write_text("raise SystemExit('not from here')")
    monkeypatch.chdir(tmp_path)
    with Prober() as prober:
        prober.configure([TARGET], Pace())


def test_a_loop_that_cannot_be_started_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left() -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with Prober() as prober:
        monkeypatch.setattr(socket, "socketpair", none_left)
        with pytest.raises(UnusableError, match="the probe loop cannot be started: Too many open files"):
            prober.configure([TARGET], Pace())
        monkeypatch.undo()
        prober.configure([TARGET], Pace())
