"""What a predicate is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from infra_ctl.controls.exhibit import Exhibit, Line
from infra_ctl.controls.model import Words
from infra_ctl.outcome import Verdict


class Ask(NamedTuple):
    """What is asked of an object: its security level, and the control's threshold there."""

    level: int
    threshold: str


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a predicate says of one exhibit, why, and the lines that prove it."""

    verdict: Verdict
    reasons: tuple[Words, ...] = ()
    lines: tuple[Line, ...] = ()


Predicate: TypeAlias = Callable[[Exhibit, Ask], Ruling]
