"""Messages in either database: all of an audit's at once, each taken by one, and what became of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from infra_ctl.journal.records import Asking, Audit, Message, Telling, now
from infra_ctl.journal.store import Journal


@pytest.fixture
def audit(journal: Journal) -> Audit:
    return journal.audits.start(Asking("weekly", "live", ("ours",), "", "", 0, now()))


def message(audit: Audit, addressee: str = "soc", state: Telling = Telling.WAITING) -> Message:
    return Message(audit.id, addressee, "live", "weekly", now(), state, 0, now(), "", "", "", "Cần Thơ")


def test_those_of_an_audit_are_made_once_and_together(journal: Journal, audit: Audit) -> None:
    assert not journal.messages.has(audit.id)
    journal.messages.add(audit.id, [message(audit), message(audit, "office")])
    journal.messages.add(audit.id, [message(audit, "late")])  # somebody else was first
    assert [each.addressee for each in journal.messages.of(audit.id)] == ["office", "soc"]
    assert journal.messages.has(audit.id)
    first, _ = sorted(journal.messages.owed("live"), key=lambda each: each.addressee)
    assert (first.content, first.id) == ("Cần Thơ", f"{audit.id}/office")
    assert journal.messages.owed("lab:city") == ()


def test_one_is_taken_once_and_is_owed_until_it_has_ended(journal: Journal, audit: Audit) -> None:
    messages = journal.messages
    messages.add(audit.id, [message(audit)])
    (owed,) = messages.owed("live")
    assert (messages.take(owed), messages.take(owed)) == (True, False)
    assert messages.owed("live") == ()  # we are alive
    messages.end(owed, Telling.WAITING, "it is down")
    (again,) = messages.owed("live")
    assert (again.tries, again.why) == (1, "it is down")
    assert messages.take(again)
    messages.end(again, Telling.SENT)
    assert messages.owed("live") == ()
    assert [(each.state, each.tries, each.why) for each in messages.of(audit.id)] == [(Telling.SENT, 2, "")]


def test_one_that_ended_without_being_sent_is_not_owed(journal: Journal, audit: Audit) -> None:
    for state in (Telling.NOTHING, Telling.GIVEN_UP):
        journal.messages.add(audit.id, [message(audit, "soc", state)])
    assert journal.messages.owed("live") == ()


def test_the_last_of_each_name_and_addressee_is_known(journal: Journal, audit: Audit) -> None:
    later = journal.audits.start(Asking("monthly", "live", ("ours",), "", "", 0, now()))
    made = now()
    old = replace(message(audit, "alerts", Telling.SENT), made=made - timedelta(days=7))
    journal.messages.add(audit.id, [old, replace(old, addressee="soc", state=Telling.NOTHING)])
    journal.messages.add(later.id, [replace(old, audit=later.id, made=made)])
    assert [each.audit for each in journal.messages.last("live", Telling.SENT)] == [later.id]
    assert [each.addressee for each in journal.messages.last("live", Telling.NOTHING)] == ["soc"]
