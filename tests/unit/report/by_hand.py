"""A small city's half year, made by hand: every number in its reports can be counted on fingers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from infra_ctl.audit.results import Key
from infra_ctl.controls.exhibit import Kind
from infra_ctl.controls.finding import Finding
from infra_ctl.controls.model import Words
from infra_ctl.inventory import Inventory, load
from infra_ctl.journal.records import Looked, Run, RunState, Step, StepState
from infra_ctl.outcome import Verdict
from infra_ctl.report.changes import Change
from infra_ctl.report.period import period
from infra_ctl.report.readings import Monitored, Readings, Seen
from infra_ctl.report.scope import Scope, scope

SMALL = Path(__file__).parents[2] / "cases/inventory/city"
"""dc, bk and hq-so-tttt are of so-tttt, nk is of 916, bt of 918; 31117, 31120 and 31180 have a ward each."""
HALF = period("2026H2")
AT = datetime(2026, 11, 20, 3)
MADE = datetime(2026, 12, 30, 3)


def small() -> Inventory:
    return load(SMALL)


def of(inventory: Inventory, code: str | None) -> Scope:
    return scope(inventory, code)


def found(*findings: Finding) -> Mapping[Key, Finding]:
    return {(each.law, each.control, each.kind, each.object): each for each in findings}


def finding(
    control: str, kind: Kind, name: str, verdict: Verdict, law: str = "city-standard", waiver: str = ""
) -> Finding:
    reason = Words(vi=f"{name}: vì thế.", en=f"{name}: that is why.")
    return Finding(law, control, kind, name, "high", 3, "true", verdict, (reason,), (), 0, AT, waiver)


def change(run: str, *steps: tuple[str, StepState], reason: str = "", ticket: str = "") -> Change:
    began = Run(
        run, "deploy", "live", reason, ticket, "", "lan", "noc", "1:1", AT, AT, RunState.DONE, "", run, AT, ""
    )
    return Change(began, tuple(Step(run, name, 1, state, "", "", "", "") for name, state in steps), ())


def looked(name: str, *, drifted: bool, at: datetime = AT) -> Looked:
    return Looked(name, at, drifted, None)


FINDINGS = found(
    finding("STD-01", "site", "nk-cai-khe", Verdict.PASS),
    finding("STD-02", "site", "nk-cai-khe", Verdict.PASS),
    finding("STD-01", "site", "nk-an-hoa", Verdict.PASS),
    finding("STD-02", "site", "nk-an-hoa", Verdict.FAIL),
    finding("STD-05", "site", "nk-an-hoa", Verdict.SKIP),
    finding("STD-01", "site", "nk", Verdict.WAIVED, waiver="đang thay thiết bị; Lan; 2026-12-31"),
    finding("NET-09", "device", "nk-cai-khe-ce1", Verdict.FAIL, law="tcvn-14423-2026"),
    finding("LOG-03", "device", "nk-cai-khe-ce1", Verdict.ERROR, law="tcvn-14423-2026"),
    finding("GOV-01", "city", "can-tho", Verdict.PASS, law="tcvn-14423-2026"),
)
CHANGES = (
    change(
        "2026-11-20-001",
        ("nk-cai-khe-ce1", StepState.CONFIRMED),
        ("nk-pop1", StepState.CONFIRMED),
        reason="IPv6",
    ),
    change("2026-11-20-002", ("nk-cai-khe-ce1", StepState.RESTORED)),
)
MONITORED = Monitored(
    {
        "circuits-available": {
            "nk-cai-khe-1": Seen(0.9995, 184),
            "nk-cai-khe-2": Seen(0.98, 184),
            "nk-1": Seen(1, 184),
        },
        "circuits-load": {"nk-cai-khe-1": Seen(0.95, 184), "nk-cai-khe-2": Seen(0.2, 184)},
        "sites-reachable": {"nk-cai-khe": Seen(0.9999, 184)},
    }
)
LOOKS = {
    name: looked(name, drifted=drifted) for name, drifted in (("nk-cai-khe-ce1", True), ("nk-pop1", False))
}
BACKUPS = {"nk-cai-khe-ce1": AT, "nk-pop1": datetime(2026, 3, 1)}


def readings(inventory: Inventory) -> Readings:
    """Everything of the half year above."""
    return Readings(inventory, HALF, MADE, FINDINGS, CHANGES, LOOKS, BACKUPS, MONITORED)


def nothing(inventory: Inventory) -> Readings:
    """Of a city where nothing was audited, changed, looked at, backed up or measured."""
    empty = Readings(inventory, HALF, MADE, {}, (), {}, {}, Monitored(), has_journal=False)
    return replace(empty)
