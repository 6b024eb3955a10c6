"""Questions to a machine as one shell text, and the text that comes back as an answer each.

A question that cannot be answered is no reason to leave the next unasked: each has its own time, its output
has an end, and what it complains of is kept beside it. Nothing is written on the machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from shlex import quote

from infra_ctl.controls.exhibit import Line
from infra_ctl.hosts.cause import telling

CAP = 4 * 1024 * 1024
"""Bytes of an answer: the rules of a core router of a large city are a fifth of that."""
ABSENT = 72
"""Exit code of a question about something that is not installed."""
SECONDS = 20
"""That a question may take by itself."""
_OVER = (124, 137)
"""Exit codes of timeout(1)."""


class UnansweredError(LookupError):
    """What was asked was not answered; its text says why."""


@dataclass(frozen=True, slots=True)
class Question:
    """POSIX shell text that only reads. Of files, every line of the answer says where it stands."""

    name: str
    """The document that proofs are quoted from, where these are no files."""
    command: str
    seconds: int = SECONDS
    files: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said; where it was not, `cause` says why."""

    lines: tuple[Line, ...] = ()
    cause: str = ""
    absent: bool = False
    """What is asked about is not installed."""


def needing(program: str, command: str) -> str:
    """A command for where its program is installed."""
    return f"command -v {program} >/dev/null 2>&1 || exit {ABSENT}\n{command}"


def files(name: str, patterns: Iterable[str], wanted: str = r"^[ \t]*[^#; \t]") -> Question:
    """Lines of the files that some patterns find, in order: those that awk finds to be wanted, no comments.

    A pattern may find none.
    """
    command = (
        f"set --; for each in {' '.join(patterns)}; do "
        '[ ! -f "$each" ] || set -- "$@" "$each"; done\n'
        rf"""[ $# -eq 0 ] || awk '/{wanted}/ {{ print FILENAME "\t" FNR "\t" $0 }}' "$@" """
    )
    return Question(name, command, files=True)


_SCRIPT = """\
export LC_ALL=C TZ=UTC PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mark=$MARK
answered() { # SECONDS COMMAND
    timeout -k 2 "$1" /bin/sh -c "$2" </dev/null
    echo "$mark $?" >&2
}
ask() { # NAME SECONDS COMMAND
    printf '%s begin %s\\n' "$mark" "$1"
    { said=$({ answered "$2" "$3" | head -c $CAP >&3; } 2>&1 | tail -c 2000); } 3>&1
    printf '\\n%s end %s\\n%s\\n' "$mark" "$1" "$said"
}
"""


def script(questions: Iterable[Question], mark: str) -> str:
    """What a shell is given on its standard input; `mark` is a word that no answer has in it."""
    head = _SCRIPT.replace("$MARK", quote(mark)).replace("$CAP", str(CAP))
    asks = (f"ask {quote(each.name)} {each.seconds} {quote(each.command)}\n" for each in questions)
    return head + "".join(asks)


def answers(questions: Iterable[Question], said: str, mark: str) -> Mapping[str, Answer]:
    """By name, of every question; one whose end is missing was cut off."""
    begin, end = rf"^{mark} begin (?P<name>.*)\n", rf"\n?^{mark} end (?P=name)\n"
    form = rf"{begin}(?P<said>(?s:.*?)){end}(?P<err>(?s:.*?)){mark} (?P<rc>\d+)$"
    found = {each["name"]: each for each in re.finditer(form, said, re.MULTILINE)}
    return {
        each.name: _answer(each, found[each.name]) if each.name in found else Answer(cause="it was cut off")
        for each in questions
    }


def _answer(question: Question, found: re.Match[str]) -> Answer:
    code = int(found["rc"])
    if code == ABSENT:
        return Answer(absent=True)
    if code in _OVER:
        return Answer(cause=f"no answer within {question.seconds} s")
    if len(found["said"].encode()) >= CAP:
        return Answer(cause=f"it says more than {CAP // 1024 // 1024} MiB")
    if code != 0:
        return Answer(cause=telling(found["err"].splitlines()) or f"it ended with {code}")
    lines = found["said"].removesuffix("\n").split("\n")
    place = _placed if question.files else _numbered
    return Answer(tuple(place(question.name, lines)) if found["said"].strip() else ())


def _numbered(name: str, lines: list[str]) -> Iterator[Line]:
    return (Line(name, number, text) for number, text in enumerate(lines, 1))


def _placed(_name: str, lines: list[str]) -> Iterator[Line]:
    for each in lines:
        path, number, text = each.split("\t", 2)
        yield Line(path, int(number), text)
