"""What the law and the city's architecture ask of information systems."""

from __future__ import annotations

from collections.abc import Iterator

from infra_ctl.errors import Problem
from infra_ctl.inventory.draft import Draft
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.kinds import SiteKind
from infra_ctl.inventory.models import Host, System
from infra_ctl.inventory.rules.survey import Survey

PLATFORM = "lgsp"
"""The system through which all others exchange, and which alone reaches the national one (decision of
29 January 2021, lines 205-211)."""
HIGH = 3
"""From this level on a system has a mirror, and what it hangs on two physical ways out."""


def approvals(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """An approved level was approved by a decision of a day (plan of 2019, lines 90-92)."""
    for key, system in draft.systems.objects.items():
        missing = [name for name in ("decision", "date") if getattr(system.approval, name) is None]
        if system.approval.state == "approved" and missing:
            message = f"{key} is approved without {' and '.join(missing)}"
            yield draft.systems.problem(key, ("approval", "state"), message)


def hosts_in_zone(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """A system's hosts stand in its zone."""
    for key, system in draft.systems.objects.items():
        for index, host in _hosts(draft, system):
            if host.zone is not system.zone:
                message = f"{host.id} is in zone {host.zone}, {key} in zone {system.zone}"
                yield draft.systems.problem(key, ("runs_on", index), message)


def mirrored(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """From level 3 on a system runs in the data centre and in its backup (plan of 2019, lines 236-240)."""
    for key, system in draft.systems.objects.items():
        sites = [draft.sites.objects.get(host.site) for _, host in _hosts(draft, system)]
        # With a host or site that is not understood nothing can be said of the rest.
        if system.level < HIGH or len(sites) < len(system.runs_on) or None in sites:
            continue
        kinds = {site.kind for site in sites if site}
        missing = [kind for kind in (SiteKind.DC, SiteKind.DC_BACKUP) if kind not in kinds]
        if missing:
            message = f"{key} is level {system.level} but runs on no host of a {' or '.join(missing)} site"
            yield draft.systems.problem(key, ("runs_on",), message)


def two_directions(draft: Draft, survey: Survey) -> Iterator[Problem]:
    """Hosts and sites with work of level 3 and above have two ways out (Circular 06/2026, 5.2 to 5.4)."""
    for key, system in draft.systems.objects.items():
        if system.level < HIGH:
            continue
        says = f"{key} is level {system.level} but"
        for index, host in _hosts(draft, system):
            if _hangs_by_one(draft, survey, host.site):
                message = f"{says} runs on {host.id}, whose site has {_ways(survey, host.site)}"
                yield draft.systems.problem(key, ("runs_on", index), message)
        for index, site in enumerate(system.sites):
            if _hangs_by_one(draft, survey, site):
                message = f"{says} worked on at {site}, which has {_ways(survey, site)}"
                yield draft.systems.problem(key, ("sites", index), message)


def _hangs_by_one(draft: Draft, survey: Survey, site: str) -> bool:
    return site in draft.sites.objects and survey.knows(site) and survey.directions(site) < 2


def _ways(survey: Survey, site: str) -> str:
    return "one physical direction" if survey.directions(site) else "no circuit"


def flows(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """Systems exchange through the platform only; only the platform goes outside."""
    for key, system in draft.systems.objects.items():
        for index, flow in enumerate(system.flows):
            if message := _flow_problem(draft, key, flow):
                yield draft.systems.problem(key, ("flows", index), message)


def _flow_problem(draft: Draft, key: str, flow: str) -> str | None:
    if flow.startswith("external:"):
        return None if key == PLATFORM else f"only {PLATFORM} may exchange with {flow}"
    if message := draft.systems.missing(flow):
        return message
    if PLATFORM not in (key, flow):
        return f"{key} exchanges with {flow} directly; systems exchange through {PLATFORM}"
    return f"{key} exchanges with itself" if key == flow else None


def databases(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """A database that a system uses is on some host."""
    if not draft.hosts.sound:
        return
    carried = {name for host in draft.hosts.objects.values() for name in host.databases}
    for key, system in draft.systems.objects.items():
        for index, name in enumerate(system.databases):
            if name not in carried:
                message = f"no host carries database {name!r}{did_you_mean(name, carried)}"
                yield draft.systems.problem(key, ("databases", index), message)


def _hosts(draft: Draft, system: System) -> Iterator[tuple[int, Host]]:
    """The hosts of a system that are understood, with their place in its list."""
    for index, name in enumerate(system.runs_on):
        if host := draft.hosts.objects.get(name):
            yield index, host


RULES = (approvals, hosts_in_zone, mirrored, two_directions, flows, databases)
