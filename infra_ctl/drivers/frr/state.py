"""What a router's JSON answers say of its interfaces and neighbours: pure functions over recorded text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_interface, ip_network
from itertools import chain
from typing import Any, TypeVar

from infra_ctl.drivers.base import DeviceState, InterfaceState, Neighbour, Network, Route
from infra_ctl.errors import DeviceError

T = TypeVar("T")

INTERFACES = "show interface json"
OSPF = "show ip ospf neighbor json"
OSPF6 = "show ipv6 ospf6 neighbor json"
BFD = "show bfd peers json"
BGP = "show bgp summary json"

COMMANDS = (INTERFACES, OSPF, OSPF6, BFD, BGP)
"""bgpd last: it is the daemon that most routers do not run."""

ROUTES = ("show ip route json", "show ipv6 route json")

COMMANDS_WITH_ROUTES = (INTERFACES, *ROUTES, OSPF, OSPF6, BFD, BGP)
"""The daemon that has the interfaces has the routes too."""


def split_echo(output: str, commands: Sequence[str]) -> dict[str, str]:
    """The answers of `vtysh -E`, by command: each follows a line with the prompt and the command itself."""
    answers: dict[str, list[str]] = {}
    current: list[str] = []
    ends = {f"{mark} {command}": command for command in commands for mark in "#>"}
    all_ends = tuple(ends)
    for line in output.splitlines():
        if line.endswith(all_ends):  # of thirty thousand lines, a handful
            asked = next(command for end, command in ends.items() if line.endswith(end))
            current = answers[asked] = []
        else:
            current.append(line)
    return {command: "\n".join(lines) for command, lines in answers.items()}


def interpret(device: str, answers: Mapping[str, str]) -> DeviceState:
    """One sweep. A daemon that does not run answers with no JSON and has no neighbours.

    Raises DeviceError for an answer that cannot be understood, and where there is none of the interfaces:
    that is an FRR that does not run, not a router that has nothing.
    """
    if _json(device, INTERFACES, answers) is None:
        raise DeviceError(device, f"no answer to `{INTERFACES}`: is FRR running?")
    neighbours = (_understood(device, command, answers, meaning) for command, meaning in NEIGHBOURS.items())
    tables = [_understood(device, command, answers, routes) for command in ROUTES if command in answers]
    return DeviceState(
        interfaces=tuple(_understood(device, INTERFACES, answers, interfaces)),
        neighbours=tuple(sorted(chain.from_iterable(neighbours))),
        routes=tuple(chain.from_iterable(tables)) if len(tables) == len(ROUTES) else None,
    )


def interfaces(answer: Any) -> Iterator[InterfaceState]:
    """By name, without link-local addresses. An interface that is shut has no operational status.

    One that is only configured, and that the kernel does not have, has no MTU either: it is not there.
    """
    for name, interface in sorted((answer or {}).items()):
        if "mtu" not in interface:
            continue
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
            full = detail.partition("/")[0] == "Full"
            left = adjacency.get("deadTimeMsecs")  # a word, or nothing, where no timer runs
            expires_in = left / 1000 if isinstance(left, int) else None
            yield Neighbour("ospf", interface, router_id, full, detail, expires_in)


def ospf6(answer: Any) -> Iterator[Neighbour]:
    for adjacency in (answer or {}).get("neighbors", ()):
        detail = adjacency["state"]
        yield Neighbour(
            "ospf6",
            adjacency["interfaceName"],
            adjacency["neighborId"],
            detail == "Full",
            detail,
            _seconds(adjacency["deadTime"]),
        )


def _seconds(clock: str) -> float:
    """`00:00:33`."""
    hours, minutes, seconds = clock.split(":")
    return 3600.0 * int(hours) + 60 * int(minutes) + int(seconds)


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


def routes(answer: Any) -> Iterator[Route]:
    """Those that were chosen: of several ways to one prefix FRR tells all."""
    for prefix, ways in (answer or {}).items():
        for way in ways:
            if way.get("selected"):
                out = frozenset(hop["interfaceName"] for hop in way["nexthops"] if "interfaceName" in hop)
                yield Route(_network(prefix), way["protocol"], out)


@lru_cache(maxsize=65536)
def _network(text: str) -> Network:
    """All routers of a city know the same prefixes: each is made once."""
    return ip_network(text)


NEIGHBOURS: dict[str, Callable[[Any], Iterator[Neighbour]]] = {OSPF: ospf, OSPF6: ospf6, BFD: bfd, BGP: bgp}


def _understood(
    device: str, command: str, answers: Mapping[str, str], meaning: Callable[[Any], Iterator[T]]
) -> list[T]:
    try:
        return list(meaning(_json(device, command, answers)))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise _strange(device, command, error) from error


def _json(device: str, command: str, answers: Mapping[str, str]) -> Any:
    """The value, or None where FRR said something else: that a daemon is not running, or nothing."""
    text = answers.get(command, "")
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        raise _strange(device, command, error) from error


def _strange(device: str, command: str, error: Exception) -> DeviceError:
    return DeviceError(device, f"cannot understand its answer to `{command}`: {error!r}")
