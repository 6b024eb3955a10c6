"""From a context to its audits: laws, journal, devices, and every source of evidence."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from infra_ctl.cli.session import Session

if TYPE_CHECKING:
    from datetime import datetime

    from infra_ctl.audit.collecting.part import Part, Subject
    from infra_ctl.audit.run import Examination, Setting, Sources
    from infra_ctl.controls.model import Law
    from infra_ctl.drivers.fleet import Fleet
    from infra_ctl.masking import Masking

DEFAULT = "tcvn-14423-2026"
"""The law that is asked where nobody names one."""
ALL = "all"


def setting(session: Session) -> Setting:
    """All that audits of one command share."""
    from infra_ctl.audit.run import Setting

    city = session.city()
    fleet, masking = session.fleet(city), session.masking(city)
    return Setting(
        city=city,
        laws=known_laws(session),
        context=session.context.name,
        choose=partial(session.choose, city),
        journal=session.journal(),
        fleet=fleet,
        sources=_sources(fleet, masking),
    )


def known_laws(session: Session) -> dict[str, Law]:
    from infra_ctl.controls.loading import laws

    return {**laws(session.context.inventory)}


def _sources(fleet: Fleet, masking: Masking) -> Sources:
    from infra_ctl.audit.run import Sources

    return Sources(surveys={}, examinations={"frr": _routing(fleet, masking)})


def _routing(fleet: Fleet, masking: Masking) -> Examination:
    from infra_ctl.audit.collecting import routers
    from infra_ctl.audit.collecting.part import Part

    def ask(subject: Subject, _at: datetime) -> Part:
        kind, name = subject
        if kind != "device":
            return Part()
        return routers.collect(fleet, masking, [name], lambda _name: None)[subject]

    return ask
