"""When whose turn is: everybody once an interval, evenly spread. Pure: the time is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

LEAST_GAP = 0.04
"""Seconds between two turns at least: waking up costs several times what a probe does, so a thousand a second
go out forty at a time."""
SLACK = 0.02
"""Seconds behind from which the schedule moves instead of catching up: there is never a burst."""


class Ring(Generic[T]):
    """Members take turns, a few at a time where they are many; times are of one monotonic clock.

    They are dealt out like cards: neighbours in the list, who share a circuit, have different turns.
    """

    __slots__ = ("_at", "_due", "_gap", "_groups")

    def __init__(self, members: Sequence[T], interval: float, now: float) -> None:
        groups = min(len(members), max(int(interval / LEAST_GAP), 1))
        self._groups = [members[first::groups] for first in range(groups)]
        self._gap = interval / max(groups, 1)
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
