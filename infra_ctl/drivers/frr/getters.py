"""NAPALM's getters: what to ask, and what the recorded answers mean. Shapes as in napalm.base.models.

Numbers that neither FRR nor Linux counts are -1, as NAPALM has it.
"""

from __future__ import annotations

import json
import re
from ipaddress import ip_interface, ip_network
from shlex import quote
from typing import Any

from infra_ctl.drivers.frr.shell import vtysh

INTERFACES = vtysh("show interface json")

FACTS = f"{vtysh('show version')} && cat /proc/uptime && (hostname -f || hostname) && {INTERFACES}"

COUNTERS = "ip -json -statistics link show"

BGP = vtysh("show bgp vrf all neighbors json")

FAMILIES = {"ipv4Unicast": "ipv4", "ipv6Unicast": "ipv6"}

SECRETS = {
    rf"^({before})\S+": r"\1<removed>"
    for before in (
        r"(?:enable )?password (?:8 )?",
        r" *neighbor \S+ password ",
        r" *ip ospf (?:\S+ )?authentication-key ",
        r" *ip ospf message-digest-key \d+ md5 ",
        r" *area \S+ virtual-link \S+ (?:message-digest-key \d+ md5|authentication-key) ",
        r" *ipv6 ospf6 authentication key-id \d+ hash-algo \S+ key ",
        r" *key-string ",
    )
}
"""Patterns of lines with a secret, for `napalm.base.helpers.sanitize_configs`."""

SECONDS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}

REPLY = re.compile(r"bytes from (?P<from>\S+?):? .*time=(?P<rtt>[\d.]+) ms")
SENT = re.compile(r"(?P<sent>\d+) packets transmitted, (?P<received>\d+) received")
TIMES = re.compile(
    r"rtt min/avg/max/mdev = (?P<min>[\d.]+)/(?P<avg>[\d.]+)/(?P<max>[\d.]+)/(?P<dev>[\d.]+) ms"
)


def facts(answer: str) -> dict[str, Any]:
    """Of the answer to FACTS: version, uptime, name and interfaces, one after the other."""
    before, _, rest = answer.partition("\n{")
    lines = before.splitlines()
    version = re.match(r"FRRouting (?P<version>\S+) \((?P<hostname>[^)]+)\)", lines[0])
    if version is None:
        raise ValueError(f"not FRRouting: {lines[0]!r}")
    return {
        "vendor": "FRRouting",
        "model": "",
        "serial_number": "",
        "os_version": version["version"],
        "hostname": version["hostname"],
        "fqdn": lines[-1].strip(),
        "uptime": float(lines[-2].split()[0]),
        "interface_list": sorted(json.loads("{" + rest)),
    }


def interfaces(answer: str) -> dict[str, dict[str, Any]]:
    """Of the answer to INTERFACES; speed in Mbit/s."""
    return {
        name: {
            "is_up": interface.get("operationalStatus") == "up",
            "is_enabled": interface["administrativeStatus"] == "up",
            "description": interface.get("description", ""),
            "last_flapped": -1.0,
            "mtu": interface["mtu"],
            "speed": float(interface["speed"]),
            "mac_address": interface.get("hardwareAddress", "").upper(),
        }
        for name, interface in json.loads(answer).items()
    }


def interfaces_ip(answer: str) -> dict[str, dict[str, Any]]:
    """Of the answer to INTERFACES; an interface without addresses is not in it."""
    found: dict[str, dict[str, Any]] = {}
    for name, interface in json.loads(answer).items():
        for each in interface.get("ipAddresses", ()):
            address = ip_interface(each["address"])
            family = found.setdefault(name, {}).setdefault(f"ipv{address.version}", {})
            family[str(address.ip)] = {"prefix_length": address.network.prefixlen}
    return found


def interfaces_counters(answer: str) -> dict[str, dict[str, int]]:
    """Of the answer to COUNTERS. Linux counts received multicast apart, broadcast not at all."""
    return {
        link["ifname"]: _counters(link["stats64"]["rx"], link["stats64"]["tx"]) for link in json.loads(answer)
    }


def _counters(rx: dict[str, int], tx: dict[str, int]) -> dict[str, int]:
    return {
        "rx_octets": rx["bytes"],
        "tx_octets": tx["bytes"],
        "rx_unicast_packets": rx["packets"] - rx["multicast"],
        "tx_unicast_packets": tx["packets"],
        "rx_multicast_packets": rx["multicast"],
        "tx_multicast_packets": -1,
        "rx_broadcast_packets": -1,
        "tx_broadcast_packets": -1,
        "rx_errors": rx["errors"],
        "tx_errors": tx["errors"],
        "rx_discards": rx["dropped"],
        "tx_discards": tx["dropped"],
    }


def bgp_neighbors(answer: str) -> dict[str, dict[str, Any]]:
    """Of the answer to BGP, by VRF; the default one is `global`."""
    return {
        "global" if vrf == "default" else vrf: _bgp_vrf(
            {k: v for k, v in peers.items() if isinstance(v, dict)}
        )
        for vrf, peers in (json.loads(answer) if answer.startswith("{") else {}).items()
    }


def _bgp_vrf(peers: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "router_id": next((peer["localRouterId"] for peer in peers.values()), ""),
        "peers": {address: _bgp_peer(peer) for address, peer in peers.items()},
    }


def _bgp_peer(peer: dict[str, Any]) -> dict[str, Any]:
    is_up = peer["bgpState"] == "Established"
    families = {
        FAMILIES[name]: family for name, family in peer["addressFamilyInfo"].items() if name in FAMILIES
    }
    return {
        "local_as": peer["localAs"],
        "remote_as": peer["remoteAs"],
        "remote_id": peer["remoteRouterId"],
        "is_up": is_up,
        "is_enabled": not peer.get("adminShutDown", False),
        "description": peer.get("nbrDesc", ""),
        "uptime": peer["bgpTimerUpMsec"] // 1000 if is_up else -1,
        "address_family": {name: _bgp_prefixes(family) for name, family in families.items()},
    }


def _bgp_prefixes(family: dict[str, Any]) -> dict[str, int]:
    """FRR forgets what its policy refuses: received is accepted."""
    accepted = family.get("acceptedPrefixCounter", 0)
    sent = family.get("sentPrefixCounter", 0)
    return {"received_prefixes": accepted, "accepted_prefixes": accepted, "sent_prefixes": sent}


def route_command(destination: str, *, longer: bool) -> str:
    """What to ask for the routes to a prefix; every route where there is none."""
    if not destination:
        return vtysh("show ip route json")
    version = "ipv6" if ip_network(destination, strict=False).version == 6 else "ip"
    return vtysh(f"show {version} route {destination}{' longer-prefixes' if longer else ''} json")


def routes(answer: str, protocol: str) -> dict[str, list[dict[str, Any]]]:
    """Of the answer to a route command, an entry a next hop; all protocols where none is named."""
    found = {
        prefix: [
            _route(path, hop)
            for path in paths
            if protocol.lower() in ("", path["protocol"])
            for hop in path["nexthops"]
        ]
        for prefix, paths in json.loads(answer or "{}").items()
    }
    return {prefix: hops for prefix, hops in found.items() if hops}


def _route(path: dict[str, Any], hop: dict[str, Any]) -> dict[str, Any]:
    selected = path.get("selected", False)
    return {
        "protocol": path["protocol"],
        "current_active": selected,
        "last_active": selected,
        "age": _seconds(path["uptime"]),
        "next_hop": hop.get("ip", ""),
        "outgoing_interface": hop.get("interfaceName", "Null0" if hop.get("blackhole") else ""),
        "selected_next_hop": hop.get("fib", False),
        "preference": path.get("distance", 0),
        "inactive_reason": "",
        "routing_table": path["vrfName"],
        "protocol_attributes": {},
    }


def _seconds(age: str) -> int:
    """`00:11:41`, `1d02h03m` or `01w2d03h` as FRR prints it."""
    if ":" in age:
        hours, minutes, seconds = (int(part) for part in age.split(":"))
        return hours * 3600 + minutes * 60 + seconds
    return sum(int(number) * SECONDS[unit] for number, unit in re.findall(r"(\d+)([wdhms])", age))


def ping_command(destination: str, source: str, *, ttl: int, timeout: int, size: int, count: int) -> str:
    """`size` is of the payload, as iputils counts; `timeout` in seconds a packet."""
    from_source = f"-I {quote(source)} " if source else ""
    return f"ping -n -c {count} -i 0.2 -s {size} -t {ttl} -W {timeout} {from_source}{quote(destination)}"


def ping(answer: str, error: str) -> dict[str, Any]:
    """Of what a ping printed; `error` where it could not even send."""
    sent = SENT.search(answer)
    if sent is None:
        return {"error": error.strip() or answer.strip()}
    times = TIMES.search(answer)
    of = {name: float(value) for name, value in times.groupdict().items()} if times else {}
    return {
        "success": {
            "probes_sent": int(sent["sent"]),
            "packet_loss": int(sent["sent"]) - int(sent["received"]),
            "rtt_min": of.get("min", 0.0),
            "rtt_avg": of.get("avg", 0.0),
            "rtt_max": of.get("max", 0.0),
            "rtt_stddev": of.get("dev", 0.0),
            "results": [
                {"ip_address": reply["from"], "rtt": float(reply["rtt"])} for reply in REPLY.finditer(answer)
            ],
        }
    }
