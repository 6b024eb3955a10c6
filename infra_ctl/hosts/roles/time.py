"""Time: chrony. The city's servers ask outside and answer everybody in it; all others ask them."""

from __future__ import annotations

from infra_ctl.change.operations import File, Operation, Packages, Service
from infra_ctl.intent.host import HostIntent
from infra_ctl.render import host_text


def time(host: HostIntent) -> tuple[Operation, ...]:
    """One daemon, which restarts in a moment: clients ask again."""
    return (
        Packages(id="time/packages", names=("chrony",)),
        File(
            id="time/conf",
            path="/etc/chrony/chrony.conf",
            text=host_text("chrony.conf", host),
            validate_by="chronyd -p -f {}",
        ),
        Service(id="time/chrony", unit="chrony", restart_after=("time/conf",)),
    )
