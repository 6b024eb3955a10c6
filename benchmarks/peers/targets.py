"""The devices a peer works on, as `python -m benchmarks` wrote them down."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Target:
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Targets:
    devices: tuple[Target, ...]
    username: str
    key_file: str
    known_hosts: str


def read(path: str) -> Targets:
    """The file that `write` made."""
    data = json.loads(Path(path).read_text(encoding="utf-8"))
    devices = tuple(Target(**device) for device in data.pop("devices"))
    return Targets(devices=devices, **data)


def write(path: Path, targets: Targets) -> None:
    data = {
        "devices": [{"name": target.name, "address": target.address} for target in targets.devices],
        "username": targets.username,
        "key_file": targets.key_file,
        "known_hosts": targets.known_hosts,
    }
    path.write_text(json.dumps(data), encoding="utf-8")
