"""Which devices a command means: `pop=nk role=ce`, `level>=3 and not ipv6=dual`, `nk-*`; and which hosts.

    selector    = conjunction, { "or", conjunction }
    conjunction = term, { [ "and" ], term }
    term        = { "not" }, ( "(", selector, ")" | key, operator, value | word )
    operator    = "=" | "!=" | "<" | "<=" | ">" | ">="      (the last four for level and ipv6 only)

A value may hold `*` and `?`. A bare word is a hostname or a site. Hosts have keys of their own: `zone=dmz`,
`role=database system=one-stop`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, partial
from typing import TYPE_CHECKING, Literal, TypeAlias

from infra_ctl.errors import SelectorError
from infra_ctl.inventory.devices import Device, devices, host_levels
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.kinds import HostRole, SiteKind, Stage, Zone
from infra_ctl.inventory.models import Host, Inventory

if TYPE_CHECKING:
    from pyparsing import ParserElement, ParseResults

MAX_LENGTH = 2000
MAX_DEPTH = 20
"""Characters and nested parentheses that a selector may have."""

Attribute: TypeAlias = str | int | frozenset[str]
Test: TypeAlias = "Callable[[Subject], bool]"


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that can be selected: its names, which bare words mean, and what it is, as far as known."""

    names: tuple[str, ...]
    attributes: Mapping[str, Attribute]


@dataclass(frozen=True, slots=True)
class Selector:
    """A readable selector; call it on a subject."""

    text: str
    test: Test

    def __call__(self, subject: Subject) -> bool:
        return self.test(subject)


@dataclass(frozen=True, slots=True)
class Key:
    """What may stand before an operator. `choices` are all values, in their order where it is `ordered`."""

    choices: tuple[str, ...] = ()
    ordered: bool = False


KEYS: Mapping[str, Key] = {
    "device": Key(),
    "ipv6": Key(tuple(str(stage) for stage in Stage), ordered=True),
    "kind": Key(tuple(str(kind) for kind in SiteKind)),
    "level": Key(("1", "2", "3", "4", "5"), ordered=True),
    "platform": Key(("frr",)),
    "pop": Key(),
    "profile": Key(),
    "role": Key(("edge", "core", "backup", "pop", "ce")),
    "site": Key(),
    "unit": Key(),
}
"""Of devices."""

HOST_KEYS: Mapping[str, Key] = {
    "database": Key(),
    "host": Key(),
    "ipv6": KEYS["ipv6"],
    "kind": KEYS["kind"],
    "level": KEYS["level"],
    "pop": Key(),
    "role": Key(tuple(str(role) for role in HostRole)),
    "site": Key(),
    "system": Key(),
    "unit": Key(),
    "zone": Key(tuple(str(zone) for zone in Zone)),
}

Kind: TypeAlias = Literal["device", "host", "both"]
_VOCABULARIES: Mapping[Kind, Mapping[str, Key]] = {
    "device": KEYS,
    "host": HOST_KEYS,
    "both": {**KEYS, **HOST_KEYS, "role": Key((*KEYS["role"].choices, *HOST_KEYS["role"].choices))},
}
_ORDER: Mapping[str, Callable[[int, int], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def parse(text: str, of: Kind = "device") -> Selector:
    """Read a selector of devices or of hosts; an empty one selects everything. Raises SelectorError."""
    from pyparsing import ParseBaseException

    if not text.strip():
        return Selector(text, lambda _subject: True)
    _check_size(text)
    try:
        return Selector(text, _grammar(of).parse_string(text, parse_all=True)[0])
    except ParseBaseException as error:
        raise SelectorError(error.loc + 1, _reason(text, error.loc)) from error


def select(text: str, inventory: Inventory) -> tuple[Device, ...]:
    """The devices that a selector means, in the order of `devices`. Raises SelectorError."""
    selector = parse(text)
    return tuple(device for device in devices(inventory) if selector(subject(device)))


def select_hosts(text: str, inventory: Inventory) -> tuple[Host, ...]:
    """The hosts that a selector means, in the order of the file. Raises SelectorError."""
    selector, levels = parse(text, "host"), host_levels(inventory)
    return tuple(
        host for host in inventory.hosts.values() if selector(host_subject(host, inventory, levels[host.id]))
    )


def choose(text: str, inventory: Inventory) -> tuple[list[str], list[str]]:
    """Names of the devices and of the hosts that one selector means. Raises SelectorError."""
    selector, levels = parse(text, "both"), host_levels(inventory)
    return (
        [each.hostname for each in devices(inventory) if selector(subject(each))],
        [
            name
            for name, host in inventory.hosts.items()
            if selector(host_subject(host, inventory, levels[name]))
        ],
    )


def subject(device: Device) -> Subject:
    """A device as selectors see it."""
    attributes: dict[str, Attribute] = {
        "device": device.hostname,
        "ipv6": str(device.ipv6),
        "kind": str(device.kind),
        "platform": device.platform,
        "pop": device.pop,
        "profile": device.profile,
        "role": device.role,
        "site": device.site,
        "unit": device.unit,
    }
    if device.level is not None:
        attributes["level"] = device.level
    return Subject((device.hostname, device.site), attributes)


def host_subject(host: Host, inventory: Inventory, level: int) -> Subject:
    """A host as selectors see it."""
    site = inventory.sites[host.site]
    systems = [system for system in inventory.systems.values() if host.id in system.runs_on]
    attributes: dict[str, Attribute] = {
        "database": frozenset(host.databases),
        "host": host.id,
        "ipv6": str(site.ipv6),
        "kind": str(site.kind),
        "level": level,
        "pop": site.pop,
        "role": frozenset(host.roles),
        "site": host.site,
        "system": frozenset(system.id for system in systems),
        "unit": site.unit,
        "zone": str(host.zone),
    }
    return Subject((host.id, host.site), attributes)


def _check_size(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise SelectorError(MAX_LENGTH + 1, f"is longer than {MAX_LENGTH} characters")
    depth = 0
    for column, character in enumerate(text, 1):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth > MAX_DEPTH:
            raise SelectorError(column, f"more than {MAX_DEPTH} parentheses within each other")


def _reason(text: str, location: int) -> str:
    rest = text[location:].split()
    if not rest:
        return "something is missing at the end"
    if rest[0][0] in "=<>!":
        return f"{rest[0]!r} must stand between a key and a value"
    return f"cannot read {rest[0]!r}"


@cache
def _grammar(of: Kind) -> ParserElement:
    from pyparsing import CaselessKeyword, Forward, MatchFirst, Opt, Regex, Suppress, ZeroOrMore

    words = MatchFirst([CaselessKeyword(word) for word in ("and", "or", "not")])
    value = Regex(r"[^\s()=<>!]+")
    name = ~words + Regex(r"[^\s()=<>!]+")
    selector = Forward()
    compared = partial(_compared, _VOCABULARIES[of])
    comparison = (name + Regex(r"!=|<=|>=|=|<|>") + value).set_parse_action(compared)
    bare = name.copy().set_parse_action(lambda tokens: _named(tokens[0]))
    atom = Suppress("(") + selector + Suppress(")") | comparison | bare
    term = (ZeroOrMore(CaselessKeyword("not")) + atom).set_parse_action(_negated)
    conjunction = (term + ZeroOrMore(Opt(Suppress(CaselessKeyword("and"))) + term)).set_parse_action(_all)
    selector <<= (conjunction + ZeroOrMore(Suppress(CaselessKeyword("or")) + conjunction)).set_parse_action(
        _any
    )
    return selector.parse_with_tabs()  # else columns are counted after tabs have become spaces


def _named(pattern: str) -> Test:
    return lambda subject: any(fnmatchcase(name, pattern) for name in subject.names)


def _negated(tokens: ParseResults) -> Test:
    """`not`, as often as it is written, before a test."""
    test: Test = tokens[-1]
    return test if len(tokens) % 2 else lambda subject: not test(subject)


def _all(tokens: ParseResults) -> Test:
    tests: tuple[Test, ...] = tuple(tokens)
    return tests[0] if len(tests) == 1 else lambda subject: all(test(subject) for test in tests)


def _any(tokens: ParseResults) -> Test:
    tests: tuple[Test, ...] = tuple(tokens)
    return tests[0] if len(tests) == 1 else lambda subject: any(test(subject) for test in tests)


def _compared(keys: Mapping[str, Key], _text: str, location: int, tokens: ParseResults) -> Test:
    """The test of `key operator value`."""
    name, sign, value = tokens
    key = keys.get(name)
    if key is None:
        raise SelectorError(location + 1, f"unknown key {name!r}{did_you_mean(name, keys)}")
    if sign in _ORDER and not key.ordered:
        raise SelectorError(location + 1, f"{name} has no order: use = or !=")
    is_pattern = "*" in value or "?" in value
    if key.choices and value not in key.choices and (sign in _ORDER or not is_pattern):
        raise SelectorError(location + 1, f"{name} is never {value!r}{did_you_mean(value, key.choices)}")
    if sign in _ORDER:
        return _ordered(name, key.choices, _ORDER[sign], value)
    if sign == "=":
        return lambda subject: _is(subject, name, value)
    return lambda subject: not _is(subject, name, value)


def _is(subject: Subject, name: str, pattern: str) -> bool:
    attribute = subject.attributes.get(name)
    if attribute is None:
        return False
    values = attribute if isinstance(attribute, frozenset) else (str(attribute),)
    return any(fnmatchcase(value, pattern) for value in values)


def _ordered(name: str, choices: Sequence[str], compare: Callable[[int, int], bool], value: str) -> Test:
    """By place among the choices; what has no such attribute is on neither side."""

    def test(subject: Subject) -> bool:
        attribute = subject.attributes.get(name)
        return attribute is not None and compare(choices.index(str(attribute)), choices.index(value))

    return test
