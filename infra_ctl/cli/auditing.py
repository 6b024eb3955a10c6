"""From a context to its audits: laws, journal, devices, and every source of evidence."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from infra_ctl.cli.session import Session
from infra_ctl.errors import UnusableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from infra_ctl.audit.collecting.machines import Way
    from infra_ctl.audit.collecting.part import Part, Subject
    from infra_ctl.audit.run import Examination, Setting, Sources, Survey
    from infra_ctl.city import City
    from infra_ctl.controls.catalogue import Source
    from infra_ctl.controls.model import Law
    from infra_ctl.drivers.fleet import Fleet
    from infra_ctl.masking import Masking

DEFAULT = "tcvn-14423-2026"
"""The law that is asked where nobody names one."""
ALL = "all"


def setting(session: Session) -> Setting:
    """What audits of a command are about; nobody is asked for it."""
    from infra_ctl.audit.run import Setting

    city = session.city()
    return Setting(
        city=city,
        laws=known_laws(session),
        context=session.context.name,
        choose=partial(session.choose, city),
        journal=session.journal(),
    )


def sources(session: Session, known: Setting, prometheus: str = "") -> Sources:
    """Who is asked in the context; `prometheus` is the address of one that goes before the inventory's."""
    from infra_ctl.audit.run import Sources

    fleet, masking = session.fleet(known.city), session.masking(known.city)
    return Sources(
        fleet=fleet,
        surveys=_surveys(session, known, masking, prometheus),
        examinations={
            "frr": _routing(fleet, masking),
            "host": _machines(session, known.city),
            "openscap": _benchmarks(session, known.city),
        },
    )


def known_laws(session: Session) -> dict[str, Law]:
    from infra_ctl.controls.loading import laws

    return {**laws(session.context.inventory)}


def _surveys(session: Session, known: Setting, masking: Masking, prometheus: str) -> Mapping[Source, Survey]:
    """Sources that are asked once for everything. Raises UnusableError for what is no address."""
    from infra_ctl.audit.collecting import journalled, measured, recorded, written
    from infra_ctl.context.hosts import present_parts
    from infra_ctl.monitor.querying import checked

    if prometheus:
        checked(prometheus)
    city, context = known.city, session.context
    parts, is_plain = present_parts(context, city), context.kind == "lab"
    watched: Survey = partial(measured.collect, city, masking.resolve, url=prometheus, is_plain=is_plain)
    return {
        "inventory": partial(written.collect, city),
        "records": partial(recorded.collect, city),
        "journal": partial(journalled.collect, city, context.name, known.journal, context.backup, parts),
        "prometheus": watched if prometheus or context.kind != "embedded" else _unwatched,
    }


def _unwatched(_at: datetime) -> Mapping[Subject, Part]:
    raise UnusableError("nothing measures a simulated network: --prometheus URL")


def _routing(fleet: Fleet, masking: Masking) -> Examination:
    from infra_ctl.audit.collecting import routers
    from infra_ctl.audit.collecting.part import Part

    def ask(subject: Subject, _at: datetime) -> Part:
        kind, name = subject
        if kind != "device":
            return Part()
        return routers.collect(fleet, masking, [name], lambda _name: None)[subject]

    return ask


def _opened(session: Session, city: City) -> Callable[[str], Way]:
    """How to get a session with a Linux machine, by its name; a simulated device is none."""
    from infra_ctl.audit.collecting.machines import Way
    from infra_ctl.context.hosts import way
    from infra_ctl.drivers.ssh import SshRunner
    from infra_ctl.errors import UnreachableError

    where = session.context

    def opened(name: str) -> Way:
        if where.kind == "embedded":
            raise UnreachableError(name, "it is simulated, and no machine")
        connection = way(where, city, name)
        return Way(SshRunner.connect(connection), connection.sudo)

    return opened


def _machines(session: Session, city: City) -> Examination:
    """Linux machines as they are."""
    from infra_ctl.audit.collecting.machines import Machines
    from infra_ctl.context.hosts import present_hosts

    return Machines(city, _opened(session, city), frozenset(present_hosts(session.context, city))).examine


def _benchmarks(session: Session, city: City) -> Examination:
    """What OpenSCAP finds on hosts, or found elsewhere."""
    from infra_ctl.audit.openscap.examining import examine

    return partial(examine, _opened(session, city), brought(session))


def brought(session: Session) -> Path:
    """Where results of OpenSCAP from elsewhere are kept: a twin's hosts have the city's names."""
    return session.context.var / "scap" / session.context.name.replace(":", "-")
