"""One `DeviceIntent` a device: all that the templates, the checks and the twin may know of it."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from typing import Literal, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
InterfaceKind: TypeAlias = Literal["loopback", "link", "lan", "peering"]
"""`link` joins two of our devices, `lan` serves a site's users or a zone, `peering` leaves the city."""


@dataclass(frozen=True, slots=True)
class Ospf:
    """OSPF on one interface, of one version; `passive` announces it and forms no adjacency."""

    area: IPv4Address
    passive: bool
    cost: int | None = None
    secret: str | None = None
    """`vault:` reference of the authentication key; None where passive."""


@dataclass(frozen=True, slots=True)
class Interface:
    """A layer 3 interface as it should be; `mtu` in bytes, `mbps` None where no circuit limits it."""

    name: str
    kind: InterfaceKind
    description: str
    mtu: int
    ipv4: IPv4Interface | None
    ipv6: IPv6Interface | None
    ospf: Ospf | None
    ospf6: Ospf | None
    bfd: bool = False
    router_advertisement: Literal["medium", "high"] | None = None
    """Default router preference that hosts of a LAN are told (RFC 4191); None sends no advertisements."""
    mbps: int | None = None
    circuit: str | None = None
    """Id of the circuit or site link, the same at both ends; for a LAN, of the segment it is on."""
    neighbour: str | None = None
    """Hostname at the other end of a link; for a peering, the peer's id."""
    gateways: tuple[Address, ...] = ()
    """On an uplink the addresses of its other end, which is nearer to the data centre; elsewhere none."""
    enabled: bool = True
    """False while it is held: it keeps its addresses, is shut down and announced to nobody."""


@dataclass(frozen=True, slots=True)
class Bfd:
    """Timers of the one BFD profile of the city, milliseconds and count."""

    interval_ms: int
    multiplier: int

    @property
    def profile(self) -> str:
        """Its name on a device."""
        return f"city-{self.interval_ms}-{self.multiplier}"


@dataclass(frozen=True, slots=True)
class BgpNeighbour:
    """A BGP session of one address family set.

    `group` is `reflector` (a core to its clients), `client` (towards a reflector), `core` (between
    reflectors) or `external`. `max_prefixes` is the limit per family.
    """

    address: Address
    name: str
    group: Literal["reflector", "client", "core", "external"]
    remote_as: int
    secret: str | None
    families: tuple[Literal["ipv4", "ipv6"], ...]
    max_prefixes: int


@dataclass(frozen=True, slots=True)
class Bgp:
    """BGP as it should be; `originates` are the aggregates that this router announces."""

    asn: int
    router_id: IPv4Address
    neighbours: tuple[BgpNeighbour, ...]
    originates: tuple[Network, ...]
    city: tuple[Network, ...]
    """The whole city's prefixes: what may leave to external peers and may not come in from them."""
    origin_community: str
    """Large community (RFC 8092, `A:B:C`) of what this router originates; what lacks it stays in the city."""

    @property
    def families(self) -> frozenset[str]:
        """Those that a session or an announcement has; FRR keeps no empty one."""
        spoken = {family for neighbour in self.neighbours for family in neighbour.families}
        return frozenset(spoken | {f"ipv{network.version}" for network in self.originates})

    @property
    def external(self) -> bool:
        """Whether it has a neighbour outside the city."""
        return any(neighbour.group == "external" for neighbour in self.neighbours)


@dataclass(frozen=True, slots=True)
class DeviceIntent:
    """A device as it should be. Text fields are plain data: templates add no address arithmetic."""

    hostname: str
    site: str
    role: str
    platform: str
    router_id: IPv4Address
    management: IPv4Address
    """Where the controller reaches it: its IPv4 loopback."""
    domain: str
    stage: str
    interfaces: tuple[Interface, ...]
    ospf: bool
    ospf6: bool
    default_originate: bool
    """Announces a default route into OSPF while BGP gives it one (edge routers)."""
    reference_mbps: int
    """OSPF's reference bandwidth: a link of this speed costs 1."""
    bfd: Bfd
    bgp: Bgp | None
    dns: tuple[Address, ...]
    """Resolvers that router advertisements name, on the families that they have."""
    syslog: tuple[Address, ...]
    """Collectors. FRR logs to the local syslog only; sending on is the host part's work."""
    kept: tuple[tuple[str, ...], ...] = ()
    """Lines declared `unmanaged:` in the inventory, each after its contexts: rendered, so that they stay."""
    drained: bool = False
    """Held (see inventory.models.Hold): it stays up, and is the last way that anybody takes."""
    isolated: bool = False
    """Held: its LANs, save management, are shut down; itself it is reached as ever."""

    @property
    def uplinks(self) -> tuple[Interface, ...]:
        """Its links towards the data centre; a core has none."""
        return tuple(interface for interface in self.interfaces if interface.gateways)

    @property
    def rdnss(self) -> tuple[IPv6Address, ...]:
        """Resolvers that a router advertisement can name (RFC 8106)."""
        return tuple(address for address in self.dns if isinstance(address, IPv6Address))
