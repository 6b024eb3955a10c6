"""Findings, audits and news for the tests of who is told."""

from __future__ import annotations

from datetime import datetime

from infra_ctl.audit.news import News, news
from infra_ctl.controls.exhibit import Line
from infra_ctl.controls.finding import Finding
from infra_ctl.controls.loading import shipped
from infra_ctl.controls.model import Words
from infra_ctl.inventory.waivers import Waiver
from infra_ctl.journal.records import Audit, RunState
from infra_ctl.outcome import Verdict

LAW = "tcvn-14423-2026"
WRONG = Words(vi="Cho phép đăng nhập root.", en="Root may log in.")
WAIVER = Waiver.model_validate(
    {
        "control": "LOG-03",
        "objects": ["dc-db-1"],
        "reason": "Đĩa mới về trong quý I",
        "approver": "Trần Văn Minh, Giám đốc Trung tâm",
        "since": "2026-09-01",
        "until": "2026-12-05",
    }
)


def finding(verdict: Verdict, object_: str = "dc-db-1", control: str = "LOG-03", waiver: str = "") -> Finding:
    bad = verdict in (Verdict.FAIL, Verdict.ERROR)
    return Finding(
        law=LAW,
        control=control,
        kind="host",
        object=object_,
        severity="high",
        level=3,
        threshold="90d",
        verdict=verdict,
        reasons=(WRONG,) if bad else (),
        lines=(Line("sshd", 14, "permitrootlogin yes"),) if bad else (),
        unquoted=0,
        taken=datetime(2026, 11, 21, 18, 31),
        waiver=waiver,
    )


def audit(number: int, started: datetime = datetime(2026, 11, 21, 18, 30), name: str = "weekly") -> Audit:
    return Audit(
        id=f"A{started:%Y-%m-%d}-{number:03}",
        name=name,
        context="live",
        laws=(LAW,),
        where="level>=3",
        inventory="",
        user="infra",
        host="",
        process="",
        due=started,
        started=started,
        ended=started.replace(minute=42),
        state=RunState.DONE,
        counts={Verdict.FAIL: 2, Verdict.PASS: 312},
    )


def told(*groups: tuple[Verdict | None, Verdict | None]) -> News:
    """What is new where the first object was and is so, the second so, and so on."""
    pairs = [(f"dc-{number}", *pair) for number, pair in enumerate(groups, 1)]
    before = [finding(was, name) for name, was, _ in pairs if was]
    after = [finding(now, name) for name, _, now in pairs if now]
    return news(audit(2), after, audit(1), before, shipped(), ())
