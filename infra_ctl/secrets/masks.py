"""References to secrets in texts, and masks in what is shown.

A configuration is compared and kept masked. A value that the vault knows becomes its reference; one that it
does not know, in a place where the platform keeps secrets, becomes `<secret:1a2b3c4d>`, the start of a keyed
hash, so that a secret that changed is seen to have changed and is never shown.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
import secrets as randomness
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from re import Match, Pattern

from infra_ctl.errors import SecretError
from infra_ctl.secrets.vault import write_private

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


def placed(text: str) -> Iterator[tuple[str, str]]:
    """Each reference of a text that stands where the platform keeps secrets, with the name of that place."""
    for match in _searched(()).finditer(text):
        for place, value in _groups(match).items():
            found = _REFERENCE.fullmatch(value)
            if found and place != "placeholder":
                yield found[1], place


def is_name(text: str) -> bool:
    """Whether `vault:` can be put before it."""
    return _REFERENCE.fullmatch(f"vault:{text}") is not None


def is_placeholder(text: str) -> bool:
    """Whether a text reads like a reference or a mask, so that as a value it would be taken for one."""
    return _PLACEHOLDER.search(text) is not None


def resolve(text: str, vault: Mapping[str, str]) -> str:
    """A text with its secrets put in. Raises SecretError, which names all that are missing.

    `vault` may hold masks beside names, as `held` gives them, for what only the device itself knows.
    """
    names = {match[1] or match[2] for match in _PLACEHOLDER.finditer(text)}
    if missing := sorted(names - vault.keys()):
        raise SecretError(f"not in the vault: {', '.join(missing)}")
    return _PLACEHOLDER.sub(lambda match: vault[match[1] or match[2]], text)


def named(text: str, vault: Mapping[str, str], key: bytes) -> str:
    """A text whose masks of values that the vault knows by now are references."""
    names = {_unknown(value, key): name for name, value in sorted(vault.items(), reverse=True) if value}
    return re.sub(_MASK, lambda found: f"vault:{names[found[0]]}" if found[0] in names else found[0], text)


def nameless(text: str) -> str:
    """A text whose references and masks all read alike."""
    return _PLACEHOLDER.sub("<secret>", text)


def unresolved(line: str, vault: Mapping[str, str]) -> tuple[str, ...]:
    """References and masks that `resolve` would not find, as they stand in a line."""
    found = _PLACEHOLDER.finditer(line)
    return tuple(match[0] for match in found if (match[1] or match[2]) not in vault)


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
