"""What an exporter says of itself: version, reloads, what it turned away, and its process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from threading import Lock

from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import CollectorRegistry

from exporters.catalogue import METRICS
from exporters.serving.exposition import Block, Series, one


class Itself:
    """Counters of one exporter's own life. Safe to use from several threads."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = Lock()
        self._rejected = 0
        self._is_reloaded = False
        self._reloaded_at = 0.0
        self._process = ProcessCollector(registry=CollectorRegistry())
        self._build = one(METRICS["infra_exporter_build_info"], 1, name, _version())

    def rejected(self) -> None:
        with self._lock:
            self._rejected += 1

    def reloaded(self, well: bool) -> None:
        """The inventory was read, or could not be."""
        with self._lock:
            self._is_reloaded = well
            if well:
                self._reloaded_at = time.time()

    def collect(self) -> Iterator[Block]:
        """What every exporter tells of itself, as of now."""
        with self._lock:
            values = {
                "infra_exporter_config_last_reload_successful": self._is_reloaded,
                "infra_exporter_config_last_reload_success_timestamp_seconds": self._reloaded_at,
                "infra_exporter_rejected_requests_total": self._rejected,
            }
        yield self._build
        for name, value in values.items():
            yield one(METRICS[name], value, self._name)
        for family in self._process.collect():
            for sample in family.samples:
                yield Series(METRICS[sample.name]).block([sample.value])


def _version() -> str:
    try:
        return version("infra-ctl")
    except PackageNotFoundError:  # from a source tree that nobody installed
        return "unknown"
