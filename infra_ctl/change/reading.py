"""From a configuration's normal form to the router that it describes.

Static and policy routes, packet filters and redistribution through a route map are not read: whoever builds
on this takes them for absent.
"""

from __future__ import annotations

import functools
import socket
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Interface, IPv6Interface, ip_address, ip_interface, ip_network
from typing import TypeAlias

from infra_ctl.change.normal import REMEMBERED, Context, Normal, by_context
from infra_ctl.change.router import Address, Bgp, BgpPeer, InterfaceAddress, Key, Ospf, OspfPort, Port, Router

Section: TypeAlias = Sequence[str]
"""The lines of one context."""

Chains: TypeAlias = tuple[tuple[str, tuple[Key, ...]], ...]
"""Key chains by name."""

REFERENCE_MBPS = 100_000
"""FRR's reference bandwidth where none is set."""
UNTOLD_MBPS = 10_000
"""What the kernel says of a veth's speed, where no bandwidth is set."""


def read(normal: Normal) -> Router:
    """A router of FRR. Raises ValueError where a number or an address is none."""
    sections = by_context(normal)
    top = sections.get((), [])
    running = {version: sections.get((name,), []) for version, name in _PROCESSES.items() if name in top}
    chains = tuple(_key_chains(sections).items())
    processes = {version: _process(lines) for version, lines in running.items()}
    ports = {port.name: port for port in _ports(sections, processes, chains)}
    own_id = _router_id(top, ports)
    return Router(
        ports=ports,
        ospf={version: _ospf(version, lines, own_id) for version, lines in running.items()},
        bgp=_bgp(sections, own_id),
    )


_PROCESSES = {4: "router ospf", 6: "router ospf6"}
_PORT_COMMANDS = {4: "ip ospf", 6: "ipv6 ospf6"}
_ADDRESS_COMMANDS = ("ip address", "ipv6 address")
_ABOUT_OSPF = ("ip ospf", "no ip ospf", "ipv6 ospf6", "no ipv6 ospf6", "bandwidth ")


def value(section: Section, command: str) -> str | None:
    """What follows `command` in the first line that starts with it: None where there is no such line."""
    start = f"{command} "
    for line in section:
        if line.startswith(start):
            return line[len(start) :]
        if line == command:
            return ""
    return None


def values(section: Section, command: str) -> Iterator[str]:
    """What follows `command`, in all lines that start with it."""
    start = f"{command} "
    return (line[len(start) :] for line in section if line.startswith(start))


def _key_chains(sections: Mapping[Context, Section]) -> dict[str, tuple[Key, ...]]:
    chains: dict[str, tuple[Key, ...]] = {}
    for context, lines in sections.items():
        if len(context) == 2 and context[0].startswith("key chain "):
            algorithm = value(lines, "cryptographic-algorithm") or ""
            key = Key(int(context[1].removeprefix("key ")), algorithm, value(lines, "key-string") or "")
            name = context[0].removeprefix("key chain ")
            chains[name] = _by_id((*chains.get(name, ()), key))
    return chains


def _by_id(keys: Sequence[Key]) -> tuple[Key, ...]:
    return tuple(sorted(keys, key=lambda key: key.id))


def _router_id(top: Section, ports: Mapping[str, Port]) -> IPv4Address:
    """As zebra chooses it: the one that is set, or the loopback's highest address, or the highest of all."""
    if told := value(top, "ip router-id"):
        return IPv4Address(told)
    loopback = [ports["lo"]] if "lo" in ports else []
    for among in (loopback, ports.values()):
        own = (each.ip for port in among for each in port.addresses if isinstance(each, IPv4Interface))
        if candidates := [ip for ip in own if not ip.is_loopback]:
            return max(candidates)
    return IPv4Address(0)


def _process(lines: Section) -> tuple[str, ...]:
    """What a router's OSPF says of its interfaces, the same on most routers of a city."""
    return tuple(line for line in lines if not line.startswith(("ospf router-id ", "ospf6 router-id ")))


def _ports(
    sections: Mapping[Context, Section], running: Mapping[int, tuple[str, ...]], chains: Chains
) -> Iterator[Port]:
    """Interfaces; OSPF on each by what decides over that alone: most ports of a city are like others."""
    processes = tuple(running.items())
    said = tuple(line for process in running.values() for line in process)
    by_name = any("passive-interface " in line for line in said)
    by_address = any(line.startswith("network ") for line in said)
    for context, lines in sections.items():
        if len(context) == 1 and context[0].startswith("interface "):
            name = context[0].removeprefix("interface ")
            addresses = _addresses([line for line in lines if line.startswith(_ADDRESS_COMMANDS)])
            about = tuple([line for line in lines if line.startswith(_ABOUT_OSPF)])
            ospf = _ospf_ports(
                about, processes, name if by_name else "", addresses if by_address else (), chains
            )
            yield Port(name, "shutdown" in lines, addresses, ospf)


def _addresses(lines: Section) -> tuple[InterfaceAddress, ...]:
    return tuple(
        _interface(each.partition(" ")[0]) for command in _ADDRESS_COMMANDS for each in values(lines, command)
    )


@functools.lru_cache(maxsize=REMEMBERED)
def _interface(text: str) -> InterfaceAddress:
    """As `ip_interface` has it, which is slow to read; the C library is not."""
    address, _, length = text.partition("/")
    try:
        if ":" in address:
            return IPv6Interface((int.from_bytes(socket.inet_pton(socket.AF_INET6, address)), length))
        return IPv4Interface((int.from_bytes(socket.inet_pton(socket.AF_INET, address)), length))
    except (OSError, ValueError):
        return ip_interface(text)


@functools.lru_cache(maxsize=65536)
def _ospf_ports(
    lines: tuple[str, ...],
    running: tuple[tuple[int, tuple[str, ...]], ...],
    name: str,
    addresses: tuple[InterfaceAddress, ...],
    chains: Chains,
) -> Mapping[int, OspfPort]:
    """OSPF on an interface by IP version, where it is on."""
    found = {
        version: _ospf_port(version, lines, process, name, addresses, chains) for version, process in running
    }
    return {version: port for version, port in found.items() if port}


def _ospf_port(
    version: int,
    lines: Section,
    process: Section,
    name: str,
    addresses: tuple[InterfaceAddress, ...],
    chains: Chains,
) -> OspfPort | None:
    command = _PORT_COMMANDS[version]
    own = [line[len(command) + 1 :] for line in lines if line.startswith(command)]
    area = _area(value(own, "area")) or _area_by_network(process, addresses)
    if area is None:
        return None
    authentication = _authentication(own, process, area) if version == 4 else _trailer(own, dict(chains))
    hello = int(value(own, "hello-interval") or 10)
    return OspfPort(
        area=area,
        passive="passive" in own or _passive_by_process(name, command, lines, process),
        point_to_point=value(own, "network") == "point-to-point",
        hello=hello,
        # RFC 2328 wants four hellos; of OSPFv3, FRR keeps 40 whatever the hello interval.
        dead=int(value(own, "dead-interval") or (4 * hello if version == 4 else 40)),
        cost=_cost(own, lines, process),
        authentication=authentication[0],
        keys=authentication[1],
        bfd=value(own, "bfd") is not None,
        mtu=int(mtu) if (mtu := value(own, "ifmtu")) else None,
        mtu_ignore="mtu-ignore" in own,
        instance=int(value(own, "instance-id") or 0),
    )


def _area(text: str | None) -> IPv4Address | None:
    """An area's number, which may be written as an address or as an integer."""
    return None if text is None else IPv4Address(int(text) if text.isdecimal() else text)


def _area_by_network(process: Section, addresses: Sequence[InterfaceAddress]) -> IPv4Address | None:
    """OSPFv2's `network PREFIX area AREA`: the longest prefix that holds the address."""
    networks = [each.split(" area ") for each in values(process, "network")]
    fitting = [
        (ip_network(prefix).prefixlen, area)
        for prefix, area in networks
        for address in addresses
        if address.version == 4 and address.ip in ip_network(prefix)
    ]
    return _area(max(fitting)[1]) if fitting else None


def _passive_by_process(name: str, command: str, lines: Section, process: Section) -> bool:
    told = set(values(process, "passive-interface"))
    active = f"no {command} passive" in lines or f"no passive-interface {name}" in process
    return name in told or ("default" in told and not active)


def _authentication(own: Section, process: Section, area: IPv4Address) -> tuple[str, tuple[Key, ...]]:
    """OSPFv2's, RFC 2328 appendix D; the interface's word goes before the area's."""
    told = value(own, "authentication")
    if told is None:
        areas = (
            each.split(" authentication") for each in values(process, "area") if " authentication" in each
        )
        told = next((rest.strip() for name, rest in areas if _area(name) == area), "null")
    if told == "null":
        return "none", ()
    if told == "":
        return "simple", (Key(0, "simple", value(own, "authentication-key") or ""),)
    keys = (each.split(" md5 ") for each in values(own, "message-digest-key"))
    return "md5", _by_id([Key(int(id_), "md5", secret) for id_, secret in keys])


def _trailer(own: Section, chains: Mapping[str, tuple[Key, ...]]) -> tuple[str, tuple[Key, ...]]:
    """OSPFv3's, RFC 7166: a key of its own, or a chain of keys."""
    told = (value(own, "authentication") or "").split(" ")
    if told[0] == "keychain":
        return "trailer", chains.get(told[1], ())
    if told[0] == "key-id":
        return "trailer", (Key(int(told[1]), told[3], told[5]),)
    return "none", ()


def _cost(own: Section, lines: Section, process: Section) -> int:
    if told := value(own, "cost"):
        return int(told)
    reference = int(value(process, "auto-cost reference-bandwidth") or REFERENCE_MBPS)
    return max(1, reference // int(value(lines, "bandwidth") or UNTOLD_MBPS))


def _ospf(version: int, lines: Section, own_id: IPv4Address) -> Ospf:
    told = value(lines, "ospf router-id" if version == 4 else "ospf6 router-id")
    words = (each.split(" ") for each in values(lines, "area"))
    areas = {area: word[1] for word in words if word[1] in ("stub", "nssa") and (area := _area(word[0]))}
    connected = value(lines, "redistribute connected")
    return Ospf(
        router_id=IPv4Address(told) if told else own_id,
        areas=areas,
        connected=connected is not None and "route-map" not in connected,
        stub=("max-metric router-lsa" if version == 4 else "stub-router") + " administrative" in lines,
    )


def _bgp(sections: Mapping[Context, Section], own_id: IPv4Address) -> Bgp | None:
    header = next((line for line in sections.get((), ()) if line.startswith("router bgp ")), None)
    if header is None:
        return None
    lines = sections.get((header,), [])
    told = value(lines, "bgp router-id")
    active = {
        version: set(values(sections.get((header, f"address-family ipv{version} unicast"), []), "neighbor"))
        for version in (4, 6)
    }
    peers = (
        _bgp_peer(name, lines, active)
        for name in dict.fromkeys(each.split(" ")[0] for each in values(lines, "neighbor"))
    )
    return Bgp(
        asn=int(header.split(" ")[2]),
        router_id=IPv4Address(told) if told else own_id,
        peers={peer.address: peer for peer in peers if peer is not None},
    )


def _bgp_peer(name: str, lines: Section, active: Mapping[int, set[str]]) -> BgpPeer | None:
    """None for a group, which is no peer, and for a neighbour without an address or an AS."""
    address = _as_address(name)
    own = list(values(lines, f"neighbor {name}"))
    group = value(own, "peer-group")
    own += values(lines, f"neighbor {group}") if group else ()
    remote_as = value(own, "remote-as")
    if address is None or remote_as is None:
        return None
    default = "no bgp default ipv4-unicast" not in lines
    return BgpPeer(
        address=address,
        remote_as=remote_as,
        password=value(own, "password"),
        source=value(own, "update-source"),
        multihop=value(own, "ebgp-multihop") is not None or "disable-connected-check" in own,
        shutdown=value(own, "shutdown") is not None,
        bfd=value(own, "bfd") is not None,
        families=frozenset(
            version
            for version, said in active.items()
            if {f"{name} activate", f"{group} activate"} & said or (version == 4 and default)
        ),
    )


def _as_address(name: str) -> Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None
