"""Audits and runs in a journal, as if a city had had them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from infra_ctl.city import City
from infra_ctl.controls.exhibit import Exhibit, Kind, Line
from infra_ctl.controls.finding import Finding
from infra_ctl.controls.loading import shipped
from infra_ctl.controls.model import Severity, Words
from infra_ctl.journal.records import Asking, Audit, Purpose, Run, RunState, Step, StepState
from infra_ctl.journal.store import Journal
from infra_ctl.outcome import Verdict
from infra_ctl.report.wanted import Sources

CONTEXT = "live"
LAW = "tcvn-14423-2026"
TAKEN = datetime(2026, 11, 27, 1, 2, 3)
MADE = datetime(2026, 11, 27, 2)
INJECTION = '<script>alert("mô tả")</script>'
"""Somebody's description of an interface."""


def sources(city: City, journal: Journal | None) -> Sources:
    return Sources(city, CONTEXT, journal, shipped())


def finding(
    control: str,
    name: str,
    verdict: Verdict,
    *,
    kind: Kind = "device",
    severity: Severity = "high",
    said: str = "",
    waiver: str = "",
    lines: Iterable[str] = (),
) -> Finding:
    return Finding(
        law=LAW,
        control=control,
        kind=kind,
        object=name,
        severity=severity,
        level=3,
        threshold="90d",
        verdict=verdict,
        reasons=(Words(vi=said, en=said),) if said else (),
        lines=tuple(Line("frr", number, line) for number, line in enumerate(lines, 1)),
        unquoted=0,
        taken=TAKEN,
        waiver=waiver,
    )


def audited(
    journal: Journal, *found: Finding, name: str = "monthly", laws: tuple[str, ...] = (LAW,)
) -> Audit:
    """An audit that was done, with these findings."""
    objects: dict[tuple[Kind, str], list[Finding]] = {}
    for each in found:
        objects.setdefault((each.kind, each.object), []).append(each)
    audit = journal.audits.start(Asking(name, CONTEXT, (LAW,), "", "0123456789abcdef" * 4, len(objects)))
    for place, ((kind, object_), each) in enumerate(objects.items()):
        journal.audits.keep(audit, place, Exhibit(kind, object_, TAKEN), each)
    return journal.audits.end(audit, RunState.DONE)


def ran(
    journal: Journal,
    *steps: tuple[str, StepState],
    reason: str = "",
    ticket: str = "",
    kind: str = "deploy",
    undoes: str = "",
    state: RunState = RunState.DONE,
) -> Run:
    """A run that ended so."""
    purpose = Purpose(kind, CONTEXT, reason, ticket, "abc", undoes)
    run = journal.start_run(
        purpose, lambda id_: [Step(id_, name, 1, StepState.WAITING, "", "", "", "") for name, _ in steps]
    )
    for name, end in steps:
        journal.record(run.id, name, end, cause="" if end is StepState.CONFIRMED else "mất phiên làm việc")
    journal.finish_run(run.id, state, "")
    return run
