"""Collecting: everybody is asked once, big packets before small ones, and an error stands in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Self

import pytest

from infra_ctl.drivers.base import Address, DeviceState, Ping
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.errors import DeviceError, SessionLostError, UnreachableError
from infra_ctl.evidence import Answer, collect
from infra_ctl.intent.expectations import Reachable

STATE = DeviceState((), ())


@dataclass
class Router:
    """Answers pings up to a size, by target; may fail when it is opened or asked."""

    largest: Mapping[Address, int] = field(default_factory=dict)
    error: DeviceError | None = None
    asked: list[list[Ping]] = field(default_factory=list)
    opened: int = 0

    def __enter__(self) -> Self:
        self.opened += 1
        if isinstance(self.error, UnreachableError):
            raise self.error
        return self

    def __exit__(self, *exc: object) -> None: ...

    def state(self) -> DeviceState:
        return STATE

    def ping(self, questions: Sequence[Ping]) -> tuple[bool, ...]:
        self.asked.append(list(questions))
        if self.error:
            raise self.error
        return tuple(self.largest.get(each.target, -1) >= (each.size or 0) for each in questions)


def question(source: str, host: int, mtu: int = 1500) -> Reachable:
    return Reachable(
        source, IPv4Address("10.0.0.1"), f"r{host}", "loopback", IPv4Address(f"10.0.0.{host}"), mtu
    )


def fleet(routers: Mapping[str, Router]) -> Fleet:
    opener: Callable[[str], Router] = routers.__getitem__
    return Fleet(opener)  # type: ignore[arg-type]  # a Router has as much of a driver as is used here


FULL, SMALL, NONE = question("core", 2), question("core", 3), question("core", 4)


@pytest.fixture
def core() -> Router:
    return Router({FULL.address: 1500, SMALL.address: 1400})


def test_answers_tell_full_small_and_none_apart(core: Router) -> None:
    evidence = collect(fleet({"core": core}), [], [FULL, SMALL, NONE])
    assert evidence.answers == {
        FULL: Answer(full=True, small=True),
        SMALL: Answer(full=False, small=True),
        NONE: Answer(full=False, small=False),
    }


def test_only_the_silent_are_asked_again_with_small_packets(core: Router) -> None:
    collect(fleet({"core": core}), [], [FULL, SMALL, NONE])
    assert core.opened == 1
    assert [[(ping.target, ping.size) for ping in asked] for asked in core.asked] == [
        [(FULL.address, 1500), (SMALL.address, 1500), (NONE.address, 1500)],
        [(SMALL.address, None), (NONE.address, None)],
    ]
    assert {ping.source for asked in core.asked for ping in asked} == {FULL.source_address}


def test_nobody_is_asked_twice_where_all_is_well(core: Router) -> None:
    collect(fleet({"core": core}), [], [FULL])
    assert len(core.asked) == 1


def test_each_source_asks_its_own_questions(core: Router) -> None:
    other = Router()
    asked = question("other", 9)
    evidence = collect(fleet({"core": core, "other": other}), [], [FULL, asked])
    assert [[ping.target for ping in pings] for pings in other.asked] == [[asked.address]] * 2
    assert evidence.answers[asked] == Answer(full=False, small=False)


def test_states_are_of_the_devices_asked_for_and_of_no_source(core: Router) -> None:
    told: list[str] = []
    evidence = collect(fleet({"core": core, "ward": Router()}), ["ward"], [FULL], told.append)
    assert evidence.states == {"ward": STATE}
    assert told == ["ward"]


def test_an_unreachable_device_has_its_error_in_the_place_of_its_state() -> None:
    error = UnreachableError("ward", "timed out")
    evidence = collect(fleet({"ward": Router(error=error), "pop": Router()}), ["ward", "pop"], [])
    assert evidence.states == {"ward": error, "pop": STATE}


@pytest.mark.parametrize("error", [UnreachableError("core", "timed out"), SessionLostError("core", "cut")])
def test_every_question_of_a_source_that_fails_has_its_error(error: DeviceError) -> None:
    evidence = collect(fleet({"core": Router(error=error)}), [], [FULL, SMALL])
    assert evidence.answers == {FULL: error, SMALL: error}


def test_no_question_opens_no_session(core: Router) -> None:
    evidence = collect(fleet({"core": core}), [], [])
    assert (evidence.states, evidence.answers, core.opened) == ({}, {}, 0)
