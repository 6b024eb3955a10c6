"""The vault: an ansible-vault file with YAML inside, names nested, values that are texts."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra_ctl.errors import Problem, RefusedError, SecretError

if TYPE_CHECKING:
    from ansible.parsing.vault import VaultLib

PASSWORD_FILE = "INFRA_CTL_VAULT_PASSWORD_FILE"  # noqa: S105 - the name of a variable
"""Environment variable that names the file with the vault's password."""

HEADER = b"$ANSIBLE_VAULT;"
"""What every vault begins with."""

DEEPEST = 8
"""How far names are nested at the most: an alias in YAML can refer to what it stands in."""


def open_vault(path: Path, password_file: Path | None = None) -> Mapping[str, str]:
    """All secrets of an ansible-vault file, nested keys joined by `/`.

    The password is the first line of `password_file`, or of the file that the environment names.
    Raises SecretError in one line: a file that is missing, is no vault, or has another password.
    """
    text = decrypted(path, password_file)
    try:
        return parse(text)
    except SecretError as error:
        raise SecretError(f"{path}: {error}") from None


def not_encrypted(path: Path) -> tuple[Problem, ...]:
    """What speaks against a file as a vault to those who have no password: who reads it must read nothing.

    Nothing where there is none. Whether it opens, and what is in it, `secrets check` says.
    """
    if not path.exists():
        return ()
    try:
        is_vault = path.read_bytes().startswith(HEADER)
    except OSError as exc:
        return (Problem(str(path), 0, 0, f"cannot be read: {exc.strerror}"),)
    message = "this is no ansible-vault file: it is damaged, or its secrets are there for all to read"
    return () if is_vault else (Problem(str(path), 1, 0, message),)


def decrypted(path: Path, password_file: Path | None = None) -> str:
    """What is inside a vault file, as it was written. Raises SecretError."""
    from ansible.errors import AnsibleError

    data = _read(path)
    vault = _vault(password_file)
    if not vault.is_encrypted(data):
        raise SecretError(f"{path} is no ansible-vault file")
    try:
        return bytes(vault.decrypt(data)).decode()
    except AnsibleError as exc:
        raise SecretError(f"{path} does not open with this password, or is damaged") from exc
    except UnicodeDecodeError:
        raise SecretError(f"{path}: what is inside is no text") from None


def encrypt_to(path: Path, password_file: Path | None, text: str) -> None:
    """Replace a vault file in one move, readable by its owner only. Raises SecretError."""
    write_private(path, _vault(password_file).encrypt(text))


def refuse_changed(path: Path, before: bytes) -> None:
    """Raises RefusedError where a vault is not as it was read: what somebody else wrote is not lost."""
    if (path.read_bytes() if path.exists() else b"") != before:
        raise RefusedError(f"{path} was changed by somebody else meanwhile: nothing was written")


def write_vault(path: Path, password_file: Path | None, values: Mapping[str, str]) -> None:
    """Replace a vault file by one of these values; names with `/` are nested.

    Raises SecretError where a name is also the beginning of another.
    """
    encrypt_to(path, password_file, revised("", values))


def parse(text: str) -> dict[str, str]:
    """Names and values of what is inside a vault. Raises SecretError with the line, without any value.

    A value is what was written: 007 is not 7, and yes is no boolean.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        # The parser's words would show what it could not read.
        raise SecretError(f"line {mark.line + 1 if mark else 1}: this is not YAML") from None
    except YAMLError:
        raise SecretError("line 1: this is not YAML") from None
    found: dict[str, str] = {}
    if root is None:
        return found
    for name, value, line in _flat(root, ""):
        if name in found:
            raise SecretError(f"line {line}: {name} is there twice")
        found[name] = value
    return found


def revised(text: str, values: Mapping[str, str]) -> str:
    """What is inside a vault with these values put in; comments and all the rest stay.

    Raises SecretError where a name is also the beginning of another.
    """
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 4096
    yaml.allow_unicode = True
    tree = yaml.load(text)
    comments = text if tree is None else ""
    tree = tree or {}
    for name, value in sorted(values.items()):
        _put(tree, name, value)
    out = StringIO()
    yaml.dump(tree, out)
    return comments + out.getvalue()


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


def _flat(node: Any, prefix: str) -> Iterator[tuple[str, str, int]]:
    """Name, value and line of all that is in a mapping of YAML, as it was composed."""
    from ruamel.yaml.nodes import MappingNode, ScalarNode

    line = node.start_mark.line + 1
    if not isinstance(node, MappingNode) or prefix.count("/") > DEEPEST:
        raise SecretError(f"line {line}: names and values are expected here")
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            raise SecretError(f"line {key.start_mark.line + 1}: this is no name")
        name = f"{prefix}{key.value}"
        if isinstance(value, MappingNode):
            yield from _flat(value, f"{name}/")
        elif not isinstance(value, ScalarNode):
            raise SecretError(f"line {key.start_mark.line + 1}: {name} is not a text")
        elif value.tag == "tag:yaml.org,2002:null":
            raise SecretError(f"line {key.start_mark.line + 1}: {name} has no value")
        else:
            yield name, value.value, key.start_mark.line + 1


def _put(tree: Any, name: str, value: str) -> None:
    """Set a value where it stands: as `a: {b: …}`, as `a/b: …`, or nested anew."""
    if name in tree or "/" not in name:
        if isinstance(tree.get(name), dict):
            raise SecretError(f"{name} holds other secrets already, it cannot be one")
        tree[name] = value
        return
    branch, _, rest = name.partition("/")
    inner = tree.setdefault(branch, {})
    if not isinstance(inner, dict):
        raise SecretError(f"{name}: {branch} is a secret already, it cannot hold others")
    _put(inner, rest, value)
