"""What a plan leaves for later: what waits for its successor, and what is behind others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from infra_ctl.cli.ending import Ending, do_nothing
from infra_ctl.cli.exits import Exit
from infra_ctl.cli.progress import devices
from infra_ctl.cli.session import Session
from infra_ctl.errors import InfraCtlError, JournalError, UnusableError

if TYPE_CHECKING:
    from infra_ctl.change.plan import Plan
    from infra_ctl.journal.records import Run
    from infra_ctl.journal.store import Journal

Obstacle = InfraCtlError | click.ClickException | click.Abort | KeyboardInterrupt
"""What keeps a later run from beginning, or ends it."""


@dataclass(frozen=True, slots=True)
class Later:
    """What is to be planned once a plan is carried out. Nothing of it is done yet."""

    kept: tuple[str, ...]
    """Links and openings."""
    behind: tuple[str, ...]
    selector: str
    """Of the plan that leaves it."""
    hosts: int = 0
    """How many of those behind are hosts."""

    @property
    def rest(self) -> str:
        """Its devices, as a selector: all of the plan's again while links are kept."""
        return self.selector if self.kept else " or ".join(self.behind)

    @property
    def next(self) -> str:
        """What is said before it is gone on with."""
        if self.kept:
            return f"made    now {', '.join(self.kept)} may go"
        return f"\nnext    {self._behind}"

    @property
    def words(self) -> str:
        """`removes nk-pop1/eth10 to nk-cai-khe-ce1/eth0 · 4 devices behind them`."""
        removed = [f"removes {', '.join(self.kept)}"] if self.kept else []
        behind = [self._behind] if self.behind else []
        return " · ".join(removed + behind)

    @property
    def _behind(self) -> str:
        return f"{devices(len(self.behind) - self.hosts, self.hosts)} behind them"


def later(plan: Plan) -> Later | None:
    """None where a plan leaves nothing. A host part comes with its router."""
    if not plan.stays and not plan.behind:
        return None
    behind = dict.fromkeys(name.partition("/")[0] for name in plan.behind)
    hosts = sum(1 for host in plan.hosts if host.name in behind)
    return Later(plan.stays, tuple(behind), plan.selector, hosts)


def say_left(session: Session, plan: Plan, ending: Ending, undoes: str = "") -> Ending:
    """A plan is carried out and nothing else: what it leaves is for somebody to plan.

    `undoes` is the run that the plan takes back.
    """
    rest = later(plan)
    return _left(session, rest, ending, undoes=undoes) if rest and ending.is_done else ending


def say_done(session: Session, journal: Journal, run: Run) -> Ending:
    """A run that is done, with what it left for later where no run since has done that."""
    rest = None if journal.undone_by(run.id) else _left_by(journal, run)
    if rest is None:
        return do_nothing(session, f"run {run.id} is done: nothing of it is left")
    return _left(session, rest, do_nothing(session, f"run {run.id} is done"), undoes=run.undoes)


def _left_by(journal: Journal, run: Run) -> Later | None:
    """By the plan of a run and by what later ones confirmed; None also where it kept none of this version."""
    from infra_ctl.change import plan as plans

    try:
        plan = plans.parse(journal.plan(run.id), f"the plan of run {run.id}")
    except UnusableError:
        return None
    since = journal.confirmed_since(run)
    keep = {device.hostname for device in plan.changed if device.kept} - since
    behind = tuple(host for host in plan.behind if host not in since)
    closed = (host.model_copy(update={"kept": ()}) if host.name in since else host for host in plan.hosts)
    update = {"kept": plan.kept if keep else (), "behind": behind, "hosts": tuple(closed)}
    return later(plan.model_copy(update=update))


def stopped_by(session: Session, rest: Later, ending: Ending, error: Obstacle) -> Ending:
    """What came before is done, whatever kept the rest from it.

    Without a journal nobody knows how far the rest came.
    """
    cause = _cause(error)
    click.echo(f"error: {cause}" if cause else "interrupted", err=True)
    code = Exit.FAILED if isinstance(error, JournalError) else Exit.PARTIAL
    return _left(session, rest, ending, cause or "interrupted", code)


def not_begun(session: Session, rest: Later, ending: Ending, second: Ending, plan: Plan) -> Ending:
    """A second run that was none: nobody wanted it, or it had nothing to do, or could not be planned."""
    if plan.steps:
        return _left(session, rest, ending, "not agreed to")
    if plan.failed:
        first = plan.failed[0]
        return _left(session, rest, second.after(ending), f"{first.name}: {first.cause}")
    if still := later(plan):
        return _left(session, still, second.after(ending), "others that it needs are not as intended yet")
    return ending


def _left(
    session: Session,
    rest: Later,
    ending: Ending,
    cause: str = "",
    code: Exit = Exit.PARTIAL,
    *,
    undoes: str = "",
) -> Ending:
    """Say what is left and how to go on with it; one exit code for all of it."""
    verb = f"rollback {undoes}" if undoes else "deploy"
    again = session.command(f"{verb} {rest.selector}".rstrip())
    session.say(f"left    {again}      {rest.words}")
    left = {"kept": rest.kept, "behind": rest.behind, "command": again, "cause": cause}
    return Ending(code, {**ending.value, "left": left})


def _cause(error: Obstacle) -> str:
    """Empty for Ctrl-C."""
    if isinstance(error, click.ClickException):
        return error.format_message()
    return "" if isinstance(error, click.Abort | KeyboardInterrupt) else f"{error}"
