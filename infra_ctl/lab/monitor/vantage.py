"""Where the stack of a twin stands: a namespace on the LAN of the host that it stands in for.

It has that host's addresses and leaves by any router of the LAN, so that whatever is measured from it takes
the network's own ways. A host that is switched on has its addresses already.
"""

from __future__ import annotations

import socket

from infra_ctl.errors import LabUsageError
from infra_ctl.intent.interfaces import LAN_MTU
from infra_ctl.intent.model import Address
from infra_ctl.lab import host, namespace
from infra_ctl.lab.model import HOST_INTERFACE, HostNode, Segment, TwinSpec
from infra_ctl.lab.wiring import bridge, ports_of_segments

PORT = "monitor"
"""Its port in the LAN namespace."""


def refuse_booted(spec: TwinSpec, stand_in: HostNode) -> None:
    """Raises LabUsageError where the host itself is in the lab."""
    if stand_in.hostname in {each.hostname for each in spec.hosts}:
        raise LabUsageError(
            f"{stand_in.hostname} is booted in this lab, and the stack would take its addresses: stand in for"
            " another (--host), lab up without it, or install the stack there (infra-ctl monitor render)"
        )


def build(spec: TwinSpec, stand_in: HostNode) -> None:
    """Make the namespace where there is none, and wire it. Raises LabError.

    One whose making was cut short is made anew: whatever runs in it reaches nobody.
    """
    if _is_wired(spec, stand_in):
        return
    clear(spec, stand_in)
    try:
        _wire(spec, stand_in)
    except BaseException:  # an interrupt too
        clear(spec, stand_in)
        raise


def _is_wired(spec: TwinSpec, stand_in: HostNode) -> bool:
    """Whether the namespace is there and has the stand-in's addresses."""
    if not namespace.exists(spec.monitor_namespace):
        return False
    with namespace.inside(spec.monitor_namespace):
        return all(_is_here(end.ip) for end in (stand_in.ipv4, stand_in.ipv6) if end is not None)


def is_led_out(spec: TwinSpec, stand_in: HostNode) -> bool:
    """Whether one of the routers of its LAN has its address there: before its first deployment none has."""
    _, segment, _ = _segment(spec, stand_in.segment)
    for name in (spec.namespace(end.node) for end in segment.ends):
        if namespace.exists(name):
            with namespace.inside(name):
                if any(map(_is_here, stand_in.gateways)):
                    return True
    return False


def _is_here(address: Address) -> bool:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as trial:
        try:
            trial.bind((str(address), 0))
        except OSError:
            return False
    return True


def _wire(spec: TwinSpec, stand_in: HostNode) -> None:
    name = spec.monitor_namespace
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
    namespace.kill([name])
    # By itself the cable would go some time after the namespace, and be in the way of the next one.
    if links := _links(spec, stand_in):
        namespace.batch([f"link delete {link}" for link in links], spec.lan_namespace)
    if namespace.exists(name):
        namespace.batch([f"netns delete {name}"])


def _links(spec: TwinSpec, stand_in: HostNode) -> list[str]:
    """What the LAN namespace has because of it: the port, and the bridge of a LAN of a single router."""
    if not namespace.exists(spec.lan_namespace):
        return []
    index, _, ports = _segment(spec, stand_in.segment)
    ours = {PORT, *([f"s{index}"] if len(ports) == 1 else [])}
    with namespace.inside(spec.lan_namespace):
        return sorted(ours.intersection(link for _, link in socket.if_nameindex()))


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
