"""Where sites stand on a map."""

from __future__ import annotations

from collections.abc import Iterator

from infra_ctl.errors import Problem
from infra_ctl.inventory.draft import Draft
from infra_ctl.inventory.rules.survey import Survey


def coordinates(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """A site has both, or stands at its PoP."""
    for key, site in draft.sites.objects.items():
        if (site.lat is None) != (site.lon is None):
            written, missing = ("lon", "lat") if site.lat is None else ("lat", "lon")
            yield draft.sites.problem(key, (written,), f"{key} has no {missing}: a place on the map is both")


RULES = (coordinates,)
