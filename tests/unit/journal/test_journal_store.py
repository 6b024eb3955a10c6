"""The journal tells the truth, also of runs that ended without a word."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra_ctl.errors import InfraCtlError, JournalError, RefusedError
from infra_ctl.journal.records import Purpose, RunState, Step, StepState, Synced
from infra_ctl.journal.store import Journal, open_journal

PURPOSE = Purpose(kind="deploy", context="lab", reason="IPv6 in An Hòa", ticket="CT-812", inventory="abc")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'var' / 'journal.db'}"


@pytest.fixture
def journal(url: str) -> Iterator[Journal]:
    journal = open_journal(url)
    yield journal
    journal.close()


def steps(run: str) -> tuple[Step, ...]:
    return (
        Step(run, "nk-pop1", 2, StepState.WAITING, "", "+ x", "f0", ""),
        Step(run, "nk-an-hoa-ce1", 1, StepState.WAITING, "", "+ x", "f1", ""),
    )


def test_a_run_is_told_from_first_to_last(journal: Journal) -> None:
    run = journal.start_run(PURPOSE, steps)
    journal.record(run.id, "nk-pop1", StepState.APPLYING)
    journal.record(run.id, "nk-pop1", StepState.CONFIRMED, result="f9")
    journal.finish_run(run.id, RunState.DONE, "1 confirmed")

    told = journal.run(run.id)
    assert (told.state, told.reason, told.ticket) == (RunState.DONE, "IPv6 in An Hòa", "CT-812")
    assert [step.device for step in journal.steps(run.id)] == ["nk-an-hoa-ce1", "nk-pop1"]
    assert journal.steps(run.id)[1].result == "f9"
    assert [event.state for event in journal.events(run.id, "nk-pop1")] == ["applying", "confirmed"]
    assert journal.events(run.id, "nk-an-hoa-ce1") == ()


def test_ids_count_within_a_day(journal: Journal) -> None:
    ids = []
    for _ in range(3):
        run = journal.start_run(PURPOSE, lambda _run: ())
        journal.finish_run(run.id, RunState.DONE, "")
        ids.append(run.id.rsplit("-", 1)[1])
    assert ids == ["001", "002", "003"]
    assert [run.id[-3:] for run in journal.runs()] == ["003", "002", "001"]


def test_a_second_run_is_refused_while_the_first_lives(journal: Journal) -> None:
    first = journal.start_run(PURPOSE, lambda _run: ())
    with pytest.raises(RefusedError, match=first.id):
        journal.start_run(PURPOSE, lambda _run: ())


def test_a_run_whose_process_is_gone_was_killed(journal: Journal, url: str) -> None:
    first = journal.start_run(PURPOSE, lambda _run: ())
    with sqlite3.connect(url.removeprefix("sqlite:///")) as raw:
        raw.execute("update runs set process = '1:0'")  # our process id, of an earlier life of the machine
    raw.close()
    assert journal.run(first.id).state is RunState.KILLED
    second = journal.start_run(PURPOSE, lambda _run: ())
    assert journal.run(first.id).state is RunState.KILLED
    assert second.state is RunState.RUNNING


def test_the_newest_pair_of_a_device_is_kept(journal: Journal) -> None:
    journal.remember_synced("lab", [Synced("a", "i1", "r1", "t1"), Synced("b", "i1", "r1", "t1")])
    journal.remember_synced("lab", [Synced("a", "i2", "r2", "t2")])
    assert journal.synced("lab") == {"a": Synced("a", "i2", "r2", "t2"), "b": Synced("b", "i1", "r1", "t1")}
    assert journal.synced("other") == {}


def test_an_unknown_run_says_where_to_look(journal: Journal) -> None:
    with pytest.raises(InfraCtlError, match="infra-ctl runs"):
        journal.run("2026-11-21-999")


def test_a_database_that_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "journal.db").mkdir()
    with pytest.raises(InfraCtlError, match="unable to open database file"):
        open_journal(f"sqlite:///{tmp_path / 'journal.db'}")


def test_a_database_that_is_none_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"not a database, whatever its name says" * 50)
    with pytest.raises(JournalError, match="file is not a database"):
        open_journal(f"sqlite:///{tmp_path / 'journal.db'}")
    with pytest.raises(JournalError, match="journal nonsense: "):
        open_journal("nonsense")


def test_of_two_runs_that_start_together_one_is_refused(url: str) -> None:
    """Two processes, as two terminals are: each has a journal of its own over the same file."""
    open_journal(url).close()
    code = (
        "import sys, time\n"
        "from infra_ctl.errors import RefusedError\n"
        "from infra_ctl.journal.records import Purpose\n"
        "from infra_ctl.journal.store import open_journal\n"
        "journal = open_journal(sys.argv[1])\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "try:\n"
        "    print(journal.start_run(Purpose('deploy', 'lab', '', '', ''), lambda run: ()).id, flush=True)\n"
        "except RefusedError:\n"
        "    print('refused', flush=True)\n"
        "sys.stdin.readline()\n"
    )
    command = [sys.executable, "-c", code, url]
    four = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    assert [line(process) for process in four] == ["ready"] * 4
    for process in four:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = sorted(line(process) for process in four)
    for process in four:
        process.communicate("end\n")
    assert said[0].endswith("-001")
    assert said[1:] == ["refused"] * 3


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()
