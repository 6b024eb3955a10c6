"""What brings a device or host back to what the backup has of it, judged on what there is now."""

from __future__ import annotations

from collections.abc import Iterable

from infra_ctl.backup import collecting
from infra_ctl.backup.records import Moment, Part
from infra_ctl.change import diff as diffs
from infra_ctl.change import normal
from infra_ctl.change.operations import Absent, File, Operation
from infra_ctl.errors import RefusedError
from infra_ctl.masking import Masking
from infra_ctl.plan import Judged, Planner, settled
from infra_ctl.render import render
from infra_ctl.rollback import given_up


def judge(planner: Planner, part: Part, moment: Moment) -> dict[str, Judged]:
    """Let the device judge what it was. Raises RefusedError where that cannot come back as it was.

    References lead to what the vault has now: a key that was rolled since stays rolled.
    """
    candidate = planner.masking.named(moment.files[part.place])

    def one(hostname: str) -> Judged:
        with planner.fleet.open(hostname) as device:
            running = settled(hostname, device)
            refuse_lost(hostname, candidate, running, planner.masking)
            intent = planner.city.intent(hostname)
            return Judged(planner.staged(device, intent, candidate, running), running, None)

    judged = planner.each([part.name], one, lambda _hostname: None)
    for host, address in given_up(planner.city, judged):
        raise RefusedError(
            f"{host} had {address} in {moment}, and nothing in the inventory is there for it any more"
        )
    return judged


def refuse_lost(
    hostname: str, candidate: str, running: str, masking: Masking, otherwise: str = "set it on the device"
) -> None:
    """Raises RefusedError with the first line whose secret neither the vault nor the device has."""
    for line in candidate.splitlines():
        if lost := masking.unresolved(line, running):
            raise RefusedError(
                f"{hostname}: nobody has {lost[0]} any more, in the line '{line.strip()}': put its value "
                f"into the vault, under any name, or {otherwise}"
            )


def differs(planner: Planner, judged: Judged) -> bool:
    """Whether the next deploy will change what a restore brings back: intent has not gone back with it."""
    host, candidate = judged.planned.hostname, judged.planned.candidate
    if not candidate:
        return False
    intended, restored = (normal.parse(text) for text in (render(planner.city.intent(host)), candidate))
    now = set(normal.parse(planner.masking.mask(judged.running)))
    resolved = planner.masking.resolve
    unknown = planner.foreign(
        host, resolved(render(planner.city.intent(host))), resolved(candidate, judged.running)
    )
    kept = now.intersection(unknown)
    return any(line.op != " " and line.pair not in kept for line in diffs.diff(restored, intended))


def operations(
    meant: Iterable[Operation], part: Part, moment: Moment, masking: Masking
) -> tuple[Operation, ...]:
    """What is to be on a host, with its files as they were. Raises RefusedError as `refuse_lost`."""
    return tuple(_as_it_was(each, part, moment, masking) for each in meant)


def _as_it_was(operation: Operation, part: Part, moment: Moment, masking: Masking) -> Operation:
    """A file that was not there goes."""
    if not isinstance(operation, File):
        return operation
    kept = moment.files.get(collecting.path(part, operation))
    if kept is None:
        return Absent(id=operation.id, path=operation.path, guarded=operation.guarded)
    text = masking.named(kept)
    refuse_lost(part.name, text, "", masking, f"write it into {operation.path} by hand")
    return operation.model_copy(update={"text": text})
