"""The firewall: nftables, both families; what is not opened is denied, from level 3 on both ways."""

from __future__ import annotations

from infra_ctl.change.operations import File, Operation, Packages, Service
from infra_ctl.intent.host import HostIntent
from infra_ctl.render import host_text


def firewall(host: HostIntent) -> tuple[Operation, ...]:
    """All of it can lock us out."""
    return (
        Packages(id="firewall/packages", names=("nftables",)),
        File(
            id="firewall/rules",
            path="/etc/nftables.conf",
            text=host_text("nftables.conf", host),
            validate_by="nft -c -f {}",
            guarded=True,
        ),
        Service(
            id="firewall/nftables",
            unit="nftables",
            reload_after=("firewall/rules",),
            test="nft -c -f /etc/nftables.conf",
            guarded=True,
        ),
    )
