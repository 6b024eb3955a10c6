"""Looking for secrets wherever a run may leave one: on the controller, on routers, in processes' words."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from infra_ctl.lab import enter
from tests.lab.city_slice import CitySlice

OWN = ("etc/frr/", "etc/snmp/snmpd.conf")
"""Where a router keeps its own configuration."""
ARMED = ("var/lib/infra-ctl/pending/", "/run/infra-ctl/")
"""Where it has the way back and the candidate while a commit is armed."""

IN_MEMORY = ("/tmp", "/run", "/dev/shm")
"""Of a router, and so not in what it writes to its disk."""


def found(secrets: Iterable[str], texts: Mapping[str, bytes]) -> list[str]:
    """Where secrets are, by the names of the texts."""
    wanted = [secret.encode() for secret in secrets]
    return [name for name, text in texts.items() if any(secret in text for secret in wanted)]


def files(folder: Path) -> dict[str, bytes]:
    """Every file under a folder."""
    return {str(file): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def journal(city: CitySlice) -> dict[str, bytes]:
    """The journal, what is compressed in it unpacked."""
    texts: dict[str, str] = {}
    with closing(city.journal()) as opened:
        for run in opened.runs(limit=1000):
            texts[f"plan of {run.id}"] = opened.plan(run.id)
            texts[f"run {run.id}"] = repr((run, opened.steps(run.id), opened.events(run.id)))
            for step in opened.steps(run.id):
                for digest in filter(None, (step.before, step.after)):
                    texts[f"snapshot {digest} of {step.device}"] = opened.snapshot(digest)
    return {name: text.encode(errors="surrogateescape") for name, text in texts.items()}


def on_router(city: CitySlice, hostname: str, secrets: Iterable[str]) -> list[str]:
    """Files of a router with a secret, save those where it belongs; what is in memory among them."""
    upper = city.lab.upper(hostname)
    disk = {name.removeprefix(f"{upper}/"): text for name, text in files(upper).items()}
    disk = {name: text for name, text in disk.items() if not name.startswith(OWN)}
    command = enter.command(city.lab.root, hostname, ("grep", "-rlaF", "-f", "-", *IN_MEMORY))
    memory = subprocess.run(
        command, input="\n".join(secrets), capture_output=True, text=True, check=False, timeout=60
    )
    return [f"{hostname}:{name}" for name in (*found(secrets, disk), *memory.stdout.split())]


def deletes(name: str) -> bool:
    """Whether a process is FRR's own reload deleting a line, which it can only say as an argument of vtysh.

    A value that goes is in it, for the moment: docs/secrets.md says so.
    """
    return "vtysh" in name and re.search(r"-c\\x00 *no ", name) is not None


@contextmanager
def words_of_processes() -> Iterator[dict[str, bytes]]:
    """Command lines and environments of all processes that are seen while the block lasts, routers' too."""
    seen: dict[str, bytes] = {}
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.2):
            for process in Path("/proc").iterdir():
                if process.name.isdigit():
                    _note(process, seen)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield seen
    finally:
        over.set()
        looking.join()


def _note(process: Path, seen: dict[str, bytes]) -> None:
    try:
        words = (process / "cmdline").read_bytes()
        seen.setdefault(f"{process.name} {words!r}", words + (process / "environ").read_bytes())
    except OSError:
        return  # it has ended
