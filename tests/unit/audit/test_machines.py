"""Machines one by one: a session each, collectors asked once, and a cause for all that is not there."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial

import pytest

from infra_ctl.audit.collecting.examining.reading import asked_of
from infra_ctl.audit.collecting.machines import Machines, Way
from infra_ctl.drivers.command import Completed
from infra_ctl.errors import SessionLostError, UnreachableError
from tests.unit.audit.machines import BARE, DATABASE, LOGS, ROUTER, city, seen, text_of

AT = datetime(2026, 11, 27)
THERE = frozenset((LOGS, DATABASE, BARE))
REFUSED = Completed(1, b"", b"sudo: a password is required\n")


class Sessions:
    """Machines that say what their texts have, by the mark that they are asked with."""

    def __init__(self) -> None:
        self.opened: Counter[str] = Counter()
        self.asked: dict[str, list[str]] = {}
        self.closed = 0
        self.refusing: dict[str, Completed] = {}

    def open(self, name: str) -> Way:
        self.opened[name] += 1
        return Way(_Runner(self, name), sudo=name != ROUTER)


class _Runner:
    def __init__(self, sessions: Sessions, name: str) -> None:
        self._sessions, self._name = sessions, name

    def run(self, command: str, stdin: bytes = b"", timeout: float = 60.0) -> Completed:
        self._sessions.asked.setdefault(self._name, []).append(command)
        if self._name in self._sessions.refusing:
            return self._sessions.refusing[self._name]
        mark = stdin.decode().split("mark=", 1)[1].split("\n", 1)[0]
        text = "\n".join(
            line.replace("MARK ", f"{mark} ", 1) if line.startswith("MARK ") else line
            for line in text_of(self._name).split("\n")
        )
        return Completed(0, text.encode(), b"")

    def is_alive(self) -> bool:
        return True

    def close(self) -> None:
        self._sessions.closed += 1


def test_each_has_one_session_and_a_collector_is_asked_once() -> None:
    sessions = Sessions()
    machines = Machines(city(), sessions.open, THERE)
    subjects = [("device", ROUTER), ("host", DATABASE), ("host", BARE)]
    with ThreadPoolExecutor(3) as pool:
        parts = [*pool.map(partial(machines.examine, at=AT), subjects)]
    assert sessions.opened == {ROUTER: 1, DATABASE: 1, BARE: 1, LOGS: 1}
    assert sessions.closed == 4
    assert sessions.asked[ROUTER] == ["exec /bin/sh -s"]
    assert sessions.asked[DATABASE] == ["sudo -n /bin/sh -s"]
    (heard,) = parts[1].facts["log.last"]
    assert heard.line.document == "dc-log-1:/var/log/city/3/dc-db-1.log"
    assert parts[2].missing["log.last"] == "no collector has ever heard of it"
    machines.examine(("host", DATABASE), AT.replace(hour=1))
    assert sessions.opened[LOGS] == 2


def test_what_does_not_answer_has_the_cause_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = Sessions()
    sessions.refusing[DATABASE] = REFUSED

    def opened(name: str) -> Way:
        if name == BARE:
            raise UnreachableError(name, "timed out")
        return sessions.open(name)

    machines = Machines(city(), opened, THERE)
    away = machines.examine(("host", BARE), AT)
    assert away.missing == dict.fromkeys(asked_of("host"), "timed out")
    refused = machines.examine(("host", DATABASE), AT)
    assert {*refused.missing.values()} == {"it cannot be asked: sudo: a password is required"}

    def lost(*_: object, **__: object) -> Completed:
        raise SessionLostError(ROUTER, "no answer within 180 s")

    monkeypatch.setattr(_Runner, "run", lost)
    cut = machines.examine(("device", ROUTER), AT)
    assert {*cut.missing.values()} == {"no answer within 180 s"}
    assert sessions.closed == sessions.opened.total()


def test_nobody_waits_for_a_collector_that_is_not_there() -> None:
    sessions = Sessions()
    machines = Machines(city(), sessions.open, frozenset((DATABASE,)))
    found = machines.examine(("host", DATABASE), AT)
    assert found.missing["log.last"] == "the collector dc-log-1 is not there"
    assert sessions.opened == {DATABASE: 1}


def test_a_collector_that_cannot_be_asked_is_named() -> None:
    sessions = Sessions()
    sessions.refusing[LOGS] = REFUSED
    found = Machines(city(), sessions.open, THERE).examine(("host", DATABASE), AT)
    assert found.missing["log.last"] == (
        "the collector dc-log-1: it cannot be asked: sudo: a password is required"
    )


def test_what_is_read_is_by_the_clock_of_who_wrote_it() -> None:
    assert seen(DATABASE).since(seen(DATABASE).now.timestamp() + 10**6) == 0
