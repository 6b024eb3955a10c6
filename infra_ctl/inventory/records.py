"""What was written and where: values of YAML and CSV that remember their places.

Every scalar stays text. What a text means is for the models to say, not for YAML: no `no` becomes False, no
code loses its leading zeros, and a table and a tree are read alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from infra_ctl.errors import Problem

Place: TypeAlias = tuple[int, int]
"""Line and column, from 1; the column counts characters in YAML and fields in CSV."""
Path: TypeAlias = Sequence[str | int]
"""Keys and indices from a record down to a value."""


@dataclass(frozen=True, slots=True)
class Node:
    """A YAML value: text, nothing, a list, or a mapping with the places of its keys."""

    place: Place
    content: str | tuple[Node, ...] | dict[str, tuple[Place, Node]] | None

    def child(self, part: str | int) -> tuple[Place, Node] | None:
        """Place of the key and the value under it; of an element, its own place twice."""
        if isinstance(self.content, dict):
            return self.content.get(str(part))
        if isinstance(self.content, tuple) and isinstance(part, int) and part < len(self.content):
            return self.content[part].place, self.content[part]
        return None

    def value(self) -> object:
        """As plain text, lists and dicts."""
        if isinstance(self.content, dict):
            return {key: node.value() for key, (_, node) in self.content.items()}
        if isinstance(self.content, tuple):
            return [node.value() for node in self.content]
        return self.content


class Record(Protocol):
    """One object as it was written."""

    @property
    def file(self) -> str: ...

    def value(self) -> object:
        """Plain values; a mapping, where the file is well written."""

    def place(self, path: Path, *, key: bool = False) -> Place:
        """Of the value at `path` (or of its key); where it is absent, of the nearest thing that is there."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An object in a YAML file: the place of the key that introduces it, and its value."""

    file: str
    start: Place
    node: Node

    def value(self) -> object:
        return self.node.value()

    def place(self, path: Path, *, key: bool = False) -> Place:
        start, node = self.start, self.node
        for part in path:
            if (child := node.child(part)) is None:
                return start
            start, node = child
        return start if key or not path else node.place


@dataclass(frozen=True, slots=True)
class Row:
    """An object in a CSV file; `columns` is shared by all rows of the file."""

    file: str
    line: int
    columns: Mapping[str, int]
    fields: Sequence[str]

    def value(self) -> dict[str, str]:
        """Field by column name; empty fields are absent, so that defaults apply."""
        return {name: field for name, number in self.columns.items() if (field := self.fields[number - 1])}

    def place(self, path: Path, *, key: bool = False) -> Place:  # noqa: ARG002 - a field is its own key
        return self.line, self.columns.get(str(path[0]), 0) if path else 0


def problem(record: Record, path: Path, message: str, *, key: bool = False) -> Problem:
    """Something wrong with the value at `path` of a record."""
    return Problem(record.file, *record.place(path, key=key), message)
