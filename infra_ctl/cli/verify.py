"""`infra-ctl verify`: does the network do what the inventory says?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from infra_ctl.cli.exits import Exit
from infra_ctl.cli.progress import Stopwatch, counting, devices
from infra_ctl.cli.session import Session, selector_argument, session_options

SHOWN = 8
"""Failures of one check that are shown without -v."""

if TYPE_CHECKING:
    from infra_ctl.outcome import Outcome


@click.command()
@selector_argument
@click.option(
    "--wait",
    type=click.IntRange(min=0),
    default=0,
    metavar="SECONDS",
    help="Look again until it passes or the time is up.",
)
@session_options
def verify(session: Session, selector: tuple[str, ...], *, wait: int) -> None:
    """Check the live network against the inventory: interfaces, neighbours, reachability, path MTU.

    \b
    infra-ctl verify
    infra-ctl verify pop=nk --wait 60
    """
    from infra_ctl.context.devices import present
    from infra_ctl.verify import look

    clock = Stopwatch()
    city = session.city()
    fleet = session.fleet(city)
    hostnames = session.select(city, " ".join(selector))
    with counting("asking", len(hostnames)) as on_done:
        outcomes = look(city, fleet, hostnames, present(session.context, city), wait, on_done)
    bad = [outcome for outcome in outcomes if outcome.verdict in ("fail", "error")]
    if session.is_json:
        session.emit([_as_dict(outcome) for outcome in outcomes])
    else:
        for line in map(in_words, outcomes) if session.verbose else _lines(bad, SHOWN):
            session.say(line)
        for check, (passed, total) in _counts(outcomes).items():
            session.say(f"{check:<10} {passed:>5} of {total}")
        session.say(f"{_totals(outcomes, len(bad))} ({devices(len(hostnames))}, {clock})")
    raise click.exceptions.Exit(Exit.FOUND if bad else Exit.DONE)


def in_words(outcome: Outcome) -> str:
    """`FAIL  ospf       nk-pop1 nk-an-hoa-ce1 eth11: is not there`."""
    return f"{outcome.verdict.upper():<5} {outcome.check:<10} {outcome.object}: {outcome.message}"


def _lines(outcomes: Sequence[Outcome], most: int) -> Iterator[str]:
    """A line an outcome, at most so many a check: one dead core is not two thousand lines."""
    shown: Counter[str] = Counter()
    for outcome in outcomes:
        shown[outcome.check] += 1
        if shown[outcome.check] <= most:
            yield in_words(outcome)
    for check, count in shown.items():
        if count > most:
            yield f"      {check:<10} … and {count - most} more: -v shows all"


def _totals(outcomes: Sequence[Outcome], bad: int) -> str:
    skipped = sum(1 for outcome in outcomes if outcome.verdict == "skip")
    told = f"{len(outcomes) - bad - skipped} passed, {bad} failed"
    return f"{told}, {skipped} skipped" if skipped else told


def _counts(outcomes: tuple[Outcome, ...]) -> dict[str, tuple[int, int]]:
    total = Counter(outcome.check for outcome in outcomes)
    passed = Counter(outcome.check for outcome in outcomes if outcome.verdict == "pass")
    return {check: (passed[check], count) for check, count in total.items()}


def _as_dict(outcome: Outcome) -> dict[str, str]:
    return {
        "check": outcome.check,
        "object": outcome.object,
        "verdict": outcome.verdict,
        "message": outcome.message,
    }
