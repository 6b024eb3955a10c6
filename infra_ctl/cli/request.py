"""What an engineer asks of a run, and what is refused before anything is touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from infra_ctl.cli.gate import refuse_unlawful
from infra_ctl.errors import RefusedError

if TYPE_CHECKING:
    from infra_ctl.change.plan import Plan

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Request:
    """How its engineer wants a run to go."""

    yes: bool
    timer: int
    may_cut: bool
    max_fail: str = "0"
    reason: str = ""
    ticket: str = ""
    undoes: str = ""
    """The run that this one takes back."""
    keep: bool = False
    """Whether it stays although it cost a path that answered before."""
    again: str = ""
    """The command that does it again, where a resume would be refused."""


SHORTEST = 8
"""Seconds of a timer: half of them go to the test, and to apply and to confirm take a second or two each."""


def run_options(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command `--yes`, `--timer` and `--may-cut`."""
    for option in (
        click.option(
            "--may-cut", is_flag=True, help="Do it although the controller loses its way to devices."
        ),
        click.option("--yes", is_flag=True, help="Do not ask."),
        click.option(
            "--timer",
            type=click.IntRange(min=SHORTEST),
            default=120,
            show_default=True,
            help="Seconds until a device or host takes a change back.",
        ),
    ):
        command = option(command)
    return command


def fail_option(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command of several devices `--max-fail`."""
    return click.option(
        "--max-fail",
        default="0",
        metavar="N|P%",
        callback=lambda _context, _option, text: share(text),
        help="Devices and hosts that may fail; unreachable ones count.",
    )(command)


def keep_option(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command `--keep`."""
    words = "Do not roll back by itself where a path that answered before is lost at the end."
    return click.option("--keep", is_flag=True, help=words)(command)


def why_options(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command `--reason` and `--ticket`."""
    command = click.option("--ticket", default="", help="Ticket, for the journal.")(command)
    return click.option("--reason", default="", help="Why, for the journal.")(command)


def share(text: str) -> str:
    """A count or a percentage, as it was written. Raises click.BadParameter."""
    if not text.removesuffix("%").isdecimal():
        raise click.BadParameter(f"'{text}' is neither a count nor a percentage")
    if text.endswith("%") and int(text[:-1]) > 100:
        raise click.BadParameter(f"'{text}' is more than all of them")
    return text


def failures_allowed(text: str, devices: int) -> int:
    """`2` or `2%` of the devices, rounded down."""
    number = int(text.removesuffix("%"))
    return number * devices // 100 if text.endswith("%") else number


def refuse(plan: Plan, request: Request) -> None:
    """What is not begun.

    Too many devices that could not be planned, a way that is cut, a law that is broken, a timer too short.
    """
    refuse_unreachable(plan, failures_allowed(request.max_fail, len(plan.parts)))
    if not request.may_cut:
        refuse_cut(plan)
    refuse_unlawful(plan)
    refuse_short(plan, request.timer)


def refuse_unreachable(plan: Plan, budget: int) -> None:
    """Devices that could not be planned count as failed, before anything is touched."""
    failed = plan.failed
    if len(failed) > budget:
        first = failed[0]
        others = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
        raise RefusedError(
            f"{first.name}: {first.cause}{others}: nothing was done. To go on without: "
            f"--max-fail {len(failed)}, or leave it out: 'not {first.name}'"
        )


def refuse_cut(plan: Plan) -> None:
    """What the controller could not take back, because it would not get there any more, is not begun."""
    if plan.breaks:
        more = f" and {len(plan.breaks) - 1} more" if len(plan.breaks) > 1 else ""
        raise RefusedError(f"{plan.breaks[0]}{more}: nothing was done. To do it all the same: --may-cut")


def refuse_short(plan: Plan, timer: int) -> None:
    """A timer that ends before a change could be judged would confirm it unseen."""
    if timer < (needed := seconds_needed(plan)):
        raise click.UsageError(
            f"--timer {timer} is too short: neighbours are watched for {needed - MARGIN} s after this "
            f"change; give {needed} or more"
        )


def seconds_needed(plan: Plan) -> int:
    """What a timer has to have at the least for a plan's changes to be judged; 0 where they show at once."""
    soak = max((device.soak for device in plan.changed), default=0)
    return soak + MARGIN if soak else 0


MARGIN = 9
"""Seconds of a timer beside those for which neighbours are watched: to come, to judge and to confirm."""
