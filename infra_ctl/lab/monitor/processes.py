"""The stack's processes: begun so that they outlive the command, found again by their PID files, ended."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra_ctl.intent.model import Address
from infra_ctl.lab import namespace, power
from infra_ctl.lab.disk import last_line
from infra_ctl.lab.model import TwinSpec
from infra_ctl.lab.monitor.parts import SPARING, Part
from infra_ctl.lab.state import Folder

TELLS = 'echo $$ >"$1" && shift && exec "$@"'
"""For sh(1): say which process this is, and become the command."""
NAMES = 'mount --bind "$1" /etc/hosts && mount --bind /dev/null /etc/resolv.conf && shift && exec "$@"'
"""In mounts of its own: the lab's names are known, and nobody outside is asked for others."""
SAYS = b"reflecting on"
TICKS = os.sysconf("SC_CLK_TCK")
TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class Usage:
    """What a part and all that it has started take: resident memory and CPU time since its start."""

    memory_bytes: int
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the processes of one lab run, and what they are told."""

    folder: Folder
    spec: TwinSpec

    @property
    def names(self) -> Path:
        """What stands in for /etc/hosts."""
        return self.folder.monitor / "hosts"

    def namespace(self, part: Part) -> str:
        return self.spec.namespace(part.router) if part.router else self.spec.monitor_namespace

    def pid_file(self, part: Part) -> Path:
        return self.folder.monitor / "run" / f"{part.file}.pid"

    def log(self, part: Part) -> Path:
        return self.folder.log(part.file)

    def pid(self, part: Part) -> int | None:
        """None where it does not run."""
        try:
            pid = int(self.pid_file(part).read_text())
        except (FileNotFoundError, ValueError):
            return None
        return pid if namespace.holds(self.namespace(part), pid) else None

    def is_as_wanted(self, part: Part, pid: int) -> bool:
        """Whether it was started with this command line."""
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
        except (FileNotFoundError, ProcessLookupError):
            return False
        return [word.decode() for word in words[1:]] == list(part.command[1:])

    def start(self, part: Part) -> None:
        """Begin it. Whether it comes up shows later."""
        pid_file, log = self.pid_file(part), self.log(part)
        for place in (pid_file, log):
            place.parent.mkdir(parents=True, exist_ok=True)
        pid_file.unlink(missing_ok=True)
        command = ("setsid", "--fork", "sh", "-c", TELLS, "sh", str(pid_file), *self._entered(part))
        environment = {
            **os.environ,
            **(SPARING if part.router else {}),
            "INFRA_CTL_CONTEXT": f"lab:{self.spec.name}",
            "INFRA_CTL_VAR": str(self.folder.root.parent.parent),
            "PYTHONUNBUFFERED": "1",
        }
        with log.open("wb") as output:
            subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
                check=True,
            )

    def _entered(self, part: Part) -> tuple[str, ...]:
        """Nowhere a new PID namespace: its PID is the one that we are told."""
        if part.router:
            pid = power.process_one(self.folder, self.spec, part.router)
            if pid is None:
                return ("sh", "-c", f"echo {part.router} is off; exit 1")
            return ("nsenter", "--target", str(pid), "--mount", "--net", "--", *part.command)
        net = f"--net={namespace.RUN / self.namespace(part)}"
        return (
            "nsenter",
            net,
            "--",
            "unshare",
            "--mount",
            "sh",
            "-c",
            NAMES,
            "sh",
            str(self.names),
            *part.command,
        )

    def reload(self, pid: int) -> None:
        """Let it read its configuration again."""
        try:
            os.kill(pid, signal.SIGHUP)
        except ProcessLookupError:
            return

    def end(self, parts: Iterable[Part], seconds: float = 5.0) -> None:
        """Ask them to end, and end those that do not."""
        running = {part: pid for part in parts if (pid := self.pid(part)) is not None}
        for pid in running.values():
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                continue
        deadline = time.monotonic() + seconds
        while any(self.pid(part) for part in running) and time.monotonic() < deadline:
            time.sleep(0.05)
        for part, pid in running.items():
            namespace.kill_one(self.namespace(part), pid)

    def has_ended(self, part: Part) -> bool:
        """Whether it was begun and is gone; one that is on its way into its namespace is not."""
        try:
            return not Path("/proc", self.pid_file(part).read_text().strip()).exists()
        except FileNotFoundError:
            return False

    def failure(self, part: Part) -> str:
        """Why it is not ready; empty where it is."""
        if self.pid(part) is None:
            # A log may be that of an earlier stack; what says whose PID it is goes with its stack.
            if not self.pid_file(part).exists():
                return "was not started"
            log = self.log(part)
            return f"has ended; its log {log} ends: {last_line(log)[:200]}"
        if not part.page:
            return "" if SAYS in self.log(part).read_bytes() else "has not begun to listen"
        try:
            status, _ = fetch(self.namespace(part), part.address, part.port, part.page)
        except OSError as error:
            return f"does not answer: {error}"
        return "" if status == http.client.OK else f"answers {status}"


def fetch(within: str, address: Address, port: int, path: str, seconds: float = TIMEOUT) -> tuple[int, bytes]:
    """Status and body of a page, asked for inside a namespace. Raises OSError."""
    connection = http.client.HTTPConnection(str(address), port, timeout=seconds)
    try:
        with namespace.inside(within):
            connection.connect()
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except http.client.HTTPException as error:
        raise OSError(f"{type(error).__name__}") from error
    finally:
        connection.close()


def usages(pids: Iterable[int]) -> Mapping[int, Usage]:
    """By PID of the first of a session, what all processes of that session take."""
    memory: dict[int, int] = defaultdict(int)
    ticks: dict[int, int] = defaultdict(int)
    wanted = set(pids)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (found := _figures(entry, wanted)) is not None:
            session, own_memory, own_ticks = found
            memory[session] += own_memory
            ticks[session] += own_ticks
    return {pid: Usage(memory[pid], ticks[pid] / TICKS) for pid in wanted}


def _figures(process: Path, sessions: Collection[int]) -> tuple[int, int, int] | None:
    """Session, proportional memory in bytes, ticks; None where it has ended or is of no such session."""
    try:
        stat = (process / "stat").read_text().rpartition(")")[2].split()
        if (session := int(stat[3])) not in sessions:
            return None
        rollup = (process / "smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    pss = next((line for line in rollup.splitlines() if line.startswith("Pss:")), "Pss: 0 kB")
    return session, int(pss.split()[1]) * 1024, int(stat[11]) + int(stat[12])
