"""Files that are to be written: plain values until the last moment, when secrets are put in and YAML is made.

A secret is put into a value, never into a text: whatever it holds, the file stays well formed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from infra_ctl.errors import SecretError
from infra_ctl.secrets import references, resolve

Value: TypeAlias = Any
"""What YAML can hold."""
HEAD = "# Written by infra-ctl from the inventory: change that, not this.\n"
HASHED = 72
"""Bytes of a password that bcrypt looks at."""
_HASHED = re.compile(r"bcrypt (vault:[a-z0-9][a-z0-9/_-]*)")
_LITERAL = re.compile(r"literal (vault:[a-z0-9][a-z0-9/_-]*)")
_ALPHABET = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, slots=True)
class MonitorFile:
    """One file of the stack's configuration, `path` in the folder."""

    path: str
    content: Value
    """Text as it is, or what becomes YAML."""
    private: bool = False
    """Readable by its owner only; only such a file may hold references to secrets."""

    def references(self) -> tuple[str, ...]:
        """Names of the secrets that it needs."""
        return references(self.text())

    def text(self, vault: Mapping[str, str] | None = None) -> str:
        """As it is written; without a vault its secrets stay references. Raises SecretError."""
        content = self.content
        if vault is not None and self.private:
            content = _with(content, lambda value: _resolved(value, vault, self.path))
        return content if isinstance(content, str) else HEAD + as_yaml(content)


def hashed(reference: str) -> str:
    """In place of a password that only the bcrypt hash of is to be written."""
    return f"bcrypt {reference}"


def literal(reference: str) -> str:
    """In place of a secret in a file whose reader takes `$` for a variable: twice for once."""
    return f"literal {reference}"


def as_yaml(value: Value) -> str:
    """In the order in which it was made, ever the same, and without anchors, which nobody else reads."""
    import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own

    dumper = type("Plain", (yaml.SafeDumper,), {"ignore_aliases": lambda *_: True})
    text: str = yaml.dump(value, Dumper=dumper, sort_keys=False, allow_unicode=True, width=110)
    return text


def _with(value: Value, change: Callable[[str], str]) -> Value:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {_with(key, change): _with(each, change) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with(each, change) for each in value]
    return value


def _resolved(value: str, vault: Mapping[str, str], path: str) -> str:
    if match := _HASHED.fullmatch(value):
        return _bcrypt(match[1], resolve(match[1], vault), path)
    if match := _LITERAL.fullmatch(value):
        return resolve(match[1], vault).replace("$", "$$")
    return resolve(value, vault)


def _bcrypt(reference: str, password: str, path: str) -> str:
    """Salted by the file and the password itself, so that the same inventory gives the same file."""
    import bcrypt

    if (size := len(password.encode())) > HASHED:
        raise SecretError(f"{reference} has {size} bytes, and a bcrypt hash takes {HASHED}")
    digest = hmac.new(password.encode(), f"infra-ctl {path}".encode(), hashlib.sha256).digest()
    salt = "".join(_ALPHABET[byte % 64] for byte in digest[:21]) + "e"  # the last has two bits only
    return bcrypt.hashpw(password.encode(), f"$2b$10${salt}".encode()).decode()
