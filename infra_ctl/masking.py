"""The city's secrets on their way into configurations, and out of all that is shown or kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from infra_ctl.change import normal
from infra_ctl.secrets import held, keyed_hash, mask, named, references, resolve, unresolved


@dataclass(frozen=True, slots=True)
class Masking:
    """The city's secrets, to put them in and to keep them out. `key` hashes those that nobody knows."""

    vault: Mapping[str, str] = field(repr=False)
    key: bytes = field(repr=False)

    def resolve(self, text: str, running: str = "") -> str:
        """References to secrets, and masks to what `running` has in their place. Raises SecretError."""
        return resolve(text, {**held(running, self.key), **self.vault})

    def mask(self, text: str) -> str:
        return mask(text, self.vault, self.key)

    def named(self, text: str) -> str:
        """Masks of what the vault knows by now as references to it."""
        return named(text, self.vault, self.key)

    def unresolved(self, line: str, running: str) -> tuple[str, ...]:
        """What `resolve` would not find."""
        return unresolved(line, {**held(running, self.key), **self.vault})

    def fingerprint(self, running: str) -> str:
        """Of a running configuration, in normal form and masked."""
        return normal.fingerprint(normal.parse(self.mask(running)))

    def digest(self, candidate: str) -> str:
        """Keyed hash of a candidate and of the secrets that it refers to. Raises SecretError."""
        secrets = (self.resolve(f"vault:{name}") for name in references(candidate))
        return keyed_hash("\n".join((candidate, *secrets)), self.key)
