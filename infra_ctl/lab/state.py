"""A lab's folder and the state file in it, written before anything is built so that all of it can be found.

lock          held while something is built or taken down
state.json    the spec, whether it was built, and the faults in force
keys/         host keys, the controller's key, known_hosts: kept when the lab is taken down
logs/         what each node's start said: kept
nodes/        a folder a node: its disk and the PID of its process 1; gone when the lab is down
monitor/      the monitoring stack's configuration, data and PIDs; gone when it or the lab is down
image         a link to what the hosts' disks are laid over; gone when the lab is down
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import TypeAdapter, ValidationError

from infra_ctl.errors import LabError, UnknownError
from infra_ctl.lab.model import HostNode, TwinSpec

FaultKind: TypeAlias = Literal["cut", "loss", "rate", "off", "killed"]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something broken on purpose. `object` is a circuit, a hostname, or `hostname/daemon`.

    `amount` is a ratio for loss and Mbit/s for rate. `dark` tells a cut that takes the light away, `video` a
    loss in the class of video alone, and `command` how a killed daemon was started.
    """

    kind: FaultKind
    object: str
    amount: float | None = None
    dark: bool = False
    video: bool = False
    command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """What is known of a lab between two commands."""

    spec: TwinSpec
    built: bool = False
    faults: tuple[Fault, ...] = ()
    monitor: HostNode | None = None
    """Whom the monitoring stack stands in for, from before it is started until after it has ended."""
    hurry: int = 1
    """Everything of that stack in so small a part of its time."""

    def with_fault(self, fault: Fault) -> State:
        """One fault of a kind an object: a new one replaces the old."""
        return replace(self, faults=(*self.without(fault.kind, fault.object).faults, fault))

    def without(self, kind: FaultKind, name: str) -> State:
        return replace(
            self, faults=tuple(fault for fault in self.faults if (fault.kind, fault.object) != (kind, name))
        )

    def without_killed(self, hostname: str) -> State:
        """A node that loses power has no killed daemons any more: all of them start with it."""
        gone = f"{hostname}/"
        return replace(self, faults=tuple(each for each in self.faults if not each.object.startswith(gone)))


@dataclass(frozen=True, slots=True)
class Folder:
    """The paths of one lab."""

    root: Path

    @classmethod
    def of(cls, directory: Path) -> Folder:
        """Absolute, as a node's mounts need it."""
        return cls(directory.absolute())

    @property
    def state(self) -> Path:
        return self.root / "state.json"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def nodes(self) -> Path:
        return self.root / "nodes"

    @property
    def image(self) -> Path:
        return self.root / "image"

    @property
    def monitor(self) -> Path:
        return self.root / "monitor"

    def node(self, hostname: str) -> Path:
        return self.nodes / hostname

    def disk(self, hostname: str) -> Path:
        return self.node(hostname) / "disk"

    def upper(self, hostname: str) -> Path:
        """What a node has written: its own layer over the machine's files."""
        return self.disk(hostname) / "upper"

    def log(self, hostname: str) -> Path:
        return self.root / "logs" / f"{hostname}.log"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone with this lab for the block. Raises LabError when another command is at it."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise LabError(f"{self.root}: another command is at this lab; wait for it") from error
            try:
                yield
            finally:
                # Closing is not enough: what another thread forks has the file too, until it is a program.
                fcntl.flock(lock, fcntl.LOCK_UN)


_STATE = TypeAdapter(State)


def save(folder: Folder, state: State) -> None:
    """Replace the state file in one move; readable by its owner only, as day-0 texts may hold secrets."""
    folder.root.mkdir(parents=True, exist_ok=True)
    new = folder.state.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_bytes(_STATE.dump_json(state, indent=1))
    new.replace(folder.state)


def load(directory: Path) -> State | None:
    """The state of the lab in `directory`, None when there is none. Raises LabError on a file not ours."""
    file = Folder(directory).state
    try:
        return _STATE.validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise LabError(f"{file} was not written by this version: take the lab down with that one") from error


def hint(directory: Path, words: str) -> str:
    """A command to type next for the lab in a folder: it is called as the folder is, and named each time."""
    return f"infra-ctl {words} --context lab:{directory.absolute().name}"


def require(directory: Path) -> State:
    """The state of a lab that is up. Raises UnknownError where there is none, LabError for half of one."""
    state = load(directory)
    if state is None:
        raise UnknownError(f"no lab is up in {directory}: {hint(directory, 'lab up')}")
    if not state.built:
        raise LabError(f"the lab in {directory} is not whole: {hint(directory, 'lab up')}")
    return state
