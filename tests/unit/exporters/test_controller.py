"""The controller's exporter over the small city: facts, runs, backups; and a journal that is not there."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporters.controller import Controller, Reader
from exporters.serving import exposition
from infra_ctl.backup.repository import READ
from infra_ctl.city import load_city
from infra_ctl.controls.exhibit import Exhibit
from infra_ctl.controls.finding import Finding
from infra_ctl.errors import InventoryError, UnknownError, UnusableError
from infra_ctl.inventory.holding import hold
from infra_ctl.inventory.models import Hold
from infra_ctl.journal.counting import Totals
from infra_ctl.journal.opening import open_journal
from infra_ctl.journal.records import Asking, Looked, Purpose, RunState, Step, StepState
from infra_ctl.outcome import Verdict


def finding(name: str, verdict: Verdict) -> Finding:
    at = datetime.datetime(2026, 11, 21)
    return Finding("ours", "RTR-01", "device", name, "low", 3, "x", verdict, (), (), 0, at)


NOTHING = Totals({}, {}, {}, active=0, waves=0, busy=0, newest={})
Key = tuple[str, frozenset[tuple[str, str]]]


@pytest.fixture(autouse=True)
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INFRA_CTL_VAR", str(tmp_path / "var"))
    monkeypatch.delenv("INFRA_CTL_JOURNAL", raising=False)
    return tmp_path / "var"


@pytest.fixture
def controller(small_folder: Path) -> Controller:
    made = Controller(context_name="embedded")
    made.configure(small_folder)
    return made


def scraped(controller: Controller) -> Mapping[Key, float]:
    """Samples by name and labels, as a parser that is not ours reads them."""
    text = exposition.text(controller.collect()).decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def key(name: str, /, **labels: str) -> Key:
    return f"infra_{name}", frozenset(labels.items())


def names(found: Mapping[Key, float]) -> set[str]:
    return {name for name, _ in found}


def test_facts_are_those_of_the_inventory(controller: Controller, small_folder: Path) -> None:
    city, found = load_city(small_folder), scraped(controller)
    circuit = next(iter(city.inventory.circuits.values()))
    assert found[key("circuit_loss_limit_ratio", circuit=circuit.id)] == circuit.loss
    assert found[key("circuit_rtt_limit_seconds", circuit=circuit.id)] == circuit.rtt_ms / 1000
    assert found[key("circuit_capacity_bytes_per_second", circuit=circuit.id)] == circuit.mbps * 1e6 / 8
    for site in city.inventory.sites.values():
        assert found[key("ipv6_stage", site=site.id)] == site.ipv6.rank
    infos = {
        name: [dict(labels) for metric, labels in found if metric == f"infra_{name}"]
        for name in ("site_info", "circuit_info", "room_info", "device_info", "system_info")
    }
    inventory = city.inventory
    wanted = (inventory.sites, inventory.circuits, inventory.rooms, city.intents, inventory.systems)
    assert [len(each) for each in infos.values()] == [len(each) for each in wanted]
    ward = next(each for each in infos["circuit_info"] if each["site"] == "nk-an-hoa")
    assert (ward["pop"], ward["circuit"], ward["a_site"]) == ("nk", "nk-an-hoa-1", "nk")


def test_holds_are_counted_and_end_with_their_last_day(controller: Controller, small_folder: Path) -> None:
    assert scraped(controller)[key("holds", effect="drain")] == 0
    new = Hold(object="nk-pop1", effect="drain", reason="fibre", until=datetime.date(2099, 12, 31))
    hold(small_folder, new)
    controller.configure(small_folder)
    found = scraped(controller)
    assert (found[key("holds", effect="drain")], found[key("holds", effect="isolate")]) == (1, 0)
    until = found[key("hold_until_timestamp_seconds", object="nk-pop1", effect="drain")]
    assert until == datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC).timestamp()


def test_a_hold_without_end_ends_nothing(controller: Controller, small_folder: Path) -> None:
    hold(small_folder, Hold(object="nk-pop1", effect="drain", reason="gone", until=datetime.date.max))
    controller.configure(small_folder)
    last = datetime.datetime(9999, 12, 31, tzinfo=datetime.UTC).timestamp()
    found = scraped(controller)[key("hold_until_timestamp_seconds", object="nk-pop1", effect="drain")]
    assert found == last + 86400


def test_a_journal_that_is_not_there_is_a_metric_and_makes_none(controller: Controller, var: Path) -> None:
    found = scraped(controller)
    assert found[key("journal_up")] == 0
    assert not {"infra_runs_total", "infra_runs_active", "infra_run_steps"} & names(found)
    assert "infra_site_info" in names(found)
    assert not var.exists()


def test_runs_are_counted_and_a_resumed_one_has_failed_all_the_same(
    controller: Controller, var: Path
) -> None:
    journal = open_journal(f"sqlite:///{var / 'journal.db'}")
    run = journal.start_run(
        Purpose("deploy", "embedded", "", "", ""),
        lambda run: [Step(run, "nk-pop1", 1, StepState.WAITING, "", "", "", "")],
    )
    journal.record(run.id, "nk-pop1", StepState.APPLYING)
    found = scraped(controller)
    assert found[key("journal_up")] == 1
    assert (found[key("runs_total", kind="deploy")], found[key("runs_active")]) == (1, 1)
    assert (found[key("leases_held")], found[key("waves_total")]) == (1, 1)
    assert found[key("run_steps", state="applying")] == 1
    assert found[key("run_steps", state="not_restored")] == 0
    assert found[key("runs_failed_total", kind="rollback")] == 0
    journal.finish_run(run.id, RunState.FAILED, "")
    assert scraped(controller)[key("runs_failed_total", kind="deploy")] == 1
    journal.reopen_run(run)
    journal.finish_run(run.id, RunState.DONE, "")
    found = scraped(controller)
    assert found[key("runs_failed_total", kind="deploy")] == 1
    ended = journal.run(run.id).ended
    assert ended is not None
    newest = found[key("run_last_end_timestamp_seconds", kind="deploy")]
    assert newest == ended.replace(tzinfo=datetime.UTC).timestamp()
    journal.close()
    (var / "journal.db").unlink()
    assert scraped(controller)[key("journal_up")] == 0


def test_each_failure_of_runs_that_are_resumed_is_counted_and_a_restart_forgets_none(
    controller: Controller, small_folder: Path, var: Path
) -> None:
    journal = open_journal(f"sqlite:///{var / 'journal.db'}")
    failures = key("runs_failed_total", kind="deploy")
    for number in (1, 2):
        run = journal.start_run(Purpose("deploy", "embedded", "", "", ""), lambda _run: [])
        journal.finish_run(run.id, RunState.FAILED, "")
        assert scraped(controller)[failures] == number
        journal.reopen_run(run)
        journal.finish_run(run.id, RunState.DONE, "")
        assert scraped(controller)[failures] == number
    restarted = Controller(context_name="embedded")
    restarted.configure(small_folder)
    assert scraped(restarted)[failures] == 2
    journal.close()


def test_a_backup_is_as_old_as_what_is_longest_left_out(
    controller: Controller, small_folder: Path, var: Path
) -> None:
    last = key("backup_last_timestamp_seconds", object_kind="device")
    place = var / "backup" / "embedded"
    place.mkdir(parents=True)
    assert scraped(controller)[last] == 0
    read = dict.fromkeys(load_city(small_folder).intents, 2000.0)
    (place / READ).write_text(json.dumps(read | {"nk-pop1": 1000.0}))
    assert scraped(controller)[last] == 1000
    (place / READ).write_text(json.dumps({name: at for name, at in read.items() if name != "nk-pop1"}))
    assert scraped(controller)[last] == 0
    for damaged in ("{", "[]", '{"nk-pop1": "soon"}'):
        (place / READ).write_text(damaged)
        assert scraped(controller)[last] == 0


def test_a_machine_without_backups_says_so_and_not_that_they_are_old(
    controller: Controller, capsys: pytest.CaptureFixture[str], var: Path
) -> None:
    for _ in range(2):
        assert "infra_backup_last_timestamp_seconds" not in names(scraped(controller))
    told = f"there is no backup in {var / 'backup' / 'embedded'} yet: infra-ctl backup"
    assert capsys.readouterr().err.splitlines().count(told) == 1


def test_drift_is_that_of_the_last_look_at_each_and_as_old_as_the_oldest(
    controller: Controller, small_folder: Path, var: Path
) -> None:
    drifted, read = key("drift_objects"), key("drift_read_timestamp_seconds")
    at = datetime.datetime(2026, 11, 26, 14, 2, 10)
    with closing(open_journal(f"sqlite:///{var / 'journal.db'}")) as journal:
        found = scraped(controller)
        assert (drifted in found, found[read]) == (False, 0), "that there is none is not known yet"
        there = [*load_city(small_folder).intents, "nk-gone-ce1"]
        later = at + datetime.timedelta(hours=1)
        looks = {name: Looked(name, later, name in {"nk-pop1", "nk-gone-ce1"}, None) for name in there}
        looks["dc-core1"] = Looked("dc-core1", at, drifted=False, right=at)
        journal.remember_looks("lab:x", [Looked("dc-core1", later, drifted=True, right=None)])
        journal.remember_looks("embedded", [look for name, look in looks.items() if name != "nk-pop1"])
        found = scraped(controller)
        assert (found[drifted], found[read]) == (0, 0), "one was never looked at"
        journal.remember_looks("embedded", [looks["nk-pop1"]])
        found = scraped(controller)
        assert (found[drifted], found[read]) == (1, at.replace(tzinfo=datetime.UTC).timestamp())


def test_audits_are_counted_by_law_and_are_due_after_the_last(
    controller: Controller, small_folder: Path, var: Path
) -> None:
    sundays, days = '{calendar: "0 3 * * sun", laws: [ours]}', '{calendar: "0 3 * * *", laws: [ours]}'
    written = f"audits: {{weekly: {sundays}, daily: {days}}}\n"
    (small_folder / "audits.yaml").write_text(written, encoding="utf-8")
    controller.configure(small_folder)
    sunday, now = datetime.datetime(2026, 11, 21, 20), datetime.datetime.now(datetime.UTC).timestamp()
    with closing(open_journal(f"sqlite:///{var / 'journal.db'}")) as journal:
        found = scraped(controller)
        assert not {"infra_audit_findings", "infra_audit_timestamp_seconds"} & names(found)
        assert all(
            now < found[key("audit_next_timestamp_seconds", name=each)] for each in ("weekly", "daily")
        )
        for name, due, where, verdicts in (
            ("weekly", sunday, "", [Verdict.ERROR, Verdict.PASS]),
            ("", None, "nk-pop1", [Verdict.WAIVED]),
            ("gone", sunday, "pop=nk", [Verdict.FAIL]),
        ):
            audit = journal.audits.start(Asking(name, "embedded", ("ours",), where, "", 1, due))
            for place, verdict in enumerate(verdicts):
                exhibit = Exhibit("device", f"nk-pop{place + 1}", sunday)
                journal.audits.keep(audit, place, exhibit, [finding(exhibit.object, verdict)])
            journal.audits.end(audit, RunState.DONE)
    found = scraped(controller)
    counts = {each: found[key("audit_findings", law="ours", outcome=each)] for each in Verdict}
    assert counts == dict.fromkeys(Verdict, 0) | {Verdict.FAIL: 1, Verdict.PASS: 1}
    assert found[key("audit_timestamp_seconds", name="weekly")] >= now
    assert key("audit_timestamp_seconds", name="gone") not in found
    later = sunday + datetime.timedelta(days=7)
    assert (
        found[key("audit_next_timestamp_seconds", name="weekly")]
        == later.replace(tzinfo=datetime.UTC).timestamp()
    )


def test_a_bad_inventory_leaves_the_old(controller: Controller, small_folder: Path) -> None:
    before = scraped(controller)
    (small_folder / "communes.csv").write_text("site\nx\n", encoding="utf-8")
    with pytest.raises(InventoryError):
        controller.configure(small_folder)
    assert scraped(controller) == before


def test_a_context_that_is_none_is_refused(small_folder: Path) -> None:
    with pytest.raises(UnknownError, match="there is no context 'nowhere'"):
        Controller(context_name="nowhere").configure(small_folder)


def test_a_database_that_never_answers_is_waited_for_once_and_not_for_long() -> None:
    """A second scrape begins no second reading; once it has come, the next begins anew."""
    gate, begun = Event(), list[int]()

    def read() -> Totals:
        begun.append(1)
        gate.wait(60)
        return NOTHING

    reader = Reader(patience=0.05)
    for _ in range(3):
        with pytest.raises(UnusableError, match="journal does not answer within"):
            reader.read(read)
    assert len(begun) == 1
    gate.set()
    patient = Reader(patience=60)
    assert patient.read(read) is NOTHING
    with pytest.raises(KeyError):
        patient.read(lambda: {}["nothing"])
    assert patient.read(read) is NOTHING
