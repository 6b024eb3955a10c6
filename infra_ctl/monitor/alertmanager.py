"""alertmanager.yml: who is told, and which alerts are left out because a larger one explains them."""

from __future__ import annotations

from collections.abc import Iterator

from infra_ctl.city import City
from infra_ctl.hosts.roles.monitoring import HOME
from infra_ctl.inventory.monitoring import NOBODY, MailServer, Receiver
from infra_ctl.monitor.files import MonitorFile, Value
from infra_ctl.monitor.hurry import span
from infra_ctl.monitor.inhibition import PREFIX, inhibitions
from infra_ctl.monitor.stack import ALERTMANAGER, CLUSTER, Stack

REMEMBERS = "192h"
"""What it has told, and so longer than it waits before it tells the same again: a week at most."""
WAITS = "5m"
"""Before a ticket is told: what is larger, and looked at less often, is known by then."""


def alertmanager_files(stack: Stack) -> tuple[MonitorFile, ...]:
    """The configuration, which holds secrets, and how it is started."""
    return (
        MonitorFile("alertmanager.yml", _config(stack), private=True),
        _started(stack),
    )


def _config(stack: Stack) -> Value:
    monitoring = stack.city.inventory.monitoring
    mail = monitoring.mail if stack.sink is None else None
    return {
        **({"global": _mail(mail)} if mail else {}),
        "route": _route(stack.city, stack.hurry),
        "inhibit_rules": list(inhibitions(stack.city)),
        "receivers": [
            {"name": NOBODY},
            *(
                _receiver(name, _told(each, stack.sink))
                for name, each in sorted(monitoring.receivers.items())
            ),
        ],
    }


def _mail(mail: MailServer) -> Value:
    login = {"smtp_auth_username": mail.user, "smtp_auth_password": mail.secret} if mail.user else {}
    return {"smtp_smarthost": mail.smarthost, "smtp_from": mail.sender, **login}


def _route(city: City, hurry: int) -> Value:
    """Pages go to who is on duty, owners are told of what is theirs, tickets of nobody's to operations."""
    monitoring = city.inventory.monitoring
    at_once = span("30s", hurry)
    owners = (
        {
            "receiver": name,
            "matchers": [f'owner=~"{"|".join(sorted(each.owners))}"', 'severity!="none"'],
            "routes": [{"matchers": ['severity="page"'], "group_wait": at_once}],
        }
        for name, each in sorted(monitoring.receivers.items())
        if each.owners
    )
    page = {"receiver": monitoring.page or NOBODY, "matchers": ['severity="page"'], "group_wait": at_once}
    new = {"matchers": [f'alertname="{PREFIX}SiteNew"'], "group_by": ["alertname"]}
    return {
        "receiver": monitoring.ticket or NOBODY,
        "group_by": ["alertname", "pop", "site", "system", "registrar"],
        "group_wait": span(WAITS, hurry),
        "group_interval": span("5m", hurry),
        "repeat_interval": span("12h", hurry),
        "routes": [
            *_watchdog(monitoring.watchdog, hurry),
            {"receiver": NOBODY, "matchers": ['severity="none"']},
            {**page, "repeat_interval": span("4h", hurry), "continue": True},
            *owners,
            # Who is paged needs no ticket of it besides.
            {"receiver": NOBODY, "matchers": ['severity="page"']},
            # A city that is being built has many of them: one list, once a week.
            {**new, "repeat_interval": span("7d", hurry)},
        ],
    }


def _watchdog(receiver: str | None, hurry: int) -> Iterator[Value]:
    """At once, and again and again: silence is what it is listened to for."""
    if receiver is not None:
        timing = {
            "group_wait": "0s",
            "group_interval": span("1m", hurry),
            "repeat_interval": span("5m", hurry),
        }
        yield {"receiver": receiver, "matchers": [f'alertname="{PREFIX}Watchdog"'], **timing}


def _told(receiver: Receiver, sink: str | None) -> Receiver:
    return receiver if sink is None else Receiver(webhooks=(sink,) if sink else ())


def _receiver(name: str, receiver: Receiver) -> Value:
    mails = [{"to": each, "send_resolved": True} for each in receiver.emails]
    hooks = [{"url": each, "send_resolved": True} for each in receiver.webhooks]
    found: dict[str, Value] = {"name": name}
    return found | ({"email_configs": mails} if mails else {}) | ({"webhook_configs": hooks} if hooks else {})


def _started(stack: Stack) -> MonitorFile:
    """Hosts of the role tell each other what they have told."""
    peers = (f"--cluster.peer={each}" for each in stack.everywhere(CLUSTER) if each != stack.own(CLUSTER))
    return stack.started(
        "alertmanager",
        f"--config.file={HOME}/alertmanager.yml",
        f"--web.listen-address={stack.own(ALERTMANAGER)}",
        f"--data.retention={REMEMBERS}",
        f"--cluster.listen-address={stack.own(CLUSTER)}",
        *peers,
    )
