"""Audits as they are kept: on both databases, by several machines, from object to object."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from infra_ctl.audit import results
from infra_ctl.controls import stored
from infra_ctl.controls.exhibit import Document, Exhibit, Fact, Kind, Line
from infra_ctl.controls.finding import Finding
from infra_ctl.controls.model import Words
from infra_ctl.errors import RefusedError, UnknownError
from infra_ctl.journal import audits, process
from infra_ctl.journal.records import Asking, Audit, RunState, now
from infra_ctl.journal.store import Journal
from infra_ctl.outcome import Verdict

LAW = "tcvn-14423-2026"
TAKEN = datetime(2026, 11, 27, 1, 2, 3, 400)
ASKING = Asking("nightly", "lab", (LAW, "city-standard"), "pop=nk", "abc", 3, datetime(2026, 11, 27))
BY_HAND = replace(ASKING, name="", due=None)


def exhibit(name: str, taken: datetime = TAKEN, kind: Kind = "device") -> Exhibit:
    text = ("hostname Cái Khế", "!", "", " ip ospf area 0\x0b")
    return Exhibit(
        kind,
        name,
        taken,
        {"frr": Document("frr", "show running-config", text), "sshd": Document("sshd", "sshd -T", ())},
        {"ssh.port": (Fact(22, Line("sshd", 0, "port 22")),), "login.open": ()},
        {"nftables": "máy không trả lời"},
    )


def finding(
    name: str, verdict: Verdict = Verdict.FAIL, *, control: str = "ADM-01", law: str = LAW
) -> Finding:
    reasons, lines = (Words(vi="Sai.", en="Wrong."),), (Line("frr", 1, "hostname Cái Khế"),)
    return Finding(law, control, "device", name, "high", 3, "true", verdict, reasons, lines, 2, TAKEN, "why")


def run(journal: Journal, asking: Asking, *found: Finding) -> Audit:
    audit = journal.audits.start(asking)
    for place, each in enumerate(found):
        journal.audits.keep(audit, place, exhibit(each.object), [each])
    return journal.audits.end(audit, RunState.DONE)


def test_what_was_collected_and_found_comes_back(journal: Journal) -> None:
    audit = journal.audits.start(ASKING)
    assert (audit.id[:1], audit.id[11:], audit.state) == ("A", "-001", RunState.RUNNING)
    here = exhibit("r2"), [finding("r2"), finding("r2", Verdict.PASS, control="ADM-02")]
    other = exhibit("r1"), [finding("r1", law="city-standard")]
    journal.audits.keep(audit, 7, *here)
    journal.audits.keep(audit, 1, *other)
    assert journal.audits.kept(audit.id) == {("device", "r1"): TAKEN, ("device", "r2"): TAKEN}
    so_far = results.audit(journal, audit.id)
    assert (so_far.judged, so_far.ended, so_far.counts[Verdict.FAIL]) == (2, None, 2)
    ended = journal.audits.end(audit, RunState.DONE)
    assert list(results.exhibits(journal, audit.id)) == [other[0], here[0]]
    assert list(results.findings(journal, audit.id)) == [*other[1], *here[1]]
    assert ended.state is RunState.DONE
    assert ended.by_law == {"city-standard": {Verdict.FAIL: 1}, LAW: {Verdict.PASS: 1, Verdict.FAIL: 1}}
    assert ended.counts == dict.fromkeys(Verdict, 0) | {Verdict.PASS: 1, Verdict.FAIL: 2}
    assert (ended.laws, ended.due, ended.where, ended.objects) == (ASKING.laws, ASKING.due, "pop=nk", 3)
    assert results.audits(journal, "lab") == (ended,)


def test_a_large_audit_is_read_in_pages(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audits, "AT_ONCE", 2)
    names = [f"r{number}" for number in range(5)]
    audit = run(journal, ASKING, *map(finding, names))
    assert [each.object for each in results.findings(journal, audit.id)] == names
    assert [each.object for each in results.exhibits(journal, audit.id)] == names


def test_what_another_version_wrote_is_missing_and_keeps_nobody_from_the_others(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as later:
        later.setattr(stored, "FORM", 2)
        run(journal, ASKING, finding("r1"))
    run(journal, ASKING, finding("r2"))
    unread, read = sorted(journal.audits.evidence("lab"), key=lambda each: each.object)
    assert read == exhibit("r2")
    assert (unread.object, unread.facts, unread.documents) == ("r1", {}, {})
    assert {"frr", "ssh.port", "login.open"} < set(unread.missing)
    assert set(unread.missing.values()) == {"what is kept is an exhibit of form 2, and not 1"}


def test_the_last_word_on_an_object_is_kept(journal: Journal) -> None:
    audit = journal.audits.start(ASKING)
    journal.audits.keep(audit, 0, exhibit("r1"), [finding("r1")])
    later = exhibit("r1", TAKEN + timedelta(hours=1))
    journal.audits.keep(audit, 0, later, [finding("r1", Verdict.PASS)])
    assert list(results.exhibits(journal, audit.id)) == [later]
    assert journal.audits.end(audit, RunState.DONE).by_law == {LAW: {Verdict.PASS: 1}}


def test_one_audit_of_a_name_at_a_time(journal: Journal) -> None:
    first = journal.audits.start(ASKING)
    with pytest.raises(RefusedError, match=rf"audit {first.id} is under way: .*, process \d+, since"):
        journal.audits.start(replace(ASKING, laws=("city-standard",), where=""))
    journal.audits.start(replace(ASKING, context="live"))
    journal.audits.start(replace(ASKING, name="weekly"))
    journal.audits.start(BY_HAND)
    journal.audits.start(replace(BY_HAND, where="pop=bt"))
    with pytest.raises(RefusedError):
        journal.audits.start(BY_HAND)
    journal.audits.end(first, RunState.DONE)
    assert journal.audits.start(ASKING).id.endswith("-006")


def test_a_killed_ones_lease_is_taken_over(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    killed = journal.audits.start(ASKING)
    journal.audits.keep(killed, 0, exhibit("r1"), [finding("r1")])
    monkeypatch.setattr(process, "identity", lambda _pid: "1:another")
    assert results.audit(journal, killed.id).state is RunState.KILLED
    again = journal.audits.reopen(results.audit(journal, killed.id))
    assert (again.id, again.state, again.process) == (killed.id, RunState.RUNNING, "1:another")
    for late in (
        lambda: journal.audits.keep(killed, 1, exhibit("r2"), []),
        lambda: journal.audits.end(killed, RunState.DONE),
    ):
        with pytest.raises(RefusedError, match="was taken over by somebody else"):
            late()
    assert list(journal.audits.kept(again.id)) == [("device", "r1")]
    assert journal.audits.end(again, RunState.DONE).judged == 1


def test_another_machine_is_believed_for_a_while(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audits.socket, "gethostname", lambda: "laptop-2")  # type: ignore[attr-defined]
    other = journal.audits.start(ASKING)
    monkeypatch.undo()
    with pytest.raises(RefusedError, match="@laptop-2"):
        journal.audits.start(ASKING)
    monkeypatch.setattr(process, "ELSEWHERE", timedelta(0))
    assert journal.audits.start(ASKING).id != other.id
    assert results.audit(journal, other.id).state is RunState.KILLED


def test_newest_is_the_last_word_of_each_law_on_each_object(journal: Journal) -> None:
    old = finding("r1"), finding("r2", Verdict.ERROR), finding("r3", law="city-standard")
    run(journal, ASKING, *old)
    before = now()
    new = finding("r1", Verdict.PASS, control="ADM-02")
    run(journal, replace(ASKING, laws=(LAW,)), new)
    stopped = journal.audits.start(ASKING)
    journal.audits.keep(stopped, 0, exhibit("r2"), [finding("r2")])
    journal.audits.end(stopped, RunState.STOPPED)
    unfinished = journal.audits.start(ASKING)
    journal.audits.keep(unfinished, 0, exhibit("r2"), [finding("r2")])
    run(journal, replace(ASKING, context="live"), finding("r2"))

    def keyed(*found: Finding) -> dict[audits.Key, Finding]:
        return {(each.law, each.control, each.kind, each.object): each for each in found}

    assert results.newest(journal, "lab") == keyed(new, *old[1:]), "what a law has no more is not kept"
    assert results.newest(journal, "lab", before) == keyed(*old)
    assert results.newest(journal, "nowhere") == {}


def test_newest_is_nothing_of_what_is_gone_from_everything(journal: Journal) -> None:
    run(journal, ASKING, finding("r1"), finding("gone"), finding("other", law="city-standard"))
    run(journal, replace(ASKING, laws=(LAW,), where=""), finding("r1", Verdict.PASS))
    found = results.newest(journal, "lab").values()
    assert {(each.law, each.object, each.verdict) for each in found} == {
        (LAW, "r1", Verdict.PASS),
        ("city-standard", "other", Verdict.FAIL),
    }, "nobody has asked everything by the other law since"
    run(journal, replace(ASKING, where="pop=bt"), finding("r2"))
    assert {each.object for each in results.newest(journal, "lab").values() if each.law == LAW} == {
        "r1",
        "r2",
    }


def test_audits_are_listed_by_name_and_time(journal: Journal) -> None:
    first, second = run(journal, ASKING), run(journal, BY_HAND)
    assert results.audits(journal, "lab", name="") == (second,)
    assert results.audits(journal, "lab", until=second.started) == (first,)
    assert results.audits(journal, "lab", since=second.started) == (second,)


def test_an_unknown_audit_says_what_lists_them(journal: Journal) -> None:
    with pytest.raises(UnknownError, match="there is no audit A1; infra-ctl audit list has them"):
        results.audit(journal, "A1")
