"""What a journal adds up to, in both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra_ctl.errors import JournalError
from infra_ctl.journal import database
from infra_ctl.journal.counting import Waves, totals
from infra_ctl.journal.opening import open_journal
from infra_ctl.journal.records import PROCEDURE, Purpose, Run, RunState, Step, StepState
from infra_ctl.journal.store import Journal
from tests.unit.journal.test_journal_store import execute


@pytest.fixture
def journal(url: str) -> Iterator[Journal]:
    with database.connected(url) as engine:
        database.upgrade(engine)
    journal = open_journal(url)
    yield journal
    journal.close()


def started(journal: Journal, kind: str = "deploy", context: str = "live") -> Run:
    """A run with a failed plan, two waves and a device that nobody has begun."""
    waves = {"unplanned": 0, "nk-pop1": 1, "bt-pop1": 1, "dc-core1": 2, "dc-core2": 3}
    states = {"unplanned": StepState.FAILED}
    return journal.start_run(
        Purpose(kind, context, "", "", ""),
        lambda run: [
            Step(run, name, wave, states.get(name, StepState.WAITING), "", "", "", "")
            for name, wave in waves.items()
        ],
    )


def test_runs_waves_and_steps_of_a_context_are_counted(journal: Journal, url: str) -> None:
    elsewhere = started(journal, context="lab:x")
    journal.finish_run(elsewhere.id, RunState.FAILED, "")
    first = started(journal)
    journal.record(first.id, "nk-pop1", StepState.CONFIRMED)
    journal.finish_run(first.id, RunState.FAILED, "")
    second = started(journal)
    for device, state in (
        ("nk-pop1", StepState.CONFIRMED),
        ("bt-pop1", StepState.NOT_RESTORED),
        ("dc-core1", StepState.CONFIRMING),
    ):
        journal.record(second.id, device, state)
    started(journal, PROCEDURE)
    found = totals(url, "live")
    assert (found.begun, found.failed) == (
        {"deploy": 2, "procedure": 1},
        {"deploy": 1, "procedure": 0},
    )
    known: Waves = {}
    assert (found.active, found.waves, found.busy) == (2, 3, 1)
    assert [totals(url, "live", known).waves for _ in range(2)] == [3, 3]
    assert list(known.values()) == [1]
    journal.record(second.id, "dc-core2", StepState.APPLYING)
    assert totals(url, "live", known).waves == 4
    assert found.ended == {"deploy": journal.run(first.id).ended}
    journal.finish_run(second.id, RunState.DONE, "")
    assert (totals(url, "live").active, totals(url, "live").busy) == (1, 0)


def test_the_newest_run_has_every_state(journal: Journal, url: str) -> None:
    assert set(totals(url, "live").newest.values()) == {0}
    run = started(journal)
    journal.record(run.id, "nk-pop1", StepState.NOT_RESTORED)
    newest = totals(url, "live").newest
    assert list(newest) == list(StepState)
    assert {state: count for state, count in newest.items() if count} == {
        StepState.WAITING: 3,
        StepState.FAILED: 1,
        StepState.NOT_RESTORED: 1,
    }


def test_where_there_is_no_journal_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="is not there"):
        totals(f"sqlite:///{tmp_path / 'var' / 'journal.db'}", "live")
    assert not (tmp_path / "var").exists()


def test_a_run_whose_process_is_gone_has_failed_though_nobody_wrote_it(journal: Journal, url: str) -> None:
    started(journal)
    execute(url, "UPDATE runs SET process = '1:0'")
    found = totals(url, "live")
    assert (found.begun, found.failed, found.active) == ({"deploy": 1}, {"deploy": 1}, 0)


def test_a_run_that_is_resumed_has_failed_as_often_as_it_was(journal: Journal, url: str) -> None:
    run = started(journal)
    for state in (RunState.STOPPED, RunState.FAILED, RunState.DONE):
        journal.finish_run(run.id, state, "")
        journal.reopen_run(run)
    execute(url, "UPDATE runs SET process = '1:0'")
    assert totals(url, "live").failed == {"deploy": 3}
    journal.reopen_run(run)
    assert totals(url, "live").failed == {"deploy": 3}
    assert journal.run(run.id).failures == 3


def test_a_journal_of_another_version_is_not_read(journal: Journal, url: str) -> None:
    execute(url, "UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(JournalError, match=f"is at revision 0001, not {database.REVISION}"):
        totals(url, "live")
