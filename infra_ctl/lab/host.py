"""One host: what an installer has left on its disk, its network, its start. See host.sh and image.py."""

from __future__ import annotations

import os
import re
import select
import socket
import subprocess
import tempfile
import time
from contextlib import closing
from hashlib import sha256
from ipaddress import IPv4Address
from pathlib import Path

from infra_ctl.errors import LabError
from infra_ctl.inventory.models import HOST_ACCOUNT
from infra_ctl.lab import keys, namespace
from infra_ctl.lab.disk import File, last_line, make, write
from infra_ctl.lab.model import HOST_INTERFACE, HostNode, TwinSpec
from infra_ctl.lab.requirements import CGROUPS
from infra_ctl.lab.state import Folder
from infra_ctl.lab.wiring import GATEWAY

SUPPLY = Path(__file__).with_name("host.sh")

USER_ID = 1000

START_SECONDS = 120.0
"""A host boots in two seconds alone; the rest is for a machine that boots forty of them."""

INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
WATCHERS = 16
"""Instances of inotify(7) a host: a systemd wants several, and the machine's default is 128 for all."""


def files(host: HostNode, spec: TwinSpec, keys_folder: Path) -> tuple[File, ...]:
    """What a host's disk holds on day 0 beside what is in the image."""
    authorized = keys.authorized(keys_folder)
    return (
        File("etc/hostname", f"{host.hostname}\n"),
        File("etc/hosts", f"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {host.hostname}\n"),
        File("etc/machine-id", f"{sha256(spec.namespace(host.hostname).encode()).hexdigest()[:32]}\n"),
        File("etc/resolv.conf", "# nobody resolves names before the first deployment\n"),
        File("etc/apt/sources.list", f"deb [trusted=yes] http://{spec.controller}/ ./\n"),
        File("etc/ssh/ssh_host_ed25519_key", keys.host_key(keys_folder, host.hostname).read_text(), 0o600),
        File("root/.ssh/authorized_keys", authorized, 0o600),
        File(f"home/{HOST_ACCOUNT}/.ssh/authorized_keys", authorized, 0o600, USER_ID, USER_ID),
    )


def prepare(folder: Folder, spec: TwinSpec, host: HostNode) -> None:
    """Give a host its disk as on day 0."""
    upper = make(folder, spec, host.hostname)
    for file in files(host, spec, folder.keys):
        write(upper, file)
    (upper / "root").chmod(0o700)
    for own in (f"home/{HOST_ACCOUNT}", f"home/{HOST_ACCOUNT}/.ssh"):
        (upper / own).chmod(0o700)
        os.chown(upper / own, USER_ID, USER_ID)


def start(folder: Folder, spec: TwinSpec, host: HostNode, seconds: float = START_SECONDS) -> None:
    """Switch a host on with the disk it has, and wait until its systemd has started all. Raises LabError."""
    name = spec.namespace(host.hostname)
    tune(name)
    namespace.batch(network(host, spec.controller), name)
    log = folder.log(host.hostname)
    command = (
        *("nsenter", f"--net={namespace.RUN / name}"),
        *("setsid", "--fork", "unshare", "--mount", "/bin/sh", str(SUPPLY)),
        *(str(folder.node(host.hostname)), str(folder.image.resolve() / "root"), host.hostname, name),
    )
    alive, writer = os.pipe()
    with (
        tempfile.TemporaryDirectory() as short,  # the path of a socket has 108 bytes at most
        closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as told,
        os.fdopen(alive, "rb"),
    ):
        told.bind(f"{short}/notify")
        environment = {**os.environ, "NOTIFY_SOCKET": f"{short}/notify"}
        with log.open("w") as errors, os.fdopen(writer, "w") as output:
            subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                env=environment,
                check=False,
            )
        if not _booted(told, alive, seconds):
            raise LabError(f"{host.hostname} did not boot: {last_line(log)}; see {log}")


def _booted(told: socket.socket, alive: int, seconds: float) -> bool:
    """Whether systemd said in time that it is ready; the end of the pipe means that it died."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        readable, _, _ = select.select([told.fileno(), alive], [], [], left)
        if told.fileno() in readable:
            if b"READY=1" in told.recv(4096).split(b"\n"):
                return True
        elif readable:
            return False
    return False


def network(host: HostNode, controller: IPv4Address) -> list[str]:
    """Lines of ip(8) for a host's namespace. Of its gateways one that does not answer is left out."""
    # Its routes go when it goes down, and its addresses by themselves do not.
    lines = [f"link set {HOST_INTERFACE} down", f"address flush dev {HOST_INTERFACE}"]
    lines += [f"link set {name} up" for name in ("lo", HOST_INTERFACE)]
    lines += [f"address add {host.ipv4} dev {HOST_INTERFACE}"] if host.ipv4 else []
    lines += [f"address add {host.ipv6} dev {HOST_INTERFACE} nodad"] if host.ipv6 else []
    hops = {
        version: "".join(f" nexthop via {each}" for each in host.gateways if each.version == version)
        for version in (4, 6)
    }
    if (
        host.ipv4 and controller in host.ipv4.network
    ):  # in-band: it is a host of this LAN, but not in the twin
        lines.append(f"route add {controller}/32{hops[4]}")
    default = {4: "0.0.0.0/0", 6: "::/0"}
    return [*lines, *(f"route add {default[version]}{via}" for version, via in hops.items() if via)]


def tune(name: str) -> None:
    """Servers believe no router's advertisements, and soon leave out a gateway that does not answer."""
    net = Path("/proc/sys/net")
    settings = {
        net / f"ipv6/conf/{HOST_INTERFACE}/{one}": 0 for one in ("accept_ra", "accept_dad", "autoconf")
    }
    settings |= {net / "ipv4" / f"fib_multipath_{one}": 1 for one in ("use_neigh", "hash_policy")}
    for family in ("ipv4", "ipv6"):
        settings |= {net / family / "neigh" / HOST_INTERFACE / one: value for one, value in GATEWAY.items()}
    with namespace.inside(name):
        for file, value in settings.items():
            file.write_text(str(value))


def process_one(supplied: int) -> int | None:
    """PID of the process 1 that the systemd-nspawn `supplied` has started; None while it has none."""
    try:
        children = Path(f"/proc/{supplied}/task/{supplied}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return next((int(child) for child in children if _is_first(child)), None)


def _is_first(pid: str) -> bool:
    """Whether a process is the first of its PID namespace."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    numbers = re.search(r"^NSpid:\s(.*)$", status, re.MULTILINE)
    return numbers is not None and numbers[1].split()[1:] == ["1"]


def forget(spec: TwinSpec, hostname: str, seconds: float = 5.0) -> None:
    """Remove the control groups of a host that is off; what is just ending holds them for a moment."""
    deadline = time.monotonic() + seconds
    for group in (parent / spec.namespace(hostname) for parent in CGROUPS):
        while group.exists() and not _removed(group) and time.monotonic() < deadline:
            time.sleep(0.02)


def _removed(group: Path) -> bool:
    """Try to remove a tree of control groups; the files in them go with them."""
    try:
        for path, _, _ in os.walk(group, topdown=False):
            Path(path).rmdir()
    except OSError:
        return False
    return True


def widen_watchers(hosts: int, setting: Path = INOTIFY) -> None:
    """Make room for so many systemds; it is left wide, for another lab's sake."""
    if int(setting.read_text()) < 128 + WATCHERS * hosts:
        setting.write_text(f"{128 + WATCHERS * hosts}\n")
