"""Who is told what of an audit, once: written down first, sent then, and again later where it did not arrive.

A message is made when its audit has ended, by this process or, where that was killed, by the next one. It is
sent at least once: who is killed between sending and writing that down sends again, under the same id.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from infra_ctl.audit import alerts, sending
from infra_ctl.audit.due import coming
from infra_ctl.audit.letter import letter
from infra_ctl.audit.news import News, news, read, text
from infra_ctl.audit.sending import PartlyToldError, Server, Site
from infra_ctl.city import City
from infra_ctl.controls.model import Law
from infra_ctl.errors import SecretError, UntoldError
from infra_ctl.inventory.audits import Addressee, Alerts, Hook, Letter
from infra_ctl.journal.records import Audit, Message, RunState, Telling, now
from infra_ctl.journal.store import Journal
from infra_ctl.monitor.jobs import monitoring_hosts
from infra_ctl.monitor.stack import ALERTMANAGER, Stack
from infra_ctl.secrets import resolve

T = TypeVar("T")
GIVES_UP = timedelta(days=7)
"""After so long nobody is told any more of what was new then."""
HOLDS = timedelta(days=1)
"""How long an alert outlives the next occasion of its audit, which says how it is by then."""


@dataclass(frozen=True, slots=True)
class Sender:
    """From where messages go out, and what they may say."""

    city: City
    laws: Mapping[str, Law]
    context: str
    journal: Journal
    vault: Mapping[str, str]
    sink: str | None = None
    """Where everything is told instead, as to a webhook; nobody is told anything where it is empty."""

    @property
    def city_name(self) -> str:
        return self.city.inventory.city.name

    def addressee(self, name: str) -> Addressee | None:
        """None where audits.yaml has nobody of that name any more."""
        found = self.city.inventory.schedule.notify.get(name)
        if found is None or self.sink is None:
            return found
        return Addressee(webhook=Hook.model_construct(url=self.sink, secret=None), language=found.language)


@dataclass(frozen=True, slots=True)
class Told:
    """How a message went: `why` is what was against it, empty for nothing."""

    message: Message
    state: Telling
    why: str = ""


def make(sender: Sender, audit: Audit) -> None:
    """Write down who is to be told of an audit that has ended, and what; nothing where that was done."""
    scheduled = sender.city.inventory.schedule.audits.get(audit.name)
    if scheduled is None or not scheduled.notify or sender.journal.messages.has(audit.id):
        return
    audits = sender.journal.audits
    before = _before(audits.list(sender.context, name=audit.name, until=audit.started))
    told = news(
        audit,
        audits.findings(audit.id),
        before,
        audits.findings(before.id) if before else (),
        sender.laws,
        sender.city.inventory.waivers,
    )
    content, at = text(told), now()
    sender.journal.messages.add(
        audit.id,
        (
            Message(
                audit=audit.id,
                addressee=name,
                context=sender.context,
                name=audit.name,
                made=at,
                state=_begins(sender, name, told),
                tries=0,
                at=at,
                why="",
                host="",
                process="",
                content=content,
            )
            for name in dict.fromkeys(scheduled.notify)
        ),
    )


def catch_up(sender: Sender) -> None:
    """Make the messages of what ended last, where its process was killed before it could."""
    for name in sender.city.inventory.schedule.audits:
        done = _before(sender.journal.audits.list(sender.context, name=name))
        if done is not None:
            make(sender, done)


def tell(sender: Sender) -> Iterator[Told]:
    """Send all that is to be sent, oldest first; one that fails keeps no other back."""
    messages = sender.journal.messages
    for message in messages.owed(sender.context):
        if messages.take(message):
            told = _sent(sender, message)
            messages.end(message, told.state, told.why)
            yield told


def remind(sender: Sender, but: frozenset[str]) -> Iterator[Told]:
    """Tell Alertmanagers again what is not well, save messages (by id) that were sent just now.

    They forget it when they are started again.
    """
    for message in sender.journal.messages.last(sender.context, Telling.SENT):
        scheduled = sender.city.inventory.schedule.audits.get(message.name)
        addressee = sender.addressee(message.addressee)
        if message.id in but or scheduled is None or addressee is None or addressee.alertmanager is None:
            continue
        if message.addressee in scheduled.notify:
            known = read(message.content)
            until = _until(scheduled.calendar)
            open_ = alerts.still(known, sender.city_name, addressee.language, until)
            try:
                _alert(sender, addressee, open_)
            except Exception as error:  # noqa: BLE001 - as where it is sent
                yield Told(message, Telling.SENT, _why(error))


def _before(audits: tuple[Audit, ...]) -> Audit | None:
    """The last one of them that has ended well, and was run for an occasion."""
    done = (each for each in reversed(audits) if each.state is RunState.DONE and each.due is not None)
    return next(done, None)


def _begins(sender: Sender, name: str, told: News) -> Telling:
    """Alertmanagers are told what stands too, so that they do not forget it."""
    addressee = sender.addressee(name)
    is_nobody = sender.sink == ""
    is_told = addressee is None or addressee.alertmanager is not None or not told.is_empty
    return Telling.WAITING if is_told and not is_nobody else Telling.NOTHING


def _sent(sender: Sender, message: Message) -> Told:
    addressee = sender.addressee(message.addressee)
    if addressee is None:
        return Told(message, Telling.GIVEN_UP, "audits.yaml has nobody of that name any more")
    try:
        _way(addressee)(sender, addressee, message)
    except PartlyToldError as error:
        return Told(message, Telling.SENT, str(error))
    except Exception as error:  # noqa: BLE001 - what is against one message is no reason to send no other
        is_over = now() - message.made > GIVES_UP
        return Told(message, Telling.GIVEN_UP if is_over else Telling.WAITING, _why(error))
    return Told(message, Telling.SENT)


def _why(error: Exception) -> str:
    if isinstance(error, UntoldError | SecretError):
        return str(error)
    return f"a defect of infra-ctl: {type(error).__name__}: {error}"


def _way(addressee: Addressee) -> Callable[[Sender, Addressee, Message], None]:
    if addressee.webhook is not None:
        return _post
    return _write if addressee.mail is not None else _raise_alerts


def _post(sender: Sender, addressee: Addressee, message: Message) -> None:
    hook = _had(addressee.webhook)
    said = json.loads(message.content)
    del said["items"]["standing"]
    body = json.dumps({"id": message.id, "city": sender.city_name, **said}, ensure_ascii=False)
    site = Site(_resolved(sender, hook.url), _authority(sender, addressee))
    sending.post_news(site, body, message.id, _resolved(sender, hook.secret or ""))


def _write(sender: Sender, addressee: Addressee, message: Message) -> None:
    known, language, to = read(message.content), addressee.language, _had(addressee.mail)
    server, by = _server(sender, to, _authority(sender, addressee))
    name = f"{message.id.replace('/', '.')}@{sender.city.inventory.city.domain}"
    sending.mail(server, letter(known, sender.city_name, language, name, by, to.to))


def _raise_alerts(sender: Sender, addressee: Addressee, message: Message) -> None:
    known = read(message.content)
    scheduled = sender.city.inventory.schedule.audits.get(message.name)
    until = _until(scheduled.calendar) if scheduled else now()
    _alert(sender, addressee, alerts.alerts(known, sender.city_name, addressee.language, now(), until))


def _alert(sender: Sender, addressee: Addressee, raised: list[alerts.Alert]) -> None:
    """Every Alertmanager is told; one that is not there is told of once all were. Raises UntoldError."""
    failed = []
    for site in _alertmanagers(sender, _had(addressee.alertmanager), addressee.authority):
        try:
            sending.post_alerts(site, raised)
        except UntoldError as error:
            failed.append(str(error))
    if failed:
        raise UntoldError("; ".join(dict.fromkeys(failed)))


def _alertmanagers(sender: Sender, to: Alerts, authority: str | None) -> Iterator[Site]:
    if to.urls:
        password = _resolved(sender, to.secret or "")
        yield from (Site(url, authority, None, to.user or "", password) for url in to.urls)
        return
    for host in monitoring_hosts(sender.city):
        stack = Stack(sender.city, host, "http", is_plain=False)
        web = stack.web
        login = (web.user, _resolved(sender, web.secret)) if web else ("", "")
        trusted = authority or (web.authority if web else None)
        yield Site(stack.url(ALERTMANAGER), trusted, stack.server_name if web else None, *login)


def _server(sender: Sender, to: Letter, authority: str | None) -> tuple[Server, str]:
    """The mail server of a letter, or the city's own; and who writes."""
    own = sender.city.inventory.monitoring.mail
    where = to if to.smarthost is not None or own is None else own
    host, _, port = (where.smarthost or "").rpartition(":")
    user, secret = where.user or "", _resolved(sender, where.secret or "")
    return Server(host, int(port), to.tls, user, secret, authority), where.sender or ""


def _authority(sender: Sender, addressee: Addressee) -> str | None:
    """Everything that goes to the sink goes by what the system knows."""
    return None if sender.sink else addressee.authority


def _resolved(sender: Sender, text: str) -> str:
    """Raises SecretError where the vault lacks it."""
    return resolve(text, sender.vault)


def _until(calendar: str) -> datetime:
    return coming(calendar, now()) + HOLDS


def _had(way: T | None) -> T:
    assert way is not None  # noqa: S101 - `ways` of the inventory's rules has seen to it
    return way
