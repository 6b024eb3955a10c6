"""A slice of the reference city as a live twin: eleven routers, and the command line as an engineer types it.

It is booted and deployed once for all tests of a run. A test may change the inventory, edit routers by hand
and break things; `whole` brings everything back after it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from infra_ctl.change import normal
from infra_ctl.journal.opening import open_journal
from infra_ctl.journal.records import Run
from infra_ctl.journal.store import Journal
from infra_ctl.lab import enter, faults, power
from infra_ctl.lab.model import TwinSpec
from infra_ctl.lab.state import Folder, require
from infra_ctl.secrets import open_vault, write_vault

REFERENCE = Path(__file__).parents[2] / "inventory"

CAI_KHE, AN_HOA, THOI_BINH, AN_NGHIEP, BINH_THUY = WARDS = (
    "nk-cai-khe-ce1",  # two circuits, to nk-pop1 and bt-pop1
    "nk-an-hoa-ce1",  # no IPv6 yet
    "nk-thoi-binh-ce1",
    "nk-an-nghiep-ce1",
    "bt-binh-thuy-ce1",
)
POP, CORE = "nk-pop1", "dc-core1"
SLICE = f"site=dc or site=nk or site=bt or {' or '.join(WARDS)}"
IN_BAND = f"role=core or site=nk or site=bt or {CAI_KHE} or {AN_HOA}"

COMMAND = (sys.executable, "-m", "infra_ctl.cli.app")
SECONDS = 600
"""No command of these tests takes longer, on however busy a machine."""

HOLD = "/tmp/hold"
"""There while a router is held."""

BY_HAND = ("interface lo", "description by hand")
"""An edit of a line that is ours."""


@dataclass(frozen=True)
class Done:
    """A command that ended."""

    code: int
    out: str
    err: str

    @cached_property
    def json(self) -> Any:
        return json.loads(self.out)

    def end(self, hostname: str) -> str:
        """The one line of a deploy that says how a router ended."""
        (found,) = re.findall(rf"^wave \d+/\d+  {hostname} .*$", self.out, re.MULTILINE)
        return str(found)


class Running:
    """A command that has been started, in a session of its own."""

    def __init__(self, command: tuple[str, ...], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def end(self) -> Done:
        """Wait for it; one that takes too long is ended, and all that it started."""
        try:
            out, err = self._process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.communicate()
            raise
        return Done(self._process.returncode, out, err)

    def kill(self) -> Done:
        """As `kill -9` does."""
        self._process.kill()
        return self.end()

    def interrupt(self) -> None:
        """As Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)

    def is_over(self, within: float = 0) -> bool:
        """Whether it has ended, or does so within so many seconds."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(within)
        return self._process.poll() is not None


@dataclass(frozen=True)
class CitySlice:
    """A lab that is up: `home` has its own copy of the inventory, and what infra-ctl keeps."""

    name: str
    home: Path

    @property
    def inventory(self) -> Path:
        return self.home / "inventory"

    @property
    def lab(self) -> Folder:
        return Folder(self.home / "var" / "lab" / self.name)

    @cached_property
    def spec(self) -> TwinSpec:
        return require(self.lab.root).spec

    @cached_property
    def hostnames(self) -> tuple[str, ...]:
        """The city's routers: the peers outside are nobody's to configure."""
        return tuple(each.hostname for each in self.spec.nodes if each.management is not None)

    def journal_bytes(self) -> bytes:
        """All of the database, its log too."""
        return b"".join(file.read_bytes() for file in sorted((self.home / "var").glob("journal.db*")))

    @cached_property
    def secrets(self) -> frozenset[str]:
        return frozenset(open_vault(self.lab.root / "vault.yml", self.lab.root / "vault-password").values())

    def start(
        self,
        *arguments: str,
        journal: Path | None = None,
        command: tuple[str, ...] = COMMAND,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> Running:
        """Start a command; with `journal` as from another laptop, whose journal has heard of nothing."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("INFRA_CTL_")}
        ours |= {
            "INFRA_CTL_CONTEXT": f"lab:{self.name}",
            "INFRA_CTL_INVENTORY": str(self.inventory),
            "INFRA_CTL_VAR": str(self.home / "var"),
            **environment,
        }
        if journal is not None:
            ours["INFRA_CTL_JOURNAL"] = f"sqlite:///{journal}"
        return Running((*command, *arguments), ours)

    def run(self, *arguments: str, journal: Path | None = None) -> Done:
        return self.start(*arguments, journal=journal).end()

    def die_at(self, number: int, moment: str, *arguments: str) -> Done:
        """Run a command that dies before or after it writes to its journal for the `number`th time."""
        dying = (sys.executable, "-m", "tests.dying", str(number), moment)
        return self.start(*arguments, command=dying).end()

    def json(self, *arguments: str) -> Any:
        """What a command answers that must succeed."""
        done = self.run(*arguments, "--output", "json")
        assert done.code == 0, done
        return done.json

    def runs(self, journal: Path | None = None) -> tuple[Run, ...]:
        """All runs of the journal, newest first."""
        with closing(self.journal(journal)) as opened:
            return opened.runs(limit=1000)

    def ends(self, run: str, journal: Path | None = None) -> dict[str, tuple[str, str]]:
        """State and cause of every device of a run, by the journal."""
        with closing(self.journal(journal)) as opened:
            return {step.device: (step.state, step.cause) for step in opened.steps(run)}

    def journal(self, file: Path | None = None) -> Journal:
        """This laptop's, or the one in a file of another's."""
        return open_journal(f"sqlite:///{file or self.home / 'var' / 'journal.db'}")

    def on(self, hostname: str, *command: str, text: str = "") -> str:
        """Run a command on a router, by the back door."""
        found = subprocess.run(
            enter.command(self.lab.root, hostname, command),
            input=text,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert found.returncode == 0, (hostname, command, found.stdout, found.stderr)
        return found.stdout

    def edit(self, hostname: str, *lines: str) -> None:
        """Change a router's configuration by hand, and keep it over a reboot."""
        commands = ("configure terminal", *lines, "end", "write memory")
        self.on(hostname, "vtysh", *(word for line in commands for word in ("-c", line)))

    def running(self, hostname: str) -> str:
        return self.on(hostname, "vtysh", "-c", "show running-config no-header")

    def fingerprint(self, hostname: str) -> str:
        """Of the running configuration: two that are equal mean the same."""
        return normal.fingerprint(normal.parse(self.running(hostname)))

    def fingerprints(self) -> dict[str, str]:
        with ThreadPoolExecutor(4) as pool:
            return dict(zip(self.hostnames, pool.map(self.fingerprint, self.hostnames), strict=True))

    def on_disk(self, hostname: str, path: str) -> Path:
        """A file that a router has written, as the machine sees it; of one that is on, in its own mounts."""
        pid = power.process_one(self.lab, self.spec, hostname)
        return self.lab.upper(hostname) / path if pid is None else Path(f"/proc/{pid}/root") / path

    def is_pending(self, hostname: str) -> bool:
        return self.on_disk(hostname, "var/lib/infra-ctl/pending").exists()

    def is_applied(self, hostname: str) -> bool:
        """Whether an unconfirmed commit ran to its end."""
        return self.on_disk(hostname, "var/lib/infra-ctl/pending/applied").exists()

    def token(self, hostname: str) -> str:
        """What the router calls the commit that nobody has confirmed yet."""
        return self.on_disk(hostname, "var/lib/infra-ctl/pending/mark").read_text().split()[0]

    def cut_sessions(self, hostname: str) -> None:
        """End every SSH session of a router, its commands left to themselves."""
        here = self.on(hostname, "pgrep", "-f", "^sshd: root").split()
        self.on(hostname, "kill", "-9", *here)

    @contextmanager
    def held(self, hostname: str) -> Iterator[Callable[[], None]]:
        """A router whose commits get no further than armed until the yielded function is called."""
        tool, real = "/usr/lib/frr/frr-reload.py", "/usr/lib/frr/frr-reload-itself.py"
        waits = f"i=0; while [ -e {HOLD} ] && [ $i -lt 600 ]; do sleep 0.1; i=$((i + 1)); done"
        wrapper = f'#!/bin/sh\ncase "$*" in *--reload*) {waits} ;; esac\nexec {real} "$@"\n'

        self.on(
            hostname,
            "sh",
            "-c",
            f"touch {HOLD}; mv {tool} {real} && cat >{tool} && chmod 755 {tool}",
            text=wrapper,
        )
        try:
            yield partial(self.release, hostname)
        finally:
            self.on(hostname, "sh", "-c", f"rm -f {HOLD}; mv {real} {tool}")

    def release(self, hostname: str) -> None:
        """Let the commits of a router that is held go on."""
        self.on(hostname, "rm", HOLD)

    @contextmanager
    def busy(self, hostname: str) -> Iterator[None]:
        """A router whose dead-man's lock somebody else has for the block: who confirms waits for it."""
        waits = f"i=0; while [ -e {HOLD} ] && [ $i -lt 600 ]; do sleep 0.1; i=$((i + 1)); done"
        locks = f"touch {HOLD}; flock /var/lib/infra-ctl/lock sh -c '{waits}' >/dev/null 2>&1 &"
        self.on(hostname, "sh", "-c", locks)
        try:
            yield
        finally:
            self.release(hostname)

    def write(self, name: str, old: str, new: str) -> None:
        """Replace a text in a file of the inventory."""
        file = self.inventory / name
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} in {name}"
        file.write_text(text.replace(old, new), encoding="utf-8")

    def unmanage(self, lines: Mapping[str, str]) -> None:
        """Declare a line a device: it is configured as it stands, which is how bad lines get in."""
        self._declare("unmanaged", lines)

    def claim(self, lines: Mapping[str, str]) -> None:
        """Declare a line a device ours, so that it goes."""
        self._declare("claimed", lines)

    def _declare(self, part: str, lines: Mapping[str, str]) -> None:
        entries = [f"- {{device: {host}, line: '{line}', reason: a test}}\n" for host, line in lines.items()]
        (self.inventory / "unmanaged.yaml").write_text(f"{part}:\n" + "".join(entries))

    @contextmanager
    def other_secret(self, name: str) -> Iterator[None]:
        """As while a key is being rolled: the vault has the new one, no router has it yet."""
        vault, password = self.lab.root / "vault.yml", self.lab.root / "vault-password"
        kept, secrets = vault.read_bytes(), open_vault(vault, password)
        assert name in secrets
        write_vault(vault, password, {**secrets, name: "another-key"})
        try:
            yield
        finally:
            vault.write_bytes(kept)

    def reset_inventory(self) -> None:
        shutil.rmtree(self.inventory, ignore_errors=True)
        shutil.copytree(REFERENCE, self.inventory)


def until(condition: Callable[[], bool], seconds: float = 120.0, meanwhile: Running | None = None) -> None:
    """Wait for it; `meanwhile` is a command that must not be over before."""
    deadline = time.monotonic() + seconds
    while not condition():
        if meanwhile is not None and meanwhile.is_over():
            raise AssertionError(f"too late: {meanwhile.end()}")
        assert time.monotonic() < deadline, f"did not come true in {seconds} s"
        time.sleep(0.2 if meanwhile is None else 0.02)  # what a command is at is soon over


@dataclass(frozen=True)
class Deployed:
    """The slice, how its first deployment went, and what every router ran after it."""

    city: CitySlice
    first: Done
    running: Mapping[str, str]

    def fingerprint(self, hostname: str) -> str:
        return normal.fingerprint(normal.parse(self.running[hostname]))

    def changed(self) -> list[str]:
        """Routers that run anything else by now."""
        now = self.city.fingerprints()
        return [host for host in self.city.hostnames if now[host] != self.fingerprint(host)]

    def restore(self) -> None:
        """Bring inventory, cables and routers back, without the help of what is tested."""
        city = self.city
        city.reset_inventory()
        faults.heal(city.lab.root)
        until(lambda: not any(map(city.is_pending, city.hostnames)), SECONDS)
        for hostname in self.changed():
            reload = "f=/tmp/first.conf; cat >$f; /usr/lib/frr/frr-reload.py --reload --stdout $f && rm $f"
            city.on(hostname, "sh", "-c", reload, text=self.running[hostname])
        assert self.changed() == []


ROUTERS = "device=*"
"""What a slice deploys: hosts that are booted with it are as they left the installer."""


@contextmanager
def deployed_slice(city: CitySlice, *up: str) -> Iterator[Deployed]:
    """Booted as `lab up` is told and deployed from day 0; in the end there is nothing to deploy."""
    city.reset_inventory()
    try:
        booted = city.run("lab", "up", *up)
        assert booted.code == 0, booted
        first = city.run("deploy", ROUTERS, "--yes", "--reason", "first", "--ticket", "CT-1")
        yield Deployed(city, first, {host: city.running(host) for host in city.hostnames})
        last = city.run("deploy", ROUTERS, "--yes")
        assert (last.code, last.out.partition(" (")[0]) == (0, "no changes"), last
    finally:
        city.run("lab", "down")


@pytest.fixture(scope="session")
def deployed(_can_run: None, lab_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """The slice with the management bridge everywhere."""
    with deployed_slice(CitySlice(f"{lab_name}city", tmp_path_factory.mktemp("city")), SLICE) as found:
        yield found


@pytest.fixture(scope="session")
def in_band(_can_run: None, lab_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Two cores, two PoPs and two wards, of which only the cores are on the management bridge."""
    city = CitySlice(f"{lab_name}band", tmp_path_factory.mktemp("band"))
    with deployed_slice(city, "--in-band", IN_BAND) as found:
        yield found


@pytest.fixture
def city(deployed: Deployed) -> Iterator[CitySlice]:
    """The slice as it was first deployed; whatever a test does to it is undone."""
    yield deployed.city
    deployed.restore()


@pytest.fixture
def in_band_city(in_band: Deployed) -> Iterator[CitySlice]:
    """The in-band slice as it was first deployed; whatever a test does to it is undone."""
    yield in_band.city
    in_band.restore()
