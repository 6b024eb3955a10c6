"""The one line of all that a failing command says which tells why."""

from __future__ import annotations

import re
from collections.abc import Iterable

TELLING = (
    r"no space left on device|disk quota exceeded|read-only file system",
    r"failed to fetch|could not resolve|could not connect to|connection refused|connection timed out",
    r"^E: ",
    r"\[emerg\]",
    r"\b(?:error|fatal|panic)\b",
    r"\b(?:failed|cannot|could not|unable|invalid|unknown|denied|refused|no such)\b",
)
"""Patterns, those that tell most first."""

HOLLOW = (
    r"^\s*$|^see .* for details|(?:control|main) process exited|failed with result|^(?:failed to )?start"
    r"|^(?:failed to )?reload|^sudo: unable to resolve host|^[we]: some index files"
)
"""Lines that only say that something else says why."""


def telling(lines: Iterable[str]) -> str:
    """The first line that the strongest pattern finds, else the last one; empty where nothing was said."""
    said = [line.strip() for line in lines if not re.search(HOLLOW, line, re.IGNORECASE)]
    for pattern in TELLING:
        for line in said:
            if re.search(pattern, line, re.IGNORECASE):
                return line
    return said[-1] if said else ""
