"""Things broken on purpose, each recorded before it is done, so that `heal` undoes all of them.

cut      a circuit carries nothing; its ends keep their light, as with a provider's fault further away,
         unless it is `dark`
loss     a circuit drops a share of its packets, each direction for itself; or of those of `video` alone
rate     a circuit carries no more than so many Mbit/s, each direction for itself
off      a node has no power
killed   one FRR daemon of a node has ended (there is no watchfrr: it stays away)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from infra_ctl.errors import LabUsageError, UnknownError
from infra_ctl.hosts.roles import loading, queues
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.lab import circuit, namespace, power, state
from infra_ctl.lab.model import HostNode, Link, TwinSpec
from infra_ctl.lab.state import Fault, Folder, State

MEASURED = ("loss", "rate")
"""Kinds of faults that have an amount."""


def break_(directory: Path, fault: Fault) -> None:
    """Do one fault and record it. Raises LabError when the lab has no such object or is not up."""
    with _lab(directory) as (folder, found):
        fault = _checked(found.spec, fault)
        state.save(folder, _with(found, fault))
        _apply(found.spec, fault)


def heal(directory: Path, name: str | None = None) -> tuple[Fault, ...]:
    """Undo the faults of one object (circuit, hostname, `hostname/daemon`), or all; returns those undone.

    Raises UnknownError where the lab has no such object.
    """
    with _lab(directory) as (folder, found):
        if name is not None:
            _refuse_unknown(found.spec, name)
        undone = tuple(fault for fault in reversed(found.faults) if name in (None, fault.object))
        left = found
        for fault in undone:
            _undo(folder, found.spec, fault)
            left = left.without(fault.kind, fault.object)
            state.save(folder, left)
        return undone


def reboot(directory: Path, hostname: str) -> None:
    """Cut a node's power and give it back; what it wrote to its disk is there still. Raises LabError."""
    break_(directory, Fault("off", hostname))
    heal(directory, hostname)


@contextmanager
def _lab(directory: Path) -> Iterator[tuple[Folder, State]]:
    folder = Folder.of(directory)
    with folder.locked():
        yield folder, state.require(folder.root)


def _with(found: State, fault: Fault) -> State:
    if fault.kind == "off":
        found = found.without_killed(fault.object)
    return found.with_fault(fault)


def _checked(spec: TwinSpec, fault: Fault) -> Fault:
    """The fault as it is recorded. Raises LabError when it cannot be done."""
    _refuse_amount(fault)
    match fault.kind:
        case "off":
            spec.node(fault.object)
        case "killed":
            return replace(fault, command=_command_line(_running(spec, *_daemon(fault)), fault))
        case _:
            spec.link(fault.object)
    if fault.kind == "loss" and not 0 < _amount(fault) < 1:
        raise LabUsageError(f"loss on {fault.object}: give a ratio between 0 and 1; to lose all, cut it")
    if fault.kind == "rate" and _amount(fault) <= 0:
        raise LabUsageError(f"rate of {fault.object}: give Mbit/s above 0")
    return fault


def _refuse_amount(fault: Fault) -> None:
    if fault.amount is not None and fault.kind not in MEASURED:
        raise LabUsageError(f"{fault.kind} takes no amount; {' and '.join(MEASURED)} take one")


def _refuse_unknown(spec: TwinSpec, name: str) -> None:
    known = [*(link.circuit for link in spec.links), *(node.hostname for node in spec.machines)]
    if name.partition("/")[0] not in known:
        raise UnknownError(f"lab {spec.name} has no circuit and no node '{name}'{did_you_mean(name, known)}")


def _amount(fault: Fault) -> float:
    return 0.0 if fault.amount is None else fault.amount


def _apply(spec: TwinSpec, fault: Fault) -> None:
    match fault.kind:
        case "cut":
            circuit.cut(spec, spec.link(fault.object), dark=fault.dark)
        case "loss":
            circuit.lose(spec, spec.link(fault.object), _amount(fault), video=fault.video)
        case "rate":
            circuit.limit(spec, spec.link(fault.object), _amount(fault))
        case "off":
            power.off(spec, fault.object)
        case "killed":
            hostname, daemon = _daemon(fault)
            pid = _running(spec, hostname, daemon)
            if pid is not None:
                namespace.kill_one(spec.namespace(hostname), pid)


def _undo(folder: Folder, spec: TwinSpec, fault: Fault) -> None:
    """What is undone already, or was never done, stays as it is: a break may have been cut short."""
    match fault.kind:
        case "cut":
            circuit.mend(spec, spec.link(fault.object), dark=fault.dark)
        case "loss":
            circuit.keep(spec, spec.link(fault.object))
        case "rate":
            circuit.widen(spec, spec.link(fault.object))
            _queue_again(folder, spec, spec.link(fault.object))
        case "off":
            if power.process_one(folder, spec, fault.object) is None:
                power.on(folder, spec, spec.node(fault.object))
        case "killed":
            _revive(folder, spec, fault)


def _queue_again(folder: Folder, spec: TwinSpec, link: Link) -> None:
    """A limit took the place of the queues that a router with a host part has: it has them again."""
    script = loading.script_of(queues.NAME)
    command = ("/bin/sh", "-c", f"[ ! -x {script} ] || {script} load")
    for end in (link.a, link.z):
        if (pid := power.process_one(folder, spec, end.node)) is not None:
            namespace.run(power.enter_command(spec.node(end.node), pid, command))


def _daemon(fault: Fault) -> tuple[str, str]:
    hostname, _, daemon = fault.object.partition("/")
    return hostname, daemon


def _running(spec: TwinSpec, hostname: str, daemon: str) -> int | None:
    """PID of an FRR daemon on a router, as the machine sees it. Raises LabError for a host."""
    if isinstance(spec.node(hostname), HostNode):
        where = f"--context lab:{spec.name} {hostname}"
        stop = f"infra-ctl lab exec {where} -- systemctl stop {daemon or 'NAME'}"
        raise LabUsageError(f"systemd minds the daemons of a host: {stop}")
    name = spec.namespace(hostname)
    for pid in namespace.processes([name]).get(name, ()):
        if namespace.program(pid) == daemon:
            return pid
    return None


def _command_line(pid: int | None, fault: Fault) -> tuple[str, ...]:
    if pid is None:
        raise LabUsageError(f"{fault.object}: no such daemon runs; give HOSTNAME/DAEMON, as in nk-pop1/ospfd")
    return tuple(Path(f"/proc/{pid}/cmdline").read_bytes().decode().rstrip("\0").split("\0"))


def _revive(folder: Folder, spec: TwinSpec, fault: Fault) -> None:
    """Start the daemon as it was started before, and give it its part of the start-up configuration."""
    hostname, daemon = _daemon(fault)
    pid = power.process_one(folder, spec, hostname)
    if pid is None or _running(spec, hostname, daemon) is not None:
        return
    for argv in (fault.command, ("vtysh", "-d", daemon, "-b")):
        namespace.run(power.enter_command(spec.node(hostname), pid, argv))
