"""The commands of a platform as data, in its own manual's notation: which line is valid, what its slot is.

A *slot* is what a line is about, as against what it says of it. In a syntax, `=` stands between the two, and
the slot holds what its writer says and nothing else: an OSPF cost, a list of that name, an attribute of that
neighbour. `~` stands there where several values live beside each other: an interface's addresses. A command
with neither is its own slot. `!` marks a switch that turns off what surrounds it: whoever describes the
interface or the neighbour means it to be absent.

The table knows what a router of a city needs; it is no copy of the platform's parser.
"""

from __future__ import annotations

import functools
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from re import Pattern
from typing import Literal, TypeAlias

from infra_ctl.change.grammar import FRR, kind
from infra_ctl.change.normal import Context, Pair, path

Check: TypeAlias = Callable[[str], bool]
Sharing: TypeAlias = Literal["value", "one of several", "switch", "itself"]

FRR_COMMANDS: Mapping[str, tuple[str, ...]] = {
    "": (
        "frr version = LINE",
        "frr defaults = WORD",
        "hostname = WORD",
        "domainname = WORD",
        "service WORD",
        "password = LINE",
        "enable password = LINE",
        "agentx",
        "log syslog = [LEVEL]",
        "log file = WORD [LEVEL]",
        "log stdout = [LEVEL]",
        "log facility = WORD",
        "log timestamp precision = (0-12)",
        "log record-priority",
        "debug LINE",
        "ip forwarding",
        "ipv6 forwarding",
        "ip router-id = A.B.C.D",
        "ipv6 router-id = X:X::X:X",
        "ip nht resolve-via-default",
        "ipv6 nht resolve-via-default",
        "ip route A.B.C.D/M ~ <A.B.C.D|blackhole|reject|Null0|IFNAME> [LINE]",
        "ipv6 route X:X::X:X/M ~ <X:X::X:X|blackhole|reject|Null0|IFNAME> [LINE]",
        "ip prefix-list NAME = seq (1-4294967295) <permit|deny> <A.B.C.D/M|any> [ge (0-32)] [le (0-32)]",
        "ip prefix-list NAME = description LINE",
        "ipv6 prefix-list NAME = seq (1-4294967295) <permit|deny> <X:X::X:X/M|any> [ge (0-128)] [le (0-128)]",
        "ipv6 prefix-list NAME = description LINE",
        "access-list NAME = seq (1-4294967295) <permit|deny> LINE",
        "access-list NAME = remark LINE",
        "ipv6 access-list NAME = seq (1-4294967295) <permit|deny> LINE",
        "ipv6 access-list NAME = remark LINE",
        "bgp as-path access-list NAME = seq (0-4294967295) <permit|deny> LINE",
        "bgp community-list <standard|expanded> NAME = seq (0-4294967295) <permit|deny> LINE",
        "bgp extcommunity-list <standard|expanded> NAME = seq (0-4294967295) <permit|deny> LINE",
        "bgp large-community-list <standard|expanded> NAME = seq (0-4294967295) <permit|deny> LINE",
        "bgp graceful-shutdown",
        "interface IFNAME",
        "router bgp = (1-4294967295) [vrf WORD]",
        "router ospf [(1-65535)] [vrf WORD]",
        "router ospf6 [vrf WORD]",
        "router rip",
        "router ripng",
        "router isis WORD",
        "route-map NAME = <permit|deny> (1-65535)",
        "bfd",
        "key chain NAME",
        "vrf NAME",
        "line vty",
        "nexthop-group NAME",
        "pbr-map NAME seq (1-700)",
        "rpki",
    ),
    "interface": (
        "shutdown !",
        "link-detect",
        "description = LINE",
        "bandwidth = (1-100000)",
        "multicast",
        "ip address ~ A.B.C.D/M [label WORD]",
        "ipv6 address ~ X:X::X:X/M",
        "ip ospf area = <A.B.C.D|(0-4294967295)>",
        "ip ospf authentication = [<message-digest|null>]",
        "ip ospf authentication-key = WORD",
        "ip ospf message-digest-key (1-255) = md5 WORD",
        "ip ospf bfd = [profile NAME]",
        "ip ospf cost = (1-65535)",
        "ip ospf dead-interval = (1-65535)",
        "ip ospf dead-interval = minimal hello-multiplier (2-20)",
        "ip ospf hello-interval = (1-65535)",
        "ip ospf mtu-ignore",
        "ip ospf network = <broadcast|non-broadcast|point-to-multipoint|point-to-point> [LINE]",
        "ip ospf passive !",
        "ip ospf priority = (0-255)",
        "ip ospf retransmit-interval = (3-65535)",
        "ip ospf transmit-delay = (1-65535)",
        "ipv6 nd suppress-ra",
        "ipv6 nd ra-interval = (1-1800)",
        "ipv6 nd ra-interval = msec (70-1800000)",
        "ipv6 nd ra-lifetime = (0-9000)",
        "ipv6 nd prefix ~ X:X::X:X/M [LINE]",
        "ipv6 nd rdnss ~ X:X::X:X [LINE]",
        "ipv6 nd dnssl ~ WORD [LINE]",
        "ipv6 nd router-preference = <high|medium|low>",
        "ipv6 nd managed-config-flag",
        "ipv6 nd other-config-flag",
        "ipv6 nd mtu = (1-65535)",
        "ipv6 ospf6 area = <A.B.C.D|(0-4294967295)>",
        "ipv6 ospf6 authentication = key-id (1-65535) hash-algo WORD key WORD",
        "ipv6 ospf6 authentication = keychain NAME",
        "ipv6 ospf6 bfd = [profile NAME]",
        "ipv6 ospf6 cost = (1-65535)",
        "ipv6 ospf6 dead-interval = (1-65535)",
        "ipv6 ospf6 hello-interval = (1-65535)",
        "ipv6 ospf6 ifmtu = (1-65535)",
        "ipv6 ospf6 instance-id = (0-255)",
        "ipv6 ospf6 mtu-ignore",
        "ipv6 ospf6 network = <broadcast|point-to-point>",
        "ipv6 ospf6 passive !",
        "ipv6 ospf6 priority = (0-255)",
        "ipv6 ospf6 retransmit-interval = (1-65535)",
        "ipv6 ospf6 transmit-delay = (1-3600)",
    ),
    "router ospf": (
        "ospf router-id = A.B.C.D",
        "router-id = A.B.C.D",
        "auto-cost reference-bandwidth = (1-4294967)",
        "log-adjacency-changes = [detail]",
        "passive-interface ~ <default|IFNAME>",
        "network ~ A.B.C.D/M area <A.B.C.D|(0-4294967295)>",
        "area <A.B.C.D|(0-4294967295)> <stub|nssa> = [LINE]",
        "area <A.B.C.D|(0-4294967295)> authentication = [message-digest]",
        "area <A.B.C.D|(0-4294967295)> range ~ A.B.C.D/M [LINE]",
        "default-information originate = [LINE]",
        "redistribute WORD = [LINE]",
        "max-metric router-lsa ~ LINE",
        "maximum-paths = (1-256)",
        "timers throttle spf = (0-600000) (0-600000) (0-600000)",
        "graceful-restart = [grace-period (1-1800)]",
        "graceful-restart helper LINE",
        "distance = (1-255)",
    ),
    "router ospf6": (
        "ospf6 router-id = A.B.C.D",
        "auto-cost reference-bandwidth = (1-4294967)",
        "log-adjacency-changes = [detail]",
        "area <A.B.C.D|(0-4294967295)> <stub|nssa> = [LINE]",
        "area <A.B.C.D|(0-4294967295)> range ~ X:X::X:X/M [LINE]",
        "default-information originate = [LINE]",
        "redistribute WORD = [LINE]",
        "stub-router administrative",
        "maximum-paths = (1-256)",
        "timers throttle spf = (0-600000) (0-600000) (0-600000)",
        "graceful-restart = [grace-period (1-1800)]",
        "graceful-restart helper LINE",
        "distance = (1-255)",
    ),
    "router bgp": (
        "bgp router-id = A.B.C.D",
        "bgp cluster-id = <A.B.C.D|(1-4294967295)>",
        "bgp default WORD = [(0-4294967295)]",
        "bgp log-neighbor-changes",
        "bgp ebgp-requires-policy",
        "bgp network import-check",
        "bgp suppress-fib-pending",
        "bgp deterministic-med",
        "bgp always-compare-med",
        "bgp graceful-restart",
        "bgp graceful-restart preserve-fw-state",
        "bgp graceful-restart restart-time = (1-3600)",
        "bgp graceful-restart stalepath-time = (1-3600)",
        "bgp graceful-shutdown",
        "bgp bestpath = LINE",
        "timers bgp = (0-65535) (0-65535)",
        "neighbor PEER peer-group",
        "neighbor PEER peer-group = NAME",
        "neighbor PEER remote-as = <(1-4294967295)|internal|external>",
        "neighbor PEER local-as = (1-4294967295) [LINE]",
        "neighbor PEER description = LINE",
        "neighbor PEER password = LINE",
        "neighbor PEER update-source = <A.B.C.D|X:X::X:X|IFNAME>",
        "neighbor PEER ebgp-multihop = [(1-255)]",
        "neighbor PEER ttl-security hops = (1-254)",
        "neighbor PEER timers = (0-65535) (0-65535)",
        "neighbor PEER timers connect = (1-65535)",
        "neighbor PEER timers delayopen = (1-240)",
        "neighbor PEER advertisement-interval = (0-600)",
        "neighbor PEER bfd = [profile NAME]",
        "neighbor PEER bfd check-control-plane-failure",
        "neighbor PEER capability = WORD",
        "neighbor PEER disable-connected-check",
        "neighbor PEER enforce-first-as",
        "neighbor PEER graceful-restart",
        "neighbor PEER graceful-restart-helper",
        "neighbor PEER graceful-restart-disable",
        "neighbor PEER graceful-shutdown",
        "neighbor PEER passive !",
        "neighbor PEER shutdown ! [message LINE]",
        "address-family <ipv4|ipv6> <unicast|multicast|labeled-unicast|vpn>",
        "address-family l2vpn evpn",
    ),
    "address-family": (
        "network ~ <A.B.C.D/M|X:X::X:X/M> [LINE]",
        "aggregate-address ~ <A.B.C.D/M|X:X::X:X/M> [LINE]",
        "redistribute WORD = [LINE]",
        "maximum-paths = (1-256)",
        "maximum-paths ibgp = (1-256)",
        "distance bgp = (1-255) (1-255) (1-255)",
        "neighbor PEER activate",
        "neighbor PEER addpath-tx-all-paths",
        "neighbor PEER allowas-in = [LINE]",
        "neighbor PEER as-override",
        "neighbor PEER attribute-unchanged = [LINE]",
        "neighbor PEER default-originate = [route-map NAME]",
        "neighbor PEER distribute-list = NAME <in|out>",
        "neighbor PEER filter-list <in|out> = NAME",
        "neighbor PEER maximum-prefix = (1-4294967295) [LINE]",
        "neighbor PEER maximum-prefix-out = (1-4294967295)",
        "neighbor PEER next-hop-self = [force]",
        "neighbor PEER prefix-list = NAME <in|out>",
        "neighbor PEER remove-private-AS = [LINE]",
        "neighbor PEER route-map = NAME in",
        "neighbor PEER route-map = NAME out",
        "neighbor PEER route-reflector-client",
        "neighbor PEER send-community = [WORD]",
        "neighbor PEER soft-reconfiguration inbound",
        "neighbor PEER weight = (0-65535)",
    ),
    "route-map": (
        "description = LINE",
        "match = LINE",
        "set = LINE",
        "call = NAME",
        "on-match = LINE",
        "continue = [(1-65535)]",
    ),
    "bfd": ("profile NAME", "peer LINE"),
    "profile": (
        "detect-multiplier = (2-255)",
        "transmit-interval = (10-60000)",
        "receive-interval = (10-60000)",
        "echo-mode",
        "echo-interval = (10-60000)",
        "minimum-ttl = (1-254)",
        "passive-mode",
        "shutdown !",
    ),
    "peer": (
        "profile = NAME",
        "detect-multiplier = (2-255)",
        "transmit-interval = (10-60000)",
        "receive-interval = (10-60000)",
        "echo-mode",
        "passive-mode",
        "shutdown !",
    ),
    "key chain": ("key (0-2147483647)",),
    "key": (
        "key-string = LINE",
        "cryptographic-algorithm = WORD",
        "accept-lifetime = LINE",
        "send-lifetime = LINE",
    ),
}
"""FRR 8.4.4, by the kind of context. Tried against its vtysh."""

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
