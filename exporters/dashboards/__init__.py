"""The city's boards for Grafana, as code: a module a board, in two languages.

`monitor render` finds them by their entry point; Grafana's library is imported when they are built.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra_ctl.inventory.kinds import Language
    from infra_ctl.inventory.monitoring import Thresholds


def boards(language: Language, limits: Thresholds) -> Mapping[str, Mapping[str, Any]]:
    """All of them by uid, as Grafana keeps them; `limits` are the inventory's."""
    from exporters.dashboards.building import built
    from exporters.dashboards.circuits import circuits
    from exporters.dashboards.city import city
    from exporters.dashboards.compliance import compliance
    from exporters.dashboards.datacentres import datacentres
    from exporters.dashboards.ipv6 import ipv6
    from exporters.dashboards.runs import runs
    from exporters.dashboards.site import site
    from exporters.dashboards.video import video

    made = (city, site, circuits, video, datacentres, ipv6, compliance, runs)
    return {board.uid: built(board, language) for board in (each(limits) for each in made)}
