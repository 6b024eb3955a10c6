"""What a machine must have to run a twin, tried rather than guessed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

CGROUPS = tuple(Path("/sys/fs/cgroup", hierarchy, "infra-ctl") for hierarchy in ("systemd", "unified", ""))
"""Where a host has its control group, in each hierarchy that the machine has."""

COMMANDS = {
    "ip": "iproute2",
    "tc": "iproute2",
    "nft": "nftables",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "pivot_root": "util-linux",
    "vtysh": "frr",
}
HOST_COMMANDS = {
    "systemd-nspawn": "systemd-container",
    "mmdebstrap": "mmdebstrap",
    "apt-ftparchive": "apt-utils",
}
"""Of a lab with hosts, and of what they start from."""
ROOM_COMMANDS = {"baresip": "baresip-core"}

PART_COMMANDS = {"snmpd": "snmpd", "prometheus-frr-exporter": "prometheus-frr-exporter"}
"""Of a lab whose routers have their host part: they have the machine's packages, and install none."""

DAEMONS = {
    "/usr/lib/frr/zebra": "FRR (apt install frr)",
    "/usr/lib/frr/frr-reload.py": "frr-reload.py (apt install frr-pythontools)",
    "/usr/sbin/sshd": "sshd (apt install openssh-server)",
}

TRIAL = """\
ip link add left type veth peer name right || echo "virtual cables (kernel: veth)"
ip link add middle type bridge || echo "bridges (kernel: bridge)"
nft add table netdev t || echo "packet filters (kernel: nf_tables, netdev family)"
mkdir upper work root
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root || echo "overlay mounts on this disk"
"""
"""Run in new namespaces; prints what did not work."""


def requirements(
    directory: Path, *, hosts: bool = False, parts: bool = False, rooms: bool = False
) -> tuple[str, ...]:
    """What is missing for a lab in `directory`, with what beside its routers."""
    if os.geteuid() != 0:
        return ("it needs root: run it with sudo",)
    if any(sign in str(directory) for sign in ",:\\"):
        return (f"the folder {directory} has a comma, colon or backslash in its name: choose another",)
    more = {
        **(HOST_COMMANDS if hosts else {}),
        **(PART_COMMANDS if parts else {}),
        **(ROOM_COMMANDS if rooms else {}),
    }
    commands = COMMANDS | more
    packages = {package for command, package in commands.items() if shutil.which(command) is None}
    missing = [f"package {package} (apt install {package})" for package in sorted(packages)]
    missing += [name for path, name in DAEMONS.items() if not Path(path).exists()]
    if hosts and not any(os.access(group.parent / "cgroup.procs", os.W_OK) for group in CGROUPS):
        missing.append("control groups that can be written to (a container needs --privileged)")
    return tuple(missing) or _trial(directory)


def _trial(directory: Path) -> tuple[str, ...]:
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory) as folder:
        command = ("unshare", "--mount", "--uts", "--ipc", "--pid", "--net", "--fork", "sh", "-c", TRIAL)
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0 and not done.stdout:
        return ("namespaces are not permitted here (a container needs --privileged)",)
    return tuple(done.stdout.splitlines())
