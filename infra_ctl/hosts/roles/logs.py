"""Logs: every host sends its own to the collectors over TCP; a collector keeps a file a sender.

How long depends on the sender's level: see `intent.host.RETENTION_MONTHS`.
"""

from __future__ import annotations

import json

from infra_ctl.change.operations import File, Folder, Operation, Packages, Run, Service
from infra_ctl.hosts.state import FOLDER
from infra_ctl.intent.host import RETENTION_MONTHS, HostIntent
from infra_ctl.intent.openings import SYSLOG
from infra_ctl.render import host_text

KEPT = "/var/log/city"
SENDERS = f"{FOLDER}/log-senders.json"
UNKNOWN = f"{min(RETENTION_MONTHS.values())}/unknown"
"""File of whoever sends from an address that is nobody's."""


def logs(host: HostIntent) -> tuple[Operation, ...]:
    """A collector is one beside sending to the others."""
    is_collector = SYSLOG in host.roles
    return (
        Packages(id="logs/packages", names=("logrotate", "rsyslog")),
        *(_collecting(host) if is_collector else ()),
        File(
            id="logs/sending",
            path="/etc/rsyslog.d/60-infra-ctl.conf",
            text=host_text("rsyslog.conf", host),
            validate_by="rsyslogd -N1 -f {}",
        ),
        Service(
            id="logs/rsyslog",
            unit="rsyslog",
            restart_after=("logs/sending", *(("logs/collector",) if is_collector else ())),
            test="rsyslogd -N1",
        ),
        *(_rereading() if is_collector else ()),
    )


def _collecting(host: HostIntent) -> tuple[Operation, ...]:
    retentions = sorted(set(RETENTION_MONTHS.values()))
    return (
        Folder(id="logs/kept", path=KEPT, mode="750", group="adm"),
        *(
            Folder(id=f"logs/kept-{months}", path=f"{KEPT}/{months}", mode="750", group="adm")
            for months in retentions
        ),
        File(id="logs/senders", path=SENDERS, text=_senders(host)),
        File(
            id="logs/collector",
            path="/etc/rsyslog.d/50-infra-ctl-collector.conf",
            text=host_text("collector.conf", host, senders=SENDERS, folder=KEPT),
            validate_by="rsyslogd -N1 -f {}",
        ),
        File(
            id="logs/rotation",
            path="/etc/logrotate.d/infra-ctl",
            text=host_text("logrotate.conf", host, retentions=retentions, folder=KEPT),
            validate_by="logrotate -d {}",
        ),
        Service(id="logs/rotating", unit="logrotate.timer"),
    )


def _rereading() -> tuple[Operation, ...]:
    """Who a sender is can change without a break."""
    return (Run(id="logs/senders-read", command="systemctl kill -s HUP rsyslog", after=("logs/senders",)),)


def _senders(host: HostIntent) -> str:
    """The table by which rsyslog finds a sender's file, a line each."""
    lines = [
        json.dumps({"index": str(each.address), "value": f"{each.months}/{each.name}"})
        for each in host.log_sources
    ]
    head = f'{{"version": 1, "nomatch": "{UNKNOWN}", "type": "string", "table": ['
    return "\n".join((head, ",\n".join(lines), "]}", ""))
