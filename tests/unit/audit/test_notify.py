"""Who is told what of an audit: once, also by who comes after one that was killed."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from infra_ctl.audit import notify
from infra_ctl.audit.notify import Sender, catch_up, make, remind, tell
from infra_ctl.city import City, load_city
from infra_ctl.controls.exhibit import Exhibit
from infra_ctl.controls.loading import shipped
from infra_ctl.journal import process
from infra_ctl.journal.opening import open_journal
from infra_ctl.journal.records import Asking, Audit, Message, RunState, Telling, now
from infra_ctl.journal.store import Journal
from infra_ctl.outcome import Verdict
from tests.unit.audit.receiving import Mailbox, Receiver, mailbox, receiver
from tests.unit.audit.telling import LAW, finding
from tests.unit.exporters.test_scraped import PATIENCE, started, until

ALERTMANAGER = shutil.which("prometheus-alertmanager")
PASS, FAIL, ERROR = Verdict.PASS, Verdict.FAIL, Verdict.ERROR
AUDITS = """\
audits:
  weekly: {{calendar: 30 1 * * sun, laws: [tcvn-14423-2026], notify: [soc, office, alerts]}}
notify:
  soc: {{webhook: {{url: vault:audits/soc, secret: vault:audits/key}}}}
  office:
    mail: {{to: [an-toan@cantho.example], smarthost: "127.0.0.1:{mail}", sender: a@cantho.example, tls: none}}
  alerts: {{alertmanager: {{urls: ["{alertmanager}"]}}, language: en}}
"""


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = open_journal(f"sqlite:///{tmp_path / 'journal.db'}")
    yield journal
    journal.close()


@pytest.fixture
def soc() -> Iterator[Receiver]:
    with receiver() as there:
        yield there


@pytest.fixture
def alertmanager() -> Iterator[Receiver]:
    with receiver() as there:
        yield there


@pytest.fixture
def office() -> Iterator[Mailbox]:
    with mailbox() as there:
        yield there


@pytest.fixture
def city(small_folder: Path, office: Mailbox, alertmanager: Receiver) -> City:
    text = AUDITS.format(mail=office.port, alertmanager=alertmanager.url)
    (small_folder / "audits.yaml").write_text(text, encoding="utf-8")
    return load_city(small_folder)


@pytest.fixture
def sender(city: City, journal: Journal, soc: Receiver) -> Sender:
    vault = {"audits/soc": f"{soc.url}/hook", "audits/key": "s3cret"}
    return Sender(city, shipped(), "live", journal, vault)


def audited(journal: Journal, *verdicts: Verdict, state: RunState = RunState.DONE) -> Audit:
    """An audit that found the first object so, the second so, and so on."""
    asking = Asking("weekly", "live", (LAW,), "", "", len(verdicts), now())
    audit = journal.audits.start(asking)
    for number, verdict in enumerate(verdicts, 1):
        found = finding(verdict, f"dc-{number}")
        exhibit = Exhibit(found.kind, found.object, found.taken, {}, {}, {})
        journal.audits.keep(audit, number, exhibit, [found])
    return journal.audits.end(audit, state)


def states(sender: Sender, audit: Audit) -> dict[str, Telling]:
    return {each.addressee: each.state for each in sender.journal.messages.of(audit.id)}


def bodies(there: Receiver) -> list[Any]:
    return [json.loads(body) for _, _, body in there.got]


def test_each_is_told_once_and_in_its_own_way(
    sender: Sender, soc: Receiver, office: Mailbox, alertmanager: Receiver
) -> None:
    make(sender, audited(sender.journal, FAIL, PASS, FAIL))
    assert [*map(str, (each.why for each in tell(sender)))] == ["", "", ""]
    second = audited(sender.journal, FAIL, FAIL, PASS)
    make(sender, second)
    assert len([*tell(sender)]) == 3
    assert [*tell(sender)] == []
    assert set(states(sender, second).values()) == {Telling.SENT}

    _, told = bodies(soc)
    assert (told["id"], told["city"], told["name"]) == (f"{second.id}/soc", "Thành phố Cần Thơ", "weekly")
    changed = {group: [each["object"] for each in items] for group, items in told["items"].items()}
    assert changed == {"broken": ["dc-2"], "mended": ["dc-3"], "waived": [], "ending": [], "gone": []}
    _, letter = office.letters
    assert letter["Subject"].endswith("Kiểm tra tuân thủ weekly: 1 phát sinh mới, 1 đã khắc phục")
    assert letter["Message-ID"].startswith(f"<{second.id}.office@")

    first, raised = bodies(alertmanager)
    assert [each["labels"]["object"] for each in first] == ["dc-1", "dc-3"]
    hour = (now() + timedelta(hours=1)).isoformat()
    ends = {each["labels"]["object"]: each["endsAt"] > hour for each in raised}
    assert ends == {
        "dc-2": True,
        "dc-1": True,
        "dc-3": False,
    }  # what stands is told again, what is mended is over
    labels = {key: value for key, value in raised[0]["labels"].items() if key != "object"}
    assert labels == {key: value for key, value in first[0]["labels"].items() if key != "object"}


def test_nothing_new_is_told_to_nobody_but_alertmanager(
    sender: Sender, soc: Receiver, office: Mailbox, alertmanager: Receiver
) -> None:
    for _ in range(2):
        last = audited(sender.journal, FAIL, PASS)
        make(sender, last)
        assert [each.why for each in tell(sender)] in ([""], ["", "", ""])
    expected = {"soc": Telling.NOTHING, "office": Telling.NOTHING, "alerts": Telling.SENT}
    assert states(sender, last) == expected
    assert (len(soc.got), len(office.letters), len(alertmanager.got)) == (1, 1, 2)


def test_who_is_killed_before_a_message_is_made_is_caught_up_with_once(sender: Sender, soc: Receiver) -> None:
    last = audited(sender.journal, FAIL)
    for _ in range(2):
        catch_up(sender)
        list(tell(sender))
    assert [each["audit"] for each in bodies(soc)] == [last.id]


def test_who_is_killed_while_it_sends_sends_again_under_the_same_id(sender: Sender, soc: Receiver) -> None:
    """Nobody knows whether it arrived."""
    make(sender, audited(sender.journal, FAIL))
    for message in sender.journal.messages.owed("live"):
        assert sender.journal.messages.take(message)
    assert [*tell(sender)] == []  # this process is alive, and is sending them
    _as_of_a_dead_process(sender.journal)
    assert len([*tell(sender)]) == 3
    _as_of_a_dead_process(sender.journal)
    assert [*tell(sender)] == []  # they were sent
    assert len(soc.got) == 1


def _as_of_a_dead_process(journal: Journal) -> None:
    from sqlalchemy import update

    from infra_ctl.journal.schema import messages

    with journal._write() as connection:
        connection.execute(update(messages).values(process=f"{os.getpid()}:1"))


def test_two_at_once_do_not_send_the_same(sender: Sender) -> None:
    make(sender, audited(sender.journal, FAIL))
    messages = sender.journal.messages
    read_by_both = messages.owed("live")
    assert [messages.take(each) for each in read_by_both] == [True] * 3
    assert [messages.take(each) for each in read_by_both] == [False] * 3
    assert process.identity(os.getpid()) == messages.of(read_by_both[0].audit)[0].process


def test_who_is_down_is_told_later_and_keeps_nobody_back(
    sender: Sender, soc: Receiver, office: Mailbox, alertmanager: Receiver
) -> None:
    soc.answers, office.busy, alertmanager.answers = [500], True, [400]
    last = audited(sender.journal, FAIL)
    make(sender, last)
    assert {each.message.addressee: each.why for each in tell(sender)} == {
        "soc": "answered 500",
        "office": "the mail server says 451 4.3.2 come again later",
        "alerts": "answered 400",
    }
    assert set(states(sender, last).values()) == {Telling.WAITING}
    office.busy = False
    assert [each.why for each in tell(sender)] == [""] * 3
    assert {each.tries for each in sender.journal.messages.of(last.id)} == {2}
    assert [headers["idempotency-key"] for _, headers, _ in soc.got] == [f"{last.id}/soc"] * 2


def test_what_is_a_week_old_is_given_up(sender: Sender, soc: Receiver) -> None:
    soc.answers = [500, 500]
    audit = audited(sender.journal, FAIL)
    make(sender, audit)
    list(tell(sender))
    (message,) = (each for each in sender.journal.messages.of(audit.id) if each.addressee == "soc")
    _made(sender.journal, message, notify.GIVES_UP + timedelta(minutes=1))
    (told,) = tell(sender)
    assert (told.state, told.why) == (Telling.GIVEN_UP, "answered 500")
    assert [*tell(sender)] == []


def _made(journal: Journal, message: Message, ago: timedelta) -> None:
    from sqlalchemy import update

    from infra_ctl.journal.schema import messages

    with journal._write() as connection:
        old = update(messages).where(messages.c.addressee == message.addressee)
        connection.execute(old.values(made=now() - ago))


def test_a_secret_that_is_not_there_is_said(sender: Sender) -> None:
    make(sender, audited(sender.journal, FAIL))
    (told,) = (each for each in tell(replace(sender, vault={})) if each.why)
    assert (told.message.addressee, told.why) == ("soc", "not in the vault: audits/soc")
    assert [each.why for each in tell(sender)] == [""]


def test_a_defect_in_one_message_keeps_no_other_back(
    sender: Sender, office: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = audited(sender.journal, FAIL)
    make(sender, last)
    with monkeypatch.context() as broken:
        broken.setattr(notify.sending, "post_news", lambda *_said: {}["nothing"])
        why = {each.message.addressee: each.why for each in tell(sender)}
    assert why == {"soc": "a defect of infra-ctl: KeyError: 'nothing'", "office": "", "alerts": ""}
    assert len(office.letters) == 1
    assert states(sender, last)["soc"] is Telling.WAITING


def test_who_left_audits_yaml_is_told_no_more(sender: Sender, small_folder: Path) -> None:
    last = audited(sender.journal, FAIL)
    make(sender, last)
    text = (small_folder / "audits.yaml").read_text(encoding="utf-8").splitlines()
    kept = [line.replace("soc, ", "") for line in text if not line.startswith("  soc:")]
    (small_folder / "audits.yaml").write_text("\n".join(kept) + "\n", encoding="utf-8")
    (told,) = (each for each in tell(replace(sender, city=load_city(small_folder))) if each.why)
    assert (told.state, told.why) == (Telling.GIVEN_UP, "audits.yaml has nobody of that name any more")
    assert states(sender, last)["soc"] is Telling.GIVEN_UP


def test_a_sink_gets_everything_and_an_empty_one_nothing(
    sender: Sender, soc: Receiver, office: Mailbox, alertmanager: Receiver
) -> None:
    with receiver() as sink:
        into = replace(sender, sink=sink.url)
        make(into, audited(sender.journal, FAIL))
        assert [each.why for each in tell(into)] == [""] * 3
        assert [each["id"].rpartition("/")[2] for each in bodies(sink)] == ["alerts", "office", "soc"]
    last = audited(sender.journal, PASS)
    make(replace(sender, sink=""), last)
    assert [*tell(sender)] == []
    assert set(states(sender, last).values()) == {Telling.NOTHING}
    assert not soc.got
    assert not office.letters
    assert not alertmanager.got


@pytest.mark.parametrize("state", [RunState.FAILED, RunState.STOPPED])
def test_an_audit_that_did_not_end_well_is_no_news_and_nothing_to_compare_with(
    sender: Sender, soc: Receiver, state: RunState
) -> None:
    audited(sender.journal, FAIL, PASS)
    audited(sender.journal, ERROR, ERROR, state=state)
    make(sender, audited(sender.journal, FAIL, FAIL))
    list(tell(sender))
    ((_, _, body),) = soc.got
    assert [each["object"] for each in json.loads(body)["items"]["broken"]] == ["dc-2"]


def test_an_audit_of_a_name_that_nobody_is_told_of_has_no_message(sender: Sender) -> None:
    last = audited(sender.journal, FAIL)
    make(sender, replace(last, name="by-hand"))
    assert sender.journal.messages.of(last.id) == ()


def test_alertmanagers_are_reminded_of_what_is_not_well(sender: Sender, alertmanager: Receiver) -> None:
    make(sender, audited(sender.journal, FAIL, PASS))
    make(sender, audited(sender.journal, FAIL, FAIL))
    sent = frozenset(each.message.id for each in tell(sender))
    assert [*remind(sender, sent)] == []
    assert len(alertmanager.got) == 2
    assert [*remind(sender, frozenset())] == []
    assert [each["labels"]["object"] for each in bodies(alertmanager)[2]] == ["dc-2", "dc-1"]
    alertmanager.answers = [500]
    assert [each.why for each in remind(sender, frozenset())] == ["answered 500"]


def test_a_password_that_is_gone_from_the_vault_is_said_and_costs_no_other_reminder(
    sender: Sender, small_folder: Path, alertmanager: Receiver
) -> None:
    text = (small_folder / "audits.yaml").read_text(encoding="utf-8")
    guarded = (
        f'  first: {{alertmanager: {{urls: ["{alertmanager.url}"], user: me, secret: vault:audits/am}}}}\n'
    )
    text = text.replace("office, alerts]", "office, alerts, first]") + guarded
    (small_folder / "audits.yaml").write_text(text, encoding="utf-8")
    known = replace(sender, city=load_city(small_folder), vault={**sender.vault, "audits/am": "s3cret"})
    make(known, audited(known.journal, FAIL))
    assert [each.why for each in tell(known)] == [""] * 4
    (told,) = remind(replace(known, vault=sender.vault), frozenset())
    assert (told.message.addressee, "audits/am" in told.why) == ("first", True)
    assert len(alertmanager.got) == 3


@pytest.mark.skipif(ALERTMANAGER is None, reason="prometheus-alertmanager is not installed")
def test_a_real_alertmanager_knows_what_is_not_well_until_it_is(
    sender: Sender, small_folder: Path, tmp_path: Path
) -> None:
    with _started(tmp_path / "first") as url:
        known = _telling(sender, small_folder, url)
        make(known, audited(sender.journal, FAIL, FAIL, PASS))
        assert [each.why for each in tell(known)] == [""] * 3
        assert _active(url) == {"dc-1", "dc-2"}
        make(known, audited(sender.journal, FAIL, PASS, ERROR))
        assert [each.why for each in tell(known)] == [""] * 3
        until(lambda: _active(url) == {"dc-1", "dc-3"}, "what was mended is over")
    with _started(tmp_path / "second") as url:
        assert _active(url) == set()  # one that was started again has forgotten
        assert [*remind(_telling(sender, small_folder, url), frozenset())] == []
        assert _active(url) == {"dc-1", "dc-3"}
        (alert,) = _alerts(url, "dc-3")
        assert alert["labels"]["alertname"] == "InfraCompliance"
        assert alert["annotations"]["summary"].startswith("LOG-03 dc-3: ")
        assert alert["annotations"]["description"] == "Root may log in. | sshd:14: permitrootlogin yes"


def _telling(sender: Sender, folder: Path, url: str) -> Sender:
    """The same, with an Alertmanager at another address."""
    text = (folder / "audits.yaml").read_text(encoding="utf-8")
    new = re.sub(r'urls: \["[^"]*"\]', f'urls: ["{url}"]', text)
    (folder / "audits.yaml").write_text(new, encoding="utf-8")
    return replace(sender, city=load_city(folder))


@contextmanager
def _started(folder: Path) -> Iterator[str]:
    assert ALERTMANAGER is not None
    folder.mkdir()
    config = folder / "alertmanager.yml"
    config.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n", encoding="utf-8")
    command = (
        ALERTMANAGER,
        f"--config.file={config}",
        f"--storage.path={folder}",
        "--cluster.listen-address=",
    )
    with (folder / "log").open("w", encoding="utf-8") as log:
        process, url = started(command, log)
        try:
            yield url
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _alerts(url: str, *objects: str) -> list[Any]:
    with urlopen(f"{url}/api/v2/alerts?active=true", timeout=PATIENCE) as answer:
        found = json.load(answer)
    return [each for each in found if not objects or each["labels"]["object"] in objects]


def _active(url: str) -> set[str]:
    return {each["labels"]["object"] for each in _alerts(url)}


def test_the_inventorys_own_alertmanagers_are_reached_by_their_certificates(reference: City) -> None:
    from infra_ctl.inventory.audits import Alerts

    vault = {"monitoring/web": "s3cret"}
    sender = Sender(reference, shipped(), "live", None, vault)  # type: ignore[arg-type]
    sites = [*notify._alertmanagers(sender, Alerts(), None)]
    assert [(each.url, each.server_name) for each in sites] == [
        ("https://10.20.0.19:9093", "dc-monitor-1.cantho.example"),
        ("https://10.36.0.19:9093", "bk-monitor-1.cantho.example"),
    ]
    assert {(each.user, each.password, each.authority) for each in sites} == {
        ("prometheus", "s3cret", "/etc/infra-ctl/tls/authority.pem")
    }
