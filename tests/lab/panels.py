"""What every panel of every board shows of a live twin, by the Prometheus that watches it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from exporters.dashboards import boards
from infra_ctl.city import load_city
from infra_ctl.monitor.boards import BoardQuery, Sample, missed, page, queries
from infra_ctl.monitor.grafana import Board
from infra_ctl.monitor.stack import PROMETHEUS
from tests.lab.eyes import Eyes

CHOSEN = {"site": "bk"}
"""A site with circuits whose routers have an SNMP agent; of everything else there is everything."""


def blank(eyes: Eyes) -> Callable[[], list[str]]:
    """Reads which panels show nothing, or not what they name: board, panel, query, why. Less each time."""
    left = list(_boards(eyes).values())

    def told() -> list[str]:
        time.sleep(1.5)  # as often as there are new samples
        found = {str(board["uid"]): missed(board, CHOSEN, asking(eyes)) for board in left}
        left[:] = [board for board in left if found[board["uid"]]]
        return [str(each) for these in found.values() for each in these]

    return told


def drawn(eyes: Eyes) -> set[tuple[str, str]]:
    """The lines of the City's map, by their ends."""
    (found,) = (each for each in queries(_boards(eyes)["infra-city"], CHOSEN) if "target" in each.labels)
    return {(each["metric"]["source"], each["metric"]["target"]) for each in asking(eyes)(found)}


def asking(eyes: Eyes) -> Callable[[BoardQuery], Sequence[Sample]]:
    """Now, from where the stack stands."""

    def ask(query: BoardQuery) -> Sequence[Sample]:
        found: Sequence[Sample] = eyes.ask(PROMETHEUS, page(query, time.time()))["data"]["result"]
        return found

    return ask


def _boards(eyes: Eyes) -> Mapping[str, Board]:
    return boards("en", load_city(eyes.city.inventory).inventory.monitoring.thresholds)
