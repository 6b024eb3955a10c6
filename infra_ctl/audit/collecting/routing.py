"""Who may talk OSPF or BGP to a router without a key: read from FRR's running configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import TypeAlias

from infra_ctl.controls import sections
from infra_ctl.controls.exhibit import Document, Fact, Line

Found: TypeAlias = Iterator[tuple[str, Line]]
"""What has no key, and the line by which it talks at all."""

_INTERFACE = re.compile(r"^interface (\S+)(?: vrf \S+)?$")
_OSPF, _OSPF6 = re.compile(r"^router ospf\b"), re.compile(r"^router ospf6\b")
_BGP = re.compile(r"^router bgp\b")
_NETWORK = re.compile(r"^network (\S+) area (\S+)")
_AREA = re.compile(r"^ip ospf (?:\d+ )?area (\S+)")
_ADDRESS = re.compile(r"^ip address (\S+)")
_DIGEST = re.compile(r"^ip ospf authentication message-digest\b")
_DIGEST_KEY = re.compile(r"^ip ospf message-digest-key \d+ md5 \S")
_CHAIN = re.compile(r"^ip ospf authentication key-chain \S")
_AREA_DIGEST = re.compile(r"^area (\S+) authentication message-digest\b")
_AREA6 = re.compile(r"^ipv6 ospf6 (?:\d+ )?area \S")
_INSIDE6 = re.compile(r"^interface (\S+) area \S")
_KEY6 = re.compile(r"^ipv6 ospf6 authentication (?:key-id|keychain) \S")
_SPEAKER = re.compile(r"^neighbor (\S+) (?:interface )?(?:v6only )?(?:remote-as|peer-group) \S")
_GROUP = re.compile(r"^neighbor (\S+) peer-group$")
_MEMBER = re.compile(r"^neighbor (\S+) (?:interface )?(?:v6only )?peer-group (\S+)")
_PASSWORD = re.compile(r"^neighbor (\S+) password \S")
_LISTEN = re.compile(r"^bgp listen range (\S+) peer-group (\S+)")


def unauthenticated(frr: Document) -> tuple[Fact, ...]:
    """`ospf eth0`, `ospf6 eth0`, `bgp 192.0.2.1`: each with the line that lets it talk.

    What is passive talks to nobody. A password that is sent in clear is no key.
    """
    found = (*_of_ospf(frr), *_of_ospf6(frr), *_of_bgp(frr))
    return tuple(Fact(what, line) for what, line in found)


@dataclass(frozen=True, slots=True)
class _Ospf:
    """What `router ospf` says of all interfaces at once."""

    networks: Sequence[tuple[IPv4Network, str]]
    digest: Collection[str]
    """Areas that sign by themselves."""
    passive: Callable[[str, Sequence[str]], bool]

    def area(self, lines: Sequence[Line]) -> tuple[str, Line] | None:
        """Where an interface takes part, and by which line."""
        for line in lines:
            if said := _AREA.match(line.text):
                return _area(said[1]), line
        for line in lines:
            address = _ADDRESS.match(line.text)
            for network, area in self.networks:
                if address and IPv4Interface(address[1]).ip in network:
                    return area, line
        return None


def _area(said: str) -> str:
    """`0` and `0.0.0.0` are one."""
    return str(IPv4Address(int(said) if said.isdigit() else said))


def _of_ospf(frr: Document) -> Found:
    process = _ospf(frr)
    for head, lines in sections.under(frr, _INTERFACE):
        name, texts = _name(head), [line.text for line in lines]
        taking = process.area(lines)
        if taking is None or process.passive(name, texts):
            continue
        area, line = taking
        is_signed = area in process.digest or any(map(_DIGEST.match, texts))
        if not ((is_signed and any(map(_DIGEST_KEY.match, texts))) or any(map(_CHAIN.match, texts))):
            yield f"ospf {name}", line


def _ospf(frr: Document) -> _Ospf:
    said = _texts(frr, _OSPF)
    return _Ospf(
        [(IPv4Network(each[1]), _area(each[2])) for each in map(_NETWORK.match, said) if each],
        {_area(each[1]) for each in map(_AREA_DIGEST.match, said) if each},
        _passive("ip ospf", said),
    )


def _of_ospf6(frr: Document) -> Found:
    said = _texts(frr, _OSPF6)
    passive = _passive("ipv6 ospf6", said)
    inside = {each[1] for each in map(_INSIDE6.match, said) if each}
    for head, lines in sections.under(frr, _INTERFACE):
        name, texts = _name(head), [line.text for line in lines]
        by = next((line for line in lines if _AREA6.match(line.text)), head if name in inside else None)
        if by and not passive(name, texts) and not any(map(_KEY6.match, texts)):
            yield f"ospf6 {name}", by


def _passive(words: str, process: Collection[str]) -> Callable[[str, Sequence[str]], bool]:
    """Whether an interface sends nothing: by itself, by its process, or because all do but those named."""
    usual = "passive-interface default" in process

    def passive(name: str, lines: Sequence[str]) -> bool:
        if name == "lo" or f"{words} passive" in lines or f"passive-interface {name}" in process:
            return True
        return usual and not (f"no {words} passive" in lines or f"no passive-interface {name}" in process)

    return passive


def _of_bgp(frr: Document) -> Found:
    for _, lines in sections.under(frr, _BGP):
        texts = [line.text for line in lines]
        groups = {each[1] for each in map(_GROUP.match, texts) if each}
        member = {each[1]: each[2] for each in map(_MEMBER.match, texts) if each}
        keyed = {each[1] for each in map(_PASSWORD.match, texts) if each}
        seen: set[str] = set()
        for line in lines:
            if listening := _LISTEN.match(line.text):
                name, group = listening[1], listening[2]
            elif speaking := _SPEAKER.match(line.text):
                name, group = speaking[1], member.get(speaking[1], "")
            else:
                continue
            if name not in seen | groups and not keyed & {name, group}:
                seen.add(name)
                yield f"bgp {name}", line


def _name(head: Line) -> str:
    return head.text.split()[1]


def _texts(frr: Document, header: re.Pattern[str]) -> list[str]:
    return [line.text for _, lines in sections.under(frr, header) for line in lines]
