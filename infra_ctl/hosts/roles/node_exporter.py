"""Measuring: Debian's node exporter, on the host's own addresses, with a folder for what others measure."""

from __future__ import annotations

from infra_ctl.change.operations import File, Operation, Packages, Service
from infra_ctl.intent.host import HostIntent
from infra_ctl.render import host_text

TEXTFILES = "/var/lib/prometheus/node-exporter"


def node_exporter(host: HostIntent) -> tuple[Operation, ...]:
    """It keeps nothing: a restart loses nothing."""
    return (
        Packages(id="node_exporter/packages", names=("prometheus-node-exporter",)),
        File(
            id="node_exporter/arguments",
            path="/etc/default/prometheus-node-exporter",
            text=host_text("node_exporter", host, textfiles=TEXTFILES),
        ),
        Service(
            id="node_exporter/service",
            unit="prometheus-node-exporter",
            restart_after=("node_exporter/arguments",),
        ),
    )
