"""Are the vault's values there, of use, fit for their places, hard to guess? No answer shows one."""

from __future__ import annotations

import secrets as randomness
import string
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from infra_ctl.errors import SecretError
from infra_ctl.outcome import Outcome, Verdict
from infra_ctl.secrets.masks import HASH_KEY, is_name, is_placeholder, placed, references

SHORTEST = 12
"""Characters of a value that is not called weak: of random letters and digits, 71 bits."""

USUAL = 32
"""Characters of a new random value, where its places take so many."""

ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Place:
    """Where a configuration keeps a secret: what that is called, and how much it takes."""

    words: str
    longest: int | None = None
    """Bytes; None where no limit was met."""
    never: str = ""
    """Characters that mean something else there."""
    is_word: bool = True
    """Whether a blank would end it."""


PLACES = {
    # RFC 2328, D.3: FRR cuts off the rest in silence, and its diff never ends.
    "ospf_md5": Place("an OSPF MD5 key", 16),
    "ospf_key": Place("an OSPF simple password", 8),
    "ospf6": Place("an OSPFv3 key"),
    # TCP_MD5SIG_MAXKEYLEN of Linux: FRR refuses what is longer.
    "bgp": Place("a BGP password", 80),
    "key_chain": Place("a key chain's key"),
    # bcrypt hashes no more of a password, and its library refuses what is longer.
    "bcrypt": Place("a bcrypt hash", 72, is_word=False),
    # In SQL and in libpq's password file alike (databases.sql, passfile).
    "host": Place("a file of a host", never="'\"\\:$"),
}
"""By their names in masks.PLACES, `bcrypt` and `host`; others take any word."""

_WORD = Place("one word of a configuration")


@dataclass(frozen=True, slots=True)
class Use:
    """Who needs a secret, and in which places."""

    devices: tuple[str, ...] = ()
    places: frozenset[str] = frozenset()
    hosts: tuple[str, ...] = ()


def uses(
    texts: Mapping[str, str],
    declared: Iterable[str] = (),
    hosts: Mapping[str, str] = MappingProxyType({}),
    hashed: Iterable[str] = (),
) -> dict[str, Use]:
    """Every secret that the intended configurations (by hostname) refer to, and that others `declared`.

    `hosts` are the texts of Linux hosts; of what is `hashed`, somebody keeps the bcrypt hash.
    """
    devices, behind = _needing(texts), _needing(hosts)
    places: dict[str, set[str]] = defaultdict(set)
    for text in texts.values():
        for name, place in placed(text):
            places[name].add(place)
    for name in behind:
        places[name].add("host")
    for name in hashed:
        places[name].add("bcrypt")
    return {
        name: Use(tuple(devices[name]), frozenset(places[name]), tuple(behind[name]))
        for name in dict.fromkeys((*declared, *devices, *behind))
    }


def _needing(texts: Mapping[str, str]) -> defaultdict[str, list[str]]:
    """Whose texts refer to each secret."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for owner, text in sorted(texts.items()):
        for name in references(text):
            found[name].append(owner)
    return found


def judge(vault: Mapping[str, str], used: Mapping[str, Use]) -> tuple[Outcome, ...]:
    """An outcome for each thing that is wrong with a secret, and one for each that is fine; by name."""
    twins: dict[str, list[str]] = defaultdict(list)
    for name, value in sorted(vault.items()):
        twins[value].append(name)
    outcomes: list[Outcome] = []
    for name in sorted({*vault, *used}):
        bad = list(_wrong(name, vault, used.get(name), twins))
        fine = Outcome("secret", name, Verdict.PASS, "fit for its places")
        outcomes += [Outcome(check, name, Verdict.FAIL, words) for check, words in bad] or [fine]
    return tuple(outcomes)


def _wrong(
    name: str, vault: Mapping[str, str], use: Use | None, twins: Mapping[str, list[str]]
) -> Iterator[tuple[str, str]]:
    """The check, and what it has against a secret."""
    if name not in vault:
        yield "missing", f"has no value, and {_needed(use)}"
        return
    if not is_name(name):
        yield "unused", "cannot be referred to: lower case letters, digits, - _ and / are"
    elif use is None and name != HASH_KEY:
        yield "unused", "nothing refers to it"
    value = vault[name]
    for place in sorted(use.places) if use else ():
        yield from (("unfit", words) for words in _unfit(value, PLACES.get(place, _WORD)))
    yield from (("weak", words) for words in _weak(name, value, use, twins[value]))


def _needed(use: Use | None) -> str:
    """By whom a secret is."""
    counts = ((len(use.devices), "device"), (len(use.hosts), "host")) if use else ()
    words = [f"{count} {kind}{'s' if count != 1 else ''}" for count, kind in counts if count]
    one = use is not None and len(use.devices) + len(use.hosts) == 1
    return f"{', '.join(words)} need{'s' if one else ''} it" if words else "the inventory refers to it"


def _unfit(value: str, place: Place) -> Iterator[str]:
    """Why a place cannot take a value."""
    size = len(value.encode(errors="surrogateescape"))
    if place.longest is not None and size > place.longest:
        yield f"{size} bytes, and {place.words} takes {place.longest}"
    if not value:
        yield f"empty, and {place.words} is not"
    elif place.is_word and any(map(str.isspace, value)):
        yield f"has blanks, and {place.words} is one word"
    elif not value.isprintable():
        yield f"has characters that are none, and {place.words} is a word of a line"
    elif not set(place.never).isdisjoint(value):
        yield f"has one of {' '.join(place.never)}, and {place.words} takes none of them"
    elif is_placeholder(value):
        yield "reads like a reference to a secret, and would be taken for one"


def _weak(name: str, value: str, use: Use | None, twins: Iterable[str]) -> Iterator[str]:
    limits = [place.longest for place in _places(use) if place.longest is not None]
    if 0 < len(value) < min([SHORTEST, *limits]):
        yield f"short: {SHORTEST} characters or more are hard to guess"
    if value.lower() in {name.lower(), *name.lower().split("/")}:
        yield "is its own name"
    if value and (others := [other for other in twins if other != name]):
        yield f"the same value as {', '.join(others)}"


def _places(use: Use | None) -> list[Place]:
    return [PLACES.get(place, _WORD) for place in sorted(use.places)] if use else []


def fresh(
    use: Use | None,
    length: int | None = None,
    choose: Callable[[str], str] = randomness.choice,
) -> str:
    """A random value that all places of a secret can take. Raises SecretError where `length` is too much."""
    limits = [(place.longest, place.words) for place in _places(use) if place.longest is not None]
    longest, words = min(limits, default=(None, ""))
    if length is not None and longest is not None and length > longest:
        raise SecretError(f"{words} takes {longest} characters, not {length}")
    characters = length or min(USUAL, longest or USUAL)
    return "".join(choose(ALPHABET) for _ in range(characters))


def refuse_unfit(name: str, value: str, use: Use | None) -> None:
    """Raises SecretError where a place of the secret cannot take a value."""
    for place in _places(use) or [_WORD]:
        for words in _unfit(value, place):
            raise SecretError(f"{name}: {words}")
