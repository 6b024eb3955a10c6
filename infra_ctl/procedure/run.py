"""A procedure from its first journal line to its last: ansible-runner over a playbook, a step a machine.

All that Ansible said is kept beside the journal, in a folder that only its owner reads.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event as Flag
from typing import TypeAlias

from infra_ctl.errors import InfraCtlError, JournalError
from infra_ctl.journal.records import Order as Told
from infra_ctl.journal.records import Run, RunState, Step, StepState
from infra_ctl.journal.store import Journal
from infra_ctl.procedure.events import Answer, Course, Event, complaint
from infra_ctl.procedure.playbooks import Playbook, shipped
from infra_ctl.procedure.workers import end, workers

BEAT = 60.0
"""Seconds between two signs of life in the journal."""
POLL = 1
"""Seconds until a stop is noticed while Ansible says nothing."""

Report: TypeAlias = Callable[[Answer | None, Course], None]
"""Told of each answer, and with None as a task has ended, its tally still in the course."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be run: `machines` None means all that the playbook names."""

    playbook: Playbook
    inventory: Path
    environment: Mapping[str, str]
    machines: tuple[str, ...] | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    check: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """How a procedure ended; `machines` has a state and a cause each."""

    state: RunState
    machines: Mapping[str, tuple[StepState, str]]
    cause: str = ""
    """Why it ended before any machine was asked."""

    def count(self, state: StepState) -> int:
        return sum(each == state for each, _ in self.machines.values())

    @property
    def summary(self) -> str:
        """`12 done · 1 stopped`: only what there is."""
        if self.cause:
            return self.cause
        states = (StepState.DONE, StepState.STOPPED, StepState.FAILED)
        counts = ((self.count(state), state) for state in states)
        return " · ".join(f"{count} {state}" for count, state in counts if count) or "nobody to do it on"


def folder(var: Path, run: str) -> Path:
    """Where all that Ansible said in a run is kept."""
    return var / "procedure" / run


def carry_out(
    order: Order, run: Run, journal: Journal, var: Path, report: Report, stop: Flag | None = None
) -> Ended:
    """Run a playbook to its end, or until `stop` is set, and write down how each machine ended."""
    course, writer = Course(), _Writer(journal, run)

    def heard(event: Event) -> bool:
        if event.get("event") in _TASK_ENDS and course.tally:
            report(None, course)
        answer = course.hear(event)
        if answer is not None:
            writer.begun(answer.machine)
            report(answer, course)
        writer.beat()
        return answer is not None

    stopped, at_work = stop or Flag(), set[int]()

    def is_stopped() -> bool:
        if not (stopped.is_set() or writer.is_aborted()):
            return False
        at_work.update(workers())  # ansible-runner kills their parent next
        return True

    try:
        code = _run_ansible(order, folder(var, run.id), heard, is_stopped)
    except InfraCtlError as error:
        journal.finish_run(run.id, RunState.FAILED, str(error))
        raise
    finally:
        end(at_work)
    was_stopped = stopped.is_set() or writer.aborted
    ended = _judge(course, code, _said(folder(var, run.id)), _nobody(order), stopped=was_stopped)
    for machine, (state, cause) in ended.machines.items():
        writer.ended(machine, state, cause, course.changed.get(machine, ()))
    journal.finish_run(run.id, ended.state, ended.summary)
    return ended


_TASK_ENDS = frozenset({"playbook_on_task_start", "playbook_on_handler_task_start", "playbook_on_stats"})


@dataclass(slots=True)
class _Writer:
    """The journal of one procedure: a machine is written down as it is first met."""

    journal: Journal
    run: Run
    met: set[str] = field(default_factory=set)
    last: float = field(default_factory=time.monotonic)
    asked: float = 0.0
    """When the journal was asked for an order."""
    aborted: bool = False

    def is_aborted(self) -> bool:
        """Whether somebody has ordered its end from another terminal; asked as often as Ansible is."""
        if not self.aborted and time.monotonic() - self.asked > POLL:
            self.asked = time.monotonic()
            with suppress(JournalError):  # an order that cannot be read now is read in a second
                self.aborted = self.journal.last_order(self.run.id) is Told.ABORT
        return self.aborted

    def begun(self, machine: str) -> None:
        if machine not in self.met:
            self.met.add(machine)
            self.journal.add_step(Step(self.run.id, machine, 1, StepState.APPLYING, "", "", "", ""))

    def ended(self, machine: str, state: StepState, cause: str, changed: tuple[str, ...] | list[str]) -> None:
        diff = "".join(f"+  {task}\n" for task in changed)
        self.journal.end_step(self.run.id, machine, state, cause=cause, diff=diff)

    def beat(self) -> None:
        if time.monotonic() - self.last > BEAT:
            self.last = time.monotonic()
            self.journal.beat(self.run.id)


def _nobody(order: Order) -> str:
    """Why a playbook had nobody to do it on: no success, since somebody was meant."""
    target = order.variables.get("target")
    who = f"no machine is called '{target}'" if target else "there is no machine that it is for"
    return f"{who} among those selected" if order.machines is not None else who


def _judge(course: Course, code: int, said: str, nobody: str, *, stopped: bool) -> Ended:
    """What became of each machine: one at which nothing had been changed has failed, others have stopped."""
    machines: dict[str, tuple[StepState, str]] = {}
    cut_short = not course.ended or (code != 0 and not course.bad)
    for machine, changed in course.changed.items():
        if machine in course.bad or cut_short:
            cause = (
                course.causes.get(machine) or f"{course.task}: {'interrupted' if stopped else 'cut short'}"
            )
            machines[machine] = (StepState.STOPPED if changed else StepState.FAILED, cause)
        else:
            machines[machine] = (StepState.DONE, "")
    if stopped:
        return Ended(RunState.STOPPED, machines, "" if machines else "interrupted")
    if code == 0:
        return Ended(RunState.DONE if machines else RunState.FAILED, machines, "" if machines else nobody)
    why = complaint(said) or f"ansible-playbook ended with {code}"
    bad = any(state is not StepState.DONE for state, _ in machines.values())
    return Ended(RunState.FAILED, machines, "" if bad else why)


def _run_ansible(
    order: Order, where: Path, heard: Callable[[Event], bool], is_stopped: Callable[[], bool]
) -> int:
    """Its exit code."""
    import ansible_runner

    command = where / "artifacts" / "ansible" / "command"
    try:
        where.mkdir(parents=True, mode=0o700)
        if order.machines is not None:  # in a file: thousands of names are too long for a command line
            (where / "machines").write_text("".join(f"{name}\n" for name in order.machines), encoding="utf-8")
        ran = ansible_runner.run(
            private_data_dir=str(where),
            ident="ansible",
            playbook=str(order.playbook.path),
            inventory=str(order.inventory.resolve()),
            limit=f"@{where / 'machines'}" if order.machines is not None else None,
            extravars=dict(order.variables),
            cmdline="--check --diff" if order.check else None,
            envvars=_environment(order),
            settings={"pexpect_timeout": POLL},
            suppress_env_files=True,
            quiet=True,
            event_handler=heard,
            # Before Ansible starts: the runner has written all of the environment down, passwords too.
            status_handler=lambda _status, **_rest: command.unlink(missing_ok=True),
            cancel_callback=is_stopped,
        )
    except (OSError, ansible_runner.exceptions.AnsibleRunnerException) as error:
        raise InfraCtlError(f"ansible-runner: {error}") from error
    finally:
        with suppress(OSError):
            command.unlink()
    return int(ran.rc)


def _environment(order: Order) -> dict[str, str]:
    """Ansible of this Python, with our configuration whatever folder we are in."""
    programs = str(Path(sys.executable).parent)
    return {
        "ANSIBLE_CONFIG": str(shipped().parent / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "PATH": os.pathsep.join((programs, os.environ.get("PATH", os.defpath))),
        **order.environment,
    }


def _said(where: Path) -> str:
    try:
        return (where / "artifacts" / "ansible" / "stdout").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
