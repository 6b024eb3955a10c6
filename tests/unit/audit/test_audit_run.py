"""One audit: who is asked, what is kept as it goes, and how it goes on where it was left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra_ctl.audit import results, run
from infra_ctl.audit.collecting.part import Part, Subject, exhibit
from infra_ctl.audit.run import Setting, Sources, Wanted
from infra_ctl.audit.subjects import subjects
from infra_ctl.controls.exhibit import Document, Fact, Line
from infra_ctl.controls.model import Law
from infra_ctl.drivers.fleet import Fleet
from infra_ctl.errors import RefusedError, SecretError, SelectorError, UnknownError, UnreachableError
from infra_ctl.journal.opening import open_journal
from infra_ctl.journal.records import Audit, RunState
from infra_ctl.journal.store import Journal
from infra_ctl.outcome import Verdict
from tests.unit.conftest import SmallCity

WORDS = {"vi": "Có.", "en": "It is so."}
CONTROL = {"title": WORDS, "clause": "1", "severity": "high", "remediation": WORDS}
LEVELS = dict.fromkeys(("1", "2", "3", "4", "5"), "true")
LAW = Law.model_validate(
    {
        "law": "ours",
        "title": WORDS,
        "source": "the tests",
        "since": "2026-01-01",
        "controls": {
            "SSH-01": CONTROL
            | {"id": "SSH-01", "of": "machine", "levels": LEVELS, "holds": {"fact": "ssh.root", "is": "no"}},
            "SITE-01": CONTROL
            | {"id": "SITE-01", "of": "site", "levels": LEVELS, "holds": {"fact": "site.kind", "is": "pop"}},
        },
    }
)
NK = ("nk-pop1", "nk-cai-khe-ce1", "nk-an-hoa-ce1")


@dataclass
class Machines:
    """What each says of root's logins by SSH, and who was asked."""

    asked: list[str] = field(default_factory=list)
    says: Callable[[str], str] = lambda _name: "no"

    def examine(self, subject: Subject, _at: datetime) -> Part:
        self.asked.append(subject[1])
        value = self.says(subject[1])
        return Part(facts={"ssh.root": (Fact(value, Line("sshd", 14, f"permitrootlogin {value}")),)})


class Interrupted(Fleet):
    """Somebody presses Ctrl-C after two machines."""

    def each(self, hostnames: Iterable[str], work: Callable[[str], Any], on_done: Any = None) -> Any:
        for name in list(hostnames)[:2]:
            work(name)
        raise KeyboardInterrupt


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = open_journal(f"sqlite:///{tmp_path / 'journal.db'}")
    yield journal
    journal.close()


@pytest.fixture
def machines() -> Machines:
    return Machines()


@pytest.fixture
def setting(small: SmallCity, journal: Journal) -> Setting:
    return Setting(small.city, {"ours": LAW}, "lab", small.city.choose, journal)


@pytest.fixture
def sources(small: SmallCity, machines: Machines, tmp_path: Path) -> Sources:
    fleet = Fleet(small.devices(tmp_path / "devices").driver, workers=1)
    return Sources(fleet, {}, {"host": machines.examine})


def nobody_looks(_audit: Audit, _devices: int, _hosts: int) -> Callable[[str], None]:
    return lambda _name: None


def audited(setting: Setting, sources: Sources, where: str = "") -> Audit:
    return run.run(setting, sources, Wanted(("ours",), where), nobody_looks)


def verdicts(setting: Setting, audit: Audit, control: str = "SSH-01") -> Mapping[str, Verdict]:
    found = results.findings(setting.journal, audit.id)
    return {each.object: each.verdict for each in found if each.control == control}


def test_every_object_is_judged_and_kept_in_the_order_of_all(
    setting: Setting, sources: Sources, machines: Machines
) -> None:
    machines.says = lambda name: "yes" if name == "nk-pop1" else "no"
    told: list[str] = []

    def shown(begun: Audit, devices: int, hosts: int) -> Callable[[str], None]:
        assert (begun.state, begun.objects) == (RunState.RUNNING, len(everybody))
        assert (devices, hosts) == (len(setting.city.intents), len(setting.city.hosts))
        return told.append

    everybody = subjects(setting.city, "", {*setting.city.intents, *setting.city.hosts})
    audit = run.run(setting, sources, Wanted(("ours",), name="nightly", due=datetime(2026, 11, 27)), shown)
    assert (audit.state, audit.judged, audit.name) == (RunState.DONE, audit.objects, "nightly")
    assert sorted(told) == sorted([*setting.city.intents, *setting.city.hosts])
    kept = [(each.kind, each.object) for each in results.exhibits(setting.journal, audit.id)]
    assert kept == [(each.kind, each.name) for each in everybody]
    bad = [each for each in results.findings(setting.journal, audit.id) if each.verdict is Verdict.FAIL]
    assert [(each.object, str(each.lines[0])) for each in bad] == [
        ("nk-pop1", "sshd:14: permitrootlogin yes")
    ]
    assert verdicts(setting, audit, "SITE-01")["nk"] is Verdict.ERROR, "nobody collected what a site is"


def test_a_silent_machine_and_a_defect_have_their_cause_and_stop_nobody(
    setting: Setting, sources: Sources, machines: Machines
) -> None:
    def says(name: str) -> str:
        if name == "nk-pop1":
            raise UnreachableError(name, "timed out")
        if name == "nk-an-hoa-ce1":
            raise KeyError("shadow")
        return "no"

    machines.says = says
    audit = audited(setting, sources, "pop=nk")
    found = {each.object: each for each in results.findings(setting.journal, audit.id)}
    assert audit.state is RunState.DONE
    assert str(found["nk-pop1"].lines[0]) == "ssh.root: nk-pop1: timed out"
    assert str(found["nk-an-hoa-ce1"].lines[0]) == "ssh.root: a defect of infra-ctl: KeyError: 'shadow'"
    assert found["nk-cai-khe-ce1"].verdict is Verdict.PASS


def test_a_source_that_fails_as_a_whole_is_the_cause_of_what_it_knows(
    setting: Setting, sources: Sources
) -> None:
    def survey(_at: datetime) -> Mapping[Subject, Part]:
        raise SecretError("the vault is closed")

    broken = replace(sources, surveys={"inventory": survey})
    found = {each.object: each for each in results.findings(setting.journal, audited(setting, broken).id)}
    assert str(found["nk"].lines[0]) == "site.kind: the vault is closed"
    assert found["nk-pop1"].verdict is Verdict.PASS


def test_ctrl_c_keeps_what_is_judged_and_the_rest_is_gone_on_with(
    setting: Setting, sources: Sources, machines: Machines
) -> None:
    with pytest.raises(KeyboardInterrupt):
        audited(setting, replace(sources, fleet=Interrupted(sources.fleet.open)))
    (stopped,) = results.audits(setting.journal, "lab")
    assert (stopped.state, stopped.objects > stopped.judged) == (RunState.STOPPED, True)
    first, machines.asked = set(machines.asked), []
    assert len(first) == 2
    found = run.left(setting.journal, "lab", "", stopped.started)
    assert found == stopped
    ended = run.go_on(setting, sources, stopped, nobody_looks)
    assert (ended.id, ended.state, ended.judged) == (stopped.id, RunState.DONE, stopped.objects)
    assert first.isdisjoint(machines.asked)
    assert first | set(machines.asked) == {*setting.city.intents, *setting.city.hosts}
    assert run.left(setting.journal, "lab", "", stopped.started) is None


def test_what_is_old_is_collected_again(
    setting: Setting, sources: Sources, machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines.says = lambda _name: "yes"
    audit = audited(setting, sources, "pop=nk")
    assert set(machines.asked) == set(NK)
    setting.journal.audits.end(setting.journal.audits.reopen(audit), RunState.STOPPED)
    machines.asked, machines.says = [], lambda _name: "no"
    run.go_on(setting, sources, results.audit(setting.journal, audit.id), nobody_looks)
    assert machines.asked == [], "it is of this minute"
    setting.journal.audits.end(setting.journal.audits.reopen(audit), RunState.STOPPED)
    monkeypatch.setattr(run, "FRESH", timedelta(0))
    ended = run.go_on(setting, sources, results.audit(setting.journal, audit.id), nobody_looks)
    assert set(machines.asked) == set(NK)
    assert set(verdicts(setting, ended).values()) == {Verdict.PASS}


def test_what_is_done_or_of_another_inventory_is_not_gone_on_with(setting: Setting, sources: Sources) -> None:
    done = audited(setting, sources, "nk-pop1")
    with pytest.raises(RefusedError, match="is done: there is nothing to go on with"):
        run.go_on(setting, sources, done, nobody_looks)
    other = replace(done, state=RunState.STOPPED, inventory="another")
    with pytest.raises(RefusedError, match="the inventory has changed since"):
        run.go_on(setting, sources, other, nobody_looks)


def test_bad_input_is_told_before_anything_is_begun(setting: Setting, sources: Sources) -> None:
    with pytest.raises(UnknownError, match=r"there is no law 'our' \(did you mean 'ours'\?\)"):
        run.run(setting, sources, Wanted(("our",)), nobody_looks)
    with pytest.raises(SelectorError):
        audited(setting, sources, "nk-pop9")
    assert results.audits(setting.journal, "lab") == ()


def test_a_journal_that_breaks_ends_it_as_failed(
    setting: Setting, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise RefusedError("no room")

    monkeypatch.setattr(setting.journal.audits, "keep", broken)
    with pytest.raises(RefusedError, match="no room"):
        audited(setting, sources, "nk-pop1")
    assert [each.state for each in results.audits(setting.journal, "lab")] == [RunState.FAILED]


def test_the_newest_evidence_of_each_is_judged_again_without_asking(
    setting: Setting, sources: Sources, machines: Machines
) -> None:
    machines.says = lambda _name: "yes"
    audited(setting, sources, "pop=nk")
    machines.says = lambda _name: "no"
    audited(setting, sources, "nk-an-hoa-ce1")
    machines.asked = []
    found = {each.object: each.verdict for each in run.again(setting, ("ours",), "pop=nk")}
    ssh = {name: found[name] for name in NK}
    assert ssh == dict.fromkeys(NK, Verdict.FAIL) | {"nk-an-hoa-ce1": Verdict.PASS}
    assert machines.asked == []
    only = [each.object for each in run.again(setting, ("ours",), "nk-pop1") if each.control == "SSH-01"]
    assert only == ["nk-pop1"]
    assert len(results.audits(setting.journal, "lab")) == 2, "nothing more is kept"


def test_a_selector_means_what_stands_or_falls_with_its_machines(small: SmallCity) -> None:
    city = small.city

    def named(where: str) -> set[str]:
        devices, hosts = city.choose(where)
        return {f"{each.kind} {each.name}" for each in subjects(city, where, {*devices, *hosts})}

    assert named("nk-an-hoa-ce1") == {"device nk-an-hoa-ce1", "site nk-an-hoa", "circuit nk-an-hoa-1"}
    assert "system portal" not in named("pop=nk")
    assert named("") >= {f"site {site}" for site in city.inventory.sites} | {"city can-tho"}


def test_what_one_source_had_is_not_missing() -> None:
    fact = (Fact("no", Line("sshd", 14, "permitrootlogin no")),)
    parts = (
        Part(missing={"ssh.root": "timed out", "frr": "timed out", "ssh.port": "timed out"}),
        Part({"frr": Document("frr", "", ())}, {"ssh.root": fact}),
    )
    shown = exhibit(("device", "nk-pop1"), parts, datetime(2026, 11, 27))
    assert (shown.facts, list(shown.documents), shown.missing) == (
        {"ssh.root": fact},
        ["frr"],
        {"ssh.port": "timed out"},
    )
