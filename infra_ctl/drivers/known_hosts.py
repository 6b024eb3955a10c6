"""Pinned host keys: those that a device has in known_hosts (sshd(8)), and another in their place."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import paramiko
from paramiko.hostkeys import HostKeyEntry, InvalidHostKey

from infra_ctl.drivers.connection import Connection
from infra_ctl.errors import HostKeyError

HASHED = re.compile(r"\|1\|[\w+/]{27}=\|[\w+/]{27}=", re.ASCII)
"""A hashed name of known_hosts: a salt and an HMAC of 20 bytes each, in base64."""


def pinned_keys(connection: Connection) -> list[paramiko.PKey]:
    """The host keys that `known_hosts` has for the address.

    Raises HostKeyError when it has none, or cannot be read, or a line of the address cannot.
    """
    keys = pinned_or_none(connection)
    if not keys:
        name = known_as(connection.address, connection.port)
        raise HostKeyError(connection.device, f"no host key of {name} is pinned in {connection.known_hosts}")
    return keys


def pinned_or_none(connection: Connection) -> list[paramiko.PKey]:
    """As `pinned_keys`, of a device that may be new."""
    name = known_as(connection.address, connection.port)
    try:
        lines = connection.known_hosts.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        cause = f"cannot read {connection.known_hosts}: {(error.strerror or str(error)).lower()}"
        raise HostKeyError(connection.device, cause) from error
    except UnicodeDecodeError as error:
        raise HostKeyError(connection.device, f"{connection.known_hosts} is not UTF-8 text") from error
    entries = [_entry(connection, number, line) for number, line in enumerate(lines, 1) if _is_of(name, line)]
    return [entry.key for entry in entries if entry is not None and entry.key is not None]


def line(connection: Connection, key: paramiko.PKey) -> str:
    """What known_hosts says of a device with that key."""
    return f"{known_as(connection.address, connection.port)} {_public(key)}\n"


def pin(connection: Connection, key: paramiko.PKey) -> None:
    """Put a device's new host key in the place of its old ones, in one move; all other lines stay.

    A line keeps its names, hashed ones too: they were names of the same device. Raises OSError.
    """
    file = connection.known_hosts.resolve()  # a link stays one
    text = file.read_text(encoding="utf-8")
    new = file.with_name(f".{file.name}.new")
    new.touch(mode=0o600)
    new.write_text("".join(_replaced(text, connection, key)), encoding="utf-8")
    shutil.copymode(file, new)
    new.replace(file)


def _replaced(text: str, connection: Connection, key: paramiko.PKey) -> Iterator[str]:
    name = known_as(connection.address, connection.port)
    written = False
    for each in text.splitlines():
        if not _is_of(name, each):
            yield f"{each}\n"
        elif not written:
            yield f"{each.partition(' ')[0]} {_public(key)}\n"
            written = True
    if not written:
        yield line(connection, key)


def _public(key: paramiko.PKey) -> str:
    return f"{key.get_name()} {key.get_base64()}"


def _entry(connection: Connection, number: int, text: str) -> HostKeyEntry | None:
    """None for a type of key that paramiko does not know."""
    try:
        return HostKeyEntry.from_line(text)
    except (paramiko.SSHException, InvalidHostKey, ValueError) as error:
        place = f"{connection.known_hosts}, line {number}"
        raise HostKeyError(connection.device, f"{place}: this is no host key") from error


def _is_of(name: str, text: str) -> bool:
    """Whether a line of known_hosts is of this host: one name of several, or a hashed one (sshd(8))."""
    names = text.partition(" ")[0].split(",")
    hashed = (each for each in names if HASHED.fullmatch(each))
    return name in names or any(paramiko.HostKeys.hash_host(name, each) == each for each in hashed)


def known_as(address: str, port: int) -> str:
    """What known_hosts calls a device."""
    return address if port == 22 else f"[{address}]:{port}"
