"""What a platform's table of commands says of a line: whether it is valid, and what its slot is.

A *slot* is what a line is about, as against what it says of it. In a syntax, `=` stands between the two, and
the slot holds what its writer says and nothing else: an OSPF cost, a list of that name, an attribute of that
neighbour. `~` stands there where several values live beside each other: an interface's addresses. A command
with neither is its own slot. `!` marks a switch that turns off what surrounds it: whoever describes the
interface or the neighbour means it to be absent.
"""

from __future__ import annotations

import functools
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from re import Pattern
from typing import Literal, TypeAlias

from infra_ctl.change.frr_commands import FRR_COMMANDS
from infra_ctl.change.grammar import FRR, kind
from infra_ctl.change.normal import Context, Pair, path

Check: TypeAlias = Callable[[str], bool]
Sharing: TypeAlias = Literal["value", "one of several", "switch", "itself"]

WHOLE = frozenset({"route-map", "profile", "peer", "key chain", "key"})
"""Kinds of context that belong as a whole to whoever opens them: one line more makes another policy."""

DEFINES = re.compile(r"(neighbor \S+) (?:interface .*)?(?:remote-as|peer-group)\b")
"""Lines that bring an object (group 1) to life: without them no other line about it can be."""


@dataclass(frozen=True, slots=True)
class Use:
    """What a line does: `slot` is its beginning, up to the value."""

    slot: str
    sharing: Sharing


@dataclass(frozen=True, slots=True, eq=False)
class Command:
    """A compiled syntax; `checks` are of the pattern's groups g0, g1, …"""

    pattern: Pattern[str]
    checks: tuple[Check, ...]
    sharing: Sharing

    def use(self, line: str) -> Use | None:
        """What `line` does, if it is this command with arguments that it takes."""
        found = self.pattern.fullmatch(line)
        if found is None:
            return None
        arguments = (found[f"g{index}"] for index in range(len(self.checks)))
        if not all(
            value is None or check(value) for value, check in zip(arguments, self.checks, strict=True)
        ):
            return None
        return Use(line[: found.end("slot")], self.sharing)


@functools.lru_cache(maxsize=65536)
def use(context: Context, line: str) -> Use | None:
    """What a line of FRR does in its context; None where the table has no such command.

    `no X` is about the same as `X`.
    """
    positive = line.removeprefix("no ")
    candidates = _commands().get((kind(context, FRR), positive.partition(" ")[0]), ())
    return next((found for command in candidates if (found := command.use(positive))), None)


def invalid(pairs: Iterable[Pair]) -> Iterator[str]:
    """Lines of FRR that it would refuse, as far as the table can tell, each with its contexts."""
    for context, line in pairs:
        lines = (*context, line)
        if not all(use(lines[:depth], lines[depth]) for depth in range(len(lines))):
            yield path((context, line))


@functools.cache
def _commands() -> Mapping[tuple[str, str], tuple[Command, ...]]:
    """Commands by kind of context and first word."""
    found: dict[tuple[str, str], tuple[Command, ...]] = {}
    for within, rows in FRR_COMMANDS.items():
        for row in rows:
            key = (within, row.partition(" ")[0])
            found[key] = (*found.get(key, ()), _compiled(row))
    return found


_MARKS: Mapping[str, Sharing] = {"=": "value", "~": "one of several", "!": "switch"}
_TOKEN = re.compile(r"\[(?P<optional>[^]]+)]|<(?P<choice>[^>]+)>|(?P<word>\S+)")


def _compiled(syntax: str) -> Command:
    checks: list[Check] = []
    pattern = _pattern(syntax, checks).removeprefix(" ")
    marked = (sharing for mark, sharing in _MARKS.items() if f" {mark}" in syntax)
    sharing: Sharing = next(marked, "itself")
    if sharing == "itself":
        pattern += "(?P<slot>)"
    return Command(re.compile(pattern), tuple(checks), sharing)


def _pattern(syntax: str, checks: list[Check]) -> str:
    """A regular expression for a syntax, each token with the blank before it; fills `checks`."""
    parts: list[str] = []
    for token in _TOKEN.finditer(syntax):
        if token["optional"]:
            parts.append(f"(?:{_pattern(token['optional'], checks)})?")
        elif token["choice"]:
            parts.append(_argument(_any_of(token["choice"].split("|")), checks))
        elif token["word"] in _MARKS:
            parts.append("(?P<slot>)")
        elif check := _check(token["word"]):
            parts.append(_argument(check, checks, r".+" if token["word"] == "LINE" else r"\S+"))
        else:
            parts.append(" " + re.escape(token["word"]))
    return "".join(parts)


def _argument(check: Check, checks: list[Check], values: str = r"\S+") -> str:
    checks.append(check)
    return f" (?P<g{len(checks) - 1}>{values})"


def _any_of(words: list[str]) -> Check:
    choices = [_check(word) or word.__eq__ for word in words]
    return lambda value: any(choice(value) is True for choice in choices)


def _check(word: str) -> Check | None:
    """The check of an argument's name; None for a keyword, which stands for itself."""
    if limits := re.fullmatch(r"\((\d+)-(\d+)\)", word):
        low, high = int(limits[1]), int(limits[2])
        return lambda value: value.isdecimal() and low <= int(value) <= high
    return _ARGUMENTS.get(word)


def _is_address(family: socket.AddressFamily, value: str) -> bool:
    try:
        socket.inet_pton(family, value)
    except OSError:
        return False
    return True


def _is_prefix(family: socket.AddressFamily, value: str) -> bool:
    address, _, length = value.partition("/")
    longest = 32 if family == socket.AF_INET else 128
    return _is_address(family, address) and length.isdecimal() and int(length) <= longest


_is_ipv4 = functools.partial(_is_address, socket.AF_INET)
_is_ipv6 = functools.partial(_is_address, socket.AF_INET6)
_is_name = re.compile(r"[A-Za-z_][\w.:@-]*").fullmatch
_LEVELS = frozenset(
    {
        "emergencies",
        "alerts",
        "critical",
        "errors",
        "warnings",
        "notifications",
        "informational",
        "debugging",
    }
)

_ARGUMENTS: Mapping[str, Check] = {
    "A.B.C.D": _is_ipv4,
    "A.B.C.D/M": functools.partial(_is_prefix, socket.AF_INET),
    "X:X::X:X": _is_ipv6,
    "X:X::X:X/M": functools.partial(_is_prefix, socket.AF_INET6),
    "IFNAME": lambda value: _is_name(value) is not None,
    "PEER": lambda value: _is_ipv4(value) or _is_ipv6(value) or _is_name(value) is not None,
    "LEVEL": _LEVELS.__contains__,
    "NAME": bool,
    "WORD": bool,
    "LINE": bool,
}
