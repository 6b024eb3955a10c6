"""The report of changes: each with who, why and how it ended; what nobody explained apart, and first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from infra_ctl.city import City
from infra_ctl.journal.records import Looked, RunState, StepState, now
from infra_ctl.journal.store import Journal
from infra_ctl.report.changes import document
from infra_ctl.report.period import month, period, today
from infra_ctl.report.scope import scope
from infra_ctl.report.values import values
from infra_ctl.report.wanted import Wanted
from tests.unit.conftest import SmallCity
from tests.unit.report.stored import CONTEXT, MADE, ran, sources

THIS = month(today())


def told(city: City, journal: Journal | None, name: str = THIS.name, unit: str = "") -> Mapping[str, Any]:
    wanted = Wanted(period(name), scope(city.inventory, unit), MADE)
    found: Mapping[str, Any] = json.loads(json.dumps(values(document(sources(city, journal), wanted))))
    return found


def test_what_nobody_explained_is_apart(small: SmallCity, journal: Journal) -> None:
    good = ran(journal, ("nk-pop1", StepState.CONFIRMED), reason="Nâng cấp", ticket="CT-812")
    bare = ran(journal, ("bt-pop1", StepState.CONFIRMED))
    back = ran(journal, ("nk-pop1", StepState.CONFIRMED), kind="rollback", undoes=good.id)
    value = told(small.city, journal)
    assert [row["run"] for row in value["tables"]["unexplained"]] == [bare.id]
    first, second = value["tables"]["explained"]
    assert (first["run"], first["reason"], first["ticket"]) == (good.id, "Nâng cấp", "CT-812")
    assert first["user"] == f"{good.user}@{good.host}"
    assert (first["machines"], first["state"], first["undone_by"]) == (["nk-pop1"], "done", back.id)
    assert (second["kind"], second["reason"]["vi"]) == ("rollback", f"hoàn tác {good.id}")
    counts = {key: each["value"] for key, each in value["headlines"]["summary"].items()}
    assert counts == {"runs": 3, "machines": 2, "unexplained": 1, "unwell": 0, "undone": 1}
    (bar,) = value["charts"]["months"]
    assert bar["values"] == {"explained": 2, "unexplained": 1}


def test_what_is_under_way_has_not_ended_badly(small: SmallCity, journal: Journal) -> None:
    ran(journal, ("bt-pop1", StepState.CONFIRMED), reason="Thử", state=RunState.KILLED)
    ran(journal, ("nk-pop1", StepState.APPLYING), reason="Thử", state=RunState.RUNNING)
    summary = told(small.city, journal)["headlines"]["summary"]
    assert (summary["runs"]["value"], summary["unwell"]["value"]) == (2, 1)


def test_what_did_not_end_well_has_its_cause(small: SmallCity, journal: Journal) -> None:
    ran(
        journal,
        ("nk-pop1", StepState.CONFIRMED),
        ("bt-pop1", StepState.RESTORED),
        reason="Thử",
        state=RunState.STOPPED,
    )
    value = told(small.city, journal)
    (row,) = value["tables"]["failures"]
    assert (row["machine"], row["state"], row["cause"]) == ("bt-pop1", "restored", "mất phiên làm việc")
    assert value["headlines"]["summary"]["unwell"]["value"] == 1


def test_a_unit_has_the_runs_that_met_its_devices(small: SmallCity, journal: Journal) -> None:
    ran(journal, ("nk-cai-khe-ce1", StepState.CONFIRMED), ("bt-pop1", StepState.CONFIRMED), reason="Cả hai")
    ran(journal, ("bt-pop1", StepState.CONFIRMED), reason="Nơi khác")
    (row,) = told(small.city, journal, unit="31117")["tables"]["explained"]
    assert (row["reason"], row["machines"]) == ("Cả hai", ["nk-cai-khe-ce1"])


def test_what_differs_beside_them_is_listed(small: SmallCity, journal: Journal) -> None:
    at = now()
    journal.remember_looks(
        CONTEXT,
        [Looked("nk-pop1", at, True, at - timedelta(hours=1)), Looked("bt-pop1", at, False, at)],
    )
    assert [row["machine"] for row in told(small.city, journal)["tables"]["drift"]] == ["nk-pop1"]


def test_an_empty_period_says_so(small: SmallCity, journal: Journal) -> None:
    ran(journal, ("nk-pop1", StepState.CONFIRMED), reason="Nâng cấp")
    for kept in (journal, None):
        value = told(small.city, kept, "2020Q2")
        assert value["said"][0]["vi"] == "Trong kỳ không có lần thay đổi nào được ghi nhận."
        assert value["tables"]["explained"] == []
        assert value["headlines"]["summary"]["runs"] == {"value": 0, "before": 0}
    assert value["subject"]["vi"] == "Thay đổi trên hạ tầng mạng quý II năm 2020"


def test_other_networks_runs_are_none_of_its(small: SmallCity, journal: Journal) -> None:
    ran(journal, ("nk-pop1", StepState.CONFIRMED), reason="Nâng cấp")
    wanted = Wanted(THIS, scope(small.city.inventory, ""), MADE)
    drawn = sources(small.city, journal)
    other = document(type(drawn)(drawn.city, "lab:x", journal), wanted)
    assert values(other)["tables"]["explained"] == []  # type: ignore[index]
