"""What the firewall lets in, and from where SSH may be asked. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_network

from infra_ctl.audit.collecting.examining import ssh
from infra_ctl.audit.collecting.examining.asking import UnansweredError
from infra_ctl.audit.collecting.examining.rules import Chain, Rule, Ruleset
from infra_ctl.audit.collecting.examining.seen import Facts, Seen, no, shown
from infra_ctl.controls.exhibit import Fact, Line
from infra_ctl.intent.model import Network

EVERYWHERE = "everywhere"
_ANYBODY = {4: ip_network("0.0.0.0/0"), 6: ip_network("::/0")}
_FAMILIES = {"ip": (4,), "ip6": (6,), "inet": (4, 6)}
_DEPTH = 8
"""Chains that lead to another are followed so far."""
_OTHERS = re.compile(
    r"iif(name)? \"?lo\"?|ct state (?!!= )(?!.*\bnew\b)|\bicmp(v6)? (type|code)|\bct status"
    r"|\budp (sport|dport)|tcp flags .*!= syn"
    r"|(l4proto|ip protocol|ip6 nexthdr) (!= (tcp|6)$|(?!!= )(?!.*\b(tcp|6)\b))"
)
"""What only packets match that open no SSH session from elsewhere."""


def input_(seen: Seen) -> Facts:
    """A chain each; a chain whose last rule goes on elsewhere does as that one does."""
    rules = seen.ruleset
    found = ((each, *rules.rest(each)) for each in rules.on("input"))
    return tuple(Fact(_plain(verdict), shown(line)) for _, verdict, line in found)


def _plain(verdict: str) -> str:
    return verdict if verdict in ("drop", "reject") else "accept"


def outside(seen: Seen) -> Facts:
    """What every chain of a family lets in is let in; only families that sshd listens on count."""
    ports = frozenset(int(fact.value) for fact in ssh.port(seen))
    facts: dict[str, Fact] = {}
    for version in _families(seen):
        for network, line in _let_in(seen.ruleset, version, ports):
            if network == _ANYBODY[version]:
                facts.setdefault(EVERYWHERE, Fact(EVERYWHERE, shown(line)))
            elif not any(_is_in(network, each) for each in seen.meant.administered):
                facts.setdefault(str(network), Fact(str(network), shown(line)))
    return tuple(facts.values())


def _families(seen: Seen) -> tuple[int, ...]:
    said = [line.text for line in seen.lines("sshd") if line.text.startswith("listenaddress ")]
    found = {6 if text.count(":") > 1 else 4 for text in said}
    return tuple(sorted(found)) or (4, 6)


def _let_in(rules: Ruleset, version: int, ports: frozenset[int]) -> list[tuple[Network, Line]]:
    """By the chain that lets in least: one that lets everybody in keeps nobody out of the others."""
    chains = [each for each in rules.on("input") if version in _FAMILIES.get(each.family, ())]
    found = [[*_walk(rules, each, version, ports)] for each in chains]
    narrow = [each for each in found if all(network != _ANYBODY[version] for network, _ in each)]
    if narrow:
        return min(narrow, key=len)
    return found[0] if found else [(_ANYBODY[version], no("nftables", "no chain filters what comes in"))]


def _walk(
    rules: Ruleset, chain: Chain, version: int, ports: frozenset[int], depth: int = 0
) -> Iterator[tuple[Network, Line]]:
    """Who may open an SSH session; what reaches the end of the chain goes by its policy."""
    anybody: tuple[Network, ...] = (_ANYBODY[version],)
    left, end = anybody, chain.head
    for rule in chain.rules:
        if not _is_about(rule, version, ports):
            continue
        named = tuple(each for side in rule.sources for each in side.networks if each.version == version)
        is_not = any(side.is_not for side in rule.sources)
        is_all = not (rule.sources or rule.targets or rule.more)
        if rule.verdict == "accept":
            yield from ((each, rule.line) for each in (named if rule.sources and not is_not else anybody))
        elif (inner := rules.led_to(chain, rule)) is not None and depth < _DEPTH:
            yield from _walk(rules, inner, version, ports, depth + 1)
            is_all = is_all and rule.verdict.startswith("goto")
        elif rule.verdict == "return" and is_all:
            break
        elif rule.verdict not in ("drop", "reject"):
            continue
        elif is_not and not (rule.targets or rule.more):
            left, end = named, rule.line
        if is_all:
            return
    if chain.hook and chain.policy == "accept":
        yield from ((each, end) for each in left)


def _is_about(rule: Rule, version: int, ports: frozenset[int]) -> bool:
    """Whether the first packet of an SSH session may be meant. Raises UnansweredError where nobody knows."""
    if rule.ports is not None:
        protocol, numbers, is_not = rule.ports
        if protocol == "udp" or (ports <= numbers if is_not else not ports & numbers):
            return False
    elif _OTHERS.search(rule.more):
        return False
    if not rule.is_read:
        raise UnansweredError(f"nftables:{rule.line.number}: a rule of this form is not read here")
    if rule.ports is not None and re.search(r"iif(name)? \"?lo\"?", rule.more):
        return False
    return all(version in _FAMILIES[side.family] for side in rule.sources)


def _is_in(inner: Network, outer: Network) -> bool:
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]


def accepting(seen: Seen) -> Facts:
    """A zone and a way each, by the lines that let pass what comes to its end unknown."""
    rules = seen.ruleset
    found = (
        (f"{zone} {way}", line)
        for zone, networks in sorted(seen.meant.zones.items())
        for way in ("in", "out")
        for line in _passing(rules, networks, way, seen.meant.free)
    )
    return tuple({value: Fact(value, shown(line)) for value, line in reversed([*found])}.values())[::-1]


def _passing(
    rules: Ruleset, networks: Iterable[Network], way: str, free: tuple[Network, ...]
) -> Iterator[Line]:
    for network in networks:
        ends = [
            _end(rules, each, network, way, free)
            for each in rules.on("forward")
            if network.version in _FAMILIES.get(each.family, ())
        ]
        if not any(verdict in ("drop", "reject") for verdict, _ in ends):
            yield ends[0][1] if ends else no("nftables", "no chain filters what is forwarded")


def _end(
    rules: Ruleset, chain: Chain, network: Network, way: str, free: tuple[Network, ...]
) -> tuple[str, Line]:
    """What becomes of a packet of a zone that no rule knows, from or to anybody."""
    for rule in chain.rules:
        mine, others = (rule.targets, rule.sources) if way == "in" else (rule.sources, rule.targets)
        if rule.ports or rule.more or others or not rule.verdict:
            continue
        if not all(side.covers(network) for side in mine):
            continue
        if rule.verdict == "accept" and way == "out" and any(_is_in(network, each) for each in free):
            continue  # intent knows it: whom nothing else stops may ask outside
        inner = rules.led_to(chain, rule)
        return rules.rest(inner) if inner is not None else (rule.verdict, rule.line)
    return chain.policy if chain.hook else "return", chain.head
