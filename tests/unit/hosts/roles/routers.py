"""Parts of routers to ask, what they ask for, and namespaces in which it is tried."""

from __future__ import annotations

import os
import shutil
import subprocess
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from infra_ctl.change.operations import File, Operation
from infra_ctl.hosts.roles import of_router
from infra_ctl.intent import HostPart
from infra_ctl.intent.part import Agent
from infra_ctl.intent.traffic import Class, Mark, Queue

CLASSES = (
    Class("control", "cs6", 0.1, 0),
    Class("video", "af41", 0.4, 2),
    Class("default", "cs0", 0.5, 4),
)
SMALL = HostPart(
    "r/host",
    "r",
    "s",
    classes=CLASSES,
    marks=(Mark("video", "af41", ("eth2.40",)), Mark("default", "cs0", ("eth2.70",))),
    queues=(Queue("eth0", "c-1", 10),),
)
AGENT = Agent(
    ip_address("10.0.1.16"),
    "monitoring",
    "first-secret-16ch",
    "other-secret-16ch",
    (ip_network("10.0.1.16/32"),),
    "Phường Cái Khế (nk-cai-khe)",
    "noc@cantho.example",
    (("lo", "loopback"),),
)

needs_kernel = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("nft") or not shutil.which("tc"), reason="needs root, nft and tc"
)


def texts(part: HostPart) -> dict[str, str]:
    return {each.id: each.text for each in of_router.operations(part) if isinstance(each, File)}


def found(part: HostPart, name: str) -> Operation:
    (one,) = [each for each in of_router.operations(part) if each.id == name]
    return one


def in_namespaces(script: str) -> str:
    """What a shell says in network and mount namespaces of its own."""
    command = (
        "unshare",
        "--net",
        "--mount",
        "--fork",
        "--kill-child",
        "--pid",
        "--mount-proc",
        "sh",
        "-ec",
        script,
    )
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done
    return done.stdout


def written_to(folder: Path, part: HostPart) -> Path:
    for name, text in texts(part).items():
        (folder / name.replace("/", "-")).write_text(text, encoding="utf-8")
    return folder
