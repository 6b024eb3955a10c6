"""Rules that hold between objects. Each yields what breaks it; none stops another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from infra_ctl.errors import Problem
from infra_ctl.inventory.draft import Draft
from infra_ctl.inventory.rules import (
    addresses,
    assets,
    audits,
    hosts,
    meetings,
    monitoring,
    network,
    places,
    recorded,
    references,
    reporting,
    systems,
    traffic,
    waivers,
)
from infra_ctl.inventory.rules.survey import Survey, survey

Rule: TypeAlias = Callable[[Draft, Survey], Iterator[Problem]]

RULES: tuple[Rule, ...] = (
    *references.RULES,
    *addresses.RULES,
    *network.RULES,
    *places.RULES,
    *systems.RULES,
    *hosts.RULES,
    *assets.RULES,
    *traffic.RULES,
    *monitoring.RULES,
    *meetings.RULES,
    *reporting.RULES,
    *audits.RULES,
    *recorded.RULES,
    *waivers.RULES,
)


def check(draft: Draft) -> Iterator[Problem]:
    """Everything that is wrong between the objects of a draft."""
    surveyed = survey(draft)
    for rule in RULES:
        yield from rule(draft, surveyed)
