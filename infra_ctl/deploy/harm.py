"""Which paths a run owes at its end: one that answered before and does not then is a reason to undo it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from infra_ctl.change.losses import path_named
from infra_ctl.intent.expectations import Reachable


def owed(
    before: Iterable[Reachable], questions: Sequence[Collection[Reachable]], cuts: Sequence[Collection[str]]
) -> tuple[Reachable, ...]:
    """Paths that answered before a run and have to at its end. Intent wants each that is asked for.

    One that the last wave with a question about it was to cut is not owed: the plan said so and somebody
    agreed, perhaps because its other end is to be deployed next. A router's LANs go where its loopback goes.
    """
    last: dict[str, bool] = {}
    for wave, cut in zip(questions, cuts, strict=True):
        last |= {name: name in cut for name in map(path_named, wave)}
    return tuple(each for each in before if not last.get(path_named(each), False))
