"""All that a machine said, beside what is meant of it: where facts are read from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TypeAlias

from infra_ctl.audit.collecting.examining import rules
from infra_ctl.audit.collecting.examining.asking import Answer, UnansweredError
from infra_ctl.audit.collecting.examining.meant import Meant
from infra_ctl.audit.collecting.examining.questions import FILES
from infra_ctl.audit.collecting.examining.rules import Ruleset
from infra_ctl.controls.exhibit import Fact, Line, Scalar

Facts: TypeAlias = tuple[Fact, ...]
Heard: TypeAlias = Mapping[str, tuple[float, Line]]
"""By machine, seconds since a collector last heard of it, and what says so."""

_SECRETS = (
    re.compile(r"(://)[^/\s]+(?=@)"),
    re.compile(r"(:om\w+:)\S+"),
    re.compile(r"(?i)(\b\w*(?:pass(?:word|wd|phrase)?|pwd|secret|token)\s*=\s*)(?:\"[^\"]*\"|'[^']*')"),
)
"""Of an address, of an output of rsyslog's, of what is set to a text."""


@dataclass(frozen=True)
class Seen:
    """A machine that was asked. It has no slots: what was found in an answer is found once, and kept."""

    meant: Meant
    answers: Mapping[str, Answer]
    at: datetime
    """Of the exhibit; UTC without a zone."""
    heard: Heard | str = "no collector was asked"
    """Or why nobody knows."""

    def lines(self, name: str) -> tuple[Line, ...]:
        """What was said; nothing of what is not installed. Raises UnansweredError."""
        answer = self.answers.get(name, Answer(cause="it was not asked"))
        if answer.cause:
            raise UnansweredError(f"{name}: {answer.cause}")
        return answer.lines

    def is_absent(self, name: str) -> bool:
        """Whether what is asked about is not installed."""
        self.lines(name)
        return self.answers[name].absent

    @cached_property
    def by_file(self) -> Mapping[str, tuple[Line, ...]]:
        """Lines of files that say something, by path. Raises UnansweredError."""
        found: dict[str, list[Line]] = {}
        for line in self.lines(FILES):
            found.setdefault(line.document, []).append(Line(line.document, line.number, line.text.strip()))
        return {path: tuple(lines) for path, lines in found.items()}

    def file(self, pattern: str) -> tuple[Line, ...]:
        """Of the files whose path a pattern matches as a whole, in order."""
        match = re.compile(pattern).fullmatch
        return tuple(line for path, lines in self.by_file.items() if match(path) for line in lines)

    @cached_property
    def ruleset(self) -> Ruleset:
        """The rules in the kernel; none where nftables is not installed. Raises UnansweredError."""
        return rules.read(self.lines("nftables"))

    def matches(self, lines: tuple[Line, ...], pattern: str) -> Iterator[tuple[re.Match[str], Line]]:
        """Lines that a pattern is found in."""
        search = re.compile(pattern).search
        for line in lines:
            if (found := search(line.text)) is not None:
                yield found, line

    @cached_property
    def programs(self) -> Mapping[str, Line]:
        """What runs, by name: the line keeps no arguments, which may be secrets."""
        found = ((line, line.text.split(None, 1)) for line in self.lines("ps"))
        return {words[0]: Line("ps", line.number, words[0]) for line, words in reversed([*found]) if words}

    def arguments(self, program: str) -> str:
        """Those that a running program was started with."""
        said = (line.text.split(None, 1) for line in self.lines("ps"))
        return next((words[1] for words in said if words and words[0] == program and len(words) > 1), "")

    def running(self, *programs: str) -> Line | None:
        """The first of some programs that runs."""
        return next((self.programs[each] for each in programs if each in self.programs), None)

    @cached_property
    def clock(self) -> Mapping[str, str]:
        """What the machine says of itself: its time, its name, and the account that asked."""
        return dict(line.text.split("=", 1) for line in self.lines("clock"))

    @property
    def now(self) -> datetime:
        """By the machine's own clock, which its logs and files go by."""
        return datetime.fromtimestamp(int(self.clock["now"]), UTC).replace(tzinfo=None)

    def since(self, stamp: float) -> float:
        """Seconds since a time that the machine wrote; what is to come is now."""
        return max(0.0, (self.now - datetime.fromtimestamp(stamp, UTC).replace(tzinfo=None)).total_seconds())

    def since_day(self, day: int) -> float:
        """Seconds since a day, counted from 1970."""
        return max(0.0, (self.at - (datetime(1970, 1, 1) + timedelta(days=day))).total_seconds())


def one(value: Scalar, line: Line) -> Facts:
    """A fact of one value."""
    return (Fact(value, shown(line)),)


def shown(line: Line) -> Line:
    """A line as it may be kept: without passwords, and its blanks told once."""
    text = line.text
    for form in _SECRETS:
        text = form.sub(r"\1…", text)
    return Line(line.document, line.number, " ".join(text.split()))


def no(what: str, why: str) -> Line:
    """What stands for the proof that something is not there."""
    return Line(what, 0, why)
