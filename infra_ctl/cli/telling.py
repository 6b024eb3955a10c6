"""A run as the journal tells it, for `show run`: to be read at night."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby, pairwise

import click

from infra_ctl.cli.progress import duration
from infra_ctl.journal.records import Event, Given, Run, RunState, Step
from infra_ctl.journal.store import Journal


@dataclass(frozen=True, slots=True)
class Told:
    """All that the journal has about a run, or about one device in it."""

    run: Run
    steps: Sequence[Step]
    events: Sequence[Event]
    orders: Sequence[Given]
    undone_by: Sequence[str]
    """Runs that took it back."""

    def of(self, device: str) -> list[Event]:
        """One device's timeline."""
        return [event for event in self.events if event.device == device]


def tell(journal: Journal, run_id: str, device: str | None) -> Told:
    """What the journal has. Raises UnknownError, and click.UsageError for a device that is not of the run."""
    run = journal.run(run_id)
    steps = [step for step in journal.steps(run_id) if device in (None, step.device)]
    if device is not None and not steps:
        raise click.UsageError(f"run {run_id} has no device and no host {device}")
    events = journal.events(run_id, device)
    return Told(run, steps, events, journal.orders(run_id), journal.undone_by(run_id))


def as_dict(told: Told) -> dict[str, object]:
    """All of it as JSON has it; durations are in seconds, None while they last."""
    spans = {step.device: _span(told.of(step.device)) for step in told.steps}
    return {
        "run": asdict(told.run) | {"seconds": _seconds(told.run.started, told.run.ended)},
        "steps": [asdict(step) | {"seconds": _seconds(*spans[step.device])} for step in told.steps],
        "events": [asdict(event) for event in told.events],
        "orders": [asdict(order) for order in told.orders],
        "undone_by": told.undone_by,
    }


def head(told: Told, resume: str) -> Iterator[str]:
    """Who, when, why, and what became of it."""
    run = told.run
    took = f" → {run.ended:%H:%M:%S}, {duration(_seconds(run.started, run.ended) or 0)}" if run.ended else ""
    yield f"{run.id}  {run.kind}  {run.state}  {run.summary}"
    yield f"by      {run.user}@{run.host}   {run.started:%Y-%m-%d %H:%M:%S}{took} UTC   context {run.context}"
    if run.why:
        yield f"why     {run.why}"
    if run.undoes:
        yield f"undoes  {run.undoes}"
    if told.undone_by:
        yield f"undone  by {', '.join(told.undone_by)}"
    for given in told.orders:
        yield f"order   {given.at:%H:%M:%S}  {given.order} by {given.user}"
    if run.state is RunState.KILLED:
        yield "then    devices that were not confirmed take the change back by themselves when their timers"
        yield f"        run out; {resume} reads them and goes on"


def ways(told: Told) -> Iterator[str]:
    """Wave by wave a line a device: its end, when it began, and the states it went through."""
    for wave, steps in groupby(told.steps, lambda step: step.wave):
        yield f"wave {wave}" if wave else "not planned"
        for step in steps:
            yield f"  {step.device:<28} {step.state:<12} {_way(told.of(step.device))}".rstrip()
            if step.cause:
                yield f"      {step.cause}"


def timelines(told: Told) -> Iterator[str]:
    """Each device's whole timeline, with what was written beside it, and its diff."""
    for step in told.steps:
        yield ""
        yield f"device  {step.device}   wave {step.wave}   {step.state}"
        for event in told.of(step.device):
            at = f"{event.at:%H:%M:%S.%f}"[:-3]
            yield f"  {at}  {event.state:<12} {event.detail}".rstrip()
        yield step.diff.rstrip()


def _way(events: Sequence[Event]) -> str:
    """`02:13:08 applying · 1.2 s applied · 0.4 s confirming · 0.3 s confirmed`."""
    if not events:
        return ""
    turns = [next(same) for _, same in groupby(events, lambda event: event.state)]
    first = f"{turns[0].at:%H:%M:%S} {turns[0].state}"
    later = (f"{duration(_seconds(a.at, b.at) or 0)} {b.state}" for a, b in pairwise(turns))
    return " · ".join((first, *later))


def _span(events: Sequence[Event]) -> tuple[datetime | None, datetime | None]:
    return (events[0].at, events[-1].at) if events else (None, None)


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start).total_seconds() if start and end else None
