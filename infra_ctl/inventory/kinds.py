"""The words of an inventory that there is a fixed set of: stages, LANs, zones, users, roles.

The order in which some of them stand here has a meaning, which their own docstring says.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, TypeAlias


class Stage(StrEnum):
    """How far an object has moved to IPv6, in order.

    none       no IPv6
    planned    prefixes reserved, nothing on devices
    addressed  loopback and links have addresses, no routing
    routed     OSPFv3 runs, the loopback is reachable
    dual       LANs have both families
    preferred  as dual; users' hosts are told to prefer IPv6
    v6only     LANs have IPv6 only, save management
    """

    NONE = "none"
    PLANNED = "planned"
    ADDRESSED = "addressed"
    ROUTED = "routed"
    DUAL = "dual"
    PREFERRED = "preferred"
    V6ONLY = "v6only"

    @property
    def rank(self) -> int:
        return list(Stage).index(self)

    # All four: a text has an order of its own, which `total_ordering` would leave to the three others.
    def __lt__(self, other: str) -> bool:
        return self.rank < Stage(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= Stage(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > Stage(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= Stage(other).rank


class SiteKind(StrEnum):
    DC = "dc"
    DC_BACKUP = "dc-backup"
    POP = "pop"
    DEPARTMENT = "department"
    COMMUNE = "commune"


class Lan(StrEnum):
    """What a LAN is for. Its place here is its function digit in the address plan (domain.md, 4)."""

    MANAGEMENT = "management"
    STAFF = "staff"
    ONE_STOP = "one-stop"
    VOICE = "voice"
    VIDEO = "video"
    IOT = "iot"
    SERVERS = "servers"
    GUEST = "guest"


class Zone(StrEnum):
    """A security zone of a data centre. Its place here is its zone digit in the address plan."""

    EDGE = "edge"
    DMZ = "dmz"
    SERVERS = "servers"
    DATABASES = "databases"
    MANAGEMENT = "management"
    USERS = "users"
    WIRELESS = "wireless"
    STORAGE = "storage"
    SOC = "soc"
    MCU = "mcu"
    CLOUD = "cloud"
    LGSP = "lgsp"
    PARTY = "party"


Users: TypeAlias = Literal[
    "outside",
    "administrators",
    "management",
    "staff",
    "one-stop",
    "voice",
    "video",
    "iot",
    "servers",
    "guest",
]
"""Anybody, those who look after the city, or everybody on a kind of LAN."""


class HostRole(StrEnum):
    """What a host is there for. Some have operations; what runs on the others is their owners', and the host
    beneath it is ours."""

    NTP = "ntp"
    DNS = "dns"
    SYSLOG = "syslog"
    MONITORING = "monitoring"
    ANTIMALWARE = "antimalware"
    ACCOUNTS = "accounts"
    WEB = "web"
    APPLICATION = "application"
    API_GATEWAY = "api-gateway"
    LGSP = "lgsp"
    ANALYTICS = "analytics"
    SIGNATURE = "signature"
    MAIL = "mail"
    IOT_GATEWAY = "iot-gateway"
    DATABASE = "database"
    PRIMARY = "primary"
    REPLICA = "replica"
    REGISTRAR = "registrar"
    SIEM = "siem"
    FORWARDER = "forwarder"
    HYPERVISOR = "hypervisor"


SERVICES = (HostRole.NTP, HostRole.DNS, HostRole.SYSLOG, HostRole.ANTIMALWARE)
"""What every other host needs."""


class CircuitClass(StrEnum):
    TSLCD_1 = "tslcd-1"
    TSLCD_2 = "tslcd-2"
    LEASED = "leased"
    INTERNET_VPN = "internet-vpn"


class Traffic(StrEnum):
    """What a circuit carries, what goes first before what waits. `default` is what is in no other class."""

    CONTROL = "control"
    VOICE = "voice"
    VIDEO = "video"
    BUSINESS = "business"
    DEFAULT = "default"


Language: TypeAlias = Literal["vi", "en"]
"""What people read is written in."""
