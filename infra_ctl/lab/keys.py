"""Keys of a lab, made once and kept: a host key a node, the controller's own, and the pinned known_hosts."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
)

from infra_ctl.lab.model import Machine


def controller_key(keys: Path) -> Path:
    """The private key that every node lets in as root, and a host as `infra` too; beside it its `.pub`."""
    return keys / "controller"


def known_hosts(keys: Path) -> Path:
    """Host keys of the lab's nodes by management address, in the format of sshd(8)."""
    return keys / "known_hosts"


def authorized(keys: Path) -> str:
    """The public half of the controller's key, as a node's authorized_keys has it."""
    private = controller_key(keys)
    return private.with_name(f"{private.name}.pub").read_text()


def host_key(keys: Path, hostname: str) -> Path:
    """The private host key of a node."""
    return keys / "hosts" / hostname


def ensure(keys: Path, nodes: Iterable[Machine]) -> None:
    """Make the keys that are missing and pin every managed node's in known_hosts."""
    (keys / "hosts").mkdir(parents=True, exist_ok=True, mode=0o700)
    _public(controller_key(keys), "controller")
    pins = [
        f"{node.management} {_public(host_key(keys, node.hostname), node.hostname)}\n"
        for node in nodes
        if node.management is not None
    ]
    known_hosts(keys).write_text("".join(pins))


def renew(keys: Path, hostname: str) -> str:
    """Give a node another host key, which nobody has pinned; its fingerprint, as ssh-keygen(1) has it."""
    host_key(keys, hostname).unlink(missing_ok=True)
    blob = b64decode(_public(host_key(keys, hostname), hostname).split()[1])
    return f"SHA256:{b64encode(sha256(blob).digest()).decode().rstrip('=')}"


def _public(path: Path, comment: str) -> str:
    """The public half of the key at `path`, made now if it is not there."""
    if path.exists():
        private = load_ssh_private_key(path.read_bytes(), password=None)
    else:
        private = Ed25519PrivateKey.generate()
        path.touch(mode=0o600)
        path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    public = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    path.with_name(f"{path.name}.pub").write_text(f"{public} {comment}\n")
    return public
