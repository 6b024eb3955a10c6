"""Audits, live: of real routers and hosts, one that is killed half-way, and what it had stays as it was."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import pytest

from infra_ctl.audit import results
from infra_ctl.controls import stored
from infra_ctl.controls.exhibit import MACHINES, Exhibit
from infra_ctl.journal.records import RunState
from tests.dying import DIED
from tests.lab.city_slice import CitySlice
from tests.lab.two_sites import ALL, DEVICES, HOSTS, Sites

pytestmark = pytest.mark.live

LEFT = 3
"""At least so many machines are still to be judged as it dies; others may be at it."""


def exhibits(city: CitySlice, audit: str) -> Mapping[tuple[str, str], Exhibit]:
    with closing(city.journal()) as journal:
        return {(each.kind, each.object): each for each in results.exhibits(journal, audit)}


def asked(findings: Any) -> list[tuple[str, str, str]]:
    return [(each["law"], each["control"], each["object"]) for each in findings]


def test_an_audit_is_killed_and_goes_on_with_what_is_left(sites: Sites) -> None:
    city = sites.city
    whole = city.run("audit", ALL, "--law", "all", "--output", "json")
    assert whole.code == 3, whole
    audit = whole.json["audit"]
    had = exhibits(city, audit["id"])
    machines = {name for kind, name in had if kind in MACHINES}
    assert (audit["state"], audit["judged"], len(had)) == ("done", audit["objects"], audit["objects"])
    assert (len(machines), machines >= set(HOSTS)) == (DEVICES + len(HOSTS), True)
    routers = [each for (kind, _), each in had.items() if kind == "device"]
    assert all("frr" in each.documents for each in routers), [each.missing for each in routers]
    text = "\n".join(map(stored.text, had.values()))
    assert [name for name in city.secrets if name in text] == []
    assert "defect of infra-ctl" not in text

    # One write to begin with, then one an object: what is no machine comes first.
    died = city.die_at(2 + audit["objects"] - LEFT, "before", "audit", ALL, "--law", "all")
    assert died.code == DIED, died
    with closing(city.journal()) as journal:
        killed = results.audits(journal, audit["context"])[-1]
    before = exhibits(city, killed.id)
    assert (killed.state, killed.judged) == (RunState.KILLED, len(before))
    assert killed.id != audit["id"]
    assert any(kind in MACHINES for kind, _ in before)

    again = city.run("audit", "--resume", "--output", "json")
    assert (again.code, again.json["audit"]["id"]) == (3, killed.id), again
    after = exhibits(city, killed.id)
    assert after.keys() == had.keys()
    assert {each: after[each] for each in before} == before, "they were not asked again"
    newer = {each for each in after if each not in before}
    assert len(newer) >= LEFT
    assert min(after[each].taken for each in newer) > max(each.taken for each in before.values())
    assert asked(again.json["findings"]) == asked(whole.json["findings"])
    assert city.run("audit", "list").out.splitlines()[1].split()[:2] == [killed.id, "done"]
