"""nftables' rules as they stand in the kernel, read so far as it matters who is let through. Pure.

What a rule says beside addresses, ports and its verdict is kept as words: it narrows the rule down.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network, summarize_address_range

from infra_ctl.controls.exhibit import Line
from infra_ctl.intent.model import Network
from infra_ctl.intent.places import collapsed

_SET = r"(?P<not>!= )?(?P<set>\{[^}]*\}|@\S+|\S+)"
_UNREAD = re.compile(r"\bvmap\b| \. |addr & ")
"""Maps of verdicts, values joined into one, masks: what such a rule lets in is not read here."""
_ADDRESS = re.compile(rf"(?P<family>ip6?) (?P<side>saddr|daddr) {_SET}")
_PORT = re.compile(rf"(?P<protocol>tcp|udp|th) (?P<side>sport|dport) {_SET}")
_VERDICT = re.compile(r"(?:^|\s)(accept|drop|reject|return|queue|(?:jump|goto) \S+)(?: with .*)?$")
_ASIDE = re.compile(
    r"comment \"[^\"]*\"|counter(?: packets \d+ bytes \d+)?|log(?: prefix \"[^\"]*\")?(?: level \w+)?"
    r"(?: group \d+)?"
)
"""What changes nothing about whom a rule is about."""
_HOOK = re.compile(r"type (?P<kind>\w+) hook (?P<hook>\w+) .*policy (?P<policy>\w+);")


@dataclass(frozen=True, slots=True)
class Side:
    """Networks that a rule is about, or is not about."""

    family: str
    networks: tuple[Network, ...]
    is_not: bool

    def covers(self, network: Network) -> bool:
        """Whether all of it is meant; what may be meant in part is not."""
        if self.is_not:
            return not any(_overlap(network, each) for each in self.networks)
        return any(_is_in(network, each) for each in self.networks)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: where it applies, and what then becomes of a packet (nothing where there is no verdict)."""

    line: Line
    verdict: str
    sources: tuple[Side, ...] = ()
    targets: tuple[Side, ...] = ()
    ports: tuple[str, frozenset[int], bool] | None = None
    """Protocol, destination ports, and whether it is about all others."""
    more: str = ""
    is_read: bool = True
    """Whether all of it is understood."""


@dataclass(slots=True)
class Chain:
    """A chain; one that hangs on no hook has no policy."""

    family: str
    table: str
    name: str
    head: Line
    hook: str = ""
    kind: str = ""
    policy: str = "accept"
    rules: list[Rule] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ruleset:
    """All chains, by family, table and name."""

    chains: Mapping[tuple[str, str, str], Chain]

    def on(self, hook: str) -> tuple[Chain, ...]:
        """Chains that filter at a hook."""
        return tuple(each for each in self.chains.values() if (each.hook, each.kind) == (hook, "filter"))

    def led_to(self, chain: Chain, rule: Rule) -> Chain | None:
        """Where a rule of a chain goes on."""
        word, _, name = rule.verdict.partition(" ")
        return self.chains.get((chain.family, chain.table, name)) if word in ("jump", "goto") else None

    def rest(self, chain: Chain) -> tuple[str, Line]:
        """What becomes of what no rule of a chain is about: by a last rule about all, or its policy."""
        if chain.rules:
            last = chain.rules[-1]
            if not (last.sources or last.targets or last.ports or last.more) and last.verdict:
                inner = self.led_to(chain, last)
                return self.rest(inner) if inner and inner is not chain else (last.verdict, last.line)
        return chain.policy if chain.hook else "return", chain.head


def read(lines: Iterable[Line]) -> Ruleset:
    """What `nft list ruleset` says."""
    chains: dict[tuple[str, str, str], Chain] = {}
    table, sets = ("", ""), dict[str, str]()
    chain: Chain | None = None
    kept = list(lines)
    for place, line in enumerate(kept):
        match line.text.split():
            case ["table", family, name, "{"]:
                table, sets = (family, name), dict(_sets(kept[place:]))
            case ["chain", name, "{"]:
                chain = chains[*table, name] = Chain(*table, name, line)
            case ["}"]:
                chain = None
            case [_, *_] if chain is not None:
                _add(chain, line, sets)
    return Ruleset(chains)


def _sets(lines: list[Line]) -> Iterator[tuple[str, str]]:
    """What is in each named set of the table that begins here."""
    text = "\n".join(_until_next_table(lines))
    for found in re.finditer(r"^\s+set (\S+) \{(.*?)^\s+\}$", text, re.MULTILINE | re.DOTALL):
        elements = re.search(r"elements = \{(.*?)\}", found[2], re.DOTALL)
        yield found[1], elements[1] if elements else ""


def _until_next_table(lines: list[Line]) -> Iterator[str]:
    for place, line in enumerate(lines):
        if place and line.text.startswith("table "):
            return
        yield line.text


def _add(chain: Chain, line: Line, sets: Mapping[str, str]) -> None:
    text = line.text.strip()
    if (hook := _HOOK.match(text)) is not None:
        chain.head, chain.hook, chain.kind, chain.policy = line, hook["hook"], hook["kind"], hook["policy"]
    elif text != "}":
        chain.rules.append(_rule(line, text, sets))


def _rule(line: Line, text: str, sets: Mapping[str, str]) -> Rule:
    text = " ".join(_ASIDE.sub("", text).split())
    verdict = _VERDICT.search(text)
    text = text[: verdict.start()] if verdict else text
    if _UNREAD.search(text):
        return Rule(line, verdict[1] if verdict else "", more=text, is_read=False)
    sides: dict[str, list[Side]] = {"saddr": [], "daddr": []}
    for each in _ADDRESS.finditer(text):
        sides[each["side"]].append(
            Side(each["family"], _networks(_elements(each["set"], sets)), bool(each["not"]))
        )
    ports = next((each for each in _PORT.finditer(text) if each["side"] == "dport"), None)
    more = _ADDRESS.sub("", text)
    more = more.replace(ports[0], "") if ports else more
    return Rule(
        line,
        verdict[1] if verdict else "",
        tuple(sides["saddr"]),
        tuple(sides["daddr"]),
        (ports["protocol"], frozenset(_numbers(_elements(ports["set"], sets))), bool(ports["not"]))
        if ports
        else None,
        " ".join(more.split()),
    )


def _elements(text: str, sets: Mapping[str, str]) -> str:
    return sets.get(text[1:], "") if text.startswith("@") else text.strip("{} ")


def _networks(text: str) -> tuple[Network, ...]:
    """Addresses, prefixes and ranges; of what else may stand there nothing."""
    return collapsed(network for each in text.split(",") for network in _network(each.strip()))


def _network(text: str) -> Iterator[Network]:
    first, dash, last = text.partition("-")
    try:
        if dash:
            yield from summarize_address_range(ip_address(first), ip_address(last))
        elif text:
            yield ip_network(text.split(maxsplit=1)[0])
    except ValueError:
        return


def _numbers(text: str) -> Iterator[int]:
    for each in text.split(","):
        first, _, last = each.strip().partition("-")
        if first.isdecimal():
            yield from range(int(first), int(last or first) + 1)
        elif first == "ssh":
            yield 22


def _is_in(inner: Network, outer: Network) -> bool:
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)
