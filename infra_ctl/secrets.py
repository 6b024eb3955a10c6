"""Secrets by reference: `vault:path/name` in texts, values in an ansible-vault file, masks in what is shown.

A configuration is compared and kept masked. A value that the vault knows becomes its reference; one that it
does not know, in a place where the platform keeps secrets, becomes `<secret:1a2b3c4d>`, the start of a keyed
hash, so that a secret that changed is seen to have changed and is never shown.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import os
import re
import secrets as randomness
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from re import Match, Pattern
from typing import TYPE_CHECKING

from infra_ctl.errors import SecretError

if TYPE_CHECKING:
    from ansible.parsing.vault import VaultLib

PASSWORD_FILE = "INFRA_CTL_VAULT_PASSWORD_FILE"  # noqa: S105 - the name of a variable
"""Environment variable that names the file with the vault's password."""

HASH_KEY = "infra-ctl/hash-key"
"""Name of a secret in the vault: whoever shares it computes the same masks and fingerprints."""

PLACES = (
    r"neighbor \S+ password (?P<bgp>\S.*?)\s*$",
    r"^[-+ ]*(?:enable )?password (?:8 )?(?P<vty>\S.*?)\s*$",
    r"message-digest-key \d+ md5 (?P<ospf_md5>\S+)",
    r"authentication-key (?P<ospf_key>\S+)",
    r"authentication key-id \d+ hash-algo \S+ key (?P<ospf6>\S+)",
    r"authentication string (?P<rip>\S+)",
    r"key-string (?P<key_chain>\S.*?)\s*$",
    r"(?:isis |area-|domain-)password (?:md5|clear) (?P<isis>\S+)",
    r"nhrp authentication (?P<nhrp>\S+)",
    r"r[ow]community6? (?P<community>\S+)",
    r"snmp-server community (?P<server>\S+)",
    r'createUser (?:-e \S+ )?\S+ (?:MD5|SHA\S*) "?(?P<snmp_auth>[^"\s]+)"?'
    r'(?: (?:DES|AES\S*) "?(?P<snmp_priv>[^"\s]+))?',
)
"""Where FRR and snmpd keep secrets; every group is one."""

_REFERENCE = re.compile(r"vault:([a-z0-9][a-z0-9/_-]*)")
_MASK = r"<secret:[0-9a-f]{8}>"
_PLACEHOLDER = re.compile(rf"{_REFERENCE.pattern}|({_MASK})")


def references(text: str) -> tuple[str, ...]:
    """Names that a text refers to, without `vault:`, sorted, each once."""
    return tuple(sorted(set(_REFERENCE.findall(text))))


def resolve(text: str, vault: Mapping[str, str]) -> str:
    """A text with its secrets put in. Raises SecretError, which names all that are missing.

    `vault` may hold masks beside names, as `held` gives them, for what only the device itself knows.
    """
    names = {match[1] or match[2] for match in _PLACEHOLDER.finditer(text)}
    if missing := sorted(names - vault.keys()):
        raise SecretError(f"not in the vault: {', '.join(missing)}")
    return _PLACEHOLDER.sub(lambda match: vault[match[1] or match[2]], text)


def mask(text: str, vault: Mapping[str, str], key: bytes) -> str:
    """A text without secrets: known values become references, unknown ones in secrets' places keyed hashes.

    Known values go wherever they stand as a word of their own, the longest first. Masking twice changes
    nothing.
    """
    names = {value: name for name, value in sorted(vault.items(), reverse=True) if value}

    def hidden(value: str) -> str:
        if _PLACEHOLDER.fullmatch(value):
            return value
        return f"vault:{names[value]}" if value in names else _unknown(value, key)

    present = sorted((value for value in names if value in text), key=lambda value: (-len(value), value))
    return _searched(tuple(present)).sub(functools.partial(_with_groups, change=hidden), text)


def held(text: str, key: bytes) -> dict[str, str]:
    """Masks of the secrets in a configuration, each with its value: what `mask` does to them, backwards."""
    found = (value for match in _searched(()).finditer(text) for value in _groups(match).values())
    return {_unknown(value, key): value for value in found if not _PLACEHOLDER.fullmatch(value)}


def keyed_hash(text: str, key: bytes) -> str:
    """HMAC-SHA-256, hex: equal for equal texts, and of no use to who lacks the key."""
    return hmac.new(key, text.encode(errors="surrogateescape"), hashlib.sha256).hexdigest()


def hash_key(vault: Mapping[str, str], own: Path) -> bytes:
    """The team's key, where the vault has it, or this machine's `own`, made once."""
    if HASH_KEY in vault:
        return vault[HASH_KEY].encode()
    if not own.exists():
        own.parent.mkdir(parents=True, exist_ok=True)
        write_private(own, randomness.token_bytes(32))
    return own.read_bytes()


def _unknown(value: str, key: bytes) -> str:
    return f"<secret:{keyed_hash(value, key)[:8]}>"


@functools.lru_cache(maxsize=256)
def _searched(known: tuple[str, ...]) -> Pattern[str]:
    """Places, then placeholders (which stay), then known values; what begins earlier in the text wins."""
    words = "|".join(map(re.escape, known))
    values = rf"|(?<!\w)(?P<known>{words})(?!\w)" if words else ""
    return re.compile(
        rf"(?:(?<!\w)(?:{'|'.join(PLACES)})|(?P<placeholder>{_PLACEHOLDER.pattern}){values})", re.MULTILINE
    )


def _groups(match: Match[str]) -> dict[str, str]:
    return {name: value for name, value in match.groupdict().items() if value is not None}


def _with_groups(match: Match[str], change: Callable[[str], str]) -> str:
    """What was matched, with every named group changed."""
    text, at = "", match.start()
    for name, value in _groups(match).items():
        text += match.string[at : match.start(name)] + change(value)
        at = match.end(name)
    return text + match.string[at : match.end()]


def open_vault(path: Path, password_file: Path | None = None) -> Mapping[str, str]:
    """All secrets of an ansible-vault file, nested keys joined by `/`.

    The password is the first line of `password_file`, or of the file that the environment names.
    Raises SecretError in one line: a file that is missing, is no vault, or has another password.
    """
    from ansible.errors import AnsibleError
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    data = _read(path)
    vault = _vault(password_file)
    if not vault.is_encrypted(data):
        raise SecretError(f"{path} is no ansible-vault file")
    try:
        values = YAML(typ="safe").load(vault.decrypt(data))
    except AnsibleError as exc:
        raise SecretError(f"{path} does not open with this password, or is damaged") from exc
    except YAMLError:
        # The parser's words would show what it could not read.
        raise SecretError(f"{path}: what is inside is not YAML") from None
    return dict(_flat(values, path))


def write_vault(path: Path, password_file: Path | None, values: Mapping[str, str]) -> None:
    """Replace a vault file in one move, readable by its owner only; names with `/` are nested.

    Raises SecretError where a name is also the beginning of another.
    """
    from io import StringIO

    from ruamel.yaml import YAML

    text = StringIO()
    YAML(typ="safe").dump(_nested(values), text)
    write_private(path, _vault(password_file).encrypt(text.getvalue()))


def write_private(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Replace a file in one move, readable by its owner only; `sync` makes that hold over a power cut."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _vault(password_file: Path | None) -> VaultLib:
    """Raises SecretError where there is no password. Importing ansible takes a quarter of a second."""
    from ansible.parsing.vault import VaultLib, VaultSecret

    named = os.environ.get(PASSWORD_FILE)
    file = password_file or (Path(named) if named else None)
    if file is None:
        raise SecretError(f"no password for the vault: set {PASSWORD_FILE} to the file that has it")
    password = _read(file).splitlines()[:1]
    if not password or not password[0].strip():
        raise SecretError(f"{file}: the vault's password is empty")
    return VaultLib([("default", VaultSecret(password[0].strip()))])


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise SecretError(f"{path}: {exc.strerror}") from exc


def _flat(values: object, path: Path, prefix: str = "") -> Iterator[tuple[str, str]]:
    if values is None and not prefix:
        return
    if not isinstance(values, dict):
        raise SecretError(f"{path}: names and values are expected, not one value")
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, path, f"{prefix}{name}/")
        elif isinstance(value, str | int):
            yield f"{prefix}{name}", str(value)
        else:
            raise SecretError(f"{path}: {prefix}{name} is not a text")


def _nested(values: Mapping[str, str]) -> dict[str, object]:
    tree: dict[str, object] = {}
    for name, value in sorted(values.items()):
        *branches, leaf = name.split("/")
        node = tree
        for branch in branches:
            inner = node.setdefault(branch, {})
            if not isinstance(inner, dict):
                raise SecretError(f"{name}: {branch} is a secret already, it cannot hold others")
            node = inner
        node[leaf] = value
    return tree
