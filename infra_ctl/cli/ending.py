"""How a command that carries a plan out ends: its last lines, its JSON, its exit code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import click

from infra_ctl.cli.exits import Exit
from infra_ctl.cli.progress import counted, devices
from infra_ctl.cli.session import Session
from infra_ctl.cli.verify import in_words
from infra_ctl.journal.records import WELL, RunState, StepState

if TYPE_CHECKING:
    from infra_ctl.change.plan import Plan
    from infra_ctl.deploy.rollout import Result
    from infra_ctl.deploy.run import Concluded
    from infra_ctl.journal.records import Run


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command ended, and the value that it prints as JSON."""

    code: Exit
    value: Mapping[str, object]

    @property
    def is_run(self) -> bool:
        """Whether there was a run at all."""
        return self.value["run"] is not None

    @property
    def is_done(self) -> bool:
        """Whether a run was carried out to a good end."""
        return self.code is Exit.DONE and self.is_run

    def after(self, first: Ending) -> Ending:
        """This one, with that before it: JSON is one value."""
        return Ending(self.code, {**self.value, "first": first.value})

    @property
    def touched(self) -> tuple[str, ...]:
        """Devices and hosts of its run and of those before it."""
        found: dict[str, None] = {}
        value: Any = self.value
        while value is not None:
            found |= dict.fromkeys(value["devices"])
            value = value.get("first")
        return tuple(found)

    def with_backup(self, backup: Mapping[str, object], *, complete: bool) -> Ending:
        """This one, with what became of the backup after it."""
        code = Exit.PARTIAL if self.code is Exit.DONE and not complete else self.code
        return Ending(code, {**self.value, "backup": backup})


def do_nothing(session: Session, why: str) -> Ending:
    """Say so."""
    session.say(why)
    return Ending(Exit.DONE, _as_dict(None, {}))


def none_planned(session: Session, plan: Plan) -> Ending:
    """Nothing is to be changed that could be planned, and that is not all."""
    session.say(f"no other changes: {counted(plan.failed)} could not be planned")
    return Ending(Exit.FAILED, _as_dict(None, _unplanned(plan)) | {"state": RunState.FAILED})


def leave(session: Session, ending: Ending) -> NoReturn:
    """End the command."""
    if session.is_json:
        session.emit(dict(ending.value))
    raise click.exceptions.Exit(ending.code)


def conclude(
    session: Session,
    run: Run,
    plan: Plan,
    concluded: Concluded,
    *,
    goes_on: bool = True,
    again: str = "",
) -> Ending:
    """Print the last lines; how to go on, where that is for somebody to say.

    `again` is the command that does it again, where a resume would be refused.
    """
    result, unmet = concluded.result, concluded.unmet
    for core, cause in concluded.unasked.items():
        session.say(f"not watched  paths from {core}: {cause}")
    for host, how in concluded.taken_back.items():
        session.say(f"while it was left  {host}: {how}")
    for outcome in unmet[:MOST_UNMET]:
        session.say(f"end state  {in_words(outcome)}")
    if len(unmet) > MOST_UNMET:
        session.say(f"end state  … and {len(unmet) - MOST_UNMET} more: {session.command('verify')}")
    if result.cause:
        session.say(f"stopped  {result.cause}")
    session.say(f"{result.summary} · run {result.run}")
    if result.failed:
        session.say(f"why     {session.command(f'show run {result.run} {result.failed[0]}')}")
    if again and (result.not_started or result.failed):
        session.say(f"go on   {session.command(again)}")
    elif goes_on and (result.not_started or result.failed or unmet):
        resume = session.command(f"resume {run.id}")
        session.say(f"go on   {resume}      undo  {session.command(f'rollback {run.id}')}")
    code = exit_of(result, end_state=not (unmet or concluded.harm), all_planned=not plan.failed)
    return Ending(code, _as_dict(concluded, _unplanned(plan)))


def undone_in_part(result: Result, plan: Plan) -> str:
    """`1 of 2 devices` that a rollback has confirmed; empty where it has them all."""
    meant = len(plan.changing) + len(plan.failed) + len(plan.behind)
    confirmed = result.count(*WELL)
    return f"{confirmed} of {devices(meant)}" if confirmed < meant else ""


MOST_UNMET = 20
"""Lines of an end state that is not as intended."""


def _unplanned(plan: Plan) -> dict[str, str]:
    return {each.name: each.cause for each in plan.failed}


def _as_dict(concluded: Concluded | None, unplanned: Mapping[str, str]) -> dict[str, object]:
    """A run as JSON has it, or that there was none."""
    from infra_ctl.change.losses import path_named

    result = concluded.result if concluded else None
    ends = result.ends.items() if result else ()
    return {
        "run": result.run if result else None,
        "state": concluded.state if concluded else RunState.DONE,
        "summary": result.summary if result else "nothing to do",
        "cause": result.cause if result else "",
        "devices": {host: {"state": ended.state, "cause": ended.cause} for host, ended in ends},
        "not_started": result.not_started if result else (),
        "not_planned": unplanned,
        "taken_back": concluded.taken_back if concluded else {},
        "end_state": [asdict(outcome) for outcome in concluded.unmet] if concluded else [],
        "lost": [path_named(path) for path in concluded.harm] if concluded else [],
        "rollback": None,
        "left": None,
        "backup": None,
    }


def exit_of(result: Result, *, end_state: bool, all_planned: bool) -> Exit:
    """The exit code of a run; whether its end state holds, and whether every device could be planned.

    Codes that promise that nothing is half-done are not given where a device is in an unknown state, or an
    operation failed on a host; one that was told to stop has ended the operation that it was at.
    """
    if result.halted or result.count(StepState.NOT_RESTORED, StepState.UNKNOWN):
        return Exit.FAILED
    if result.interrupted:
        return Exit.PARTIAL if result.aborted else Exit.INTERRUPTED
    if result.failed or not all_planned:
        return Exit.PARTIAL if result.count(*WELL) else Exit.FAILED
    return Exit.DONE if end_state else Exit.FAILED
