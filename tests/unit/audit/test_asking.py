"""Questions to a machine, asked of a real shell: each has its own end, and none costs the others."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from infra_ctl.audit.collecting.examining import asking
from infra_ctl.audit.collecting.examining.asking import (
    Answer,
    Question,
    answers,
    files,
    needing,
    script,
)
from infra_ctl.controls.exhibit import Line

MARK = "5f3a"


def ask(*questions: Question) -> dict[str, Answer]:
    done = subprocess.run(
        ["/bin/sh", "-s"], input=script(questions, MARK), capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return dict(answers(questions, done.stdout, MARK))


def test_an_answer_is_its_lines() -> None:
    said = ask(Question("two", "echo one; printf 'two'"), Question("a blank", "echo; echo x"))
    assert said["two"].lines == (Line("two", 1, "one"), Line("two", 2, "two"))
    assert said["a blank"].lines == (Line("a blank", 1, ""), Line("a blank", 2, "x"))


def test_what_fails_says_why_and_costs_the_others_nothing() -> None:
    said = ask(
        Question("bad", "echo half; echo 'x: cannot open' >&2; exit 3"),
        Question("silent", "exit 4"),
        Question("unknown", "no-such-program-here"),
        Question("broken", "if then"),
        Question("exits", "exit 0"),
        Question("last", "echo here"),
    )
    assert said["bad"] == Answer(cause="x: cannot open")
    assert said["silent"] == Answer(cause="it ended with 4")
    assert "not found" in said["unknown"].cause
    assert "yntax error" in said["broken"].cause
    assert said["exits"] == Answer()
    assert said["last"].lines == (Line("last", 1, "here"),)


def test_what_is_not_installed_is_absent() -> None:
    said = ask(
        Question("none", needing("no-such-program", "no-such-program")),
        Question("sh", needing("sh", "echo x")),
    )
    assert said["none"] == Answer(absent=True)
    assert said["sh"].lines[0].text == "x"


def test_who_reads_its_input_gets_nothing_of_what_follows() -> None:
    said = ask(Question("greedy", "cat"), Question("next", "echo here"))
    assert (said["greedy"], said["next"].lines[0].text) == (Answer(), "here")


def test_each_has_its_time() -> None:
    said = ask(Question("slow", "echo begun; sleep 600", seconds=1), Question("next", "echo here"))
    assert said["slow"] == Answer(cause="no answer within 1 s")
    assert said["next"].lines[0].text == "here"


def test_an_answer_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "CAP", 100_000)
    said = ask(Question("endless", "yes; exit 0"), Question("next", "echo here"))
    assert said["endless"].cause
    assert said["endless"].lines == ()
    assert said["next"].lines[0].text == "here"


def test_a_session_that_was_cut_has_no_answer_to_the_rest() -> None:
    questions = Question("one", "echo 1"), Question("two", "echo 2")
    done = subprocess.run(
        ["/bin/sh", "-s"], input=script(questions, MARK), capture_output=True, text=True, check=True
    )
    said = answers(questions, done.stdout.partition(f"{MARK} end two")[0], MARK)
    assert said["one"].lines[0].text == "1"
    assert said["two"] == Answer(cause="it was cut off")


def test_lines_of_files_say_where_they_stand(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("# a comment\nkey 1\n\n  ; another\n\tdeep = 2\n")
    (tmp_path / "b.conf").write_text("last")
    said = ask(files("conf", (f"{tmp_path}/*.conf", f"{tmp_path}/*.none")), files("no", ("/nowhere/*",)))
    assert said["conf"].lines == (
        Line(f"{tmp_path}/a.conf", 2, "key 1"),
        Line(f"{tmp_path}/a.conf", 5, "\tdeep = 2"),
        Line(f"{tmp_path}/b.conf", 1, "last"),
    )
    assert said["no"] == Answer()
