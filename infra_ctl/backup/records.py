"""What a backup is about, as frozen values. Times are in UTC without a zone, as the journal's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from infra_ctl.journal.records import Run

Files: TypeAlias = Mapping[str, str]
"""Texts by their paths in the repository, secrets masked."""

DRIFT = "drift"
"""Who changed what nobody is known to have changed."""


@dataclass(frozen=True, slots=True)
class Part:
    """A device or host, and where its files are."""

    name: str
    kind: Literal["device", "host"]

    @property
    def place(self) -> str:
        """The file of a device, the folder of a host; a router's host part is a host of its name."""
        if self.kind == "device":
            return f"devices/{self.name}.conf"
        return f"hosts/{self.name.partition('/')[0]}"


@dataclass(frozen=True, slots=True)
class Done:
    """What a run left on a part."""

    run: Run
    at: datetime
    after: Files
    before: Files | None = None
    """What the part had when the run came to it; None where nobody knows."""
    partly: bool = False
    """Whether it stopped on the way: of `after` some may be there."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who made a change, as git has it."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Change:
    """A part that became another one: a commit."""

    part: Part
    files: Files = field(repr=False)
    """All that it has from then on."""
    author: Author
    at: datetime
    """When it took effect; of a drift, when it was seen."""
    subject: str
    notes: tuple[tuple[str, str], ...]
    """Trailers of the message."""
    since: datetime | None = None
    """Of a drift: when the part was last seen without it; None where it was never seen."""

    @property
    def is_drift(self) -> bool:
        return self.author.name == DRIFT


@dataclass(frozen=True, slots=True)
class Commit:
    """A change that is kept."""

    id: str
    change: Change


@dataclass(frozen=True, slots=True)
class Seen:
    """How far what is kept of a part goes."""

    at: datetime
    """To the second: git knows no parts of it."""
    runs: set[str]
    """Whose changes are kept."""

    def has(self, done: Done) -> bool:
        return done.at < self.at or done.run.id in self.runs


@dataclass(frozen=True, slots=True)
class Moment:
    """A part as the repository had it at a time."""

    commit: str
    at: datetime
    author: str
    files: Files = field(repr=False)

    def __str__(self) -> str:
        return f"backup {self.commit[:12]} of {self.at:%Y-%m-%d %H:%M:%S} UTC, {self.author}"
