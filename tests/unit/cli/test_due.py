"""`infra-ctl audit --due`: what is due runs once, whoever was killed, and is told once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from infra_ctl.cli import due
from infra_ctl.cli.exits import Exit
from infra_ctl.journal.opening import open_journal
from infra_ctl.journal.records import Asking
from infra_ctl.journal.store import Journal
from tests.dying import DIED
from tests.unit.audit.receiving import Receiver, receiver
from tests.unit.cli.conftest import Command
from tests.unit.cli.test_audit import OURS

AUDITS = """\
audits:
  daily: {calendar: 0 6 * * *, laws: [ours], where: nk-pop1, notify: [soc]}
  weekly: {calendar: 0 6 * * mon, laws: [ours], where: nk-an-hoa-ce1, notify: [soc]}
notify: {soc: {webhook: {url: "https://soc.example/"}}}
"""


@pytest.fixture(autouse=True)
def audits(small_folder: Path) -> Path:
    (small_folder / "controls").mkdir(exist_ok=True)
    (small_folder / "controls/ours.yaml").write_text(OURS, encoding="utf-8")
    file = small_folder / "audits.yaml"
    file.write_text(AUDITS, encoding="utf-8")
    return file


@pytest.fixture
def sink() -> Iterator[Receiver]:
    with receiver() as there:
        yield there


def listed(infra_ctl: Command) -> list[tuple[str, str]]:
    found = infra_ctl("audit", "list", "--output", "json").json
    return sorted((each["name"], each["state"]) for each in found)


def told(there: Receiver) -> list[Any]:
    return [json.loads(body) for _, _, body in there.got]


def test_what_is_due_runs_once_and_is_told(infra_ctl: Command, sink: Receiver) -> None:
    said = infra_ctl("audit", "--due", "--sink", sink.url)
    assert said.code == Exit.FOUND, said.err
    weekly, daily, news = said.out.splitlines()  # the longest overdue first
    assert weekly.startswith("weekly   2 passed · audit A")
    assert daily.startswith("daily   1 failed · 1 passed · audit A")
    assert news.startswith("told   soc   of audit A")
    (body,) = told(sink)  # of the other there is nothing to tell
    assert [each["object"] for each in body["items"]["broken"]] == ["nk-pop1"]
    again = infra_ctl("audit", "--due", "--sink", sink.url)
    assert (again.code, again.out) == (Exit.DONE, "nothing is due\n")
    assert len(sink.got) == 1
    assert listed(infra_ctl) == [("daily", "done"), ("weekly", "done")]


def test_a_simulated_network_tells_nobody(infra_ctl: Command) -> None:
    said = infra_ctl("audit", "--due", "--output", "json")
    assert said.code == Exit.FOUND
    assert said.json["told"] == []
    assert [(each["name"], each["audit"]["state"]) for each in said.json["audits"]] == [
        ("weekly", "done"),
        ("daily", "done"),
    ]
    assert infra_ctl("audit", "--due").out == "nothing is due\n"


def test_one_that_cannot_be_run_keeps_the_other_not_back(infra_ctl: Command, audits: Path) -> None:
    audits.write_text(AUDITS.replace("where: nk-an-hoa-ce1", "where: site=mars"), encoding="utf-8")
    said = infra_ctl("audit", "--due")
    assert said.code == Exit.FAILED
    weekly, daily = said.out.splitlines()
    assert weekly.startswith("weekly   FAILED: selector, column 1: 'site=mars' means no device and no host")
    assert daily.startswith("daily   1 failed · 1 passed · audit A")


def test_one_that_somebody_else_runs_is_left_alone(infra_ctl: Command, tmp_path: Path) -> None:
    assert infra_ctl("audit", "nk-pop1", "--law", "ours").code == Exit.FOUND  # there is a journal
    with closing(open_journal(f"sqlite:///{tmp_path / 'var/journal.db'}")) as journal:
        theirs = journal.audits.start(Asking("daily", "embedded", ("ours",), "nk-pop1", "", 1))
        said = infra_ctl("audit", "--due")
    assert said.code == Exit.DONE, said.err
    weekly, daily = said.out.splitlines()
    assert weekly.startswith("weekly   2 passed · audit A")
    assert daily.startswith(f"daily   left alone: audit {theirs.id} is under way: ")


def test_what_somebody_else_has_run_meanwhile_is_not_run_again(
    infra_ctl: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two see that both are due; while one is about to run the first, the other one runs both."""
    run = due._run

    def late(*words: Any) -> Any:
        monkeypatch.setattr(due, "_run", run)
        assert infra_ctl("audit", "--due").code == Exit.FOUND
        return run(*words)

    monkeypatch.setattr(due, "_run", late)
    said = infra_ctl("audit", "--due")
    assert said.out.splitlines()[-1] == "daily   left alone: somebody else has been at it meanwhile"
    assert listed(infra_ctl).count(("daily", "done")) == 1


def test_who_cannot_be_told_is_named_and_told_by_the_next(infra_ctl: Command, sink: Receiver) -> None:
    sink.answers = [500]
    said = infra_ctl("audit", "--due", "--sink", sink.url)
    assert said.code == Exit.FAILED
    assert said.out.splitlines()[-1].endswith(": answered 500; the next --due tries again")
    shown = infra_ctl("schedule", "show", "--output", "json").json
    assert [each.partition(" of audit ")[0] for each in shown["untold"]] == ["soc is still to be told"]
    assert [(each["name"], each["last"]["state"], each["due"]) for each in shown["audits"]] == [
        ("daily", "done", None),
        ("weekly", "done", None),
    ]
    said = infra_ctl("audit", "--due", "--sink", sink.url)
    assert said.code == Exit.DONE
    assert said.out.splitlines()[0].startswith("told   soc   of audit A")
    assert told(sink)[0] == told(sink)[1]


@pytest.fixture
def writes(
    infra_ctl: Command, sink: Receiver, audits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> int:
    """How often one audit and its message write to the journal: the last of them when it was told."""
    audits.write_text(AUDITS.replace("  weekly", "  #weekly"), encoding="utf-8")
    write, count = Journal._write, []

    def counted(journal: Journal) -> Any:
        count.append(1)
        return write(journal)

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "_write", counted)
        patched.setenv("INFRA_CTL_VAR", str(tmp_path / "counted"))
        assert infra_ctl("audit", "--due", "--sink", sink.url).code == Exit.FOUND
    sink.got.clear()
    return len(count)


@pytest.mark.parametrize("before_the_end", [7, 3, 2, 1])
def test_whenever_it_is_killed_it_goes_on_and_is_told_once(
    infra_ctl: Command, sink: Receiver, writes: int, before_the_end: int
) -> None:
    """Between two objects; as the audit has ended; as the message is made; as it is about to be sent."""
    number = str(writes - before_the_end)
    command = (sys.executable, "-m", "tests.dying", number, "after", "audit", "--due", "--sink", sink.url)
    died = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert died.returncode == DIED, died.stderr
    assert not sink.got
    assert listed(infra_ctl) == [("daily", "killed" if before_the_end > 3 else "done")]
    assert infra_ctl("audit", "--due", "--sink", sink.url).code in (Exit.FOUND, Exit.DONE)
    assert infra_ctl("audit", "--due", "--sink", sink.url).out == "nothing is due\n"
    assert listed(infra_ctl) == [("daily", "done")]
    assert len(sink.got) == 1


def test_who_is_killed_as_it_has_sent_sends_again_under_one_id(
    infra_ctl: Command, sink: Receiver, writes: int
) -> None:
    command = (
        sys.executable,
        "-m",
        "tests.dying",
        str(writes),
        "before",
        "audit",
        "--due",
        "--sink",
        sink.url,
    )
    died = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert (died.returncode, len(sink.got)) == (DIED, 1), died.stderr
    assert infra_ctl("audit", "--due", "--sink", sink.url).code == Exit.DONE
    first, second = [(headers["idempotency-key"], body) for _, headers, body in sink.got]
    assert first == second


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--due", "pop=nk"), "--due runs what audits.yaml says"),
        (("--due", "--resume"), "--due runs what audits.yaml says"),
        (("--sink", "http://127.0.0.1/"), "--sink goes with --due"),
        (("--stored", "--prometheus", "http://127.0.0.1/"), "--stored asks nobody"),
    ],
)
def test_what_does_not_go_together_is_said(infra_ctl: Command, words: tuple[str, ...], said: str) -> None:
    ended = infra_ctl("audit", *words)
    assert ended.code == Exit.USAGE
    assert said in ended.err
