"""A twin as a whole: up, down, status. The state file is first to be written and last to go."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from infra_ctl.errors import LabError, LabUsageError
from infra_ctl.lab import host, image, keys, mirror, namespace, power, state, wiring
from infra_ctl.lab.model import Machine, TwinSpec
from infra_ctl.lab.requirements import requirements
from infra_ctl.lab.state import Fault, Folder, State

PARALLEL = 8
"""Nodes started at a time: more do not start sooner on two cores."""

Progress: TypeAlias = Callable[[str, int, int], None]
"""Told a stage, how many of it are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """Whether a node is on; `pid` is its process 1 as the machine sees it, None while off."""

    hostname: str
    pid: int | None


@dataclass(frozen=True, slots=True)
class Status:
    """A lab as it is. `built` is False where a start was cut short: `up` cleans it, `down` too."""

    name: str
    built: bool
    nodes: tuple[NodeStatus, ...]
    faults: tuple[Fault, ...]
    in_band: bool
    hosts: tuple[NodeStatus, ...]
    rooms: tuple[NodeStatus, ...] = ()


def _silent(stage: str, done: int, of: int) -> None:
    """Nobody watches."""


def up(spec: TwinSpec, directory: Path, progress: Progress = _silent) -> None:
    """Build the twin and wait until every node runs; one that is up already as `spec` says stays as it is.

    In that one, a node that has ended by itself is started again with the disk it has. Otherwise whatever an
    earlier start left behind is removed first, and whatever a failing one built after. Raises LabError when
    the machine lacks something, another lab has the name or a node does not start.
    """
    folder = Folder.of(directory)
    with folder.locked():
        found = state.load(folder.root)
        if found is not None and _is_up(found):
            if found.spec != spec:
                raise LabError(f"another lab is up in {directory}: {state.hint(directory, 'lab down')}")
            _start(folder, spec, _ended(folder, found), progress)
            return
        beside = {"hosts": bool(spec.hosts), "parts": bool(spec.parts), "rooms": bool(spec.rooms)}
        _refuse_without(requirements(folder.root, **beside))
        if found is not None:
            _take_down(folder, found.spec, progress)
        _refuse_taken(spec)
        folder.image.unlink(missing_ok=True)
        if spec.hosts:
            folder.image.symlink_to(image.ensure(progress).folder)
        state.save(folder, State(spec))
        try:
            _build(folder, spec, progress)
        except BaseException:  # an interrupt too: half a lab is of no use
            _take_down(folder, spec, _silent)
            raise
        state.save(folder, State(spec, built=True))


def down(directory: Path, progress: Progress = _silent) -> bool:
    """Remove the lab, whatever state it is in; True when there was one. Keys and logs stay."""
    folder = Folder.of(directory)
    if not folder.state.exists():
        return False
    with folder.locked():
        found = state.load(folder.root)
        if found is not None:
            _take_down(folder, found.spec, progress)
        return found is not None


def status(directory: Path) -> Status | None:
    """The lab in `directory`, None when there is none."""
    folder = Folder.of(directory)
    found = state.load(folder.root)
    if found is None:
        return None
    nodes, hosts, rooms = (
        tuple(NodeStatus(one.hostname, power.process_one(folder, found.spec, one.hostname)) for one in kind)
        for kind in (found.spec.nodes, found.spec.hosts, found.spec.rooms)
    )
    return Status(found.spec.name, _is_up(found), nodes, found.faults, found.spec.in_band, hosts, rooms)


def swap(directory: Path, hostname: str) -> str:
    """Put new hardware in a node's place: day 0, and a host key that nobody has pinned; its fingerprint.

    Its cables, and what is broken on them, stay. Raises LabError.
    """
    folder = Folder.of(directory)
    with folder.locked():
        found = state.require(folder.root)
        spec, one = found.spec, found.spec.node(hostname)
        if one.management is None:
            raise LabUsageError(f"{hostname} is nobody's to replace")
        power.off(spec, hostname)
        power.remove(folder, spec, hostname)
        state.save(folder, found.without("off", hostname).without_killed(hostname))
        fingerprint = keys.renew(folder.keys, hostname)
        power.prepare(folder, spec, one)
        power.on(folder, spec, one)
        return fingerprint


def _build(folder: Folder, spec: TwinSpec, progress: Progress) -> None:
    progress("keys", 0, 1)
    keys.ensure(folder.keys, spec.machines)
    progress("cables", 0, 1)
    wiring.build(spec)
    for one in spec.machines:
        power.prepare(folder, spec, one)
    _start(folder, spec, spec.machines, progress)


def _start(folder: Folder, spec: TwinSpec, nodes: Sequence[Machine], progress: Progress) -> None:
    """Eight at a time; the first that fails is raised once those under way are done."""
    if spec.hosts:
        host.widen_watchers(len(spec.hosts))
        mirror.serve(folder, spec)
    progress("start", 0, len(nodes))
    with ThreadPoolExecutor(PARALLEL, thread_name_prefix="lab") as pool:
        futures = [pool.submit(power.on, folder, spec, one) for one in nodes]
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                future.result()
                progress("start", done, len(nodes))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _take_down(folder: Folder, spec: TwinSpec, progress: Progress) -> None:
    progress("stop", 0, 1)
    namespace.kill((spec.monitor_namespace, *spec.namespaces()))
    wiring.clear(spec)
    shutil.rmtree(folder.monitor, ignore_errors=True)
    for one in spec.machines:
        power.remove(folder, spec, one.hostname)
    if folder.nodes.exists():
        shutil.rmtree(folder.nodes)
    folder.image.unlink(missing_ok=True)
    folder.state.unlink()
    progress("stop", 1, 1)


def _is_up(found: State) -> bool:
    """Whether it was built and is there still: the machine may have been started again since."""
    return found.built and all(namespace.exists(name) for name in found.spec.namespaces())


def _ended(folder: Folder, found: State) -> list[Machine]:
    """Nodes that are off, and not on purpose."""
    off = {fault.object for fault in found.faults if fault.kind == "off"}
    return [
        one
        for one in found.spec.machines
        if one.hostname not in off and power.process_one(folder, found.spec, one.hostname) is None
    ]


def _refuse_without(missing: tuple[str, ...]) -> None:
    if missing:
        raise LabError(f"a lab cannot run here: {'; '.join(missing)}")


def _refuse_taken(spec: TwinSpec) -> None:
    every = (spec.monitor_namespace, *spec.namespaces())
    taken = [name for name in every if namespace.exists(name)]
    if taken:
        raise LabError(f"a lab named {spec.name} is up from another folder: take it down there")
