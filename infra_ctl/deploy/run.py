"""A deployment from its first journal line to its last: roll out, remember what is in sync, judge the end."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Event as Flag

from infra_ctl.change import normal
from infra_ctl.change.losses import path_named
from infra_ctl.change.operations import written
from infra_ctl.change.plan import Plan, Status
from infra_ctl.change.undo import ours
from infra_ctl.change.unmanaged import keep
from infra_ctl.change.watched import watched
from infra_ctl.deploy import watch as paths
from infra_ctl.deploy.harm import owed
from infra_ctl.deploy.hosts import HostStepper
from infra_ctl.deploy.leases import SPARE, CityLease, Lease
from infra_ctl.deploy.resume import Resumed, Resumer
from infra_ctl.deploy.rollout import Report, Result, Rollout, failed
from infra_ctl.deploy.step import Patience, Stepper
from infra_ctl.deploy.watch import Watch, blame
from infra_ctl.drivers.base import DeviceState
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.errors import InfraCtlError, JournalError, RefusedError
from infra_ctl.evidence import Answer
from infra_ctl.intent.expectations import Reachable, cores
from infra_ctl.journal.records import Order, Purpose, Run, RunState, Step, StepState, Synced
from infra_ctl.network import Network
from infra_ctl.outcome import Outcome, Verdict
from infra_ctl.plan import Prepared, in_sync, to_be
from infra_ctl.render import render
from infra_ctl.verify import Changed, at_stake, unmet

DEPLOY, DRAIN, REPLACE, RESTORE = "deploy", "drain", "replace", "restore"
TO_INTENT = frozenset({DEPLOY, DRAIN, REPLACE})
"""The kinds of run that bring devices to their intent."""

END_STATE_SECONDS = 120.0
"""For the last adjacencies of a run to come up: OSPF's dead interval twice, and BGP's retries."""


ROLLED_BACK_SECONDS = 30.0
"""For routes to return, once a rollback has undone its last wave."""
PAUSE = 1.0
"""Seconds between two looks."""


@dataclass(frozen=True, slots=True)
class Concluded:
    """How a whole run ended."""

    result: Result
    unmet: tuple[Outcome, ...]
    """What the devices that it changed should be by now and are not."""
    state: RunState
    unasked: Mapping[str, str]
    """Cores whose paths nobody watched, each with the cause."""
    harm: tuple[Reachable, ...] = ()
    """Paths that it owes: all its devices were confirmed, and these answered before and do not now."""
    taken_back: Mapping[str, str] = field(default_factory=dict)
    """What devices did by themselves while the run was left: see Resumed."""


def begin(prepared: Prepared, purpose: Purpose) -> Run:
    """Write a run, its steps and its plan. Raises RefusedError while another run is under way."""
    plan = prepared.plan
    return prepared.journal.start_run(purpose, lambda run: _steps(plan, run), plan.model_dump_json())


def _steps(plan: Plan, run: str) -> Iterator[Step]:
    """What could not be planned has failed before it begins."""
    for each in plan.failed:
        yield Step(run, each.name, 0, StepState.FAILED, each.cause, "", each.base, "")
    parts = {each.name: each for each in plan.parts}
    for number, wave in enumerate(plan.waves, start=1):
        for name in wave:
            planned = parts[name]
            yield Step(run, name, number, StepState.WAITING, "", planned.diff, planned.base, "")


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a run is to be carried out."""

    patience: Patience
    budget: int
    """How many devices may fail, those that could not be planned among them."""
    report: Report
    stop: Flag
    """Once it is set, devices in flight end and no other starts."""
    may_cut: bool = False
    """Whether the controller may lose its way to devices."""
    heard: Callable[[Order], None] = lambda _order: None
    """Told of each order from another terminal that is followed."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A prepared plan and all the devices that exist: a twin may be a slice of the city."""

    prepared: Prepared
    there: Collection[str]

    def carry_out(self, run: Run, conduct: Conduct) -> Concluded:
        """A run, from its first wave to its end."""
        plan = self.prepared.plan
        hosts = frozenset(host.name for host in plan.changed_hosts)
        everything = Resumed({}, self.prepared.bases, hosts=hosts)
        return self._ended_well(run, lambda: self._roll_out(run, conduct, lambda: everything))

    def resume(self, run: Run, conduct: Conduct) -> Concluded:
        """A run that was left: its devices are read first, then what is left of its plan is carried out."""
        plan, fleet = self.prepared.plan, self.prepared.fleet
        steps = {step.device: step for step in self.prepared.journal.steps(run.id)}
        had = {host: tuple(step.had.splitlines()) for host, step in steps.items()}
        stepper = self._stepper(run, conduct, had)

        def cut(host: str, deadline: float) -> tuple[str, ...]:
            number = next(number for number, wave in enumerate(plan.waves) if host in wave)
            watch = self._watch([(host,)], [plan.cuts[number]])
            watch.begin(paths.read(run.answered.splitlines()))
            return blame(watch.lost(1, deadline, conduct.patience.pause), [host]).get(host, ())

        def look() -> Resumed:
            so_far = resumer.look(plan)
            if host_stepper := self._host_stepper(run, conduct):
                ends, left = host_stepper.look(steps)
                so_far = replace(so_far, ends={**so_far.ends, **ends}, hosts=left)
            if not conduct.may_cut:
                self._refuse_cut(so_far)
            return so_far

        resumer = Resumer(stepper, fleet, steps, cut)
        return self._ended_well(run, lambda: self._roll_out(run, conduct, look, had))

    def _refuse_cut(self, so_far: Resumed) -> None:
        """What is left of a plan, in the states that it makes by now. Raises RefusedError.

        What the run was allowed to cut when it began needs no other word.
        """
        plan, masking = self.prepared.plan, self.prepared.masking
        ended = {host: each.running for host, each in so_far.ends.items() if each.running}
        read = {**ended, **so_far.bases}
        forms = {host: normal.parse(masking.mask(text)) for host, text in read.items()}
        synced = self.prepared.journal.synced(plan.context)
        left = so_far.left(plan)
        lost = Network.of(self.prepared.city, synced, forms, self.there).lost(left, to_be(left))
        allowed = {each.device for each in plan.breaks}
        if refused := [each for each in lost if each.device not in allowed]:
            raise RefusedError(f"{refused[0]}: nothing more was done. To do it all the same: --may-cut")

    def _ended_well(self, run: Run, work: Callable[[], Concluded]) -> Concluded:
        """What ends a run before its time ends it in the journal too."""
        try:
            return work()
        except JournalError:
            raise
        except InfraCtlError as error:
            self.prepared.journal.finish_run(run.id, RunState.FAILED, f"{error}")
            raise

    def _stepper(
        self, run: Run, conduct: Conduct, had: Mapping[str, tuple[str, ...]] | None = None
    ) -> Stepper:
        return Stepper(
            run=run.id,
            lease=self._lease(run, conduct),
            journal=self.prepared.journal,
            open_device=self.prepared.fleet.open,
            planned={device.hostname: device for device in self.prepared.plan.devices},
            masking=self.prepared.masking,
            patience=conduct.patience,
            had=had or {},
        )

    def _host_stepper(self, run: Run, conduct: Conduct) -> HostStepper | None:
        """None where the plan changes no host. Raises RefusedError where nobody can get to them."""
        plan, hosts = self.prepared.plan, self.prepared.hosts
        if not plan.changed_hosts:
            return None
        if hosts is None:
            raise RefusedError(f"{plan.changed_hosts[0].name}: {plan.context} has no hosts")
        return HostStepper(
            run=run.id,
            lease=self._lease(run, conduct),
            journal=self.prepared.journal,
            hosts=hosts,
            routers=self.prepared.fleet,
            planned={host.name: host for host in plan.changed_hosts},
            masking=self.prepared.masking,
            synced={} if run.kind == REPLACE else self.prepared.journal.converged(plan.context),
            revert_in=conduct.patience.revert_in,
            stop=conduct.stop,
        )

    def _lease(self, run: Run, conduct: Conduct) -> Lease:
        seconds = conduct.patience.revert_in + SPARE
        owner = re.sub(r"[^\w.@:-]", "_", f"{run.user}@{run.host}", flags=re.ASCII)
        return Lease(owner, run.token, seconds, self.prepared.journal.orphans(run))

    @contextmanager
    def _leased(self, run: Run, conduct: Conduct) -> Iterator[Callable[[Collection[str]], None]]:
        """The city's lease while the block lasts; yields what renews it. Raises RefusedError."""
        hosts = cores(self.prepared.city.intents, self.there)
        city = CityLease(self.prepared.fleet, hosts, self._lease(run, conduct))

        def renew(ended: Collection[str] = ()) -> None:
            city.renew(ended)
            self.prepared.journal.beat(run.id)

        renew()
        try:
            yield renew
        finally:
            city.give_back()

    def _watch(self, waves: Sequence[Collection[str]], cuts: Sequence[Collection[str]]) -> Watch:
        intents = self.prepared.city.intents
        return Watch(self.prepared.fleet, watched(intents, self.there, waves), cuts)

    def _roll_out(
        self,
        run: Run,
        conduct: Conduct,
        look: Callable[[], Resumed],
        had: Mapping[str, tuple[str, ...]] | None = None,
    ) -> Concluded:
        """Under the city's lease: what is left, by `look`, wave by wave."""
        journal = self.prepared.journal
        with self._leased(run, conduct) as renew:
            so_far = look()
            plan = so_far.left(self.prepared.plan)
            watch = self._watch(plan.device_waves, plan.cuts)
            watch.also = at_stake(self.prepared.city, self.prepared.plan, self.there)
            watch.begin(paths.read(run.answered.splitlines()))
            journal.keep_answered(run.id, paths.written(watch.before))
            rollout = Rollout(
                plan,
                self._stepper(run, conduct, had),
                self.prepared.fleet,
                so_far.bases,
                watch,
                conduct.budget - len(plan.failed) - len(failed(so_far.ends)),
                conduct.report,
                conduct.stop,
                lambda: journal.last_order(run.id),
                conduct.heard,
                renew,
                self._host_stepper(run, conduct),
            )
            done = rollout.go()
            result = replace(done, ends={**so_far.ends, **done.ends})
            seen = self._in_sync(result) if run.kind in TO_INTENT else self._out_of_sync(run, result)
            journal.remember_synced(plan.context, list(seen))
            journal.remember_converged(plan.context, self._converged(result))
            return replace(self._concluded(run, result, watch), taken_back=so_far.taken_back)

    def _in_sync(self, result: Result) -> Iterator[Synced]:
        """What is confirmed is in sync from now on, where it reads as it was meant."""
        masking = self.prepared.masking
        for device in self.prepared.plan.changed:
            ended = result.ends.get(device.hostname)
            if ended is None or ended.state is not StepState.CONFIRMED or not ended.running:
                continue
            running = masking.fingerprint(ended.running)
            if running == masking.fingerprint(masking.resolve(device.candidate, ended.running)):
                kept = [normal.at(line) for line in device.kept]
                text = keep(render(self.prepared.city.intents[device.hostname]), kept)
                yield in_sync(device, masking.digest(text), running, text)

    def _converged(self, result: Result) -> dict[str, str]:
        """What hosts that are done are to be remembered by."""
        done = {name for name, ended in result.ends.items() if ended.state is StepState.DONE}
        hosts = self.prepared.plan.changed_hosts
        return {host.name: written(host.operations) for host in hosts if host.name in done}

    def _out_of_sync(self, run: Run, result: Result) -> Iterator[Synced]:
        """What a rollback or restore confirmed is not as it was last seen any more, nor is it as intended."""
        journal, masking = self.prepared.journal, self.prepared.masking
        known = journal.synced(run.context)
        for step in journal.steps(run.id):
            ended = result.ends.get(step.device)
            if ended is None or ended.state is not StepState.CONFIRMED or not (ended.running and step.before):
                continue
            last = known[step.device].text if step.device in known else ""
            deployed = last or render(self.prepared.city.intents[step.device])
            texts = deployed, journal.snapshot(step.before), masking.mask(ended.running)
            yield Synced(step.device, "", "", normal.to_text(ours(*map(normal.parse, texts))))

    def _concluded(self, run: Run, result: Result, watch: Watch) -> Concluded:
        """Judge the end state, where the run came to its end, and write the run's last line.

        A rollback or a restore leads to what was there before, and no intent says what that is: what answered
        has to.
        """
        lacks: tuple[Outcome, ...] = ()
        harm: tuple[Reachable, ...] = ()
        if run.kind in TO_INTENT and not result.interrupted:
            lacks = self._unmet(result, watch.before)
            owes = run.kind == DEPLOY and result.state is RunState.DONE
            harm = self._harm(watch, lacks) if owes else ()
        elif not result.interrupted:
            lost = still_silent(watch, self._owed(watch), ROLLED_BACK_SECONDS)
            lacks = tuple(map(_answered_before, lost))
        notes = [result.summary, *filter(None, [result.cause])]
        notes += [f"paths from {core} not watched: {cause}" for core, cause in watch.unasked.items()]
        if lacks:
            notes.append(f"end state lacks {len(lacks)}, first {lacks[0]}")
        if harm:
            notes.append(f"lost {path_named(harm[0])}{f' and {len(harm) - 1} more' if harm[1:] else ''}")
        state = result.state
        if state is RunState.DONE and (lacks or harm or self.prepared.plan.failed):
            state = RunState.FAILED
        self.prepared.journal.finish_run(result.run, state, " · ".join(notes))
        return Concluded(result, lacks, state, watch.unasked, harm)

    def _harm(self, watch: Watch, lacks: Collection[Outcome]) -> tuple[Reachable, ...]:
        """What the run owes and does not leave. Where nothing lacks, what no wave cut answered."""
        expected = self._owed(watch)
        if lacks:  # which was waited for
            return still_silent(watch, expected, 0)
        return still_silent(
            watch, [each for each in expected if each not in watch.answered], END_STATE_SECONDS
        )

    def _unmet(self, result: Result, before: Mapping[Reachable, Answer]) -> tuple[Outcome, ...]:
        """What it confirmed is judged; what it did not come to, or took back, owes nobody its intent."""
        seen = {
            host: ended.seen or _NOTHING
            for host, ended in result.ends.items()
            if ended.state is StepState.CONFIRMED
        }
        unchanged = {each.hostname for each in self.prepared.plan.devices if each.status is Status.UNCHANGED}
        answered = [question for question, answer in before.items() if answer.full]
        kept = {
            (each.hostname, context[-1].removeprefix("interface "))
            for each in self.prepared.plan.changed
            for context, _ in map(normal.at, each.kept)
        }
        changed = Changed(seen, unchanged.union(seen), answered, kept)
        city, fleet = self.prepared.city, self.prepared.fleet
        return tuple(unmet(city, fleet, changed, self.there, END_STATE_SECONDS))

    def _owed(self, watch: Watch) -> tuple[Reachable, ...]:
        """Paths that answered before, save those that its plan was to cut, or whose devices to cut off."""
        plan = self.prepared.plan
        allowed = {each.device for each in plan.breaks}
        before = (each for each in watch.before if each.target not in allowed)
        asked = watched(self.prepared.city.intents, self.there, plan.device_waves)
        return owed(before, asked, plan.cuts)


def still_silent(watch: Watch, asked: Collection[Reachable], seconds: float) -> tuple[Reachable, ...]:
    """Paths that answered before the run and do not, though each had time to return."""
    deadline = time.monotonic() + seconds
    silent = watch.silent(asked) if asked else ()
    while silent and time.monotonic() < deadline:
        time.sleep(PAUSE)
        silent = watch.silent(silent)
    return silent


def returned(fleet: Fleet, lost: Collection[Reachable]) -> bool:
    """Whether paths that a run had cost answer again, once it was taken back."""
    deadline = time.monotonic() + ROLLED_BACK_SECONDS
    while left := set(lost) - paths.answering(fleet, lost).keys():
        if time.monotonic() >= deadline:
            break
        time.sleep(PAUSE)
    return not left


def _answered_before(path: Reachable) -> Outcome:
    return Outcome("reachable", path_named(path), Verdict.FAIL, "answered before")


_NOTHING = DeviceState((), ())
"""Of a device that was confirmed although nobody saw it tested: it is asked again."""
