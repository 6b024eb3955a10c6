"""From prefixes to addresses: which LAN lies where in its site, and who has which address on it.

Nothing here is allocated. It all follows from a site's, a zone's or a link's prefix (docs/addressing.md).
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network

from infra_ctl.intent.allocation import Allocations
from infra_ctl.intent.model import Address
from infra_ctl.intent.stages import meaning
from infra_ctl.inventory.kinds import Lan, Zone
from infra_ctl.inventory.models import Host, Inventory

_LAN_DIGITS = {lan: digit for digit, lan in enumerate(Lan)}
_ZONE_DIGITS = {zone: digit for digit, zone in enumerate(Zone)}


def digit(name: Lan | Zone) -> int:
    """The function digit of a LAN or the zone digit of a zone. (Two tables: `servers` is in both.)"""
    return _LAN_DIGITS[name] if isinstance(name, Lan) else _ZONE_DIGITS[name]


def vlan(name: Lan | Zone) -> int:
    """VLAN of a LAN or zone: ten times its digit. Digit 0 counts as 16, because there is no VLAN 0."""
    return 10 * (digit(name) or 16)


def lan_ipv4(site: IPv4Network, lan: Lan, number: int) -> IPv4Interface:
    """Address `number`, from 0, on a site's LAN.

    A site's /24 has eight /27, one a function digit; in a smaller site each has an eighth of it.
    """
    length = max(27, site.prefixlen + 3)
    return IPv4Interface((int(site.network_address) + (digit(lan) << (32 - length)) + number, length))


def lan_ipv6(site: IPv6Network, lan: Lan, number: int) -> IPv6Interface:
    """Address `number`, from 0, on a site's LAN.

    Fourth hextet of a /56: site, function digit, 0. In a longer prefix the function digit is the last.
    """
    subnet = digit(lan) << 4 if site.prefixlen <= 56 else digit(lan)
    return IPv6Interface((int(site.network_address) + (subnet << 64) + number, 64))


def zone_ipv4(zone: IPv4Network, number: int) -> IPv4Interface:
    """Address `number`, from 0, on the LAN of a zone: its first /24."""
    return IPv4Interface((int(zone.network_address) + number, 24))


def zone_ipv6(zone: IPv6Network, number: int) -> IPv6Interface:
    """Address `number`, from 0, on the LAN of a zone: its first /64."""
    return IPv6Interface((int(zone.network_address) + number, 64))


def link_ipv4(reserved: IPv4Network, end: int) -> IPv4Interface:
    """Of the /31 of a link (RFC 3021), the address of its a end (0) or its z end (1)."""
    return IPv4Interface((int(reserved.network_address) + end, 31))


def link_ipv6(reserved: IPv6Network, end: int) -> IPv6Interface:
    """Of the first /127 of what a link has reserved (RFC 6164), the address of its a end (0) or z end (1)."""
    return IPv6Interface((int(reserved.network_address) + end, 127))


def host_ipv4(host: Host, allocations: Allocations) -> IPv4Address:
    """On the LAN of its zone, at its number."""
    return zone_ipv4(allocations.ipv4(host.site, f"zone-{host.zone}"), host.number).ip


def host_ipv6(host: Host, allocations: Allocations) -> IPv6Address:
    """As `host_ipv4`; the number's decimal digits are read as hex, so that 16 shows as ::16."""
    return zone_ipv6(allocations.ipv6(host.site, f"zone-{host.zone}"), int(str(host.number), 16)).ip


def host_addresses(host: Host, inventory: Inventory, allocations: Allocations) -> tuple[Address, ...]:
    """What a host can be reached at by the stage of its site, IPv4 first."""
    stage = meaning(inventory.sites[host.site].ipv6)
    found: list[Address] = [host_ipv4(host, allocations)] if stage.ipv4_on(host.zone) else []
    return (*found, host_ipv6(host, allocations)) if stage.lans else tuple(found)
