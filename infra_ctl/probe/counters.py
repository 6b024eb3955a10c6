"""Counters in memory that two processes share: the loop alone writes, whoever is scraped reads.

A record is 64-bit words, each written at once. A probe is counted when its fate is known, in one word: its
bucket, or the lost. What was sent is their sum, so nobody ever reads more replies than requests.
"""

from __future__ import annotations

import math
import mmap
import os
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

BOUNDS: Final = tuple(0.0005 * 2**power for power in range(13))
"""Upper bounds of round trips' buckets, seconds: 0.5 ms doubling to 2.048 s; the last bucket has none."""
LATENESS_BOUNDS: Final = tuple(0.00005 * 2**power for power in range(16))
LOOP: Final = 0
"""The slot of the loop's own record: how late it was."""
SCRAP: Final = 1
"""The slot in which is written what counts for nobody."""

_LOST, _SUM, _JITTER, _FORWARD, _BACKWARD, _MTU, _BUCKETS = range(7)
_WORDS: Final = _BUCKETS + max(len(BOUNDS), len(LATENESS_BOUNDS)) + 1
_BYTES: Final = 8 * _WORDS


@dataclass(frozen=True, slots=True)
class Reading:
    """One record at one moment; `buckets` are not cumulative."""

    lost: int
    buckets: Sequence[int]
    total: float
    """Sum of all round trips, seconds."""
    jitter: float
    """Seconds; NaN while it is not known."""
    forward_lost: int
    backward_lost: int
    mtu: int | None
    """Bytes; 0: nothing came back; None: not looked for yet."""

    @property
    def answered(self) -> int:
        return sum(self.buckets)

    @property
    def sent(self) -> int:
        """Probes sent whose fate is known."""
        return self.lost + self.answered


class Counters:
    """Records by slot, in a file of memory that has a descriptor and no name."""

    def __init__(self, descriptor: int, slots: int) -> None:
        self.descriptor = descriptor
        os.ftruncate(descriptor, max(slots * _BYTES, os.fstat(descriptor).st_size))
        self._memory = mmap.mmap(descriptor, slots * _BYTES)
        self._whole = memoryview(self._memory).cast("Q")
        self._real = memoryview(self._memory).cast("d")

    @classmethod
    def create(cls, slots: int) -> Self:
        """All at nought."""
        return cls(os.memfd_create("infra-ctl-probe", os.MFD_CLOEXEC), slots)

    def resized(self, slots: int) -> Self:
        """The same records, seen by a new object that reaches further; this one is to be let go of."""
        return type(self)(self.descriptor, slots)

    def answered(
        self, slot: int, seconds: float, jitter: float = 0.0, bounds: Sequence[float] = BOUNDS
    ) -> None:
        """A reply came, or a turn was taken, after so many seconds; the jitter is as of now."""
        base = slot * _WORDS
        self._real[base + _JITTER] = jitter
        self._real[base + _SUM] += seconds
        self._whole[base + _BUCKETS + bisect_left(bounds, seconds)] += 1

    def lost(self, slot: int) -> None:
        """No reply came in time."""
        self._whole[slot * _WORDS + _LOST] += 1

    def unknown_jitter(self, slot: int) -> None:
        """What it was says nothing of the path as it is."""
        self._real[slot * _WORDS + _JITTER] = math.nan

    def jitter(self, slot: int) -> float:
        """Where a loop that was started again goes on from."""
        return self._real[slot * _WORDS + _JITTER]

    def add_directions(self, slot: int, forward: int, backward: int) -> None:
        """So many more were lost on the way there, and on the way back."""
        self._whole[slot * _WORDS + _FORWARD] += forward
        self._whole[slot * _WORDS + _BACKWARD] += backward

    def set_mtu(self, slot: int, size: int) -> None:
        """Kept as one more than it is: nought is what nobody has written yet."""
        self._whole[slot * _WORDS + _MTU] = size + 1

    def clear(self, slot: int) -> None:
        """The slot is somebody else's from now on."""
        self._memory[slot * _BYTES : (slot + 1) * _BYTES] = bytes(_BYTES)

    def readings(self) -> list[Reading]:
        """All records of round trips, copied in one go."""
        copy = bytes(self._memory)
        whole, real = memoryview(copy).cast("Q").tolist(), memoryview(copy).cast("d")
        return [
            _reading(whole[at : at + _WORDS], real[at + _SUM], real[at + _JITTER]) for at in _starts(whole)
        ]

    def lateness(self) -> Reading:
        """The loop's own record, with the buckets of `LATENESS_BOUNDS`."""
        words, total = self._whole[:_WORDS].tolist(), self._real[_SUM]
        return replace(_reading(words, total, 0.0), buckets=words[_BUCKETS:])

    def close(self) -> None:
        os.close(self.descriptor)


def _starts(words: Sequence[int]) -> range:
    return range(0, len(words), _WORDS)


def _reading(words: Sequence[int], total: float, jitter: float) -> Reading:
    return Reading(
        lost=words[_LOST],
        buckets=words[_BUCKETS : _BUCKETS + len(BOUNDS) + 1],
        total=total,
        jitter=jitter,
        forward_lost=words[_FORWARD],
        backward_lost=words[_BACKWARD],
        mtu=words[_MTU] - 1 if words[_MTU] else None,
    )
