"""A saved plan is what runs: on the network as it is by now, or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version

from infra_ctl.change import normal
from infra_ctl.change.normal import Normal
from infra_ctl.change.operations import written
from infra_ctl.change.plan import Plan, PlannedDevice, Status
from infra_ctl.city import City
from infra_ctl.errors import DeviceError, RefusedError
from infra_ctl.journal.records import Run
from infra_ctl.journal.store import Journal
from infra_ctl.masking import Masking
from infra_ctl.network import Network
from infra_ctl.plan import Planner, foretold


def reread(plan: Plan, planner: Planner) -> tuple[Plan, dict[str, str]]:
    """A saved plan on the network as it is now, and the running configurations of what it changes.

    Raises RefusedError where one of these changed since, or where the controller would lose its way to a
    device that the plan did not name: another plan may have taken the way that this one leaves. A device that
    cannot be read is planned as failed.
    """

    def running(hostname: str) -> str:
        with planner.fleet.open(hostname) as device:
            return device.read()

    asked = [device.hostname for device in plan.devices if device.status is not Status.FAILED]
    read = planner.fleet.each(asked, running)
    texts = {host: text for host, text in read.items() if isinstance(text, str)}
    errors = {host: error for host, error in read.items() if isinstance(error, DeviceError)}
    forms = {host: normal.parse(planner.masking.mask(text)) for host, text in texts.items()}
    _refuse_moved(plan, forms)
    network = Network.of(planner.city, planner.synced, forms, planner.there)
    now = foretold(_without(plan, errors, planner.masking), planner.city.intents, network)
    _refuse_unforeseen(plan, now)
    return now, {each.hostname: texts[each.hostname] for each in now.changed}


def _refuse_moved(plan: Plan, forms: Mapping[str, Normal]) -> None:
    """Raises RefusedError where what is to be changed is not what it was."""
    bases = {each.hostname: each.base for each in plan.changed}
    moved = [host for host in sorted(bases.keys() & forms) if normal.fingerprint(forms[host]) != bases[host]]
    if moved:
        others = f" and {len(moved) - 1} more" if len(moved) > 1 else ""
        raise RefusedError(f"{moved[0]}{others} changed since plan {plan.id} was made: plan again")


def _refuse_unforeseen(saved: Plan, now: Plan) -> None:
    """Who agreed to what a plan cuts agreed to nothing else. Raises RefusedError."""
    foreseen = {each.device for each in saved.breaks}
    if new := [each for each in now.breaks if each.device not in foreseen]:
        raise RefusedError(f"{new[0]}: not so when plan {saved.id} was made: plan again")


def _without(plan: Plan, errors: Mapping[str, DeviceError], masking: Masking) -> Plan:
    """A plan whose devices in `errors` have failed, and that foretells nothing yet."""

    def now(device: PlannedDevice) -> PlannedDevice:
        if device.status is not Status.CHANGED:
            return device
        if (error := errors.get(device.hostname)) is None:
            return device.model_copy(update={"may_lose": ()})
        return device.model_copy(update={"status": Status.FAILED, "cause": masking.mask(error.cause)})

    left = (tuple(host for host in wave if host not in errors) for wave in plan.waves)
    waves = tuple(wave for wave in left if wave)
    devices = tuple(map(now, plan.devices))
    update = {"devices": devices, "waves": waves, "cuts": ((),) * len(waves), "breaks": ()}
    return plan.model_copy(update=update)


def carried_out_by(plan: Plan, journal: Journal) -> Run | None:
    """The newest run that carried this very plan out, or began to, and was not taken back since."""
    for run in journal.runs(None, context=plan.context, inventory=plan.inventory):
        kept = journal.plan(run.id)
        told = json.loads(kept) if kept else {}
        if (told.get("id"), told.get("created")) == (plan.id, plan.created):
            return None if journal.undone_by(run.id) else run
    return None


def refuse_stale(plan: Plan, city: City, masking: Masking, context: str) -> None:
    """Raises RefusedError where a saved plan does not fit what there is now; devices are checked at apply."""
    if plan.context != context:
        raise RefusedError(f"plan {plan.id} was made in context {plan.context}, not {context}")
    if plan.tool != version("infra-ctl"):
        raise RefusedError(f"plan {plan.id} was made by infra-ctl {plan.tool}: plan again")
    if plan.inventory != city.inventory.digest:
        raise RefusedError(f"the inventory changed since plan {plan.id} was made: plan again")
    candidates = [(device.name, device.candidate, device.resolved) for device in plan.changed]
    candidates += [(host.name, written(host.operations), host.resolved) for host in plan.changed_hosts]
    for name, candidate, resolved in candidates:
        if masking.digest(candidate) != resolved:
            raise RefusedError(f"{name}: a secret changed since plan {plan.id} was made: plan again")
