"""What is peculiar to a platform's configuration text, as data: the rest of `change` knows no vendor.

Every rule for FRR was seen on FRR 8.4.4: a file was loaded, and `show running-config` had the line otherwise.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from re import Pattern


@dataclass(frozen=True, slots=True, eq=False)
class Grammar:
    """How a platform writes its configuration. Patterns are matched at a line's start, without its blanks.

    A context's *kind* is how its first line starts: `router bgp` of `router bgp 65000`, and `` at the top.
    """

    platform: str
    noise: Pattern[str]
    """Lines that are no configuration, or that no reload can change."""
    contexts: Mapping[str, tuple[str, ...]]
    """Kinds of context that open inside a kind."""
    hollow: frozenset[str]
    """Kinds that mean nothing when empty: their first line is no line of the configuration."""
    exits: Mapping[str, str]
    """How a kind is left, where that is not by `exit`."""
    verbatim: Pattern[str]
    """Free text: only its blanks are touched."""
    networks: Pattern[str]
    """Lines whose prefixes lose their host bits."""
    rewrites: Mapping[str, tuple[Pattern[str], str]]
    """Other spellings of the same, by how the line starts: pattern and replacement."""
    implies: Mapping[str, Pattern[str]]
    """Lines that bring their own group 1 along as a line beside them, by the line's first word."""
    numbered: tuple[tuple[Pattern[str], int], ...]
    """Entries of lists (group 1) without a number: each gets five more than the highest, which is first
    rounded down to a multiple of the second value."""
    defaults: Mapping[str, frozenset[str]]
    """Lines that say what holds anyway, by kind: the device does not show them."""
    ranks: tuple[Pattern[str], ...]
    """What is written before what: lines of an earlier pattern first, those of none last."""


FRR = Grammar(
    platform="frr",
    # frr-reload.py cannot remove the defaults' name, the version and the service; vtysh shows the machine's
    # own names, whatever the file says.
    noise=re.compile(
        r"[!#]|exit(?:-|$)|end$|Building configuration|Current configuration|frr (?:version|defaults) "
        r"|service integrated-vtysh-config|(?:hostname|domainname) "
    ),
    contexts={
        "": (
            "interface",
            "router bgp",
            "router ospf6",
            "router ospf",
            "router isis",
            "router ripng",
            "router rip",
            "route-map",
            "bfd",
            "key chain",
            "vrf",
            "line vty",
            "nexthop-group",
            "pbr-map",
            "rpki",
        ),
        "router bgp": ("address-family",),
        "address-family": ("vni",),
        "bfd": ("profile", "peer"),
        "key chain": ("key",),
    },
    hollow=frozenset({"interface", "address-family", "bfd", "vrf", "line vty"}),
    exits={"address-family": "exit-address-family", "vrf": "exit-vrf", "vni": "exit-vni"},
    verbatim=re.compile(
        r"description |neighbor \S+ description |(?:ipv6 )?access-list \S+ (?:seq \d+ )?remark |banner "
    ),
    networks=re.compile(
        r"(?:ip |ipv6 )?(?:prefix-list|access-list|route|network|aggregate-address|area) |ipv6 nd prefix "
    ),
    rewrites={
        "ip route ": (re.compile(r"(ip route .*) null0\b"), r"\1 Null0"),
        "ipv6 route ": (re.compile(r"(ipv6 route .*) null0\b"), r"\1 Null0"),
        "ip prefix-list ": (re.compile(r"(ip prefix-list .*) (le \d+) (ge \d+)$"), r"\1 \3 \2"),
        "ipv6 prefix-list ": (re.compile(r"(ipv6 prefix-list .*) (le \d+) (ge \d+)$"), r"\1 \3 \2"),
    },
    # `ip ospf bfd profile X` is not here: alone it is refused.
    implies={
        "ipv6": re.compile(r"(ipv6 ospf6 bfd) profile "),
        "neighbor": re.compile(r"(neighbor \S+ bfd) profile "),
    },
    numbered=(
        (re.compile(r"((?:ip |ipv6 )?(?:prefix-list|access-list) \S+) (?=(?:permit|deny) )"), 1),
        (re.compile(r"(bgp as-path access-list \S+) (?=(?:permit|deny) )"), 5),
        (re.compile(r"(bgp (?:large-|ext)?community-list (?:\w+ )?\S+) (?=(?:permit|deny) )"), 5),
    ),
    defaults={
        "": frozenset({"ip forwarding", "ipv6 forwarding"}),
        "interface": frozenset(
            {
                "no shutdown",
                "ip ospf hello-interval 10",
                "ip ospf retransmit-interval 5",
                "ip ospf transmit-delay 1",
                "ip ospf priority 1",
                "ip ospf network broadcast",
                "ipv6 nd suppress-ra",
                "ipv6 nd ra-interval 600",
                "ipv6 ospf6 hello-interval 10",
                "ipv6 ospf6 dead-interval 40",
                "ipv6 ospf6 retransmit-interval 5",
                "ipv6 ospf6 transmit-delay 1",
                "ipv6 ospf6 priority 1",
                "ipv6 ospf6 instance-id 0",
            }
        ),
        "router ospf": frozenset({"auto-cost reference-bandwidth 100000"}),
        "router ospf6": frozenset({"auto-cost reference-bandwidth 100000"}),
        "router bgp": frozenset(
            {
                "timers bgp 60 180",
                "bgp default local-preference 100",
                "bgp graceful-restart restart-time 120",
                "bgp graceful-restart stalepath-time 360",
            }
        ),
        "address-family": frozenset({"distance bgp 20 200 200"}),
        "profile": frozenset({"detect-multiplier 3", "transmit-interval 300", "receive-interval 300"}),
    },
    # A neighbour or its group is defined before anything is said of it, and a family is activated by default
    # according to what `bgp default` said when the neighbour was made.
    ranks=(
        re.compile(r"(?:no )?bgp |ospf6? router-id "),
        re.compile(r"neighbor \S+ peer-group$"),
        re.compile(r"neighbor \S+ (?:interface .*)?remote-as "),
        re.compile(r"neighbor \S+ (?:interface .*)?peer-group "),
        re.compile(r"(?!address-family )"),
    ),
)


@functools.lru_cache(maxsize=65536)
def kind(context: tuple[str, ...], grammar: Grammar = FRR) -> str:
    """The kind of the innermost context; its own first word where the grammar does not know it."""
    found = ""
    for header in context:
        found = opened(header, found, grammar) or header.partition(" ")[0]
    return found


def opened(line: str, within: str, grammar: Grammar = FRR) -> str | None:
    """The kind of context that `line` opens inside one of the kind `within`; None where it opens none."""
    for start in grammar.contexts.get(within, ()):
        if line.startswith(start) and line[len(start) : len(start) + 1] in ("", " "):
            return start
    return None
