"""What became of hardware whose replacement was killed: a later replacement reads it, and nobody else can.

Such a run cannot be resumed, its host key being pinned nowhere, and until its device has an end in it, it can
be taken back no more than resumed.
"""

from __future__ import annotations

from infra_ctl.change.plan import Status
from infra_ctl.deploy.machine import ENDS, HOST_ENDS, Signal, after, host_after
from infra_ctl.deploy.run import REPLACE
from infra_ctl.journal.process import is_alive
from infra_ctl.journal.records import Run, RunState, Step, StepState
from infra_ctl.plan import Prepared


def settle(prepared: Prepared, hostname: str) -> dict[str, StepState]:
    """Give the device or host its end in replacements that were left, by what was read: each run and end.

    `prepared` is the plan of the replacement that has read it: nothing is pending on it.
    """
    journal, context = prepared.journal, prepared.plan.context
    left = [
        (run, step)
        for run in journal.runs(None, kind=REPLACE, context=context, device=hostname)
        if not is_alive(run)
        for step in journal.steps(run.id)
        if step.device == hostname and step.state not in (StepState.WAITING, *ENDS, *HOST_ENDS)
    ]
    ended = _host_ended if prepared.plan.hosts else _ended
    return {run.id: ended(prepared, run, step, newest=run is left[0][0]) for run, step in left}


def _host_ended(prepared: Prepared, run: Run, step: Step, *, newest: bool) -> StepState:
    """Of a host nobody can tell what an earlier one did to it, where it is not as intended."""
    (planned,) = prepared.plan.hosts
    well = newest and planned.status is Status.UNCHANGED
    settling = host_after(step.state, Signal.RESUMED)
    state = host_after(settling, Signal.NEW if well else Signal.OTHER)
    prepared.journal.record(run.id, step.device, settling, "replaced again")
    cause = "" if well else "it was left under way"
    prepared.journal.record(run.id, step.device, state, cause=cause)
    _finish(prepared, run, state, well=well)
    return state


def _finish(prepared: Prepared, run: Run, state: StepState, *, well: bool) -> None:
    ended = RunState.DONE if well else RunState.FAILED
    prepared.journal.finish_run(run.id, ended, f"1 {state} · settled by a later replace")


def _ended(prepared: Prepared, run: Run, step: Step, *, newest: bool) -> StepState:
    """Only the newest can have made the device what is intended: the others would have left it no change."""
    journal, running = prepared.journal, prepared.bases[step.device]
    now = prepared.masking.fingerprint(running)
    signal, cause = _judged(prepared, step, now, newest=newest)
    settling = after(step.state, Signal.RESUMED)
    state = after(settling, signal)
    journal.record(run.id, step.device, settling, "replaced again")
    kept = prepared.masking.mask(running) if state is StepState.CONFIRMED else ""
    journal.record(run.id, step.device, state, cause=cause, result=now, after=kept)
    _finish(prepared, run, state, well=state is StepState.CONFIRMED)
    return state


def _judged(prepared: Prepared, step: Step, now: str, *, newest: bool) -> tuple[Signal, str]:
    if now == step.base:
        return Signal.OLD, "the run was left, and the change was taken back"
    (planned,) = (each for each in prepared.plan.devices if each.hostname == step.device)
    if newest and planned.status is Status.UNCHANGED:
        return Signal.NEW, ""
    return Signal.OTHER, "it runs neither its old nor its new configuration"
