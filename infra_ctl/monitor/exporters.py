"""How our own exporters are started: where each listens, and who may ask it."""

from __future__ import annotations

from collections.abc import Iterator

from infra_ctl.monitor.files import MonitorFile
from infra_ctl.monitor.stack import EXPORTERS, SD, Stack


def exporter_files(stack: Stack) -> Iterator[MonitorFile]:
    """One an exporter; who finds its targets in files needs no `sd`."""
    ports = {**{name: EXPORTERS[name] for name in stack.exporters}, "sd": SD}
    for name, port in ports.items():
        if name != "sd" or stack.discovery == "http":
            yield stack.started(name, f"--web.listen-address={stack.own(port)}", guard="exporters")
