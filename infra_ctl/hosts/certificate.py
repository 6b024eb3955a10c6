"""A host's own key and certificate for TLS: made on the host, which the key never leaves.

It signs it itself, so that TLS works from the first minute; whoever has the city's authority sign one puts it
in the same place, and it stays.
"""

from __future__ import annotations

from infra_ctl.change.operations import Folder, Run
from infra_ctl.intent.host import HostIntent

DAYS = 3650


def files(role: str) -> tuple[str, str]:
    """Certificate and key of a role."""
    return f"/etc/infra-ctl/tls/{role}.pem", f"/etc/infra-ctl/tls/{role}.key"


def certificate(host: HostIntent, role: str, owner: str) -> tuple[Folder, Run]:
    """Made where there is none; `owner` may read the key."""
    public, key = files(role)
    name = f"{host.name}.{host.domain}"
    make = (
        f"umask 077 && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days {DAYS}"
        f" -subj /CN={name} -addext subjectAltName=DNS:{name},DNS:*.{host.domain}"
        f" -keyout {key}.new -out {public}.new && chown {owner} {key}.new && chmod 644 {public}.new"
        f" && mv {public}.new {public} && mv {key}.new {key}"
    )
    return (
        Folder(id=f"{role}/tls", path="/etc/infra-ctl/tls", mode="755"),
        Run(id=f"{role}/certificate", command=make, unless=f"test -s {key} && test -s {public}"),
    )
