"""One router node: what is on its disk on day 0, and its start. See init.sh for its inside."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
from pathlib import Path

from infra_ctl.errors import LabError
from infra_ctl.lab import keys, namespace
from infra_ctl.lab.disk import File, last_line, make, write
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
        File("root/.ssh/authorized_keys", keys.authorized(keys_folder), 0o600),
    )


def prepare(folder: Folder, spec: TwinSpec, node: Node) -> None:
    """Give a node its disk as on day 0."""
    upper = make(folder, spec, node.hostname)
    for own in OWN:
        _own_folder(upper / own)
    (upper / "root").chmod(0o700)
    shutil.chown(upper / "var/log/frr", "frr", "frr")
    for file in files(node, folder.keys):
        write(upper, file)


def _own_folder(path: Path) -> None:
    """A folder that hides the machine's of the same name (overlayfs: opaque directory)."""
    path.mkdir(parents=True, exist_ok=True)
    os.setxattr(path, "trusted.overlay.opaque", b"y")


def start(folder: Folder, spec: TwinSpec, node: Node, seconds: float = START_SECONDS) -> None:
    """Switch a node on with the disk it has, and wait until its daemons run. Raises LabError."""
    log = folder.log(node.hostname)
    command = _start_command(folder, spec, node)
    reader, writer = os.pipe()
    try:
        with log.open("w") as errors, os.fdopen(writer, "w") as output:
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, check=False)
        if not _says_ready(reader, seconds):
            raise LabError(f"{node.hostname} did not start: {last_line(log)}; see {log}")
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
