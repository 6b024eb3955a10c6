"""What ansible-runner says as a playbook runs, interpreted: how each task went, why a machine stopped."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Event: TypeAlias = Mapping[str, Any]
Outcome: TypeAlias = Literal["ok", "changed", "skipped", "ignored", "failed", "unreachable"]

_STYLE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PARSING = re.compile(r"Failed to parse inventory with '[^']+' plugin: (.+)")
_EMPTY = ("non-zero return code", "One or more items failed", "MODULE FAILURE")
"""What Ansible says where the cause is elsewhere in the answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How one machine went through one task; `cause` says why where it did not."""

    task: str
    machine: str
    outcome: Outcome
    cause: str = ""


@dataclass(slots=True)
class Course:
    """How far a playbook has come: the tally of the task under way, and what became of each machine."""

    task: str = ""
    tally: Counter[Outcome] = field(default_factory=Counter)
    last: str = ""
    """The machine that answered last."""
    changed: dict[str, list[str]] = field(default_factory=dict)
    """By machine the tasks that changed something, in order."""
    causes: dict[str, str] = field(default_factory=dict)
    """By machine why it went no further."""
    bad: set[str] = field(default_factory=set)
    playing: set[str] = field(default_factory=set)
    """Who has answered in the play under way."""
    answered: set[str] = field(default_factory=set)
    """Of those, in the task under way."""
    ended: bool = False
    """Whether Ansible came to its own end and said which machines had failed."""

    def hear(self, event: Event) -> Answer | None:
        """Take an event in; an answer where it is one."""
        kind, data = event.get("event", ""), event.get("event_data") or {}
        if kind in ("playbook_on_task_start", "playbook_on_handler_task_start"):
            self.task, self.tally = str(data.get("name") or data.get("task") or ""), Counter()
            self.answered = set()
        elif kind == "playbook_on_play_start":
            self.playing, self.answered = set(), set()
        elif kind == "playbook_on_stats":
            self.ended = True
            self.bad = {*(data.get("failures") or {}), *(data.get("dark") or {})}
            if (
                self.bad & self.answered
            ):  # a task that is run once fails at one machine and ends the play for all
                self.bad |= self.playing - self.answered
        answer = read(event)
        if answer is not None:
            self._note(answer)
        return answer

    def _note(self, answer: Answer) -> None:
        self.tally[answer.outcome] += 1
        self.last = answer.machine
        self.playing.add(answer.machine)
        self.answered.add(answer.machine)
        tasks = self.changed.setdefault(answer.machine, [])
        if answer.outcome == "changed":
            tasks.append(answer.task)
        elif answer.outcome in ("failed", "unreachable"):
            self.causes[answer.machine] = f"{answer.task}: {answer.cause}"
            if not self.ended:
                self.bad.add(answer.machine)


_KINDS: Mapping[str, Outcome] = {
    "runner_on_ok": "ok",
    "runner_on_skipped": "skipped",
    "runner_on_failed": "failed",
    "runner_on_unreachable": "unreachable",
}


def read(event: Event) -> Answer | None:
    """How a machine went through a task; None for any other event."""
    outcome = _KINDS.get(event.get("event", ""))
    if outcome is None:
        return None
    data = event.get("event_data") or {}
    result = data.get("res") or {}
    if outcome == "ok" and result.get("changed"):
        outcome = "changed"
    if outcome == "failed" and data.get("ignore_errors"):
        outcome = "ignored"
    bad = outcome in ("failed", "unreachable")
    return Answer(str(data.get("task", "")), str(data.get("host", "")), outcome, cause(result) if bad else "")


def cause(result: Mapping[str, Any]) -> str:
    """Why a task failed, in one line: the first failed item's, what a command said last, or the message."""
    for item in result.get("results") or ():
        if isinstance(item, Mapping) and (item.get("failed") or item.get("unreachable")):
            return cause(item)
    if "censored" in result:
        return "failed; its output is kept secret (no_log)"
    message = str(result.get("msg") or "")
    if not message or message.startswith(_EMPTY):
        said = str(result.get("stderr") or result.get("module_stderr") or result.get("stdout") or "")
        lines = [line for line in said.splitlines() if line.strip()]
        message = lines[-1] if lines else message or "failed without a word"
    return one_line(message)


def one_line(text: str) -> str:
    """The first paragraph, without colours and without where Ansible met it; cut where it is very long."""
    paragraph = _STYLE.sub("", text).strip().partition("\n\n")[0]
    words = " ".join(paragraph.split()).removeprefix("Task failed: ").partition(" Origin: ")[0]
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"


LONGEST = 300


def complaint(output: str) -> str:
    """Why Ansible ended before any task: the inventory's own words, else the first error; empty for none."""
    text = _STYLE.sub("", output).replace("\r", "")
    if found := _PARSING.search(text):
        return one_line(text[found.start(1) :])
    for mark in ("[ERROR]: ", "ERROR! ", "error: "):
        if mark in text:
            return one_line(text.partition(mark)[2].removeprefix("Error processing keyword 'hosts': "))
    return ""
