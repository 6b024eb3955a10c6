"""Measuring a router: Debian's frr_exporter on its management address, for monitoring alone."""

from __future__ import annotations

from infra_ctl.change.operations import File, Operation, Packages, Run
from infra_ctl.hosts.roles import loading
from infra_ctl.hosts.state import FOLDER
from infra_ctl.intent.part import HostPart
from infra_ctl.render import host_text

UNIT = "prometheus-frr-exporter"
"""Debian's: package, and unit."""
TABLE = "exporter"
ARGUMENTS = f"{FOLDER}/frr_exporter.env"
"""Beside the package's own, which listen on every address and are there as long as it is."""
START = f"systemctl daemon-reload && systemctl enable --quiet {UNIT} && systemctl restart {UNIT}"
END = f"{{ ! systemctl cat {UNIT} >/dev/null 2>&1 || systemctl disable --quiet --now {UNIT}; }}"
RUNS = f"systemctl --quiet is-active {UNIT} && systemctl --quiet is-enabled {UNIT}"


def frr_exporter(part: HostPart) -> tuple[Operation, ...]:
    """Who may ask it and where it listens is there before its package, which starts it at once.

    It keeps nothing: a restart loses nothing. In a lab's router, which has no systemd, the lab runs it.
    """
    if part.agent is None:
        return ()
    rules = loading.rules_of(TABLE)
    end = f"{{ {loading.by_systemd(END)}; }}"
    return (
        *loading.table(TABLE, host_text("exporter.nft", part), guarded=False, end=end),
        loading.unit(TABLE, "rules.service", part, what="Who may ask the frr_exporter", rules=rules),
        File(id="frr_exporter/arguments", path=ARGUMENTS, text=host_text("frr_exporter", part)),
        File(
            id="frr_exporter/unit",
            path=f"{loading.UNITS}{UNIT}.service.d/infra-ctl.conf",
            text=host_text("frr_exporter.service", part, arguments=ARGUMENTS),
        ),
        Packages(id="frr_exporter/packages", names=(UNIT,)),
        Run(
            id="frr_exporter/restart",
            command=loading.by_systemd(f"if [ -e {ARGUMENTS} ]; then {START}; else {END}; fi"),
            unless=loading.by_systemd(RUNS),
            after=("frr_exporter/arguments", "frr_exporter/unit"),
            undoes=True,
        ),
    )
