"""One router node: what is on its disk on day 0, its start, its power cut. See init.sh for its inside."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra_ctl.errors import LabError
from infra_ctl.lab import keys, namespace
from infra_ctl.lab.model import Node, TwinSpec
from infra_ctl.lab.state import Folder

INIT = Path(__file__).with_name("init.sh")

START_SECONDS = 60.0
"""A node starts in a third of a second alone; the rest is for a machine that starts a hundred of them."""

UNSHARED = ("--mount", "--uts", "--ipc", "--pid", "--cgroup")

OWN = ("root", "etc/frr", "etc/ssh", "var/lib/infra-ctl", "var/log/frr")
"""Folders of which a node sees nothing of the machine's: root's start-up files, keys, FRR's texts."""

SSHD = """\
HostKey /etc/ssh/ssh_host_ed25519_key
AllowUsers root
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
MaxStartups 64
X11Forwarding no
PrintMotd no
PrintLastLog no
Subsystem sftp internal-sftp
"""


@dataclass(frozen=True, slots=True)
class File:
    """A file on a node's disk."""

    path: str
    text: str
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"


def files(node: Node, keys_folder: Path) -> tuple[File, ...]:
    """What a node's disk holds on day 0 beside the machine's own files."""
    common = (
        File("etc/hostname", f"{node.hostname}\n"),
        File("etc/hosts", f"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {node.hostname}\n"),
        File("etc/shadow", "root:*:19000:0:99999:7:::\n", 0o640, group="shadow"),
        File("etc/frr/frr.conf", node.config, 0o640, "frr", "frr"),
        File("etc/frr/vtysh.conf", "service integrated-vtysh-config\n", 0o640, "frr", "frrvty"),
        File("etc/frr/daemons", "".join(f"{daemon}=yes\n" for daemon in node.daemons), 0o640, "frr", "frr"),
    )
    if node.management is None:
        return common
    listening = "".join(f"ListenAddress {address}:22\n" for address in (node.management, *node.uplinks))
    return (
        *common,
        File("etc/ssh/sshd_config", SSHD + listening),
        File("etc/ssh/ssh_host_ed25519_key", keys.host_key(keys_folder, node.hostname).read_text(), 0o600),
        File("root/.ssh/authorized_keys", _public_key(keys.controller_key(keys_folder)), 0o600),
    )


def _public_key(private: Path) -> str:
    return private.with_name(f"{private.name}.pub").read_text()


def prepare(folder: Folder, spec: TwinSpec, node: Node) -> None:
    """Give a node its disk as on day 0."""
    disk = folder.disk(node.hostname)
    disk.mkdir(parents=True)
    (folder.node(node.hostname) / "root").mkdir()
    folder.log(node.hostname).parent.mkdir(exist_ok=True)
    if spec.disk_mb is not None:
        options = f"size={spec.disk_mb}m,mode=755"
        namespace.run(("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)))
    (disk / "work").mkdir()
    upper = folder.upper(node.hostname)
    for own in OWN:
        _own_folder(upper / own)
    (upper / "root").chmod(0o700)
    shutil.chown(upper / "var/log/frr", "frr", "frr")
    for file in files(node, folder.keys):
        _write(upper, file)


def _own_folder(path: Path) -> None:
    """A folder that hides the machine's of the same name (overlayfs: opaque directory)."""
    path.mkdir(parents=True, exist_ok=True)
    os.setxattr(path, "trusted.overlay.opaque", b"y")


def _write(upper: Path, file: File) -> None:
    path = upper / file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=file.mode)
    path.write_text(file.text)
    shutil.chown(path, file.owner, file.group)


def start(folder: Folder, spec: TwinSpec, node: Node, seconds: float = START_SECONDS) -> None:
    """Switch a node on with the disk it has, and wait until its daemons run. Raises LabError."""
    log = folder.log(node.hostname)
    command = _start_command(folder, spec, node)
    reader, writer = os.pipe()
    try:
        with log.open("w") as errors, os.fdopen(writer, "w") as output:
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, check=False)
        if not _says_ready(reader, seconds):
            raise LabError(f"{node.hostname} did not start: {_last_line(log)}; see {log}")
    finally:
        os.close(reader)


def _start_command(folder: Folder, spec: TwinSpec, node: Node) -> tuple[str, ...]:
    """`setsid --fork` leaves the node to itself: it outlives this command and has no terminal."""
    return (
        "nsenter",
        f"--net={namespace.RUN / spec.namespace(node.hostname)}",
        *("setsid", "--fork", "unshare", *UNSHARED, "--fork", "--kill-child"),
        *("/bin/sh", str(INIT), str(folder.node(node.hostname))),
        str(node.management or "-"),
        str(spec.controller if node.has_mgmt0 else "-"),
        *node.daemons,
    )


def _says_ready(reader: int, seconds: float) -> bool:
    """Whether init.sh wrote its word in time; the end of the pipe means that it died."""
    readable, _, _ = select.select([reader], [], [], seconds)
    return bool(readable) and os.read(reader, 16).startswith(b"ready")


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), "it said nothing")


def power_off(spec: TwinSpec, hostname: str) -> None:
    """Cut a node's power: its processes are gone and its neighbours' links go dark. The disk stays."""
    name = spec.namespace(hostname)
    namespace.kill([name])
    namespace.batch(_dark(spec, hostname), name)


def _dark(spec: TwinSpec, hostname: str) -> list[str]:
    """Lines that take a dead node's interfaces down."""
    ends = [end for link in spec.links for end in (link.a, link.z)]
    ends += [end for segment in spec.segments for end in segment.ends]
    own = [end.interface for end in ends if end.node == hostname]
    if spec.node(hostname).has_mgmt0:
        own.append("mgmt0")
    return [f"link set {interface} down" for interface in own]


def process_one(folder: Folder, spec: TwinSpec, hostname: str) -> int | None:
    """PID, as the machine sees it, of a node's process 1; None while it is off."""
    try:
        pid = int((folder.node(hostname) / "pid").read_text())
    except (FileNotFoundError, ValueError):
        return None
    return pid if namespace.holds(spec.namespace(hostname), pid) else None


def enter_command(pid: int, command: Sequence[str]) -> tuple[str, ...]:
    """What runs `command` in all of a node's namespaces."""
    entered = ("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup")
    return ("nsenter", "--target", str(pid), *entered, "--", *command)


def remove(folder: Folder, hostname: str) -> None:
    """Remove what is left of a node that is off."""
    disk = folder.disk(hostname)
    if os.path.ismount(disk):
        namespace.run(("umount", "--lazy", str(disk)))
    if folder.node(hostname).exists():
        shutil.rmtree(folder.node(hostname))
