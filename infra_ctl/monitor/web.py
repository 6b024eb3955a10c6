"""Web configuration files (exporter-toolkit): TLS, and a password that only its hash is written of."""

from __future__ import annotations

from infra_ctl.monitor.files import MonitorFile, hashed
from infra_ctl.monitor.stack import PASSWORD, Stack

PARTS = ("prometheus", "alertmanager", "snmp", "blackbox", "exporters")
"""`exporters` is for all of ours."""


def web_files(stack: Stack) -> tuple[MonitorFile, ...]:
    """One a part, and the password itself for those that ask; none where nothing is guarded."""
    if (web := stack.web) is None:
        return ()
    content = {
        "tls_server_config": {
            "cert_file": web.certificate,
            "key_file": web.key,
            "min_version": "TLS12",
        },
        "basic_auth_users": {web.user: hashed(web.secret)},
    }
    files = (MonitorFile(f"web/{part}.yml", content, private=True) for part in PARTS)
    return (*files, MonitorFile(PASSWORD, web.secret, private=True))
