"""The registrar of video rooms: kamailio, by UDP, TCP and TLS."""

from __future__ import annotations

from infra_ctl.change.operations import File, Operation, Packages, Service
from infra_ctl.hosts.roles.certificate import certificate, files
from infra_ctl.intent.host import HostIntent
from infra_ctl.render import host_text

CONF = "/etc/kamailio/kamailio.cfg"


def registrar(host: HostIntent) -> tuple[Operation, ...]:
    """It cannot reread its configuration: rooms that it has forgotten register again within two minutes."""
    if host.registrar is None:
        return ()
    public, key = files("registrar")
    return (
        Packages(id="registrar/packages", names=("kamailio", "kamailio-tls-modules")),
        *certificate(host, "registrar", "kamailio"),
        File(
            id="registrar/conf",
            path=CONF,
            text=host_text("kamailio.cfg", host, certificate=public, key=key),
            validate_by="kamailio -c -f {}",
        ),
        Service(
            id="registrar/kamailio",
            unit="kamailio",
            restart_after=("registrar/conf",),
            test=f"kamailio -c -f {CONF}",
        ),
    )
