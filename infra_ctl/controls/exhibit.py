"""What was collected of one object: facts and documents, each with the place where it stood.

An exhibit is collected once, however many controls ask it, and is kept: a finding of years ago still shows
the line that proves it. Secrets are masked before anything comes in here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias, get_args

Kind: TypeAlias = Literal["city", "circuit", "device", "host", "site", "system"]
"""What a control can be about."""

KINDS: tuple[Kind, ...] = get_args(Kind)
MACHINES: tuple[Kind, ...] = ("device", "host")
"""A router is a Linux machine as well as a device."""

Scalar: TypeAlias = str | int | float | bool


class Line(NamedTuple):
    """One line of what proves something: `sshd:14: permitrootlogin no`. A tuple, since so many are made."""

    document: str
    """A document of the exhibit, a file of the inventory, or what was asked, in words."""
    number: int
    """From 1; 0 where what was asked has no lines."""
    text: str

    def __str__(self) -> str:
        place = f"{self.document}:{self.number}" if self.number else self.document
        return f"{place}: {self.text}"


@dataclass(frozen=True, slots=True)
class Fact:
    """One value, and the line that it was read from. Durations are in seconds, sizes in bytes."""

    value: Scalar
    line: Line


@dataclass(frozen=True)
class Document:
    """A text as the object gave it, masked, in its own order; without lines where it has none.

    It has no slots: how it is laid out is found once, and kept.
    """

    name: str
    source: str
    """What was asked: a command, or a file."""
    lines: tuple[str, ...]

    @property
    def said(self) -> tuple[Line, ...]:
        """Every line that says something, without its indent."""
        return self._laid[0]

    @property
    def depths(self) -> tuple[int, ...]:
        """How deep each of these stands."""
        return self._laid[1]

    @cached_property
    def _laid(self) -> tuple[tuple[Line, ...], tuple[int, ...]]:
        name, said, depths = self.name, [], []
        for number, text in enumerate(self.lines, 1):
            bare = text.strip()
            if bare not in _SILENT:
                said.append(Line(name, number, bare))
                depths.append(len(text) - len(text.lstrip()))
        return tuple(said), tuple(depths)


_SILENT = frozenset(("", "!", "}"))


@dataclass(frozen=True, slots=True)
class Exhibit:
    """All that is known of one object at one time.

    What is in neither `facts` nor `missing` was not collected. A fact without values was looked for, and the
    object has none.
    """

    kind: Kind
    object: str
    taken: datetime
    """UTC, without a zone, as the journal keeps it."""
    documents: Mapping[str, Document] = field(default_factory=dict)
    facts: Mapping[str, tuple[Fact, ...]] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    """Names of facts and documents that could not be had, each with the cause."""
