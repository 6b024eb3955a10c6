"""What a router's JSON answers say of its interfaces and neighbours: pure functions over recorded text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_interface
from typing import Any

from infra_ctl.drivers.base import DeviceState, InterfaceState, Neighbour

INTERFACES = "show interface json"
OSPF = "show ip ospf neighbor json"
OSPF6 = "show ipv6 ospf6 neighbor json"
BFD = "show bfd peers json"
BGP = "show bgp summary json"

COMMANDS = (INTERFACES, OSPF, OSPF6, BFD, BGP)
"""bgpd last: it is the daemon that most routers do not run."""


def split_echo(output: str, commands: Sequence[str]) -> dict[str, str]:
    """The answers of `vtysh -E`, by command: each follows a line with the prompt and the command itself."""
    answers: dict[str, list[str]] = {}
    current: list[str] = []
    for line in output.splitlines():
        asked = next(
            (command for command in commands if line.endswith((f"# {command}", f"> {command}"))), None
        )
        if asked is None:
            current.append(line)
        else:
            current = answers[asked] = []
    return {command: "\n".join(lines) for command, lines in answers.items()}


def interpret(answers: Mapping[str, str]) -> DeviceState:
    """One sweep. A daemon that does not run answers with no JSON and has no neighbours."""
    return DeviceState(
        interfaces=tuple(interfaces(_json(answers.get(INTERFACES, "")))),
        neighbours=tuple(
            sorted(
                [
                    *ospf(_json(answers.get(OSPF, ""))),
                    *ospf6(_json(answers.get(OSPF6, ""))),
                    *bfd(_json(answers.get(BFD, ""))),
                    *bgp(_json(answers.get(BGP, ""))),
                ]
            )
        ),
    )


def interfaces(answer: Any) -> Iterator[InterfaceState]:
    """By name, without link-local addresses. An interface that is shut has no operational status."""
    for name, interface in sorted((answer or {}).items()):
        addresses = (ip_interface(each["address"]) for each in interface.get("ipAddresses", ()))
        yield InterfaceState(
            name=name,
            up=interface.get("operationalStatus") == "up",
            mtu=interface["mtu"],
            addresses=tuple(address for address in addresses if not address.is_link_local),
        )


def ospf(answer: Any) -> Iterator[Neighbour]:
    """`Full/DR` is full; the interface comes as `eth0:10.1.0.0`."""
    for router_id, adjacencies in (answer or {}).get("neighbors", {}).items():
        for adjacency in adjacencies:
            detail = adjacency["nbrState"]
            interface = adjacency["ifaceName"].rpartition(":")[0]
            yield Neighbour("ospf", interface, router_id, detail.partition("/")[0] == "Full", detail)


def ospf6(answer: Any) -> Iterator[Neighbour]:
    for adjacency in (answer or {}).get("neighbors", ()):
        detail = adjacency["state"]
        yield Neighbour(
            "ospf6", adjacency["interfaceName"], adjacency["neighborId"], detail == "Full", detail
        )


def bfd(answer: Any) -> Iterator[Neighbour]:
    for peer in answer or ():
        detail = peer["status"]
        yield Neighbour("bfd", peer.get("interface", ""), peer["peer"], detail == "up", detail)


def bgp(answer: Any) -> Iterator[Neighbour]:
    """A peer of several families is one neighbour: the session is one."""
    families: Iterable[Any] = (answer or {}).values()
    peers = {
        address: peer["state"] for family in families for address, peer in family.get("peers", {}).items()
    }
    for address, detail in peers.items():
        yield Neighbour("bgp", "", address, detail == "Established", detail)


def _json(text: str) -> Any:
    """The value, or None where FRR said something else: that a daemon is not running, or nothing."""
    return json.loads(text) if text.lstrip().startswith(("{", "[")) else None
