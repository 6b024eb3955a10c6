"""The ground: a wire between two namespaces, a whole city behind it, and every exporter on our side of it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra_ctl.lab import namespace
from tests.lab.endurance import asking
from tests.lab.endurance.board import Board

ROOT = Path(__file__).parents[3]
STEPPED = Path(__file__).parent / "stepped"
NEAR4, FAR4, NEAR6, FAR6 = "192.0.2.1", "192.0.2.2", "fd77::1", "fd77::2"
CITY4, CITY6 = "10.0.0.0/8", "2001:db8:9200::/40"
WAYS = (f"route replace default via {FAR4}", f"route replace ::/0 via {FAR6}")
"""They go with the wire, when that goes down."""
PATIENCE = 120.0


def python(module: str) -> tuple[str, ...]:
    """The command that runs it."""
    return sys.executable, "-m", module


CLI = (*python("infra_ctl.cli.app"), "export")
QUICK: Mapping[str, str] = {
    "path": "--stamp.port 862 --probe.mtu-interval 30",
    "video": "--probe.interval 3 --probe.timeout 1 --media.interval 1 --media.window 30",
    "state": "--sweep.interval 15 --sweep.timeout 2",
    "controller": "",
    "sd": "",
}
PORTS: Mapping[str, int] = {"path": 9870, "video": 9871, "state": 9872, "controller": 9873, "sd": 9874}
_EXPECTED = re.compile(
    r"\w+ exporter on |reflecting on |reloaded$|not reloaded, the inventory before stays: "
    r"|[a-z0-9]+-[a-z0-9-]+: |journal \S+ "
)
"""What an exporter may say, of routers and a journal that cannot be read too. All else is a defect."""


@dataclass(frozen=True, slots=True)
class Use:
    """What an exporter and the processes that it started hold."""

    resident: int
    """KiB."""
    files: int
    processes: tuple[int, ...]


class Running:
    """An exporter as a process, and what it said."""

    def __init__(self, name: str, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name, self.port, self.process, self.log = name, port, process, log
        self._read = 0

    def use(self) -> Use:
        """Nothing where it has ended."""
        pids = tuple(_family(self.process.pid)) if self.process.poll() is None else ()
        return Use(sum(map(_resident, pids)), sum(map(_files, pids)), pids)

    def answers(self) -> bool:
        return asking.status(self.port, path="/-/ready") == 200

    def complaints(self) -> list[str]:
        """What went wrong with it since it was last asked; each line once."""
        said = self.log.read_text(errors="replace")
        new, self._read = said[self._read :], len(said)
        lines = [line for line in new.splitlines() if line.strip() and not _EXPECTED.match(line)]
        ended = [] if self.process.poll() is None else [f"ended with {self.process.returncode}"]
        return [f"{self.name}: {line}" for line in dict.fromkeys((*ended, *lines))]


@dataclass(frozen=True)
class Ground:
    """What faults happen to."""

    name: str
    folder: Path
    board: Board
    exporters: Mapping[str, Running]
    others: tuple[Running, ...]
    """The reflector, and the far end itself."""

    @property
    def all(self) -> tuple[Running, ...]:
        return (*self.exporters.values(), *self.others)

    @property
    def ports(self) -> Sequence[int]:
        return [each.port for each in self.exporters.values()]

    @property
    def inventory(self) -> Path:
        return self.folder / "inventory"

    def wire(self, *, is_up: bool) -> None:
        """Pull it, or put it back with the ways that went with it."""
        namespace.batch((f"link set w0 {'up' if is_up else 'down'}",), self.name)
        if is_up:
            namespace.batch((f"address replace {NEAR6}/64 dev w0 nodad", *WAYS), self.name)


@contextmanager
def ground(name: str, folder: Path) -> Iterator[Ground]:
    """Everything, up and answering; this thread and those that it starts are in the near namespace."""
    shutil.copytree(ROOT / "inventory", folder / "inventory")
    (folder / ".ssh").mkdir()
    (folder / "var/backup/live").mkdir(parents=True)  # without a place for them, one log line says so
    (folder / ".ssh/known_hosts").touch()
    board, far = Board(folder / "board"), f"{name}far"
    with ExitStack() as stack:
        stack.enter_context(_namespaces(name, far))
        with namespace.inside(far):
            command = (*python("tests.lab.endurance.far"), str(folder / "board"), NEAR4)
            seen = stack.enter_context(started("far", 0, command, folder))
        stack.enter_context(namespace.inside(name))
        allowed = ("--allow", NEAR4, "--allow", NEAR6)
        reflector = (*CLI, "reflector", "-i", str(folder / "inventory"), "--netns", far, *allowed)
        answering = stack.enter_context(started("reflector", 0, reflector, folder))
        exporters = {
            each: stack.enter_context(exporting(each, folder, *QUICK[each].split())) for each in PORTS
        }
        yield Ground(name, folder, board, exporters, (answering, seen))


@contextmanager
def exporting(
    name: str, folder: Path, *options: str, command: Sequence[str] = (), port: int = 0
) -> Iterator[Running]:
    """One of ours, once it is ready; `command` is another way to begin it, on a port of its own."""
    port = port or PORTS[name]
    where = ("-i", str(folder / "inventory"), "--web.listen-address", f"{asking.HOST}:{port}")
    given = (*(command or (*CLI, name)), *where, "--web.enable-lifecycle", *options)
    with started(name, port, given, folder) as running:
        deadline = time.monotonic() + PATIENCE
        while not running.answers():
            if running.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{name} does not begin: {running.log.read_text(errors='replace')[-500:]}")
            time.sleep(0.2)
        yield running


@contextmanager
def started(name: str, port: int, command: Sequence[str], folder: Path) -> Iterator[Running]:
    """A process with the stepped clock, from here on; its end is seen to."""
    log = folder / f"{name}-{time.monotonic_ns()}.log"
    environment = {
        **os.environ,
        "PYTHONPATH": f"{STEPPED}:{ROOT}",
        "ENDURANCE_CLOCK": str(folder / "board"),
        "INFRA_CTL_VAR": str(folder / "var"),
        "HOME": str(folder),
    }
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environment
        )
    try:
        yield Running(name, port, process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _namespaces(near: str, far: str) -> Iterator[None]:
    """A wire, and behind it a kernel that is every address of the city."""
    namespace.batch((f"netns add {near}", f"netns add {far}"))
    try:
        namespace.batch([f"link add w0 netns {near} type veth peer name w0 netns {far}"])
        for name, four, six in ((near, NEAR4, NEAR6), (far, FAR4, FAR6)):
            up = ("link set lo up", "link set w0 up")
            namespace.batch(
                (*up, f"address add {four}/24 dev w0", f"address add {six}/64 dev w0 nodad"), name
            )
        namespace.batch(WAYS, near)
        namespace.batch((f"route add local {each} dev lo" for each in (CITY4, CITY6)), far)
        yield
    finally:
        namespace.kill([name for name in (near, far) if namespace.exists(name)])
        namespace.batch((f"netns delete {near}", f"netns delete {far}"))


def _family(pid: int) -> Iterator[int]:
    """A process and all that came of it."""
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from _family(int(child))


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
    except OSError:
        return 0


def _files(pid: int) -> int:
    try:
        return len(tuple(Path(f"/proc/{pid}/fd").iterdir()))
    except OSError:
        return 0
