"""Many devices at once: one device's failure stays its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from infra_ctl.drivers.base import ConfigDriver
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.errors import DeviceError, SecretError, UnreachableError


def nobody(hostname: str) -> ConfigDriver:
    raise AssertionError(f"{hostname} was opened")


def test_results_come_back_by_hostname_in_the_order_asked() -> None:
    answers = Fleet(nobody).each(["b", "c", "a"], str.upper)
    assert list(answers.items()) == [("b", "B"), ("c", "C"), ("a", "A")]


def test_a_failed_device_stands_beside_the_others() -> None:
    def work(hostname: str) -> str:
        if hostname == "b":
            raise UnreachableError("b", "no answer")
        return hostname.upper()

    answers = Fleet(nobody).each("abc", work)
    assert isinstance(answers["b"], DeviceError)
    assert (answers["a"], answers["c"]) == ("A", "C")


def test_every_device_is_told_of_when_it_is_done_failed_or_not() -> None:
    def work(hostname: str) -> None:
        if hostname == "b":
            raise UnreachableError("b", "no answer")

    done: list[str] = []
    Fleet(nobody).each("abc", work, done.append)
    assert sorted(done) == ["a", "b", "c"]


def failing(error: Exception, ended: list[str]) -> Callable[[str], None]:
    def work(hostname: str) -> None:
        if hostname == "a":
            raise error
        ended.append(hostname)

    return work


def test_a_defect_on_one_device_is_that_device_s_error() -> None:
    ended: list[str] = []
    answers = Fleet(nobody, workers=1).each("abc", failing(ZeroDivisionError("by 0"), ended))
    assert str(answers["a"]) == "a: a defect of infra-ctl: ZeroDivisionError: by 0"
    assert ended == ["b", "c"]


def test_an_error_of_no_one_device_is_raised_after_all_have_ended() -> None:
    ended: list[str] = []
    with pytest.raises(SecretError):
        Fleet(nobody, workers=1).each("abc", failing(SecretError("no vault"), ended))
    assert ended == ["b", "c"]


def test_devices_are_worked_on_side_by_side() -> None:
    together = threading.Barrier(4, timeout=10)
    Fleet(nobody, workers=4).each("abcd", lambda _hostname: together.wait())


@pytest.mark.parametrize("workers", [1, 3])
def test_no_more_sessions_are_open_than_there_are_workers(workers: int) -> None:
    now, most, lock = 0, 0, threading.Lock()
    pause = threading.Event()

    def work(_hostname: str) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        pause.wait(0.01)
        with lock:
            now -= 1

    Fleet(nobody, workers=workers).each(map(str, range(12)), work)
    assert most <= workers


def test_nobody_to_ask_is_no_answer() -> None:
    assert Fleet(nobody).each([], str.upper) == {}


def test_an_interrupt_waits_for_the_devices_in_flight_and_not_for_the_queue() -> None:
    begun: list[str] = []

    def work(hostname: str) -> None:
        begun.append(hostname)
        threading.Event().wait(0.01)

    def interrupt(_hostname: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Fleet(nobody, workers=2).each(map(str, range(50)), work, interrupt)
    assert len(begun) < 10
