"""A host's own key and certificate for TLS: made on the host, which the key never leaves.

It signs it itself, so that TLS works from the first minute; whoever has the city's authority sign one puts it
in the same place, where it stays.
"""

from __future__ import annotations

from infra_ctl.change.operations import File, Folder, Operation, Run
from infra_ctl.hosts.state import FOLDER
from infra_ctl.intent.host import HostIntent
from infra_ctl.render import host_text

KEPT = f"{FOLDER}/tls"
SCRIPT = "/usr/local/lib/infra-ctl/make-certificate"
DAYS = 3650


def files(role: str) -> tuple[str, str]:
    """Certificate and key of a role."""
    return f"{KEPT}/{role}.pem", f"{KEPT}/{role}.key"


def certificate(host: HostIntent, role: str, owner: str) -> tuple[Operation, ...]:
    """Made where there is none; `owner` may read the key."""
    public, key = files(role)
    text = host_text("certificate.sh", host, folder=KEPT, days=DAYS)
    return (
        Folder(id=f"{role}/tls", path=KEPT),
        File(id=f"{role}/make-certificate", path=SCRIPT, text=text, mode="755", validate_by="sh -n {}"),
        Run(
            id=f"{role}/certificate",
            command=f"{SCRIPT} {role} {owner}",
            unless=f"test -s {key} && test -s {public}",
        ),
    )
