"""Watching devices that answer, are silent, are slow, are cut off, go and come: none is another's trouble."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock
from typing import cast

import pytest

from infra_ctl.drivers.base import ConfigDriver, DeviceState
from infra_ctl.drivers.connection import Connection
from infra_ctl.errors import SessionLostError, UnreachableError
from infra_ctl.verify.watching import Look, Sweep, Watch, Way, next_turn

STATE = DeviceState((), (), ())
QUICK = Sweep(interval=0.05, timeout=30.0, workers=2)


class Network:
    """Devices that can be made to misbehave, and who was asked what."""

    def __init__(self) -> None:
        self.opened, self.closed, self.asked = Counter[str](), Counter[str](), Counter[str]()
        self.dead: set[str] = set()
        self.cut: set[str] = set()
        """Their next question finds the session gone."""
        self.broken: set[str] = set()
        self.gates: dict[str, Event] = {}
        self.lock = Lock()

    def open(self, way: Way) -> ConfigDriver:
        return cast(ConfigDriver, Router(self, way[1].device))

    def wait(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.005)


class Router:
    def __init__(self, network: Network, name: str) -> None:
        self.network, self.name = network, name

    def __enter__(self) -> Router:
        with self.network.lock:
            self.network.opened[self.name] += 1
        if gate := self.network.gates.get(self.name):
            gate.wait(60)
        if self.name in self.network.dead:
            raise UnreachableError(self.name, "no route to host")
        return self

    def __exit__(self, *exc: object) -> None:
        with self.network.lock:
            self.network.closed[self.name] += 1

    def state(self, *, routes: bool, timeout: float) -> DeviceState:
        assert (routes, timeout) == (True, QUICK.timeout)
        with self.network.lock:
            self.network.asked[self.name] += 1
        if self.name in self.network.cut:
            self.network.cut.discard(self.name)
            raise SessionLostError(self.name, "the session was cut")
        if self.name in self.network.broken:
            raise ZeroDivisionError("a defect")
        return STATE


def ways(*names: str, port: int = 22) -> dict[str, Way]:
    return {
        name: ("frr", Connection(name, "192.0.2.1", "root", Path("known_hosts"), port=port)) for name in names
    }


@pytest.fixture
def network() -> Network:
    return Network()


@contextmanager
def watching(network: Network, sweep: Sweep = QUICK) -> Iterator[tuple[Watch, list[tuple[str, Look]]]]:
    said: list[tuple[str, Look]] = []
    watch = Watch(sweep, network.open, lambda name, look: said.append((name, look)))
    try:
        yield watch, said
    finally:
        for gate in network.gates.values():
            gate.set()
        watch.close()


def test_a_session_is_opened_once_and_asked_again_and_again(network: Network) -> None:
    with watching(network) as (watch, said):
        before = time.time()
        watch.configure(ways("a", "b"))
        network.wait(lambda: min(network.asked["a"], network.asked["b"]) >= 5)
        look = watch.looks()["a"]
        assert (look.is_up, look.cause, look.state) == (True, "", STATE)
        assert before <= look.read_at <= time.time()
        assert network.opened == {"a": 1, "b": 1}
        assert {name for name, _ in said} == {"a", "b"}
    assert network.closed == {"a": 1, "b": 1}


def test_dead_devices_hold_up_nobody(network: Network) -> None:
    """More of them than there are workers, each of which waits for as long as the test lasts."""
    dead = [f"dead{number}" for number in range(6)]
    with watching(network) as (watch, _):
        network.dead.update(dead)
        watch.configure(ways("a", *dead))
        network.wait(lambda: all(watch.looks()[name].cause == "no route to host" for name in dead))
        network.gates.update({name: Event() for name in dead})  # from now on they are silent
        asked = network.asked["a"]
        network.wait(lambda: network.asked["a"] >= asked + 10)
        looks = watch.looks()
        assert looks["a"].is_up
        assert not any(looks[name].is_up for name in dead)


def test_what_a_device_said_stays_with_its_time(network: Network) -> None:
    with watching(network) as (watch, _):
        watch.configure(ways("a"))
        network.wait(lambda: watch.looks()["a"].is_up)
        network.dead.add("a")
        network.cut.add("a")
        network.wait(lambda: not watch.looks()["a"].is_up)
        down = watch.looks()["a"]
        assert down.state is STATE
        assert down.read_at <= time.time()
        tries = network.opened["a"]
        network.wait(lambda: network.opened["a"] > tries + 1)
        assert watch.looks()["a"].read_at == down.read_at
        network.dead.clear()
        network.wait(lambda: watch.looks()["a"].is_up)
        assert watch.looks()["a"].read_at > down.read_at


def test_a_session_that_was_cut_is_opened_again_in_the_same_reading(network: Network) -> None:
    with watching(network) as (watch, said):
        watch.configure(ways("a"))
        network.wait(lambda: network.asked["a"] >= 2)
        network.cut.add("a")
        network.wait(lambda: network.opened["a"] == 2)
        asked = network.asked["a"]
        network.wait(lambda: network.asked["a"] > asked + 1)
        assert all(look.is_up for _, look in said)


def test_turns_are_spread_and_come_once_an_interval() -> None:
    turns = {name: next_turn(name, 1000.0, 60.0) for name in map("nk-{}-ce1".format, range(200))}
    assert all(1000.0 < turn <= 1060.0 for turn in turns.values())
    assert Counter(int(turn - 1000.0) // 10 for turn in turns.values()).keys() == set(range(6))
    for name, turn in turns.items():
        assert next_turn(name, turn + 0.001, 60.0) == pytest.approx(turn + 60.0)
        assert next_turn(name, turn + 59.0, 60.0) == pytest.approx(turn + 60.0)


def test_who_was_tried_in_vain_is_tried_less_often() -> None:
    turn = next_turn("a", 1000.0, 60.0)
    waits = [next_turn("a", turn + 0.001, 60.0, failures) - turn for failures in range(7)]
    assert waits == pytest.approx([60, 60, 120, 240, 240, 240, 240])


def test_a_defect_is_one_devices(network: Network) -> None:
    network.broken.add("a")
    with watching(network) as (watch, _):
        watch.configure(ways("a", "b"))
        network.wait(lambda: watch.looks()["b"].is_up and "defect" in watch.looks()["a"].cause)
        assert watch.looks()["a"].cause == "a defect of infra-ctl: ZeroDivisionError: a defect"


def test_a_listener_that_fails_ends_nothing(network: Network) -> None:
    def listen(_name: str, _look: Look) -> None:
        raise BrokenPipeError

    watch = Watch(QUICK, network.open, listen)
    watch.configure(ways("a"))
    network.wait(lambda: network.asked["a"] >= 2 * QUICK.workers)
    watch.close()


def test_a_new_inventory_leaves_the_sessions_of_those_that_stay(network: Network) -> None:
    with watching(network) as (watch, _):
        watch.configure(ways("a", "b", "c"))
        network.wait(lambda: all(look.is_up for look in watch.looks().values()))
        watch.configure({**ways("a", "d"), **ways("b", port=2222)})
        assert set(watch.looks()) == {"a", "b", "d"}
        assert watch.looks()["b"].state is STATE
        network.wait(lambda: network.closed["c"] == 1 and network.closed["b"] == 1)
        network.wait(lambda: network.opened["b"] == 2 and watch.looks()["d"].is_up)
        assert network.opened == {"a": 1, "b": 2, "c": 1, "d": 1}
        assert network.closed["a"] == 0
        asked = network.asked["c"]
        before = network.asked["a"]
        network.wait(lambda: network.asked["a"] >= before + 3)
        assert network.asked["c"] == asked


def test_a_device_that_goes_while_it_is_read_is_closed_by_who_reads_it(network: Network) -> None:
    network.gates["a"] = Event()
    with watching(network) as (watch, said):
        watch.configure(ways("a"))
        network.wait(lambda: network.opened["a"] == 1)
        watch.configure({})
        network.gates["a"].set()
        network.wait(lambda: network.closed["a"] == 1)
        assert watch.looks() == {}
        assert said == []


def test_what_never_began_can_be_closed(network: Network) -> None:
    with watching(network):
        pass
