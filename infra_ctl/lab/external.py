"""What stands outside the city in a twin: BGP speakers for the national network and the providers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Interface, IPv6Network

from infra_ctl.errors import LabError
from infra_ctl.intent.model import BgpNeighbour, DeviceIntent, Interface, Network

DOCUMENTATION: tuple[Network, ...] = (IPv4Network("198.51.100.0/24"), IPv6Network("2001:db8:ffff::/48"))
"""Announced by an external unless told otherwise (RFC 5737, RFC 3849)."""


@dataclass(frozen=True, slots=True)
class External:
    """A network outside the city, keyed by the peer's id; AS and addresses come from the intents.

    It announces a default route and `networks` in both families; the first address of each answers pings.
    """

    id: str
    password: str | None = field(default=None, repr=False)
    networks: tuple[Network, ...] = DOCUMENTATION


@dataclass(frozen=True, slots=True)
class Session:
    """One peering as the external sees it."""

    external: External
    interface: str
    device: str
    device_interface: str
    mtu: int
    local_as: int
    remote_as: int
    addresses: tuple[tuple[IPv4Interface | IPv6Interface, IPv4Interface | IPv6Interface], ...]
    """Its own address and the device's, a pair a family."""


def sessions(intents: Iterable[DeviceIntent], externals: Iterable[External]) -> tuple[Session, ...]:
    """Every peering of the intents whose peer is among `externals`. Raises LabError when BGP lacks it."""
    known = {external.id: external for external in externals}
    count: dict[str, int] = dict.fromkeys(known, 0)
    found: list[Session] = []
    for intent in sorted(intents, key=lambda each: each.hostname):
        for interface in intent.interfaces:
            if interface.kind == "peering" and interface.neighbour in known:
                external = known[interface.neighbour]
                found.append(_session(external, f"eth{count[external.id]}", intent, interface))
                count[external.id] += 1
    return tuple(found)


def _session(external: External, name: str, intent: DeviceIntent, interface: Interface) -> Session:
    pairs = [
        (neighbour, local)
        for neighbour in (intent.bgp.neighbours if intent.bgp else ())
        for local in (interface.ipv4, interface.ipv6)
        if local is not None and neighbour.address in local.network
    ]
    if intent.bgp is None or not pairs:
        raise LabError(f"{intent.hostname}/{interface.name}: no BGP neighbour on the link to {external.id}")
    return Session(
        external,
        name,
        intent.hostname,
        interface.name,
        interface.mtu,
        pairs[0][0].remote_as,
        intent.bgp.asn,
        tuple((_on_link(neighbour, local), local) for neighbour, local in pairs),
    )


def _on_link(neighbour: BgpNeighbour, local: IPv4Interface | IPv6Interface) -> IPv4Interface | IPv6Interface:
    prefix = f"{neighbour.address}/{local.network.prefixlen}"
    return IPv4Interface(prefix) if local.version == 4 else IPv6Interface(prefix)


def external_config(external: External, own: Sequence[Session]) -> str:
    """frr.conf of the speaker with the sessions `own`: it takes what the city sends and checks nothing."""
    answers = [f" {_ip(each)} address {each[1]}/{each.max_prefixlen}" for each in external.networks]
    lines = [
        "frr defaults traditional",
        f"hostname {external.id}",
        "service integrated-vtysh-config",
        "!",
        *("interface lo", *answers, "exit", "!"),
        *(line for session in own for line in _interface(session)),
        f"router bgp {own[0].local_as}",
        f" bgp router-id {_router_id(own)}",
        " no bgp ebgp-requires-policy",
        " no bgp default ipv4-unicast",
        " no bgp network import-check",
        *(line for session in own for line in _neighbours(session)),
        *(line for version in (4, 6) for line in _family(external, own, version)),
        "exit",
        "!",
    ]
    return "\n".join(lines) + "\n"


def _ip(network: Network) -> str:
    return "ip" if network.version == 4 else "ipv6"


def _router_id(own: Sequence[Session]) -> IPv4Address:
    for session in own:
        for local, _ in session.addresses:
            if isinstance(local, IPv4Interface):
                return local.ip
    raise LabError(f"{own[0].external.id}: a peering needs an IPv4 address, its router id")


def _interface(session: Session) -> list[str]:
    addresses = [f" {_ip(local.network)} address {local}" for local, _ in session.addresses]
    return [f"interface {session.interface}", *addresses, "exit", "!"]


def _neighbours(session: Session) -> list[str]:
    lines: list[str] = []
    for _, remote in session.addresses:
        lines.append(f" neighbor {remote.ip} remote-as {session.remote_as}")
        if session.external.password is not None:
            lines.append(f" neighbor {remote.ip} password {session.external.password}")
    return lines


def _family(external: External, own: Sequence[Session], version: int) -> list[str]:
    remotes = [remote.ip for session in own for _, remote in session.addresses if remote.version == version]
    if not remotes:
        return []
    return [
        f" address-family ipv{version} unicast",
        *(f"  network {network}" for network in external.networks if network.version == version),
        *(
            line
            for remote in remotes
            for line in (f"  neighbor {remote} activate", f"  neighbor {remote} default-originate")
        ),
        " exit-address-family",
    ]
