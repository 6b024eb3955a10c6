"""http_sd: what Prometheus is to scrape, a URL a job, from the inventory and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from exporters.catalogue import SD
from exporters.serving import Block, Page, serve


class Targets:
    """The lists of all jobs, written when the inventory is read and answered whole every time."""

    def __init__(self) -> None:
        self._pages: Mapping[str, Page] = {}

    def configure(self, inventory: Path) -> None:
        from infra_ctl.city import load_city
        from infra_ctl.monitor.jobs import discovery, registry

        city = load_city(inventory)
        self._pages = {f"/sd/{job}": _page(discovery(find(city))) for job, find in registry().items()}

    def collect(self) -> Iterable[Block]:
        """Nothing beside what every exporter says of itself."""
        return ()

    def close(self) -> None:
        """It has begun nothing."""

    def pages(self) -> Mapping[str, Page]:
        return self._pages


def main(argv: Sequence[str]) -> None:
    serve(SD, Targets, argv)


def _page(groups: list[dict[str, object]]) -> Page:
    return Page("application/json", json.dumps(groups, ensure_ascii=False).encode())
