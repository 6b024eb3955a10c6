"""Network cards, ports and queues, as the kernel has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from infra_ctl.audit.collecting.examining.seen import Facts, Seen, no, one, shown
from infra_ctl.controls.exhibit import Fact, Line

_LINK = re.compile(
    r"^\d+: (?P<name>[^:@]+)(?:@\S+)?: <(?P<flags>[^>]*)>.*?(?: master (?P<master>\S+))?(?= |\\|$)"
)
_KIND = re.compile(r"\\\s+(vlan|bond|bridge|dummy|vxlan|gre|ip6gre|tun|wireguard|vrf|macvlan|ipvlan)\b")
MANAGEMENT = re.compile(r"^(mgmt|management|oob|ma)[-\d]*$")
"""Names of ports and VRFs that are for management alone."""


@dataclass(frozen=True, slots=True)
class Link:
    """An interface."""

    name: str
    is_up: bool
    """And something is at its other end."""
    master: str
    kind: str
    """What it is made of; empty for a card."""
    line: Line


def found(seen: Seen) -> tuple[Link, ...]:
    """All but the loopback. Raises UnansweredError."""
    return tuple(
        _link(match, line)
        for match, line in seen.matches(seen.lines("ip link"), _LINK.pattern)
        if match["name"] != "lo"
    )


def _link(match: re.Match[str], line: Line) -> Link:
    flags = match["flags"].split(",")
    master = re.search(r" master (\S+)", line.text)
    kind = _KIND.search(line.text)
    return Link(
        match["name"],
        "UP" in flags and "LOWER_UP" in flags,
        master[1] if master else "",
        kind[1] if kind else "",
        Line(line.document, line.number, line.text.partition("\\")[0].strip()),
    )


def cards(seen: Seen) -> Facts:
    """Those that are up and made of nothing else."""
    return tuple(Fact(each.name, shown(each.line)) for each in found(seen) if each.is_up and not each.kind)


def unused_ports(seen: Seen) -> Facts:
    """A port that is for management alone is nobody's to declare."""
    return tuple(
        Fact(each.name, shown(each.line))
        for each in found(seen)
        if each.is_up
        and not each.kind
        and each.name not in seen.meant.interfaces
        and not MANAGEMENT.match(each.name)
    )


def open_ports(seen: Seen) -> Facts:
    """Ports of LANs that no hostapd guards, no locked bridge, and no rule on hardware addresses."""
    links = {each.name: each for each in found(seen)}
    there = [each for each in seen.meant.access if each in links or _lans(links, each)]
    return tuple(
        Fact(each, shown(links[each].line if each in links else _lans(links, each)[0].line))
        for each in there
        if not _is_guarded(seen, each)
    )


def _lans(links: dict[str, Link], trunk: str) -> list[Link]:
    return [link for name, link in links.items() if name.startswith(f"{trunk}.")]


def _is_guarded(seen: Seen, port: str) -> bool:
    if seen.running("hostapd") and port in seen.arguments("hostapd"):
        return True
    locked = seen.matches(seen.lines("bridge"), rf"^\d+: {re.escape(port)}[@:].*\blocked on\b")
    fixed = seen.matches(
        seen.lines("nftables"), rf"iif(name)? \"{re.escape(port)}(\.\d+)?\" .*ether saddr != .*drop"
    )
    return any(True for _ in (*locked, *fixed))


def unqueued(seen: Seen) -> Facts:
    """A circuit each whose interface has not the city's queue, or not each of its classes."""
    lines = seen.lines("tc")
    return tuple(
        Fact(queue.circuit, shown(line))
        for queue in seen.meant.queues
        if (line := _lacking(lines, queue.interface, seen.meant.minors)) is not None
    )


def _lacking(lines: tuple[Line, ...], interface: str, minors: tuple[int, ...]) -> Line | None:
    """What stands in the place of a queue; None where it is there."""
    mine = [line for line in lines if f" dev {interface} " in f"{line.text} "]
    root = next((line for line in mine if " root " in line.text), None)
    if root is None:
        return no("tc", f"no queue on {interface}")
    if not root.text.startswith("qdisc htb 1:"):
        return root
    had = {found[1] for line in mine if (found := re.search(r" parent 1:(\d+) ", f"{line.text} "))}
    lacking = [str(each) for each in minors if str(each) not in had]
    return no("tc", f"{interface}: no class 1:{lacking[0]}") if lacking else None


def separate(seen: Seen) -> Facts:
    """A VRF that is called so, or one that a management port is in."""
    links = found(seen)
    vrfs = {each.name for each in links if each.kind == "vrf"}
    for each in links:
        if (each.name in vrfs or each.master in vrfs) and MANAGEMENT.match(each.name):
            return one(True, each.line)
    return one(False, no("ip link", "no VRF has the management port"))


def internet(seen: Seen) -> Facts:
    """A default route that management goes by: its VRF's, or that of all where it shares it."""
    line = next(iter(_defaults(seen)), None)
    return one(line is not None, line or no("ip route", "no default route"))


def _defaults(seen: Seen) -> Iterator[Line]:
    is_separate = separate(seen)[0].value
    for line in seen.lines("ip route"):
        if not re.match(r"(default|unicast default)\b", line.text):
            continue
        in_vrf = re.search(r" table (\S+)", line.text)
        if bool(is_separate) == bool(in_vrf and in_vrf[1] not in ("main", "local", "default")):
            yield line
