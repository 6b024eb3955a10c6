"""Switching the machines of a twin on and off: routers, hosts and rooms alike."""

from __future__ import annotations

from collections.abc import Sequence

from infra_ctl.lab import disk, host, namespace, node, rooms
from infra_ctl.lab.model import HostNode, Machine, RoomNode, TwinSpec
from infra_ctl.lab.state import Folder

WAITS = ("--no-fork", "--", "/bin/sh", "-c", '"$@"; exit "$?"', "sh")
"""For nsenter(1): let a shell wait for the command. A systemd that goes down stops what runs, then kills
it. Where nsenter sees that, it stops too, and the dead command that it does not bury holds the host for ever.
"""


def prepare(folder: Folder, spec: TwinSpec, machine: Machine) -> None:
    """Give a machine its disk as on day 0."""
    if isinstance(machine, HostNode):
        host.prepare(folder, spec, machine)
    elif isinstance(machine, RoomNode):
        rooms.prepare(folder, machine)
    else:
        node.prepare(folder, spec, machine)


def on(folder: Folder, spec: TwinSpec, machine: Machine) -> None:
    """Switch a machine on with the disk it has, and wait until it runs. Raises LabError."""
    if isinstance(machine, HostNode):
        host.start(folder, spec, machine)
    elif isinstance(machine, RoomNode):
        rooms.start(folder, spec, machine)
    else:
        node.start(folder, spec, machine)


def off(spec: TwinSpec, hostname: str) -> None:
    """Cut a machine's power: its processes are gone and its neighbours' links go dark. The disk stays."""
    name = spec.namespace(hostname)
    namespace.kill([name])
    host.forget(spec, hostname)
    namespace.batch(_dark(spec, hostname), name)


def _dark(spec: TwinSpec, hostname: str) -> list[str]:
    """Lines that take a dead machine's interfaces down."""
    ends = [end for link in spec.links for end in (link.a, link.z)]
    ends += [end for segment in spec.segments for end in segment.ends]
    own = [end.interface for end in ends if end.node == hostname]
    if spec.node(hostname).has_mgmt0:
        own.append("mgmt0")
    return [f"link set {interface} down" for interface in own]


def process_one(folder: Folder, spec: TwinSpec, hostname: str) -> int | None:
    """PID, as the machine sees it, of a node's process 1; None while it is off."""
    try:
        pid = int((folder.node(hostname) / "pid").read_text())
    except (FileNotFoundError, ValueError):
        return None
    if not namespace.holds(spec.namespace(hostname), pid):
        return None
    return host.process_one(pid) if isinstance(spec.node(hostname), HostNode) else pid


def enter_command(machine: Machine, pid: int, command: Sequence[str]) -> tuple[str, ...]:
    """What runs `command` in all of a machine's namespaces; `pid` is its process 1."""
    entered = ("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup")
    waits = WAITS if isinstance(machine, HostNode) else ("--",)
    return ("nsenter", "--target", str(pid), *entered, *waits, *command)


def remove(folder: Folder, spec: TwinSpec, hostname: str) -> None:
    """Remove what is left of a machine that is off."""
    host.forget(spec, hostname)
    disk.remove(folder, hostname)
