"""The normal form of a configuration: two texts that mean the same to the device have the same one.

A `Normal` is a sorted set of (context, line) pairs, the context being the enclosing lines, outermost first.
Order is not kept, because in FRR it carries no meaning: entries of prefix, access, as-path and community
lists and of route maps carry sequence numbers, and an entry without one gets here the number that FRR would
give it. (FRR itself shows a list that was deleted and restored in another place.) Headings, comments, exits
and what the device does not show because it holds anyway are left out.

Secrets are compared as they are: mask the text first (`secrets.mask`) where the form is kept or shown.
"""

from __future__ import annotations

import functools
import hashlib
import re
import socket
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from operator import itemgetter
from typing import TypeAlias

from infra_ctl.change.grammar import FRR, Grammar, kind, opened

Context: TypeAlias = tuple[str, ...]
Pair: TypeAlias = tuple[Context, str]
Normal: TypeAlias = tuple[Pair, ...]

REMEMBERED = 1 << 20
"""Lines, or addresses. A memory too small for all of a city, read in turn, never has what is asked for."""

_SEPARATOR = " / "
_SEQUENCE = re.compile(r"seq (\d+) ")


def parse(text: str, grammar: Grammar = FRR) -> Normal:
    """Configuration text, indented as the device shows it, to its normal form."""
    sections = _sections(text, grammar)
    sections[()] = _with_numbers(sections[()], grammar)
    return _in_order(sections)


def ordered(pairs: Iterable[Pair]) -> Normal:
    """Pairs as a normal form: each once, a context's first line right before the lines in it."""
    return _in_order(by_context(pairs))


def by_context(pairs: Iterable[Pair]) -> dict[Context, list[str]]:
    """The lines of each context, in the order of the pairs."""
    sections: defaultdict[Context, list[str]] = defaultdict(list)
    for context, line in pairs:
        sections[context].append(line)
    return sections


def fingerprint(normal: Normal) -> str:
    """SHA-256 of a normal form, hex."""
    text = "\n".join("\t".join((*context, line)) for context, line in normal)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def to_text(pairs: Iterable[Pair], grammar: Grammar = FRR) -> str:
    """Pairs as a text that the device's own shell accepts, every context left by its exit."""
    inside: dict[Context, dict[str, None]] = {(): {}}
    for context, line in pairs:
        for depth, header in enumerate(context):
            inside.setdefault(context[:depth], {})[header] = None
        inside.setdefault(context, {})[line] = None
    return "".join(f"{line}\n" for line in _written((), inside, grammar))


def path(pair: Pair) -> str:
    """A line with its contexts, as the inventory writes it: `router bgp 65000 / neighbor A shutdown`."""
    return _SEPARATOR.join((*pair[0], pair[1]))


def at(path: str, grammar: Grammar = FRR) -> Pair:
    """The pair that a path of the inventory means; what opens no context is the line, slashes and all."""
    context: Context = ()
    line, _, rest = path.partition(_SEPARATOR)
    while rest and opened(line, kind(context, grammar), grammar):
        context = (*context, spelled(" ".join(line.split()), grammar))
        line, _, rest = rest.partition(_SEPARATOR)
    whole = f"{line}{_SEPARATOR}{rest}" if rest else line
    return context, spelled(" ".join(whole.split()), grammar)


def _sections(text: str, grammar: Grammar) -> dict[Context, list[str]]:
    """Lines in the order of the text: a line that is indented more than the one before it is inside of it."""
    sections: dict[Context, list[str]] = {(): []}
    within, lines = "", sections[()]
    frames: list[tuple[int, Context, str]] = [(0, (), within)]
    last, last_indent = "", 0
    for raw in text.splitlines():
        indent, line, said = _read(raw, within, grammar)
        if not line:
            continue
        if indent != last_indent:
            if indent > last_indent and last:
                inner = (*frames[-1][1], last)
                frames.append((indent, inner, kind(inner, grammar)))
            while indent < frames[-1][0]:
                frames.pop()
            _, context, within = frames[-1]
            lines = sections.setdefault(context, [])
            _, _, said = _read(raw, within, grammar)
        last, last_indent = line, indent
        lines += said
    return sections


def _in_order(sections: Mapping[Context, Collection[str]]) -> Normal:
    """Each line once; those of a context that has no other inside stay together, whatever else there is."""
    outer = {context[:depth] for context in sections for depth in range(len(context))}
    blocks = [
        ((*context, line), [(context, line)])
        for context in outer.intersection(sections)
        for line in set(sections[context])
    ]
    blocks += (
        (context, [(context, line) for line in sorted(set(lines))])
        for context, lines in sections.items()
        if context not in outer
    )
    blocks.sort(key=itemgetter(0))
    return tuple(chain.from_iterable(pairs for _key, pairs in blocks))


@functools.lru_cache(maxsize=REMEMBERED)
def _read(raw: str, within: str, grammar: Grammar) -> tuple[int, str, tuple[str, ...]]:
    """How far a line is indented, how the device spells it, empty where it is noise, and what it says."""
    line = raw.strip()
    if not line or grammar.noise.match(line):
        return 0, "", ()
    indent, line = len(raw) - len(raw.lstrip()), spelled(" ".join(line.split()), grammar)
    return indent, line, _said(line, within, grammar)


def _said(line: str, within: str, grammar: Grammar) -> tuple[str, ...]:
    """What one line says: nothing, itself, or more than itself."""
    if line in grammar.defaults.get(within, ()) or opened(line, within, grammar) in grammar.hollow:
        return ()
    implies = grammar.implies.get(line.partition(" ")[0])
    more = implies.match(line) if implies else None
    return (line, more[1]) if more else (line,)


def spelled(line: str, grammar: Grammar = FRR) -> str:
    """A line, its blanks single, as the device spells it: RFC 5952 addresses, networks without host bits."""
    if grammar.verbatim.match(line):
        return line
    if ":" in line or "/" in line:
        masked = grammar.networks.match(line) is not None
        line = " ".join([_address(word, masked) for word in line.split(" ")])
    for start, (pattern, replacement) in grammar.rewrites.items():
        if line.startswith(start):
            return pattern.sub(replacement, line)
    return line


def _address(word: str, masked: bool) -> str:
    """A word as the device writes it, if it is an address or a prefix; by the C library, as FRR does."""
    if "/" not in word and ":" not in word:
        return word
    address, slash, length = word.partition("/")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        packed = socket.inet_pton(family, address)
        if masked and slash:
            packed = _network(packed, int(length))
    except (OSError, ValueError):
        return word
    return socket.inet_ntop(family, packed) + slash + length


def _network(packed: bytes, length: int) -> bytes:
    """An address without its host bits. Raises ValueError where `length` does not fit the family."""
    host_bits = len(packed) * 8 - length
    return (int.from_bytes(packed) >> host_bits << host_bits).to_bytes(len(packed))


def _with_numbers(lines: list[str], grammar: Grammar) -> list[str]:
    """Lines of the top level, entries of lists that came without a number with the one that devices give."""
    if not any(_entry(line, grammar) for line in lines):
        return lines
    highest: dict[str, int] = {}
    return [_numbered(line, highest, grammar) for line in lines]


def _numbered(line: str, highest: dict[str, int], grammar: Grammar) -> str:
    """A line of the top level with its number; `highest` holds each list's, and is kept up."""
    if entry := _entry(line, grammar):
        name, rest, rounded_to = entry
        highest[name] = highest.get(name, 0) // rounded_to * rounded_to + 5
        return f"{name} seq {highest[name]} {rest}"
    if number := _SEQUENCE.search(line):
        name = line[: number.start() - 1]
        highest[name] = max(highest.get(name, 0), int(number[1]))
    return line


def _entry(line: str, grammar: Grammar) -> tuple[str, str, int] | None:
    """The list's name, the rest and how the list counts, of an entry without a number."""
    for pattern, rounded_to in grammar.numbered:
        if found := pattern.match(line):
            return found[1], line[found.end() :], rounded_to
    return None


def _written(context: Context, inside: dict[Context, dict[str, None]], grammar: Grammar) -> Iterator[str]:
    indent, within = " " * len(context), kind(context, grammar)
    for line in sorted(inside[context], key=lambda each: (_rank(each, grammar), each)):
        yield indent + line
        inner = (*context, line)
        opens = opened(line, within, grammar)
        if inner in inside:
            yield from _written(inner, inside, grammar)
        if inner in inside or opens:
            yield indent + grammar.exits.get(opens or "", "exit")


def _rank(line: str, grammar: Grammar) -> int:
    matching = (rank for rank, pattern in enumerate(grammar.ranks) if pattern.match(line))
    return next(matching, len(grammar.ranks))
