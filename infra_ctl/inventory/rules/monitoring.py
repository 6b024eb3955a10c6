"""What monitoring.yaml names must exist, somebody must be told, and in some way."""

from __future__ import annotations

from collections.abc import Iterator

from infra_ctl.errors import Problem
from infra_ctl.inventory.draft import Draft
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.kinds import CircuitClass, HostRole
from infra_ctl.inventory.monitoring import NOBODY
from infra_ctl.inventory.records import Path, problem
from infra_ctl.inventory.rules.survey import Survey

BESIDE = {"certificate": {"key", "authority"}, "key": {"certificate"}}


def receivers(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """Those that pages and tickets go to are there, each is told in some way, and owns what exists once."""
    if (monitoring := draft.monitoring) is None:
        return
    for field in ("page", "ticket", "watchdog"):
        name = getattr(monitoring, field)
        if name is not None and name not in monitoring.receivers:
            hint = did_you_mean(name, monitoring.receivers)
            yield _problem(draft, (field,), f"receiver {name!r} does not exist{hint}")
    owned: dict[str, str] = {}
    for name, receiver in monitoring.receivers.items():
        path = ("receivers", name)
        if not receiver.emails and not receiver.webhooks:
            yield _problem(draft, path, f"{name} is told nothing: it needs emails or webhooks")
        if receiver.emails and monitoring.mail is None:
            yield _problem(draft, (*path, "emails"), "needs a mail server: write `mail`")
        for index, owner in enumerate(receiver.owners):
            if message := draft.units.missing(owner):
                yield _problem(draft, (*path, "owners", index), message)
            elif (first := owned.setdefault(owner, name)) != name:
                yield _problem(draft, (*path, "owners", index), f"what {owner} owns goes to {first}")


def authority(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """Each host of the role tells the others' Alertmanagers: it must know who has signed for them."""
    web = draft.monitoring.web if draft.monitoring is not None else None
    hosts = sorted(name for name, host in draft.hosts.objects.items() if HostRole.MONITORING in host.roles)
    if web is not None and len(hosts) > 1 and web.authority == web.certificate:
        message = (
            f"each of {', '.join(hosts)} would trust itself alone: write the `authority` that signs for all"
        )
        yield problem(draft.monitoring_record, ("web",), message, key=True)


def told(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """Where there is monitoring, somebody is told what must be looked at now, and what can wait."""
    if (monitoring := draft.monitoring) is None:
        return
    if NOBODY in monitoring.receivers:
        message = f"{NOBODY!r} is who is told nothing: call the receiver otherwise"
        yield problem(draft.monitoring_record, ("receivers", NOBODY), message, key=True)
    if monitoring.receivers:
        for field, receiver, what in (
            ("page", monitoring.page, "what must be looked at now"),
            ("ticket", monitoring.ticket, "what can wait and is nobody else's"),
        ):
            if receiver is None:
                yield _problem(draft, (), f"nobody is told {what}: write `{field}`")
    elif any(HostRole.MONITORING in host.roles for host in draft.hosts.objects.values()):
        yield _problem(draft, (), "hosts monitor, and nobody is told: write `receivers`, `page` and `ticket`")


def guarded(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """A certificate goes with its key and with who has signed it: those of ours fit no other."""
    if (monitoring := draft.monitoring) is None or (web := monitoring.web) is None:
        return
    for field, needed in BESIDE.items():
        for missing in sorted(needed - web.model_fields_set if field in web.model_fields_set else ()):
            yield _problem(draft, ("web", field), f"needs `{missing}` beside it")


def objectives(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """Classes of circuits, and contracts, that exist."""
    if (monitoring := draft.monitoring) is None:
        return
    known = [str(each) for each in CircuitClass]
    for name, contract in monitoring.objectives.circuits.items():
        path = ("objectives", "circuits", name)
        if name not in known:
            message = f"{name!r} is no class of circuits{did_you_mean(name, known)}"
            yield problem(draft.monitoring_record, path, message, key=True)
        if message := draft.contracts.missing(contract) or "":
            yield _problem(draft, path, message)


def _problem(draft: Draft, path: Path, message: str) -> Problem:
    return problem(draft.monitoring_record, path, message)


RULES = (receivers, told, guarded, authority, objectives)
