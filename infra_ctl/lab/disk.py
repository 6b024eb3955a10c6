"""The disk of a node, router or host: a layer of its own over files that it shares with others."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from infra_ctl.lab import namespace
from infra_ctl.lab.model import TwinSpec
from infra_ctl.lab.state import Folder


@dataclass(frozen=True, slots=True)
class File:
    """A file on a node's disk. Its owner is a number where the machine does not know the name."""

    path: str
    text: str
    mode: int = 0o644
    owner: str | int = "root"
    group: str | int = "root"


def make(folder: Folder, spec: TwinSpec, hostname: str) -> Path:
    """Make an empty disk; returns the layer that the node is going to write to."""
    disk = folder.disk(hostname)
    disk.mkdir(parents=True)
    (folder.node(hostname) / "root").mkdir()
    folder.log(hostname).parent.mkdir(exist_ok=True)
    if spec.disk_mb is not None:
        options = f"size={spec.disk_mb}m,mode=755"
        namespace.run(("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)))
    (disk / "work").mkdir()
    folder.upper(hostname).mkdir()
    return folder.upper(hostname)


def write(upper: Path, file: File) -> None:
    """Put a file on a disk, in folders that are made for it."""
    path = upper / file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=file.mode)
    path.write_text(file.text)
    shutil.chown(path, file.owner, file.group)


def remove(folder: Folder, hostname: str) -> None:
    """Remove what is left of a node that is off."""
    disk = folder.disk(hostname)
    if os.path.ismount(disk):
        namespace.run(("umount", "--lazy", str(disk)))
    if folder.node(hostname).exists():
        shutil.rmtree(folder.node(hostname))


def last_line(log: Path) -> str:
    """The last thing that a node's start said."""
    lines = log.read_text(errors="replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), "it said nothing")
