"""Where a device is and how to get in: all that a driver needs to open a session."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Connection:
    """A way into one device. Host keys are always checked against `known_hosts`; there is no other mode."""

    device: str
    """The device's name, for errors."""
    address: str
    """Where it is reached, and its name in `known_hosts`: `[address]:port` where the port is not 22."""
    username: str
    known_hosts: Path
    """In the format of sshd(8)."""
    key_file: Path | None = None
    password: str = field(default="", repr=False)
    """Of the account; where there is a `key_file`, the passphrase of that key."""
    port: int = 22
    timeout: float = 10.0
    """Seconds for each of: TCP connection, SSH banner, authentication."""
    sudo: bool = False
    """Whether the account is not root and may `sudo -n`."""
    compress: bool = False
    """Whether what is sent is packed where the device can: worth it for answers of a megabyte."""
    others: tuple[str, ...] = ()
    """Addresses that it may answer at while `address` is silent; its host key says whether it is the one."""
