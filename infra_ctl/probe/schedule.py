"""When whose turn is: everybody once an interval, evenly spread. Pure: the time is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

SLACK = 0.02
"""Seconds behind from which the schedule moves instead of catching up: there is never a burst."""


class Ring(Generic[T]):
    """Members take turns, `interval` / members seconds apart; times are of one monotonic clock."""

    __slots__ = ("_at", "_due", "_gap", "_members")

    def __init__(self, members: Sequence[T], interval: float, now: float) -> None:
        self._members = members
        self._gap = interval / max(len(members), 1)
        self._at = 0
        self._due = now + self._gap

    @property
    def due(self) -> float:
        """When the next turn is; never, with no members."""
        return self._due if self._members else float("inf")

    def turn(self, now: float) -> tuple[T, float]:
        """Whose turn it is, and how late, seconds; to be called when it is due."""
        late = now - self._due
        member = self._members[self._at]
        self._at = (self._at + 1) % len(self._members)
        self._due = (now if late > SLACK else self._due) + self._gap
        return member, late
