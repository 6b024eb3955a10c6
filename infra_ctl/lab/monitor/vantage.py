"""Where the stack of a twin stands: a namespace on the LAN of the host that it stands in for.

It has that host's addresses and leaves by any router of the LAN, so that whatever is measured from it takes
the network's own ways. A host that is switched on has its addresses already.
"""

from __future__ import annotations

from infra_ctl.errors import LabUsageError
from infra_ctl.intent.interfaces import LAN_MTU
from infra_ctl.lab import host, namespace
from infra_ctl.lab.model import HOST_INTERFACE, HostNode, Segment, TwinSpec
from infra_ctl.lab.wiring import bridge, ports_of_segments

PORT = "monitor"
"""Its port in the LAN namespace."""


def refuse_booted(spec: TwinSpec, stand_in: HostNode) -> None:
    """Raises LabUsageError where the host itself is in the lab."""
    if stand_in.hostname in {each.hostname for each in spec.hosts}:
        raise LabUsageError(
            f"{stand_in.hostname} is booted in this lab, and the stack would take its addresses:"
            " lab up without it, or install the stack there (infra-ctl monitor render)"
        )


def build(spec: TwinSpec, stand_in: HostNode) -> None:
    """Make the namespace where there is none, and wire it. Raises LabError."""
    name = spec.monitor_namespace
    if namespace.exists(name):
        return
    namespace.batch([f"netns add {name}"])
    namespace.batch(
        [
            f"link add {HOST_INTERFACE} mtu {LAN_MTU} netns {name} type veth"
            f" peer name {PORT} mtu {LAN_MTU} netns {spec.lan_namespace}"
        ]
    )
    namespace.batch(plugged(spec, stand_in.segment), spec.lan_namespace)
    host.tune(name)
    namespace.batch(host.network(stand_in, spec.controller), name)


def clear(spec: TwinSpec, stand_in: HostNode) -> None:
    """Remove it, and everything in it; the LAN is as it was. Nothing where there is none."""
    name = spec.monitor_namespace
    if not namespace.exists(name):
        return
    namespace.kill([name])
    namespace.batch([f"netns delete {name}"])
    index, _, ports = _segment(spec, stand_in.segment)
    if len(ports) == 1:
        namespace.batch([f"link delete s{index}"], spec.lan_namespace)


def plugged(spec: TwinSpec, segment: str) -> list[str]:
    """Lines that put its port into the segment; one of a single router has a bridge from then on."""
    index, one, ports = _segment(spec, segment)
    if len(ports) > 1:
        return [f"link set {PORT} master s{index} up"]
    return bridge(f"s{index}", one.mtu, [*ports, PORT])


def _segment(spec: TwinSpec, wanted: str) -> tuple[int, Segment, list[str]]:
    """With its number, which its bridge is called after, and its ports."""
    for index, (segment, ports) in enumerate(ports_of_segments(spec)):
        if segment.id == wanted:
            return index, segment, ports
    raise LabUsageError(f"lab {spec.name} has no LAN '{wanted}'")
