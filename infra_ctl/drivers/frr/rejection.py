"""What FRR says of a configuration that it refuses, in one line a person can act on."""

from __future__ import annotations

import re

from infra_ctl.drivers.frr.shell import decoded

PARSE_ERROR = re.compile(
    r"line (?P<number>\d+): % (?P<why>[A-Z][\w ]*?)(?:\[\d+\])?: (?P<line>.*?)(?:\\n|'|$)"
)
"""vtysh reading the candidate: `line 54: % Unknown command: router osfp`, its own line number."""

APPLY_ERROR = re.compile(r"line \d+: Failure to communicate\[\d+\] to (?P<daemon>\w+), line: ?(?P<line>.*)")
"""vtysh feeding the differences to a daemon: the number is of a file that nobody sees."""

REASON = re.compile(r"^% (?P<why>.+)$")
"""A daemon's own words, on the line before."""

DELETE_ERROR = re.compile(r'"(?P<commands>.+)" we failed to remove this command')

TRACEBACK = "Traceback (most recent call last):"

NOISE = re.compile(r"^(\d{4}-\d\d-\d\d [\d:,]+ +)?(\x1b\[\d+m)? *(ERROR|WARNING)?(\x1b\[0m)?:? *")


def rejection(output: bytes, candidate: str) -> str:
    """The first refusal in the output of frr-reload.py or vtysh, with FRR's line and the candidate's number.

    What matches nothing known is handed on whole: an unknown error is still an error. It may hold a secret
    of the candidate, as FRR quotes the line.
    """
    lines = [NOISE.sub("", line).strip() for line in decoded(output).splitlines()]
    lines = [line for line in lines if line]
    for index, line in enumerate(lines):
        if parse := PARSE_ERROR.search(line):
            return f"line {parse['number']}: {parse['why']}: {parse['line'].strip()}"
        if apply := APPLY_ERROR.search(line):
            reason = REASON.match(lines[index - 1]) if index else None
            why = reason["why"] if reason else f"{apply['daemon']} refused"
            return f"{_place(apply['line'], candidate)}{why}: {apply['line'].strip()}"
        if delete := DELETE_ERROR.search(line):
            return f"cannot be removed: {delete['commands']}"
    return "; ".join(_without_traceback(lines))


def _without_traceback(lines: list[str]) -> list[str]:
    """Where frr-reload.py itself fell over, with no daemon to ask: what went before, once, and its error."""
    if TRACEBACK not in lines:
        return lines
    return list(dict.fromkeys((*lines[: lines.index(TRACEBACK)], lines[-1])))


def _place(refused: str, candidate: str) -> str:
    """`line N: ` where the refused line is in the candidate exactly once; nothing where it is a guess."""
    wanted = refused.strip()
    numbers = [n for n, line in enumerate(candidate.splitlines(), 1) if line.strip() == wanted]
    return f"line {numbers[0]}: " if len(numbers) == 1 else ""
