"""What an inventory is made of: frozen, strict, and free of behaviour beyond what a value can know of itself.

Files in, one `Inventory` out; nothing here reads a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from typing import Annotated, Literal

from pydantic import Field, InstanceOf
from pydantic.json_schema import SkipJsonSchema

from infra_ctl.inventory.audits import Schedule
from infra_ctl.inventory.fields import (
    Asn,
    CableEnd,
    Date,
    DomainName,
    Dscp,
    Endpoint,
    Flow,
    InterfaceName,
    Level,
    Listen,
    Prefix,
    Ratio,
    Seconds,
    SecretReference,
    SiteNumber,
    Slug,
    SshKey,
    Text,
    Url,
)
from infra_ctl.inventory.kinds import CircuitClass, HostRole, Lan, SiteKind, Stage, Traffic, Users, Zone
from infra_ctl.inventory.monitoring import Monitoring
from infra_ctl.inventory.quoting import Quote, Writing
from infra_ctl.inventory.recorded import Incident, Recorded, Statement
from infra_ctl.inventory.reporting import Figure, Issuer, Remark
from infra_ctl.inventory.strict import Model
from infra_ctl.inventory.video import Mcu, Meeting, Room
from infra_ctl.inventory.waivers import Waiver


class City(Model):
    code: Slug
    slug: Slug
    name: Text
    asn: Asn
    domain: DomainName


class Addressing(Model):
    """Pools that the lock draws from. `access` and `departments` are cut a PoP, then a site."""

    ipv6: IPv6Network
    ipv4: IPv4Network
    loopback_ipv6: IPv6Network
    loopback_ipv4: IPv4Network
    link_ipv6: IPv6Network
    link_ipv4: IPv4Network
    dc_ipv6: IPv6Network
    dc_ipv4: IPv4Network
    dc_backup_ipv6: IPv6Network
    dc_backup_ipv4: IPv4Network
    departments_ipv6: IPv6Network
    departments_ipv4: IPv4Network
    access_ipv6: IPv6Network
    access_ipv4: IPv4Network
    overrides: Mapping[str, Prefix] = {}
    """`<object> <purpose>`, as in the lock, to the prefix that the national authority assigned."""


class Services(Model):
    """Hosts (keys of the inventory) that serve the whole city."""

    ntp: tuple[Slug, ...]
    dns: tuple[Slug, ...]
    syslog: tuple[Slug, ...]


class Upstreams(Model):
    """What the city takes from outside it, and from whom."""

    ntp: tuple[IPv4Address | IPv6Address, ...] = ()
    dns: tuple[IPv4Address | IPv6Address, ...] = ()
    signatures: tuple[DomainName, ...] = ()
    """Where the city's mirrors of anti-malware signatures fetch them."""


class Replication(Model):
    """How the replicas of databases log in to what they copy."""

    secret: SecretReference = "vault:postgresql/replication"  # noqa: S105 - a reference


class Snmp(Model):
    """How monitoring logs in to the agents of routers (SNMPv3, SHA-256 and AES), and whom they name."""

    user: Slug = "monitoring"
    auth_secret: SecretReference = "vault:snmp/auth"  # noqa: S105 - a reference
    privacy_secret: SecretReference = "vault:snmp/privacy"  # noqa: S105 - a reference
    contact: Text | None = None


class TrafficClass(Model):
    """How a class is marked, what of a circuit it has for certain, and who sends it.

    What comes from a LAN or a zone is marked so, whatever mark it came with; routers' own is `control`.
    """

    dscp: Dscp
    share: Ratio
    lans: tuple[Lan, ...] = ()
    zones: tuple[Zone, ...] = ()


class BfdTimers(Model):
    interval_ms: Annotated[int, Field(ge=50, le=60000)]
    multiplier: Annotated[int, Field(ge=2, le=255)]


class Routing(Model):
    ospf_secret: SecretReference
    ospf6_secret: SecretReference
    bgp_secret: SecretReference
    bfd: BfdTimers
    reference_mbps: Annotated[int, Field(ge=1, le=4294967)]
    """OSPF's reference bandwidth: a link of this speed costs 1."""
    max_prefixes: Annotated[int, Field(ge=1)]


class DeviceProfile(Model):
    """A device that every site of a profile has."""

    role: Literal["edge", "core", "backup", "pop", "ce"]
    platform: Literal["frr"]
    uplinks: tuple[InterfaceName, ...] = ()
    trunk: InterfaceName | None = None
    """Where the site's LANs are, as sub-interfaces; None where the device serves none."""
    lan_ports: Annotated[int, Field(ge=0)] | None = None
    """Sockets for LANs, those of a switch on its trunk too."""
    wan_ports: Annotated[int, Field(ge=0)] | None = None
    """Sockets for circuits; None where it has those of its uplinks."""


class CircuitRule(Model):
    """What the city standard asks of a site's circuits."""

    at_least: Annotated[int, Field(ge=0)] = 0
    directions: Annotated[int, Field(ge=1)] = 1


class RoomProfile(Model):
    protocol: Literal["sip", "h323"]
    video_class: Annotated[Literal["720p", "1080p"], Field(alias="class")]


class Profile(Model):
    """The city standard for a kind of site. `extends` is resolved by the loader, so it is None here."""

    kind: SiteKind
    devices: Mapping[Slug, DeviceProfile] = {}
    links: tuple[tuple[CableEnd, CableEnd], ...] = ()
    """Cables inside the site, each end `device/interface`."""
    link_mbps: Annotated[int, Field(ge=1)] = 10000
    lans: tuple[Lan, ...] = ()
    zones: tuple[Zone, ...] = ()
    circuits: CircuitRule = CircuitRule()
    room: RoomProfile | None = None


class Unit(Model):
    """An administrative unit of one edition of the law; it governs places, it is not one."""

    edition: Slug
    code: Slug
    kind: Literal["city", "quan", "huyen", "phuong", "xa", "thi-tran", "department"]
    name: Text
    parent: Slug | None = None
    """Code of the unit above it in the same edition; None for the city."""


class Pop(Model):
    """A point of presence: an OSPF area and an address aggregate. Not a level of government."""

    id: Slug
    number: Annotated[int, Field(ge=0, le=4095)]
    name: Text
    area: IPv4Address


class Site(Model):
    """A permanent place. `number` is its number in its PoP, the two hex digits of the address plan."""

    id: Slug
    kind: SiteKind
    unit: Slug
    pop: Slug
    number: SiteNumber
    profile: Slug
    ipv6: Stage
    name: Text
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None
    """For maps only; a site without them stands at its PoP."""
    contract: Slug | None = None


class Contract(Model):
    id: Slug
    provider: Text
    subject: Text
    sla: Ratio
    """Promised availability, a ratio."""
    expires: Date


class Circuit(Model):
    """A contract that somebody pays for, between two devices. Delay is a round trip."""

    id: Slug
    a: Endpoint
    """The end nearer to the data centre."""
    z: Endpoint
    circuit_class: Annotated[CircuitClass, Field(alias="class")]
    handoff: Literal["l2", "l3vpn", "tunnel"]
    provider: Text
    mbps: Annotated[int, Field(ge=1)]
    mtu: Annotated[int, Field(ge=1280, le=9216)]
    direction: Slug
    """The physical way it leaves the site; circuits of one direction can fail together."""
    loss: Ratio
    rtt_ms: Annotated[float, Field(gt=0)]
    jitter_ms: Annotated[float, Field(ge=0)]


class Peer(Model):
    """An external BGP neighbour of the city. Its addresses are assigned, so they are written, not drawn."""

    id: Slug
    name: Text
    device: Endpoint
    asn: Asn
    mtu: Annotated[int, Field(ge=1280, le=9216)] = 1500
    local_ipv4: IPv4Interface
    local_ipv6: IPv6Interface
    remote_ipv4: IPv4Address
    remote_ipv6: IPv6Address
    secret: SecretReference
    max_prefixes: Annotated[int, Field(ge=1)]
    reach: Literal["national", "international"] | None = None
    """Where its network leads to."""
    direction: Slug | None = None
    """The physical way to it."""


HOST_ACCOUNT = "infra"
"""Whom a host lets in by our key from its day 0 on, and who may do everything there by sudo.

Its account is not ours to change.
"""


class Host(Model):
    id: Slug
    site: Slug
    zone: Zone
    number: Annotated[int, Field(ge=16, le=250)]
    """Last octet of its address and last hextet, in decimal digits, of its IPv6 address."""
    roles: tuple[HostRole, ...]
    databases: tuple[Slug, ...] = ()


class ZonePolicy(Model):
    """Who uses the systems of a zone: LANs of the sites, those who look after the city, or anybody.

    What systems and services need of each other follows from them and is not written. All else is denied.
    """

    id: Zone
    users: tuple[Users, ...] = ()
    lans: tuple[Lan, ...] = ()
    """LANs of the sites that are in this zone too."""


class Administrator(Model):
    """Somebody with an account on every host, and a key to it; there are no passwords."""

    id: Slug
    name: Text
    keys: tuple[SshKey, ...]


class Approval(Model):
    state: Literal["none", "draft", "sent", "appraised", "approved"]
    decision: Text | None = None
    date: Date | None = None


class System(Model):
    """An information system with its security level (Decree 331/2026) and what it needs to live."""

    id: Slug
    name: Text
    owner: Slug
    """Code of the unit that owns it."""
    level: Level
    approval: Approval
    runs_on: tuple[Slug, ...]
    zone: Zone
    ipv6: Stage
    databases: tuple[Slug, ...] = ()
    flows: tuple[Flow, ...] = ()
    """Systems it exchanges data with; only LGSP may name one outside the city, as `external:NAME`."""
    probes: tuple[Url, ...] = ()
    listen: tuple[Listen, ...] = ()
    """What its hosts take requests on, `https/8443`; empty where that is what the probes say."""
    encrypted: tuple[Listen, ...] = ()
    """Of these what is encrypted although it is not called so: STARTTLS, or TLS beneath another scheme."""
    administration: tuple[Listen, ...] | None = None
    """Where it is administered, `ssh/22`; nobody but administrators gets in there. None where nobody says."""
    web: bool | None = None
    """Whether people use it by a browser; None where that is so if it speaks HTTP."""
    waf: bool | None = None
    """Whether requests pass a web application firewall; None where nobody says, or its front does."""
    front: Slug | None = None
    """The system whose hosts take this one's requests and pass them on, by the names of its probes."""
    rpo_seconds: Annotated[Seconds | None, Field(alias="rpo")] = None
    rto_seconds: Annotated[Seconds | None, Field(alias="rto")] = None
    sites: tuple[Slug, ...] = ()
    """Sites that host work of this system beside the data centres; `communes` rules are in the profile."""


class Asset(Model):
    """What is known of a machine beside its configuration: a device or a host."""

    machine: Slug
    serial: Text | None = None
    support_end: Date | None = None
    """Last day on which its maker mends it."""
    location: Text | None = None
    """Room and rack."""
    owner: Slug | None = None
    """Code of the unit that answers for it."""


class UnmanagedLine(Model):
    """A configuration line that intent does not produce and that is to stay."""

    device: Slug
    """Hostname."""
    line: Text
    """Context lines and the line itself, joined with ` / `."""
    reason: Text


class Hold(Model):
    """What an object is kept from for a while, whatever else the inventory says; `until` is its last day."""

    object: Slug
    """What is drained is a device; what is isolated is a site, a device or a host."""
    effect: Literal["drain", "isolate"]
    reason: Text
    until: Date
    by: Text | None = None

    @property
    def in_words(self) -> str:
        """`nk-pop1: drain until 2026-12-01: fibre work`."""
        return f"{self.object}: {self.effect} until {self.until}: {self.reason}"


class Inventory(Model):
    """The whole city, checked: every reference holds. Keys are ids."""

    edition: Slug
    city: City
    addressing: Addressing
    services: Services
    upstreams: Upstreams
    replication: Replication
    snmp: Snmp
    classes: Mapping[Traffic, TrafficClass]
    """None where circuits have no queues."""
    routing: Routing
    profiles: Mapping[str, Profile]
    units: Mapping[tuple[str, str], Unit]
    pops: Mapping[str, Pop]
    sites: Mapping[str, Site]
    contracts: Mapping[str, Contract]
    circuits: Mapping[str, Circuit]
    peers: Mapping[str, Peer]
    hosts: Mapping[str, Host]
    zones: Mapping[str, ZonePolicy]
    administrators: Mapping[str, Administrator]
    assets: Mapping[str, Asset]
    """By machine."""
    systems: Mapping[str, System]
    rooms: Mapping[str, Room]
    mcus: Mapping[str, Mcu]
    meetings: Mapping[str, Meeting]
    unmanaged: tuple[UnmanagedLine, ...]
    claimed: tuple[UnmanagedLine, ...]
    holds: tuple[Hold, ...]
    records: tuple[Recorded, ...] | None
    """None where nobody keeps them: not that nothing was done."""
    incidents: tuple[Incident, ...] | None
    """As `records`."""
    statements: tuple[Statement, ...]
    waivers: tuple[Waiver, ...]
    monitoring: Monitoring
    figures: tuple[Figure, ...]
    issuers: Mapping[str, Issuer]
    remarks: tuple[Remark, ...]
    schedule: Schedule
    """Audits that run by themselves."""
    digest: str
    """SHA-256 of all files that it was read from, hex."""
    writing: Annotated[SkipJsonSchema[InstanceOf[Writing]], Field(exclude=True)]
    """Where all of it stands in them."""

    def quote(self, table: str, key: str | int = "", *path: str | int) -> Quote:
        """The line of a file that says it: of an object of a table, or of what is at `path` in it.

        `table` is a field of the inventory, `key` an id there, or a number from 1 where it is a list; it is
        empty for `city` and `monitoring`, and `edition/code` for `all_units`. Raises KeyError.
        """
        return self.writing.quote(table, str(key), *path)
