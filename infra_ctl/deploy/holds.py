"""holds.yaml, true to the device that it speaks of: what did not come to be there is put back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra_ctl.errors import JournalError
from infra_ctl.inventory.holding import Written, put_back
from infra_ctl.journal.records import Run, StepState
from infra_ctl.journal.store import Journal


@dataclass(slots=True)
class DrainRun:
    """How far a drain has come."""

    written: Written | None = None
    """What it wrote into holds.yaml."""
    run: str = ""
    """The run that it began."""
    in_force: bool = False
    """Whether the device runs what is wanted without one."""

    def begun(self, run: Run) -> None:
        self.run = run.id


@contextmanager
def true_to_the_device(
    inventory: Path, journal: Journal, device: str, say: Callable[[str], None]
) -> Iterator[DrainRun]:
    """The hold is put back where the device did not come to run what it says by the end of the block.

    Only that one: a run takes minutes, in which others hold and lift.
    """
    drained = DrainRun()
    try:
        yield drained
    finally:
        if drained.written is not None:
            _put_back(inventory, journal, device, drained, drained.written, say)


def _put_back(
    inventory: Path,
    journal: Journal,
    device: str,
    drained: DrainRun,
    written: Written,
    say: Callable[[str], None],
) -> None:
    try:
        state = _end(journal, drained.run, device)
    except JournalError:  # what went wrong before it says what to do
        say(f"holds.yaml stays as written: nobody knows how {device} ended")
        return
    if state in _UNCERTAIN:
        say(f"holds.yaml stays as written, and {device} is {state}: look at it, drain again")
    elif (
        not drained.in_force
        and state is not StepState.CONFIRMED
        and written.file.before != written.file.after
    ):
        if put_back(inventory, written):
            say("holds.yaml is as it was")
        else:
            say(f"holds.yaml stays: somebody else wrote of {device} meanwhile")


_UNCERTAIN = (
    StepState.UNKNOWN,
    StepState.NOT_RESTORED,
    StepState.APPLYING,
    StepState.APPLIED,
    StepState.CONFIRMING,
    StepState.SETTLING,
    StepState.RESTORING,
)


def _end(journal: Journal, run: str, device: str) -> StepState | None:
    """How the device ended in the run that was begun; None where none was."""
    steps = journal.steps(run) if run else ()
    return next((step.state for step in steps if step.device == device), None)
