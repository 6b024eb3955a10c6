"""Paths that answered before a run and have to answer after each of its waves, save those it was to cut."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from infra_ctl.change.losses import path_named
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.errors import DeviceError, RefusedError
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

    unasked: dict[str, str] = field(default_factory=dict)
    """Cores that could not be asked at the beginning, each with the cause: nobody watches their paths."""

    def begin(self, known: Mapping[str, Answer]) -> None:
        """Ask for everything, save what is `known` from when the run began, by `path_key`.

        Raises RefusedError where no core can be asked: then nothing would be noticed.
        """
        everything = dict.fromkeys(each for asked in (*self.questions, self.also) for each in asked)
        said = collect(self.fleet, (), [each for each in everything if path_key(each) not in known]).answers
        errors = {each.source: answer for each, answer in said.items() if isinstance(answer, DeviceError)}
        if errors and errors.keys() == {each.source for each in everything}:
            raise RefusedError(f"{next(iter(errors.values()))}: no core can say which paths there are")
        self.unasked = {source: error.cause for source, error in errors.items()}
        now = {each: answer for each, answer in said.items() if isinstance(answer, Answer) and answer.small}
        then = {each: known[path_key(each)] for each in everything if path_key(each) in known}
        self.before = {**then, **now}
        self.answered = dict(self.before)

    def lost(self, wave: int, deadline: float, pause: float) -> tuple[Reachable, ...]:
        """Paths that the wave (from 1) cut and was not to cut. Watched no more: no later wave did it.

        Each has until `deadline` (monotonic clock) to return.
        """
        watched = [each for each in self.questions[wave - 1] if each in self.answered]
        silent = [each for each in watched if path_named(each) not in self.cuts[wave - 1]]
        while silent:
            seen = answering(self.fleet, silent)
            silent = [each for each in silent if not _as_before(self.answered[each], seen.get(each))]
            if time.monotonic() >= deadline:
                break
            if silent:
                time.sleep(pause)
        for each in watched:
            if each in silent or path_named(each) in self.cuts[wave - 1]:
                del self.answered[each]
        return tuple(silent)

    def silent(self, asked: Collection[Reachable]) -> tuple[Reachable, ...]:
        """Of the paths that answered before the run those that do not now, whoever was to cut them."""
        seen = answering(self.fleet, asked)
        return tuple(each for each in asked if not _as_before(self.before[each], seen.get(each)))


def path_key(question: Reachable) -> str:
    """Names a path for as long as its two ends have their addresses."""
    return f"{question.source} {question.address}"


def written(before: Mapping[Reachable, Answer]) -> Iterator[str]:
    """Paths as a journal keeps them."""
    for question, answer in before.items():
        yield f"{path_key(question)} {'full' if answer.full else 'small'}"


def read(lines: Iterable[str]) -> dict[str, Answer]:
    """What `written` wrote, by `path_key`."""
    parted = (line.rpartition(" ") for line in lines)
    return {key: Answer(full=size == "full", small=True) for key, _, size in parted}


def answering(fleet: Fleet, questions: Iterable[Reachable]) -> dict[Reachable, Answer]:
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
