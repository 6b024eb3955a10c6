"""One `HostIntent` a Linux host: all that the operations on it may know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from infra_ctl.intent.model import Address, Network

Protocol: TypeAlias = Literal["tcp", "udp"]

RETENTION_MONTHS = {1: 1, 2: 1, 3: 3, 4: 6, 5: 12}
"""By level, how long logs are kept (TCVN 14423, x.8.2.1a); it states nothing for level 1."""
MANAGEMENT, LOGS = "ssh", "syslog"
"""Services that are left to an isolated host."""
BOTH_WAYS = 3
"""From this level on a host denies what goes out too, and not only what comes in (TCVN 14423, 5.12.2.4d)."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A port on which a host takes requests, and from whom; `0.0.0.0/0` and `::/0` are anybody."""

    service: str
    """`ssh`, or a system and how it is spoken to: `one-stop/https`. It stays when the port moves."""
    protocol: Protocol
    port: int
    sources: tuple[Network, ...]
    targets: tuple[Network, ...] = ()
    """Of a router, to whom it lets them through; a host lets them in itself."""


@dataclass(frozen=True, slots=True)
class Exit:
    """A port of others that a host sends requests to."""

    service: str
    protocol: Protocol
    port: int
    targets: tuple[Network, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """An administrator's account."""

    name: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A name of the city's domain and its addresses; `reverse` where the addresses are its own."""

    name: str
    addresses: tuple[Address, ...]
    reverse: bool


@dataclass(frozen=True, slots=True)
class LogSource:
    """Who sends logs from an address, and for how many months they are kept."""

    address: Address
    name: str
    months: int


@dataclass(frozen=True, slots=True)
class Upstream:
    """A host that requests are passed on to; a `spare` one, at another site, when no other answers."""

    host: str
    address: Address
    port: int
    spare: bool


@dataclass(frozen=True, slots=True)
class WebSite:
    """A system that a host serves over HTTP: from a folder, or by passing requests on to `upstreams`."""

    system: str
    service: str
    """Its opening: on whose ports it is served."""
    secure: bool
    names: tuple[str, ...]
    health: str
    """Path that a probe asks for."""
    upstreams: tuple[Upstream, ...]
    users: tuple[Network, ...]
    """Who may use it, where that is fewer than may reach the port; else empty."""


@dataclass(frozen=True, slots=True)
class Registrar:
    """Where video rooms register: its names, and the services by which it is asked in plain and over TLS."""

    names: tuple[str, ...]
    plain: str
    secure: str


@dataclass(frozen=True, slots=True)
class Client:
    """Who may use a database."""

    database: str
    sources: tuple[Network, ...]


@dataclass(frozen=True, slots=True)
class Database:
    """A PostgreSQL server: `partners` are the others of its pair, `primary` is whom a replica copies."""

    port: int
    """It listens on one alone."""
    names: tuple[str, ...]
    clients: tuple[Client, ...]
    partners: tuple[Address, ...]
    primary: tuple[Address, int] | None
    secret: str
    """`vault:` reference of what replicas log in with."""


@dataclass(frozen=True, slots=True)
class HostIntent:
    """A host as it should be. Addresses of servers are in the order in which they are tried."""

    name: str
    site: str
    zone: str
    roles: tuple[str, ...]
    level: int
    """Highest of the systems that it serves; 1 where it serves none."""
    domain: str
    addresses: tuple[Address, ...]
    """What it is reached at, IPv4 first."""
    administrators: tuple[Account, ...]
    openings: tuple[Opening, ...]
    exits: tuple[Exit, ...]
    city: tuple[Network, ...]
    """The whole city's prefixes."""
    ntp: tuple[Address, ...]
    """For a server of the city: those outside. Else the city's own."""
    ntp_partners: tuple[Address, ...]
    """Of a server of the city, the others."""
    dns: tuple[Address, ...]
    """As `ntp`."""
    collectors: tuple[Address, ...]
    """Where its logs go; a collector's own stay on it and go to the others."""
    mirrors: tuple[Address, ...]
    """Who has anti-malware signatures for it; none for such a mirror."""
    signatures: tuple[str, ...]
    """Of a mirror, where it fetches them."""
    records: tuple[Record, ...]
    """Of a resolver, all names of the city."""
    log_sources: tuple[LogSource, ...]
    """Of a collector, everybody who sends."""
    sites: tuple[WebSite, ...]
    registrar: Registrar | None
    database: Database | None
    needs: tuple[str, ...]
    """Hosts that must be as intended before it, because it is their client."""
    partners: tuple[str, ...]
    """Hosts that do the same as it: never changed at once with it."""
    isolated: bool = False
    """Held (see inventory.models.Hold): it goes on running, and only administrators reach it."""

    @property
    def is_strict(self) -> bool:
        """Whether it denies what goes out too."""
        return self.isolated or self.level >= BOTH_WAYS

    @property
    def reachable(self) -> tuple[Opening, ...]:
        """Of its openings those that the firewall lets requests in on."""
        return tuple(each for each in self.openings if not self.isolated or each.service == MANAGEMENT)

    @property
    def leaving(self) -> tuple[Exit, ...]:
        """Of its exits those that the firewall lets requests out by: isolated, it still sends its logs."""
        return tuple(each for each in self.exits if not self.isolated or each.service == LOGS)

    def ports(self, service: str, protocol: Protocol = "tcp") -> tuple[int, ...]:
        """Where it takes requests for a service, in order."""
        return tuple(
            sorted(
                {each.port for each in self.openings if (each.service, each.protocol) == (service, protocol)}
            )
        )
