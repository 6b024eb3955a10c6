"""Measuring a router: Debian's frr_exporter on its management address, for monitoring alone."""

from __future__ import annotations

from infra_ctl.change.operations import File, Operation, Run
from infra_ctl.hosts.roles import loading
from infra_ctl.intent.part import HostPart
from infra_ctl.render import host_text

PACKAGE = UNIT = "prometheus-frr-exporter"
TABLE = "exporter"


def frr_exporter(part: HostPart) -> tuple[Operation, ...]:
    """It keeps nothing: a restart loses nothing. In a lab's router, which has no systemd, the lab runs it."""
    if part.agent is None:
        return ()
    rules = loading.rules_of(TABLE)
    return (
        *loading.table(TABLE, host_text("exporter.nft", part), guarded=False),
        loading.unit(TABLE, "rules.service", part, what="Who may ask the frr_exporter", rules=rules),
        File(
            id="frr_exporter/arguments",
            path=f"/etc/default/{UNIT}",
            text=host_text("frr_exporter", part),
        ),
        File(
            id="frr_exporter/unit",
            path=f"{loading.UNITS}{UNIT}.service.d/infra-ctl.conf",
            text=host_text("frr_exporter.service", part),
        ),
        Run(
            id="frr_exporter/restart",
            command=loading.by_systemd(
                f"systemctl daemon-reload && systemctl enable --quiet {UNIT} && systemctl restart {UNIT}"
            ),
            unless=loading.by_systemd(f"systemctl --quiet is-active {UNIT}"),
            after=("frr_exporter/arguments", "frr_exporter/unit"),
        ),
    )
