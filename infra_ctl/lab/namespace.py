"""Network namespaces of the machine: entering one from a thread, and the processes in it."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from infra_ctl.errors import LabError, LabUsageError

RUN = Path("/run/netns")
"""Where iproute2 keeps the names of namespaces (ip-netns(8))."""

CLONE_NEWNET = 0x40000000


def exists(name: str) -> bool:
    """Whether a network namespace of that name exists."""
    return (RUN / name).exists()


def _setns(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise LabError(f"cannot enter the network namespace: {os.strerror(error)}")


def enter(name: str) -> None:
    """Move this thread into the namespace for good; threads that it starts later are in it as well.

    Raises LabUsageError when there is none, or when this process may not have it.
    """
    try:
        descriptor = os.open(RUN / name, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise LabUsageError(f"cannot enter {name}: {error.strerror}; is its lab up?") from error
    try:
        _setns(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def inside(name: str) -> Iterator[None]:
    """This thread is in the namespace for the block, and back in its own after it."""
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        enter(name)
        try:
            yield
        finally:
            _setns(own)
    finally:
        os.close(own)


def run(command: Sequence[str], text: str = "", within: str | None = None) -> None:
    """Run a command to its end, with `text` as its input, in a namespace or where we are. Raises LabError."""
    with nullcontext() if within is None else inside(within):
        done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise LabError(
            f"{command[0]} failed in {within or 'the machine'}: {said[0] if said else done.returncode}"
        )


def batch(lines: Iterable[str], within: str | None = None) -> None:
    """Run lines of ip(8) in one process. Raises LabError."""
    run(("ip", "-batch", "-"), "".join(f"{line}\n" for line in lines), within)


def processes(names: Iterable[str]) -> Mapping[str, tuple[int, ...]]:
    """PIDs in each of the namespaces, save our own, found by one walk through /proc."""
    wanted = {_identity(RUN / name): name for name in names if exists(name)}
    found: dict[str, list[int]] = defaultdict(list)
    for pid in _pids():
        name = _namespace_of(pid, wanted)
        if name is not None and pid != os.getpid():
            found[name].append(pid)
    return {name: tuple(pids) for name, pids in found.items()}


def program(pid: int) -> str | None:
    """Name of the program that a process runs, 15 characters of it at most; None when it has ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _namespace_of(pid: int, wanted: Mapping[tuple[int, int], str]) -> str | None:
    try:
        return wanted.get(_identity(Path(f"/proc/{pid}/ns/net")))
    except (FileNotFoundError, ProcessLookupError, PermissionError):  # it has ended, or is a kernel thread
        return None


def holds(name: str, pid: int) -> bool:
    """Whether the process is in the namespace."""
    return exists(name) and _namespace_of(pid, {_identity(RUN / name): name}) is not None


def kill(names: Iterable[str], seconds: float = 10.0) -> None:
    """End every process in the namespaces, as a power cut would. Raises LabError when some are left."""
    names = tuple(names)
    deadline = time.monotonic() + seconds
    while found := processes(names):
        if time.monotonic() > deadline:
            raise LabError(
                f"processes do not end in {', '.join(found)}; see: ip netns pids {next(iter(found))}"
            )
        for name, pids in found.items():
            for pid in pids:
                kill_one(name, pid)
        time.sleep(0.02)


def kill_one(name: str, pid: int) -> None:
    """Kill `pid` if it is in the namespace still: the number may be somebody else's by now."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if holds(name, pid):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        os.close(descriptor)
