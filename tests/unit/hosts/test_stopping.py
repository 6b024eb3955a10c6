"""A worker that is told to stop: that is of what it does, not of what it is asked later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from infra_ctl.hosts import applying
from infra_ctl.hosts.applying import Outcome
from infra_ctl.hosts.protocol import Answer, Apply, Ended, Stop, Way, Work
from infra_ctl.hosts.worker import Worker

WAY = Way(part="app", address="192.0.2.1", username="infra", known_hosts="known_hosts")


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[Answer]:
    """Where a worker answers, whose hosts are done at once unless they are to stop."""

    @contextmanager
    def session(_worker: Worker, way: Way) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(name=way.part)

    def under_way(*_words: object, stopping: Callable[[], str], **_more: object) -> SimpleNamespace:
        return SimpleNamespace(outcome=lambda: Outcome("interrupted" if stopping() else "done", ()))

    monkeypatch.setattr(Worker, "_session", session)
    monkeypatch.setattr(applying, "Applying", under_way)
    return []


def test_what_is_asked_after_a_stop_is_done(answers: list[Answer]) -> None:
    worker = Worker(answers.append)
    asked = Apply(number=1, works=(Work(way=WAY, operations=()),), token="run", fence={}, revert_in=5)
    worker.take(asked)
    worker.take(Stop())
    worker.end()
    worker.take(asked)
    worker.end()
    first, second = answers
    assert not (isinstance(first, Ended) and first.state == "done")
    assert isinstance(second, Ended)
    assert second.state == "done"
