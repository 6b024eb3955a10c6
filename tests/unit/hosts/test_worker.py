"""The worker when it is asked for more hosts than it works on at a time, and told to stop meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import gevent
import pytest
from gevent.event import Event

from infra_ctl.hosts import worker
from infra_ctl.hosts.protocol import Answer, Apply, Ended, Failed, Stop, Way, Work
from infra_ctl.hosts.worker import Worker

AT_ONCE = 3


class Slow(Worker):
    """Hosts that take until they are let go."""

    def __init__(self) -> None:
        self.said: list[Answer] = []
        self.begun: list[str] = []
        self.most = self.now = 0
        self.go = Event()
        super().__init__(self.said.append)

    @contextmanager
    def _session(self, way: Way) -> Iterator[Way]:
        yield way

    def _apply(self, host: Way, request: Apply, work: Work) -> Ended:
        self.begun.append(host.part)
        self.now += 1
        self.most = max(self.most, self.now)
        self.go.wait()
        gevent.sleep(0)
        self.now -= 1
        return Ended(number=request.number, part=host.part, state="done", done=())


def request(count: int) -> Apply:
    parts = [Way(part=f"h{number}", address="x", username="u", known_hosts="k") for number in range(count)]
    works = tuple(Work(way=way, operations=()) for way in parts)
    return Apply(number=1, works=works, token="run-1", revert_in=30)


@pytest.fixture
def slow(monkeypatch) -> Slow:
    monkeypatch.setattr(worker, "AT_ONCE", AT_ONCE)
    return Slow()


def test_hosts_take_turns(slow):
    with gevent.Timeout(10):
        slow.take(request(8))
        slow.go.set()
        slow.end()
    assert slow.most == AT_ONCE
    assert len(slow.begun) == len(slow.said) == 8


def test_who_waits_for_a_turn_is_not_begun_once_it_was_told_to_stop(slow):
    with gevent.Timeout(10):  # it once read the next request after the last host had begun
        slow.take(request(8))
        gevent.sleep(0)
        slow.take(Stop())
        slow.go.set()
        slow.end()
    assert slow.begun == ["h0", "h1", "h2"]
    failed = {each.part: (each.error, each.cause) for each in slow.said if isinstance(each, Failed)}
    assert failed == dict.fromkeys(["h3", "h4", "h5", "h6", "h7"], ("NotBegunError", "interrupted"))
