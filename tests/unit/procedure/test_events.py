"""What is made of ansible-runner's events, of every kind of failure: the one line that it becomes."""

from __future__ import annotations

from typing import Any

import pytest

from infra_ctl.procedure.events import LONGEST, Answer, Course, cause, complaint, read


def event(kind: str, host: str = "nk-pop1", task: str = "Ask", **rest: Any) -> dict[str, Any]:
    return {"event": kind, "event_data": {"host": host, "task": task, **rest}}


@pytest.mark.parametrize(
    ("kind", "rest", "outcome", "why"),
    [
        ("runner_on_ok", {"res": {"changed": False}}, "ok", ""),
        ("runner_on_ok", {"res": {"changed": True}}, "changed", ""),
        ("runner_on_skipped", {"res": {}}, "skipped", ""),
        ("runner_on_failed", {"res": {"msg": "no"}, "ignore_errors": True}, "ignored", ""),
        ("runner_on_failed", {"res": {"msg": "no"}}, "failed", "no"),
        (
            "runner_on_unreachable",
            {"res": {"msg": "Connection refused"}},
            "unreachable",
            "Connection refused",
        ),
    ],
)
def test_an_answer_by_its_kind(kind: str, rest: dict[str, Any], outcome: Any, why: str) -> None:
    assert read(event(kind, **rest)) == Answer("Ask", "nk-pop1", outcome, why)


@pytest.mark.parametrize(
    "kind", ["runner_on_start", "playbook_on_play_start", "verbose", "runner_item_on_failed"]
)
def test_other_events_are_no_answers(kind: str) -> None:
    assert read(event(kind)) is None


UNDEFINED = (
    "Task failed: Finalization of task args for 'ansible.builtin.debug' failed: "
    "Error while resolving value for 'msg': 'level' is undefined"
)


@pytest.mark.parametrize(
    ("result", "line"),
    [
        ({"msg": UNDEFINED}, UNDEFINED.removeprefix("Task failed: ")),
        ({"msg": "Task failed: Missing sudo password"}, "Missing sudo password"),
        ({"msg": "non-zero return code", "stderr": "one\nerror: why\n"}, "error: why"),
        ({"msg": "non-zero return code", "stderr": "", "stdout": "said so"}, "said so"),
        ({"msg": "non-zero return code"}, "non-zero return code"),
        (
            {"msg": "MODULE FAILURE: see", "module_stderr": "Traceback\nOSError: no space left\n"},
            "OSError: no space left",
        ),
        (
            {"msg": "One or more items failed", "results": [{"msg": "fine"}, {"failed": True, "msg": "bad"}]},
            "bad",
        ),
        ({"censored": "hidden", "msg": "s3cret"}, "failed; its output is kept secret (no_log)"),
        ({}, "failed without a word"),
        ({"msg": "\x1b[31mred\x1b[0m\n  words\nOrigin: a.yml:3:1\n\nmore"}, "red words"),
    ],
)
def test_a_cause_is_one_line(result: dict[str, Any], line: str) -> None:
    assert cause(result) == line


def test_a_long_cause_is_cut() -> None:
    assert len(cause({"msg": "x" * 5000})) == LONGEST


def test_a_course_counts_a_task_and_keeps_what_became_of_each() -> None:
    course = Course()
    course.hear({"event": "playbook_on_task_start", "event_data": {"name": "Install", "task": "Install"}})
    course.hear(event("runner_on_ok", "a", "Install", res={"changed": True}))
    course.hear(event("runner_on_failed", "b", "Install", res={"msg": "disk full"}))
    assert (course.task, course.tally) == ("Install", {"changed": 1, "failed": 1})
    assert course.changed == {"a": ["Install"], "b": []}
    assert (course.bad, course.causes) == ({"b"}, {"b": "Install: disk full"})
    course.hear({"event": "playbook_on_task_start", "event_data": {"name": "Next"}})
    assert not course.tally


def test_ansible_has_the_last_word_on_who_failed() -> None:
    """A failure that was rescued, or was to be ignored, is none."""
    course = Course()
    course.hear(event("runner_on_failed", "a", res={"msg": "rescued"}))
    course.hear(event("runner_on_unreachable", "b", res={"msg": "ignored"}))
    course.hear(event("runner_on_failed", "c", res={"msg": "no"}))
    course.hear({"event": "playbook_on_stats", "event_data": {"failures": {"c": 1}, "dark": {}}})
    assert (course.bad, course.ended) == ({"c"}, True)


@pytest.mark.parametrize(
    ("output", "line"),
    [
        (
            "[WARNING]: Failed to parse inventory with 'infra_ctl' plugin: no lab is up\n\n[ERROR]: it",
            "no lab is up",
        ),
        ("\x1b[0;31m[ERROR]: Decryption failed\x1b[0m\r\n", "Decryption failed"),
        ("ERROR! the playbook: x.yml could not be found\n", "the playbook: x.yml could not be found"),
        ("PLAY [x]\n", ""),
    ],
)
def test_why_ansible_ended_before_any_task(output: str, line: str) -> None:
    assert complaint(output) == line
