"""Taking back what a run did, on a configuration that may have changed since."""

from __future__ import annotations

from infra_ctl.change.grammar import FRR, Grammar
from infra_ctl.change.normal import Normal, ordered, path, to_text


def undone(now: Normal, before: Normal, after: Normal) -> Normal:
    """`now` without what a change from `before` to `after` did; what else was done since stays.

    Raises ValueError with the lines that the change made and that are not as it left them.
    """
    here, old, new = set(now), set(before), set(after)
    added, removed = new - old, old - new
    moved = [*(f"{path(pair)} is gone" for pair in ordered(added - here))]
    moved += [f"{path(pair)} is back" for pair in ordered(removed & here)]
    if moved:
        raise ValueError("; ".join(moved))
    return ordered((here - added) | removed)


def is_whole(now: Normal, before: Normal, after: Normal) -> bool:
    """Whether all is in `now` that a change from `before` to `after` did."""
    here, old, new = set(now), set(before), set(after)
    return new - old <= here and here.isdisjoint(old - new)


def ours(deployed: Normal, before: Normal, now: Normal) -> Normal:
    """Lines of `now` that we put on the device: last, or earlier, until a run of ours took them away.

    Those came back with the rollback that led from `before` to `now`. The others are somebody else's: what
    counts as deployed goes once intent does not want it.
    """
    known, was = set(deployed), set(before)
    return tuple(pair for pair in now if pair in known or pair not in was)


def written(target: Normal, running: str, grammar: Grammar = FRR) -> str:
    """A normal form as a whole configuration, with the lines of `running` that no normal form has."""
    heading = [
        line
        for line in running.splitlines()
        if line[:1].isalpha() and grammar.noise.match(line) and not line.startswith(("exit", "end"))
    ]
    return "\n".join([*heading, to_text(target, grammar)])
