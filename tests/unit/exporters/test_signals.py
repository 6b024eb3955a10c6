"""Signals of an exporter: what they did before is theirs again when it ends, well or not."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

import pytest

from exporters.serving.reloading import Signals

OBEYED = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def handlers() -> list[object]:
    return [signal.getsignal(number) for number in OBEYED]


def test_one_that_could_not_begin_leaves_signals_as_they_were_and_no_socket_open() -> None:
    before, woken = handlers(), signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(woken)
    with suppress(ZeroDivisionError), Signals() as signals:
        reading = signals.fileno()
        os.fstat(reading)
        raise ZeroDivisionError
    assert handlers() == before
    assert signal.set_wakeup_fd(woken) == woken
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(reading)


def test_signals_that_came_are_told_in_their_order() -> None:
    with Signals() as signals:
        for number in OBEYED:
            signal.raise_signal(number)
        assert [signals.next() for _ in OBEYED] == list(OBEYED)
