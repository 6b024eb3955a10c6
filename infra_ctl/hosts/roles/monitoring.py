"""The monitoring stack's programs and how they are started; what they read is `monitor render`'s.

Until that has been rendered none of them runs: their packages would start them for everybody to see.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from infra_ctl.change.operations import File, Operation, Packages, Run
from infra_ctl.hosts.roles.certificate import certificate
from infra_ctl.hosts.roles.loading import UNITS, enabled
from infra_ctl.hosts.state import FOLDER
from infra_ctl.intent.host import HostIntent
from infra_ctl.render import host_text

HOME = f"{FOLDER}/monitor"
"""Where `monitor render` writes."""
PROGRAM = "/opt/infra-ctl/bin/infra-ctl"
USER = "prometheus"
"""Whom Debian's packages run as, and ours too."""
PARTS: Mapping[str, str] = MappingProxyType(
    {
        "snmp": "prometheus-snmp-exporter",
        "blackbox": "prometheus-blackbox-exporter",
        "alertmanager": "prometheus-alertmanager",
        "prometheus": "prometheus",
    }
)
"""Debian's, by what they are called in the rendered folder: package, and unit."""
OURS = tuple(f"infra-ctl-export@{name}" for name in ("sd", "path", "video", "state", "controller"))
RELOAD = "infra-ctl-monitor"


def monitoring(host: HostIntent) -> tuple[Operation, ...]:
    """How they are started is there before they are, so that none runs as its package would have it."""
    units = (*(_dropin(host, part, unit) for part, unit in PARTS.items()), _exporters(host), _reload(host))
    return (
        *units,
        Packages(id="monitoring/packages", names=tuple(sorted(PARTS.values()))),
        *certificate(host, "monitoring", USER),
        Run(
            id="monitoring/units",
            command=f"systemctl daemon-reload && systemctl enable --quiet {' '.join(OURS)}",
            unless=enabled(OURS),
            after=tuple(each.id for each in units),
        ),
    )


def _dropin(host: HostIntent, part: str, unit: str) -> File:
    return File(
        id=f"monitoring/{part}-unit",
        path=f"{UNITS}{unit}.service.d/infra-ctl.conf",
        text=host_text("monitoring.service", host, started=f"{HOME}/defaults/{part}"),
    )


def _exporters(host: HostIntent) -> File:
    """Nobody judges it: systemd would not let it pass before infra-ctl is installed."""
    text = host_text("export.service", host, home=HOME, folder=FOLDER, program=PROGRAM, user=USER)
    return File(id="monitoring/exporters-unit", path=f"{UNITS}infra-ctl-export@.service", text=text)


def _reload(host: HostIntent) -> File:
    """Who asks is last: it finds all others there."""
    *others, last = PARTS.values()
    text = host_text("reload.service", host, units=(*others, *OURS, last))
    return File(
        id="monitoring/reload-unit",
        path=f"{UNITS}{RELOAD}.service",
        text=text,
        validate_by="systemd-analyze verify {}",
    )
