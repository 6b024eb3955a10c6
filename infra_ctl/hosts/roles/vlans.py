"""Sub-interfaces of a router's trunks, which FRR gives their addresses.

A script and no networkd: that one would take the routes that FRR sets for strangers', and the machine's other
interfaces are its installer's.
"""

from __future__ import annotations

from infra_ctl.change.operations import Operation
from infra_ctl.hosts.roles import loading
from infra_ctl.intent.part import HostPart
from infra_ctl.render import host_text

NAME = "vlans"
SCRIPT = loading.script_of(NAME)
MADE = "/run/infra-ctl-vlans"
"""Names of those that it has made itself: no others are taken away."""
UNDO = f"{{ while read -r each; do ip link delete dev $each; done <{MADE}; rm -f {MADE}; }}"


def vlans(part: HostPart) -> tuple[Operation, ...]:
    """Of a router that has any. One of them may be the way in: they are on trial."""
    if not part.vlans:
        return ()
    what = "Sub-interfaces of trunks"
    return (
        *loading.script(NAME, host_text("vlans.sh", part, made=MADE), UNDO),
        loading.unit(NAME, "links.service", part, what=what, script=SCRIPT, after=""),
    )
