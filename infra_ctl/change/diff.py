"""What changes between two configurations, as lines that a person reads and a program computes with.

In text, the first column is the operation and a blank follows; then the line, indented as in a configuration:

      interface eth0
    -  ip ospf cost 10
    +  ip ospf cost 20
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from infra_ctl.change.normal import Context, Normal, Pair, ordered

Op: TypeAlias = Literal["+", "-", " "]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a diff; a blank `op` is a context's first line that stays as it is."""

    op: Op
    context: Context
    text: str

    @property
    def pair(self) -> Pair:
        return self.context, self.text

    def __str__(self) -> str:
        return f"{self.op} {' ' * len(self.context)}{self.text}"


def diff(old: Normal, new: Normal) -> tuple[Line, ...]:
    """What to remove from `old` and add to it to get `new`; empty when there is nothing."""
    before, after = set(old), set(new)
    changed = ordered(before ^ after)
    return shown(Line("+" if pair in after else "-", *pair) for pair in changed)


def to_text(lines: Iterable[Line]) -> str:
    """A diff as text; empty for none."""
    return "".join(f"{line}\n" for line in lines)


def parse(text: str) -> tuple[Line, ...]:
    """A driver's stage text as lines; contexts by indentation, whatever its unit. Raises ValueError."""
    lines: list[Line] = []
    outer: list[tuple[int, str]] = []
    for raw in filter(str.strip, text.splitlines()):
        op, line = raw[0], raw[1:].strip()
        if op not in "+- ":
            raise ValueError(f"a line of a diff starts with +, - or a blank: {raw!r}")
        indent = len(raw) - len(raw[1:].lstrip())
        while outer and outer[-1][0] >= indent:
            outer.pop()
        lines.append(Line(cast("Op", op), tuple(header for _, header in outer), line))
        outer.append((indent, line))
    return tuple(lines)


def shown(changes: Iterable[Line]) -> tuple[Line, ...]:
    """Changes in order, each below the first lines of its contexts."""
    return tuple(_with_contexts(changes))


def _with_contexts(changes: Iterable[Line]) -> Iterator[Line]:
    """Changes, each below the first lines of its contexts, which are shown once."""
    shown: Context = ()
    for change in changes:
        for depth, header in enumerate(change.context):
            if shown[: depth + 1] != change.context[: depth + 1]:
                shown = change.context[: depth + 1]
                yield Line(" ", change.context[:depth], header)
        yield change
        shown = (*change.context, change.text)
