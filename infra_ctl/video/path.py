"""A path in a class of queue, as echoes found it, and an estimate of how a meeting over it would be. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from infra_ctl.inventory.monitoring import Media
from infra_ctl.probe import quality
from infra_ctl.probe.counters import Reading

FEW = 10
"""Fewer echoes say nothing."""


class Flaw(StrEnum):
    """What can be wrong with a path."""

    DEAD = "dead"
    LOSS = "loss"
    DELAY = "delay"
    JITTER = "jitter"
    RATING = "rating"


@dataclass(frozen=True, slots=True)
class Path:
    """Echoes there and back; seconds."""

    sent: int
    lost: int
    rtt: float
    """Mean; 0 where none came back."""
    jitter: float
    """RFC 3550's, of round trips; 0 where none came back of late."""

    @classmethod
    def between(cls, before: Reading | None, after: Reading) -> Path | None:
        """From the same counters at two moments; None where too few were sent between them."""
        sent = after.sent - (before.sent if before else 0)
        if sent < FEW:
            return None
        answered = after.answered - (before.answered if before else 0)
        total = after.total - (before.total if before else 0.0)
        jitter = 0.0 if math.isnan(after.jitter) else after.jitter
        return cls(sent, sent - answered, total / answered if answered else 0.0, jitter)

    @property
    def loss(self) -> float:
        """Of both ways together, which neither way alone exceeds."""
        return self.lost / self.sent

    @property
    def is_dead(self) -> bool:
        return self.lost == self.sent

    @property
    def rating(self) -> float:
        """R of the E-model: an estimate, and of voice."""
        one_way = quality.one_way_seconds(self.rtt, self.jitter)
        return 0.0 if self.is_dead else quality.rating(one_way, self.loss)

    @property
    def mos(self) -> float:
        """The same estimate, as a mean opinion score."""
        return quality.mos(self.rating)

    def flaws(self, limits: Media) -> tuple[Flaw, ...]:
        """What people would notice, the worst first."""
        if self.is_dead:
            return (Flaw.DEAD,)
        found = {
            Flaw.LOSS: self.loss > limits.loss,
            Flaw.DELAY: self.rtt * 500 > limits.delay_ms,
            Flaw.JITTER: self.jitter * 1000 > limits.jitter_ms,
            Flaw.RATING: self.rating < limits.rating,
        }
        return tuple(flaw for flaw, is_there in found.items() if is_there)
