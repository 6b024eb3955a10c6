"""One device in a run as a state machine: what follows from what. Pure; `step` has the effects.

    ┌──────────► failed                     nothing was done to it
waiting ─► applying ─► applied ─► confirming ─► confirmed
              │            │ ▲        │
              │            ▼ │        │
              ├──────► restoring ─────┼────► restored, or NOT RESTORED
              │            ▲ │        │
              └────► settling ◄───────┘      the session was lost: what does the device say?
                           └────────────────► restored, confirmed, or unknown

A host has no candidate, so nothing of it is taken back: it ends done, or stopped at an operation.

waiting ─► applying ─► done, STOPPED, or failed: nothing was done to it
   ▲          └──────► unknown: the session was lost
settling                                 the run goes on: what is left to be done to it?
   └─────────────────► done, or unknown: it does not say
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from infra_ctl.journal.records import StepState as S


class Signal(Enum):
    """What an effect came to."""

    BEGIN = auto()
    REFUSED = auto()
    """Busy, changed, unreachable: nothing was touched."""
    APPLIED = auto()
    REJECTED = auto()
    """The device refused the candidate and has taken it back itself."""
    LOST = auto()
    """The session ended, or the answer means nothing."""
    PASSED = auto()
    MISSED = auto()
    """The test missed something that had been there, or the device does not run what was applied."""
    CONFIRMED = auto()
    RESTORED = auto()
    NOT_RESTORED = auto()
    PENDING = auto()
    """A lost device still waits for the confirmation of a change that was not tested."""
    PENDING_TESTED = auto()
    """… of a change that had passed its test."""
    OLD = auto()
    """A lost device runs its old configuration."""
    NEW = auto()
    """A lost device runs its new one, for good."""
    OTHER = auto()
    """A lost device runs neither."""
    SILENT = auto()
    """A lost device did not answer until long after its timer."""
    RESUMED = auto()
    """The run goes on: what did the device do since?"""
    ARMED = auto()
    """It is applied whole and waits for its test."""
    AGAIN = auto()
    """It runs what it ran before: its change is still to be made."""
    HALTED = auto()
    """An operation failed on a host: those after it were not done."""


_STEPS: Mapping[S, Mapping[Signal, S]] = {
    S.WAITING: {Signal.BEGIN: S.APPLYING, Signal.REFUSED: S.FAILED},
    S.APPLYING: {
        Signal.APPLIED: S.APPLIED,
        Signal.REFUSED: S.FAILED,
        Signal.REJECTED: S.RESTORED,
        Signal.LOST: S.SETTLING,
    },
    S.APPLIED: {
        Signal.PASSED: S.CONFIRMING,
        Signal.MISSED: S.RESTORING,
        Signal.LOST: S.SETTLING,
    },
    S.CONFIRMING: {
        Signal.CONFIRMED: S.CONFIRMED,
        Signal.LOST: S.SETTLING,
        Signal.OTHER: S.UNKNOWN,
    },
    S.RESTORING: {
        Signal.RESTORED: S.RESTORED,
        Signal.NOT_RESTORED: S.NOT_RESTORED,
        Signal.LOST: S.SETTLING,
    },
    S.SETTLING: {
        Signal.PENDING: S.RESTORING,
        Signal.PENDING_TESTED: S.CONFIRMING,
        Signal.OLD: S.RESTORED,
        Signal.NEW: S.CONFIRMED,
        Signal.OTHER: S.UNKNOWN,
        Signal.NOT_RESTORED: S.NOT_RESTORED,
        Signal.SILENT: S.UNKNOWN,
        Signal.ARMED: S.APPLIED,
        Signal.AGAIN: S.WAITING,
        Signal.REFUSED: S.FAILED,
    },
}

ENDS = frozenset(state for ways in _STEPS.values() for state in ways.values()) - _STEPS.keys()
"""States that a device is left in, until somebody resumes the run."""

TRANSITIONS: Mapping[S, Mapping[Signal, S]] = {
    state: {**_STEPS.get(state, {}), Signal.RESUMED: S.SETTLING}
    for state in (*_STEPS, *ENDS)
    if state is not S.CONFIRMED
}
"""What follows, and that whatever is not confirmed can be resumed."""

_HOST_STEPS: Mapping[S, Mapping[Signal, S]] = {
    S.WAITING: {Signal.BEGIN: S.APPLYING, Signal.REFUSED: S.FAILED},
    S.APPLYING: {
        Signal.APPLIED: S.DONE,
        Signal.HALTED: S.STOPPED,
        Signal.REFUSED: S.FAILED,
        Signal.LOST: S.UNKNOWN,
    },
    S.SETTLING: {
        Signal.AGAIN: S.WAITING,
        Signal.NEW: S.DONE,
        Signal.OTHER: S.UNKNOWN,
        Signal.SILENT: S.UNKNOWN,
    },
}

HOST_ENDS = frozenset(state for ways in _HOST_STEPS.values() for state in ways.values()) - _HOST_STEPS.keys()

HOST_TRANSITIONS: Mapping[S, Mapping[Signal, S]] = {
    state: {**_HOST_STEPS.get(state, {}), Signal.RESUMED: S.SETTLING} for state in (*_HOST_STEPS, *HOST_ENDS)
}
"""What follows for a host. Also one that is done is asked what is left: it may have changed since."""


def after(state: S, signal: Signal) -> S:
    """The state of a device that follows. Raises ValueError where nothing does: a defect, never a guess."""
    return _following(TRANSITIONS, state, signal)


def host_after(state: S, signal: Signal) -> S:
    """The same for a host."""
    return _following(HOST_TRANSITIONS, state, signal)


def _following(transitions: Mapping[S, Mapping[Signal, S]], state: S, signal: Signal) -> S:
    try:
        return transitions[state][signal]
    except KeyError as error:
        raise ValueError(f"nothing follows from {signal.name} while {state}") from error
