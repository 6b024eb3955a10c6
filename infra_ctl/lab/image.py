"""What every host of a lab starts from: a Debian as an installer leaves it, and packages that it may install.

Both are built once on a machine, from the apt sources that the machine itself has, and kept in a folder that
outlives clones, under a name that tells the recipe. Hosts write to layers of their own over it.

hosts-DIGEST/root       the file system
hosts-DIGEST/packages   .deb files with Packages and Release, as apt reads them from `deb URL ./`
hosts-DIGEST.log        what its building said
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from infra_ctl.errors import LabError

FINISH = Path(__file__).with_name("image.sh")

SUITE = "bookworm"

INSTALLED = (
    *("systemd", "systemd-sysv", "dbus", "cron", "procps", "sudo", "openssh-server", "python3"),
    *("iproute2", "iputils-ping", "nftables", "ca-certificates", "netbase", "less"),
)
"""What Debian's installer leaves on a server."""

AT_REST = (
    *("openssl", "chrony", "rsyslog", "logrotate", "prometheus-node-exporter"),
    *("clamav", "clamav-daemon", "clamav-freshclam"),
)
"""What every host of the city has (`infra_ctl.hosts.roles`): its image has it too, and starts none of it."""

OFFERED = (
    *("rsyslog-gnutls", "unbound", "unbound-anchor", "dns-root-data", "nginx-light"),
    *("kamailio", "kamailio-tls-modules", "postgresql", "postgresql-15", "snmpd", "snmp", "curl", "tree"),
    *("prometheus", "prometheus-alertmanager", "prometheus-snmp-exporter", "prometheus-blackbox-exporter"),
)
"""What the roles of single hosts need, and a small package of no use to anybody."""

OPTIONS = (
    "--variant=minbase",
    f"--include={','.join((*INSTALLED, *AT_REST))}",
    '--aptopt=APT::Install-Recommends "false"',
    "--dpkgopt=force-unsafe-io",
    *(f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("doc", "info", "locale", "man")),
)

STAGES = (
    "I: running apt-get update",
    "I: downloading packages",
    "I: extracting archives",
    "I: installing essential packages",
    "I: installing remaining packages",
    "I: running --customize-hook",
    "I: success",
)
"""How mmdebstrap says where it is."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Image:
    """The paths of one image."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def packages(self) -> Path:
        return self.folder / "packages"

    @property
    def log(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.log")


def cache() -> Path:
    """Where images are kept: INFRA_CTL_CACHE, or the machine's."""
    return Path(os.environ.get("INFRA_CTL_CACHE", "/var/cache/infra-ctl")).absolute()


def image() -> Image:
    """The image that this version's hosts start from, built or not."""
    recipe = "\n".join((SUITE, *OPTIONS, *OFFERED, FINISH.read_text(encoding="utf-8")))
    return Image(cache() / f"hosts-{sha256(recipe.encode()).hexdigest()[:12]}")


def ensure(progress: Progress) -> Image:
    """The image, built now if this machine has none. Raises LabError.

    One that is cut short leaves nothing but its log. Two commands do not build at the same time: the second
    waits for the first.
    """
    wanted = image()
    if wanted.folder.exists():
        return wanted
    wanted.folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone(wanted.folder.parent, progress):
        if not wanted.folder.exists():
            _build(wanted, progress)
    return wanted


@contextmanager
def _alone(folder: Path, progress: Progress) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("image, which another command builds", 0, 1)
            fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)


def _build(wanted: Image, progress: Progress) -> None:
    """In a folder beside it, which takes its name in one move."""
    for left in wanted.folder.parent.glob("hosts-*.new"):  # of one that was killed
        _remove(left)
    new = Image(wanted.folder.with_suffix(".new"))
    try:
        (new.packages / "partial").mkdir(parents=True)
        _bootstrap(new, wanted.log, progress)
        new.folder.rename(wanted.folder)
    finally:
        if new.folder.exists():
            _remove(new.folder)


def _remove(left: Path) -> None:
    if left.is_dir() and not left.is_symlink():
        shutil.rmtree(left)
    else:
        left.unlink()


def _bootstrap(new: Image, log: Path, progress: Progress) -> None:
    """In namespaces of its own: whatever ends it ends all of it, and its mounts are nowhere else."""
    settings = new.folder / "apt.conf"
    settings.touch(mode=0o600)
    settings.write_text(_machine_settings())
    finish = f'sh {FINISH} "$1" {new.packages} {" ".join(OFFERED)}'
    command = (
        *("setpriv", "--pdeathsig", "KILL"),
        *("unshare", "--mount", "--pid", "--mount-proc", "--fork", "--kill-child"),
        *("mmdebstrap", "--mode=root", *OPTIONS, f"--aptopt={settings}", f"--customize-hook={finish}"),
        *(SUITE, str(new.root), *map(str, sources())),
    )
    progress("image", 0, len(STAGES))
    with (
        log.open("w") as kept,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process,
    ):
        assert process.stdout is not None  # noqa: S101 - PIPE was asked for
        try:
            for line in process.stdout:
                kept.write(line)
                _tell(line, progress)
        except BaseException:
            process.kill()
            raise
    settings.unlink()
    if process.returncode != 0:
        raise LabError(f"the image of a lab's hosts was not built: {_complaint(log)}; see {log}")


def _tell(line: str, progress: Progress) -> None:
    for number, stage in enumerate(STAGES):
        if line.startswith(stage):
            progress("image", number + 1, len(STAGES))


def _complaint(log: Path) -> str:
    """The first error that it told: the later ones follow from it."""
    lines = log.read_text(errors="replace").splitlines()
    errors = (line.removeprefix("E: ") for line in lines if line.startswith("E: "))
    return next(errors, lines[-1] if lines else "it said nothing")


def sources(folder: Path = Path("/etc/apt")) -> tuple[Path, ...]:
    """The machine's own files of apt sources that have the suite. Raises LabError where none has."""
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    mentioned = re.compile(rf"^(deb|Suites:)\s.*(?<!\S){SUITE}(?!\S)", re.MULTILINE)
    found = tuple(
        file
        for file in files
        if file.suffix in (".list", ".sources")
        and file.is_file()
        and mentioned.search(file.read_text(errors="replace"))
    )
    if not found:
        raise LabError(f"hosts are Debian {SUITE}, which no apt source of this machine has: see {folder}")
    return found


def _machine_settings() -> str:
    """How the machine's apt fetches: proxies, mirrors' peculiarities."""
    command = ("apt-config", "dump", "Acquire")
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
