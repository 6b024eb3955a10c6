"""The exit codes, the same for every command."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    DONE = 0
    """Done, or nothing to do."""
    FAILED = 1
    """Something was tried and failed."""
    USAGE = 2
    """Usage or inventory: nothing was tried."""
    FOUND = 3
    """`plan --exit-code`: there are changes; `verify`: findings."""
    REFUSED = 4
    """Guard, gate, policy, or a device changed since the plan."""
    PARTIAL = 5
    """Stopped part-way: some devices are done, none is half-done."""
    INTERRUPTED = 130
    """Interrupted cleanly."""
