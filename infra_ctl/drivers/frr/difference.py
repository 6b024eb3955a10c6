"""What frr-reload.py would do, as a diff that a person reads.

frr-reload.py prints the commands it would run, each with its contexts above it, deletions first:

    Lines To Delete                     interface eth0
    ===============             →     -  description old
    interface eth0                    +  description new
     no description old
    Lines To Add
    ============
    interface eth0
     description new
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

SECTIONS = {"Lines To Delete": "-", "Lines To Add": "+"}


@dataclass(slots=True)
class _Line:
    """A line of the diff and what stands beneath it."""

    sign: str
    text: str
    beneath: list[_Line] = field(default_factory=list)

    def context(self, text: str) -> _Line:
        """The line beneath that `text` names as a context, made if it is not there."""
        for line in self.beneath:
            if line.text == text and line.sign != "-":
                return line
        self.beneath.append(_Line(" ", text))
        return self.beneath[-1]

    def printed(self) -> Iterator[str]:
        """All that stands beneath, in order, each line with its sign and its own indentation."""
        for line in self.beneath:
            yield f"{line.sign} {line.text}\n"
            yield from line.printed()


def diff(output: str) -> str:
    """The output of `frr-reload.py --test` as lines that start with `+`, `-` or a blank; empty for none."""
    root = _Line("", "")
    for sign, command in _commands(output):
        _insert(root, sign, command)
    return "".join(root.printed())


def _commands(output: str) -> Iterator[tuple[str, list[str]]]:
    """(sign, [context, …, command]) for each command: one starts with every line that is not indented."""
    sign = ""
    command: list[str] = []
    for line in (line.rstrip() for line in output.splitlines()):
        if line in SECTIONS or (line and not line.startswith((" ", "="))):
            if command:
                yield sign, command
            command = []
        if line in SECTIONS:
            sign = SECTIONS[line]
        elif sign and line and not line.startswith("="):
            command.append(line)
    if command:
        yield sign, command


def _insert(root: _Line, sign: str, command: list[str]) -> None:
    *contexts, text = command
    at = root
    for context in contexts:
        at = at.context(context)
    # Static routes go by a `no` among the additions: frr-reload.py is quicker with them there.
    if sign == "-" or text.startswith(("no ip route ", "no ipv6 route ")):
        at.beneath.append(_Line("-", _negated(text)))
    elif not any(line.text == text and line.sign == "+" for line in at.beneath):
        at.beneath.append(_Line("+", text))


def _negated(text: str) -> str:
    """The running line that a deleting command takes away; `no …` lines go by their positive."""
    indent = text[: len(text) - len(text.lstrip())]
    command = text.lstrip()
    return indent + (command.removeprefix("no ") if command.startswith("no ") else f"no {command}")
