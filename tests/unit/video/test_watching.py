"""Rooms looked at again and again, by looks of the test's own."""

from __future__ import annotations

import time
from collections.abc import Callable
from ipaddress import ip_address

import pytest

from infra_ctl.monitor.targets import RoomTarget
from infra_ctl.probe.sip.client import Answer
from infra_ctl.video.sight import Looking, Sight
from infra_ctl.video.watching import Watch, Watched

ROOM = RoomTarget("r", "s", "h323", ip_address("127.0.0.1"), (), None, "720p", "m")
UP, DOWN = Sight(port=Answer()), Sight(port=Answer(failure="nobody answers"))


def watched(
    monkeypatch: pytest.MonkeyPatch, look: Callable[[bool], Sight], least: int
) -> tuple[list[Sight], list[str]]:
    """What is seen of a room, `look` being told whether it was up before; and what is told besides."""
    seen: list[Sight] = []
    told: list[str] = []

    async def room(_self: Looking, _room: RoomTarget, _registrars: object = (), *, was_up: bool) -> Sight:
        return look(was_up)

    def see(_target: Watched, sight: Sight) -> None:
        seen.append(sight)

    monkeypatch.setattr(Looking, "room", room)
    watch = Watch(0.01, 1.0, see, told.append)
    try:
        watch.look_at([ROOM], ())
        deadline = time.monotonic() + 60
        while len(seen) < least and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        watch.close()
    return seen, told


def test_who_was_down_stands_in_the_line_of_the_silent_until_he_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[bool] = []

    def look(was_up: bool) -> Sight:
        told.append(was_up)
        return (DOWN, UP, UP, DOWN)[len(told) - 1] if len(told) <= 4 else DOWN

    watched(monkeypatch, look, 5)
    assert told[:5] == [False, False, True, True, False]


def test_a_defect_that_is_met_at_a_room_is_told_and_ends_no_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = [UP]

    def look(_was_up: bool) -> Sight:
        return looks.pop()

    (first, *others), told = watched(monkeypatch, look, 4)
    assert first is UP
    assert len(others) >= 3
    assert {each.is_up for each in others} == {False}
    assert (
        told[0] == f"r: {others[0].failures}" == "r: a defect of infra-ctl: IndexError: pop from empty list"
    )
