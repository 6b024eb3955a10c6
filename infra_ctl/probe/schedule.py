"""When whose turn is: everybody once an interval, evenly spread. Pure: the time is told."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Generic, TypeVar

T = TypeVar("T")

LEAST_GAP = 0.01
"""Seconds between two turns at least: waking up costs several times what a probe does, so a thousand a second
go out ten at a time, to ten that are nowhere near each other."""
SLACK = 0.02
"""Seconds behind from which the schedule moves instead of catching up: there is never a burst."""


class Ring(Generic[T]):
    """Members take turns, a few at a time where they are many; times are of one monotonic clock."""

    __slots__ = ("_at", "_due", "_gap", "_groups")

    def __init__(self, members: Sequence[T], interval: float, now: float) -> None:
        size = ceil(len(members) * LEAST_GAP / interval) or 1
        self._groups = [members[start : start + size] for start in range(0, len(members), size)]
        self._gap = interval / max(len(self._groups), 1)
        self._at = 0
        self._due = now + self._gap

    @property
    def due(self) -> float:
        """When the next turn is; never, with no members."""
        return self._due if self._groups else float("inf")

    def turn(self, now: float) -> tuple[Sequence[T], float]:
        """Whose turn it is, and how late, seconds; to be called when it is due."""
        late = now - self._due
        members = self._groups[self._at]
        self._at = (self._at + 1) % len(self._groups)
        self._due = (now if late > SLACK else self._due) + self._gap
        return members, late
