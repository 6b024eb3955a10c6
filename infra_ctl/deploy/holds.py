"""holds.yaml, true to the device that it speaks of: what did not come to be there is put back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra_ctl.errors import JournalError
from infra_ctl.inventory.files import HOLDS
from infra_ctl.inventory.holding import put_back
from infra_ctl.journal.records import Run, StepState
from infra_ctl.journal.store import Journal


@dataclass(slots=True)
class Course:
    """How far a drain has come."""

    run: str = ""
    """The run that it began."""
    in_force: bool = False
    """Whether the device runs what is wanted without one."""

    def begun(self, run: Run) -> None:
        self.run = run.id


@contextmanager
def true_to_the_device(
    inventory: Path, journal: Journal, device: str, say: Callable[[str], None]
) -> Iterator[Course]:
    """holds.yaml is put back where the device did not come to run what it says by the end of the block."""
    path = inventory / HOLDS
    before = path.read_bytes() if path.exists() else None
    course = Course()
    try:
        yield course
    finally:
        try:
            state = _end(journal, course.run, device)
        except JournalError:  # what went wrong before it says what to do
            say(f"holds.yaml stays as written: nobody knows how {device} ended")
        else:
            if state in _UNCERTAIN:
                say(f"holds.yaml stays as written, and {device} is {state}: look at it, drain again")
            elif not course.in_force and state is not StepState.CONFIRMED and put_back(path, before):
                say("holds.yaml is as it was")


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
