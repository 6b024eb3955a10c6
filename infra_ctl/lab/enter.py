"""Ways into a lab that is up: the controller's access, commands in a node or in the management namespace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra_ctl.errors import LabError
from infra_ctl.lab import keys, namespace, power, state
from infra_ctl.lab.state import Folder

MANAGEMENT = "mgmt"
"""What the management namespace is called where a node could be."""

MONITOR = "monitor"
"""Likewise where the monitoring stack stands, while it is up."""


@dataclass(frozen=True, slots=True)
class Access:
    """How the controller reaches the devices of a lab: as `user` by SSH, from inside `namespace`."""

    namespace: str
    user: str
    key: Path
    known_hosts: Path


def access(directory: Path) -> Access:
    """Raises UnknownError when no lab is up in `directory`."""
    spec = state.require(directory).spec
    kept = Folder.of(directory).keys
    return Access(spec.management_namespace, "root", keys.controller_key(kept), keys.known_hosts(kept))


def enter_management(directory: Path) -> Access:
    """Move this process into the lab's management namespace for good; call it before any thread starts.

    Only the network changes: files stay the machine's. Raises LabError.
    """
    found = access(directory)
    namespace.enter(found.namespace)
    return found


def enter_host(directory: Path, names: Iterable[str]) -> str | None:
    """Move this process into the network of the first of these hosts that the lab has, for good; its name.

    Where the monitoring stack stands in for one of them, that counts. None where it has none of them.
    Only the network changes. Raises LabError.
    """
    lab = state.require(directory)
    places = {host.hostname: lab.spec.namespace(host.hostname) for host in lab.spec.hosts}
    if lab.monitor is not None:
        places[lab.monitor.hostname] = lab.spec.monitor_namespace
    found = next((name for name in names if name in places), None)
    if found is not None:
        namespace.enter(places[found])
    return found


def command(directory: Path, where: str, argv: Sequence[str]) -> tuple[str, ...]:
    """What runs `argv` in the node `where`, or in the management namespace where that is `mgmt`.

    In a node it sees the node's files, processes and network, as a login would. Raises LabError when the
    node does not exist or is off.
    """
    found = state.require(directory)
    if where == MANAGEMENT:
        return ("nsenter", f"--net={namespace.RUN / found.spec.management_namespace}", "--", *argv)
    if where == MONITOR and found.monitor is not None:
        return ("nsenter", f"--net={namespace.RUN / found.spec.monitor_namespace}", "--", *argv)
    machine = found.spec.node(where)
    pid = power.process_one(Folder.of(directory), found.spec, where)
    if pid is None:
        broken = any((fault.kind, fault.object) == ("off", where) for fault in found.faults)
        raise LabError(
            f"{where} is off: {state.hint(directory, f'lab heal {where}' if broken else 'lab up')}"
        )
    return power.enter_command(machine, pid, argv)


def shell(directory: Path, where: str) -> tuple[str, ...]:
    """What gives a shell there; its prompt names the place."""
    return command(directory, where, ("/usr/bin/env", rf"PS1={where}:\w# ", "/bin/bash", "--norc"))
