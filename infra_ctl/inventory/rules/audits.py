"""Audits that run by themselves ask something, and who is told is there, and can be."""

from __future__ import annotations

from collections.abc import Iterator

from infra_ctl.errors import Problem, SelectorError
from infra_ctl.inventory.audits import Alerts, Letter
from infra_ctl.inventory.draft import Draft
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.kinds import HostRole
from infra_ctl.inventory.records import Path, problem
from infra_ctl.inventory.rules.survey import Survey
from infra_ctl.inventory.selectors import parse

WAYS = ("webhook", "mail", "alertmanager")


def addressees(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """An audit names those that there are, each once."""
    if (schedule := draft.schedule) is None:
        return
    for name, audit in schedule.audits.items():
        for index, told in enumerate(audit.notify):
            path = ("audits", name, "notify", index)
            if told not in schedule.notify:
                hint = did_you_mean(told, schedule.notify)
                yield _problem(draft, path, f"{told!r} is nobody in notify{hint}")
            elif told in audit.notify[:index]:
                yield _problem(draft, path, f"{told} is told already")


def asking(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """An audit has a law, and a selector that can be read; which there are is known only with all of it."""
    for name, audit in draft.schedule.audits.items() if draft.schedule else ():
        if not audit.laws:
            yield _problem(draft, ("audits", name, "laws"), "an audit without a law asks nothing")
        try:
            parse(audit.where, "both")
        except SelectorError as error:
            yield _problem(draft, ("audits", name, "where"), str(error))


def ways(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """One way each, and one that can be gone."""
    for name, each in draft.schedule.notify.items() if draft.schedule else ():
        there = [way for way in WAYS if getattr(each, way) is not None]
        if len(there) != 1:
            has = " and ".join(there) if there else "none"
            yield _problem(draft, ("notify", name), f"needs one of {', '.join(WAYS)}, and has {has}")
        if each.mail is not None:
            yield from _unsent(draft, ("notify", name, "mail"), each.mail)
        if each.alertmanager is not None:
            yield from _untold(draft, ("notify", name, "alertmanager"), each.alertmanager)


def _unsent(draft: Draft, path: Path, mail: Letter) -> Iterator[Problem]:
    if not mail.to:
        yield _problem(draft, (*path, "to"), "nobody is written to")
    if (mail.smarthost is None) != (mail.sender is None):
        yield _problem(draft, path, "a `smarthost` needs a `sender`, and a `sender` a `smarthost`")
    elif mail.smarthost is None and draft.monitoring is not None and draft.monitoring.mail is None:
        yield _problem(
            draft, path, "needs a mail server: write `smarthost` here, or `mail` in monitoring.yaml"
        )
    yield from _half_a_login(draft, path, mail)
    if mail.user is not None and mail.tls == "none":
        yield _problem(draft, (*path, "tls"), "a password is not sent where everybody reads it")


def _untold(draft: Draft, path: Path, alerts: Alerts) -> Iterator[Problem]:
    if not alerts.urls and not any(
        HostRole.MONITORING in host.roles for host in draft.hosts.objects.values()
    ):
        yield _problem(draft, path, "no host has the role monitoring: write `urls`")
    yield from _half_a_login(draft, path, alerts)


def _half_a_login(draft: Draft, path: Path, login: Letter | Alerts) -> Iterator[Problem]:
    if (login.user is None) != (login.secret is None):
        yield _problem(draft, path, "a `user` needs a `secret`, and a `secret` a `user`")


def _problem(draft: Draft, path: Path, message: str) -> Problem:
    return problem(draft.schedule_record, path, message)


RULES = (addressees, asking, ways)
