"""Paths that answered before a run and have to answer after each of its waves, save those it was to cut."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from infra_ctl.change.losses import path_named
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.evidence import Answer, collect
from infra_ctl.intent.expectations import Reachable


@dataclass(slots=True)
class Watch:
    """What the cores are asked about each wave, and what has answered so far."""

    fleet: Fleet
    questions: Sequence[Collection[Reachable]]
    """By wave."""
    cuts: Sequence[Collection[str]]
    """By wave, the paths that it is expected to cut, in words."""
    also: Collection[Reachable] = ()
    """Asked for at the beginning too: what the run's end is judged by."""
    before: dict[Reachable, Answer] = field(default_factory=dict)
    """What answered before anything was touched."""
    answered: dict[Reachable, Answer] = field(default_factory=dict)
    """Of it what no wave has cut yet."""

    def begin(self) -> None:
        """Ask for everything."""
        everything = dict.fromkeys(each for asked in (*self.questions, self.also) for each in asked)
        self.before = _answers(self.fleet, everything)
        self.answered = dict(self.before)

    def lost(self, wave: int, deadline: float, pause: float) -> tuple[Reachable, ...]:
        """Paths that the wave (from 1) cut and was not to cut. Watched no more: no later wave did it.

        Each has until `deadline` (monotonic clock) to return.
        """
        watched = [each for each in self.questions[wave - 1] if each in self.answered]
        silent = [each for each in watched if path_named(each) not in self.cuts[wave - 1]]
        while silent:
            seen = _answers(self.fleet, silent)
            silent = [each for each in silent if not _as_before(self.answered[each], seen.get(each))]
            if time.monotonic() >= deadline:
                break
            if silent:
                time.sleep(pause)
        for each in watched:
            if each in silent or path_named(each) in self.cuts[wave - 1]:
                del self.answered[each]
        return tuple(silent)


def _answers(fleet: Fleet, questions: Iterable[Reachable]) -> dict[Reachable, Answer]:
    """Of those that answered at all."""
    said = collect(fleet, (), questions).answers
    return {each: answer for each, answer in said.items() if isinstance(answer, Answer) and answer.small}


def _as_before(before: Answer, now: Answer | None) -> bool:
    return now is not None and (now.full or not before.full)


def blame(lost: Iterable[Reachable], wave: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Which devices of a wave to take back for the paths it cut, and each one's losses in words.

    A path's own ends, where they are of the wave; otherwise nobody can tell, and all of it goes back.
    """
    found: dict[str, list[str]] = {}
    for each in lost:
        for device in [end for end in (each.target, each.source) if end in wave] or wave:
            found.setdefault(device, []).append(path_named(each, device))
    return {device: tuple(sorted(paths)) for device, paths in found.items()}
