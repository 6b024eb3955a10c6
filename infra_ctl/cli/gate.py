"""What a plan would break of the law: found, shown, refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeVar

from infra_ctl.cli.progress import names
from infra_ctl.cli.session import Session
from infra_ctl.errors import RefusedError

if TYPE_CHECKING:
    from infra_ctl.change.plan import Breach, Plan
    from infra_ctl.plan import Prepared
    from infra_ctl.predicting import JudgedHost

T = TypeVar("T")


def today() -> date:
    """By the city's clock: waivers end with a day."""
    from infra_ctl.inventory.fields import VIETNAM

    return datetime.now(VIETNAM).date()


def lawful(session: Session, prepared: Prepared, hosts: Mapping[str, JudgedHost]) -> Prepared:
    """A plan with what it would break of the law, and mend. Raises InventoryError for a law that is none.

    One that takes back what a run did is not judged: it makes what was before.
    """
    from infra_ctl.audit import gate
    from infra_ctl.controls.loading import laws

    plan, city, mask = prepared.plan, prepared.city, prepared.masking.mask
    if not plan.changing:
        return prepared
    running = {each.hostname: mask(prepared.bases[each.hostname]) for each in plan.changed}
    present = {
        each.name: {file: mask(text) for file, text in hosts[each.name].papers.items()}
        for each in plan.changed_hosts
    }
    last = prepared.journal.audits.evidence(plan.context, gate.PLANNED)
    changes = gate.joined(
        gate.of_devices(plan, running),
        gate.of_hosts(plan, present, city),
        gate.of_inventory(plan, last, city),
    )
    judged = gate.judged(plan, changes, city, laws(session.context.inventory), today())
    return dataclasses.replace(prepared, plan=judged)


def unlawful(plan: Plan) -> tuple[Breach, ...]:
    """What it would break of the law, as far as nobody answers for it today."""
    return plan.unlawful(today())


def refuse_unlawful(plan: Plan) -> None:
    """What the law asks and is so stays so, unless somebody answers for it. Raises RefusedError."""
    if found := unlawful(plan):
        line = f" [{found[0].lines[0]}]" if found[0].lines else ""
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise RefusedError(
            f"{found[0]}{line}{more}: nothing was done. To do it all the same: a waiver in waivers.yaml"
        )


def law_lines(plan: Plan) -> Iterator[tuple[str, str]]:
    """What it breaks of the law, a control each with the lines of one object, then what it mends; styled."""
    day = today()
    for breaches in _grouped(plan.breaches, lambda each: (each.law, each.control, each.is_waived(day))):
        yield from _breach(breaches[0], [each.object for each in breaches], day)
    for mended in _grouped(plan.mended, lambda each: (each.control, each.title)):
        objects = names(list(dict.fromkeys(each.object for each in mended)), 3)
        yield f"mends   {objects}: {mended[0].control} {mended[0].title}", "green"


def _breach(first: Breach, objects: list[str], day: date) -> Iterator[tuple[str, str]]:
    label, style = ("waived", "yellow") if first.is_waived(day) else ("fails", "red")
    what = f"{first.control} {first.title} ({first.clause}): {first.reason}"
    yield f"{label:<7} {names(objects, 3)}: {what}", style
    for line in first.lines:
        yield f"        {line}", style
    if first.waiver:
        yield f"        {'waived' if label == 'waived' else 'was waived'}: {first.waiver}", style


def _grouped(each: Iterable[T], key: Callable[[T], Hashable]) -> Iterable[list[T]]:
    groups: dict[Hashable, list[T]] = {}
    for one in each:
        groups.setdefault(key(one), []).append(one)
    return groups.values()
