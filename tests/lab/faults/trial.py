"""One deployment that meets one fault, dealt from a seed; judged, resumed, and brought to its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from random import Random

from tests.lab.city_slice import Done
from tests.lab.faults import judge
from tests.lab.faults.fault import Evidence, Fault, Moment, missed, wait
from tests.lab.faults.ground import SELECTOR, TIMER, Ground
from tests.lab.faults.judge import Told
from tests.lab.faults.kinds import KINDS

WEIGHT: Mapping[str, int] = {"controller killed": 4}
"""How often a kind comes in a round of all, where that is not once."""


@dataclass(frozen=True)
class Trial:
    """What is to happen to whom, and when."""

    kind: str
    fault: Fault
    victim: str
    moment: Moment

    def __str__(self) -> str:
        return f"{self.kind:<23} {self.fault.name:<19} {self.victim:<17} {self.moment:<8}"


@dataclass(frozen=True)
class Verdict:
    """What came of a trial; no complaints is well."""

    trial: Trial
    complaints: tuple[str, ...]
    said: tuple[Done, ...]
    """Its commands: the deployment, what went on with it, what finished."""
    ends: Mapping[str, str]
    """Of the routers by the journal, right after the deployment."""

    @property
    def is_well(self) -> bool:
        return not self.complaints


def deal(seed: str, kinds: Sequence[str] = tuple(KINDS)) -> Iterator[Trial]:
    """Trials without end: in each round every kind has its turns, over the rounds each of its variants."""
    random = Random(seed)
    decks = {kind: _endless(random, KINDS[kind]) for kind in kinds}
    for _ in count():
        turns = [kind for kind in kinds for _ in range(WEIGHT.get(kind, 1))]
        random.shuffle(turns)
        for kind in turns:
            fault = next(decks[kind])
            yield Trial(kind, fault, random.choice(fault.victims), random.choice(fault.moments))


def _endless(random: Random, variants: Sequence[Fault]) -> Iterator[Fault]:
    while True:
        yield from random.sample(variants, len(variants))


def attempt(site: Ground, trial: Trial) -> Verdict:
    """Let it happen, and judge what came of it; whatever that is, the slice is whole afterwards."""
    old, before = site.edit(), judge.run_ids(site.database)
    deployment, struck = _struck(site, trial)
    said = [deployment]
    run = _new_run(site, before)
    ends = dict(run.devices) if run else {}
    now = judge.settled(site, old)
    if trial.fault.by_another and now[trial.victim] == "new":
        old = {**old, trial.victim: site.new[trial.victim]}
        now = {**now, trial.victim: "old"} if ends.get(trial.victim) != "confirmed" else now
    left = run is not None and run.state == "running"
    found = [] if struck else ["its fault did not strike"]
    found += judge.complaints(deployment, run, now, left=left)
    if left and run is not None:
        said.append(site.run("resume", run.id, "--yes", "--timer", str(TIMER)))
        resumed, now = judge.told(site.database, run.id), judge.settled(site, old)
        found += [f"resumed: {each}" for each in judge.complaints(said[-1], resumed, now, left=False)]
    found += _finished(site, said)
    return Verdict(trial, tuple(found), tuple(said), ends)


def _struck(site: Ground, trial: Trial) -> tuple[Done, bool]:
    """The deployment, from before its fault until that is over, and whether the fault struck it."""
    with ExitStack() as undone:
        evidence: Evidence = missed
        undone.enter_context(trial.fault.arrange(site, trial.victim))
        if trial.moment is Moment.BEFORE:
            evidence = undone.enter_context(trial.fault.befall(site, trial.victim))
        deploying = site.deploy(trial.fault.command(site))
        if trial.moment is not Moment.BEFORE and wait(site, trial.victim, trial.moment, deploying):
            evidence = undone.enter_context(trial.fault.befall(site, trial.victim))
        done = deploying.end()
        return done, evidence(done)


def _new_run(site: Ground, before: frozenset[str]) -> Told | None:
    new = judge.run_ids(site.database) - before
    return judge.told(site.database, *new) if new else None


def _finished(site: Ground, said: list[Done]) -> Iterator[str]:
    """A deploy finishes what is left, and then there is nothing to do: no hand is needed."""
    for _ in range(2):
        said.append(site.run("deploy", "--yes", SELECTOR))
        if said[-1].code != 0:
            yield f"a deploy afterwards ends with {said[-1].code}"
            return
        if said[-1].out.startswith("no changes"):
            return
    yield "a deploy afterwards leaves something to do"
