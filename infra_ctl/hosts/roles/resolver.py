"""Names: unbound. It knows all names of the city by itself, and asks outside for the rest."""

from __future__ import annotations

from infra_ctl.change.operations import File, Operation, Packages, Service
from infra_ctl.hosts.roles.base import resolv_conf
from infra_ctl.intent.host import HostIntent
from infra_ctl.render import host_text

PARTS = "/etc/unbound/unbound.conf.d"


def resolver(host: HostIntent) -> tuple[Operation, ...]:
    """Names are read anew without a break; where it listens, with one, because it has given up its rights."""
    return (
        Packages(id="resolver/packages", names=("dns-root-data", "unbound")),
        File(
            id="resolver/listening",
            path=f"{PARTS}/infra-ctl-listening.conf",
            text=host_text("unbound-listening.conf", host),
            validate_by="unbound-checkconf {}",
        ),
        File(
            id="resolver/names",
            path=f"{PARTS}/infra-ctl-names.conf",
            text=host_text("unbound-city.conf", host),
            validate_by="unbound-checkconf {}",
        ),
        Service(
            id="resolver/unbound",
            unit="unbound",
            reload_after=("resolver/names",),
            restart_after=("resolver/listening",),
            test="unbound-checkconf",
        ),
        resolv_conf(host, "resolver", ["127.0.0.1"]),
    )
