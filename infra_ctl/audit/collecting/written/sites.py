"""What sites and circuits have, and what their standard says that they should."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from infra_ctl.audit.collecting.written.reading import Found, Reading
from infra_ctl.controls.exhibit import Fact
from infra_ctl.inventory import port
from infra_ctl.inventory.kinds import SiteKind
from infra_ctl.inventory.models import Circuit, Peer

PLATFORMS: Mapping[str, tuple[str, ...]] = {"frr": ("ipv6", "encrypted-administration")}
"""By platform, what it can do whatever it is told: FRR on Linux speaks IPv6, and is administered by SSH."""


def circuit_class(reading: Reading, circuit: str) -> Found:
    value = reading.inventory.circuits[circuit].circuit_class
    return (reading.fact(str(value), "circuits", circuit, "class"),)


def circuit_queue(reading: Reading, _circuit: str) -> Found:
    """Every circuit has the queues of the city."""
    return tuple(
        reading.fact(str(name), "city", "", "classes", name, "share") for name in reading.inventory.classes
    )


def kind(reading: Reading, site: str) -> Found:
    return (reading.fact(str(reading.inventory.sites[site].kind), "sites", site, "profile"),)


def stage(reading: Reading, site: str) -> Found:
    return (reading.fact(str(reading.inventory.sites[site].ipv6), "sites", site, "ipv6"),)


def router(reading: Reading, site: str) -> Found:
    return tuple(
        reading.fact(intent.hostname, *_device(reading, intent.hostname, site))
        for intent in reading.routers.get(site, ())
    )


def _device(reading: Reading, hostname: str, site: str) -> tuple[str, str, str, str]:
    """Where the profile of a site says that it has a router."""
    return "profiles", reading.inventory.sites[site].profile, "devices", hostname.removeprefix(f"{site}-")


def classes(reading: Reading, site: str) -> Found:
    """A value a circuit: they are counted."""
    return tuple(
        reading.fact(str(each.circuit_class), "circuits", each.id, "class")
        for each in reading.circuits.get(site, ())
    )


def direction(reading: Reading, site: str) -> Found:
    return _each(reading, site, "direction", lambda circuit: circuit.direction)


def provider(reading: Reading, site: str) -> Found:
    return _each(reading, site, "provider", lambda circuit: circuit.provider)


def _each(reading: Reading, site: str, field: str, value: Callable[[Circuit], str]) -> Found:
    """Every value that circuits of a site have, with the first of them that has it."""
    first = {value(circuit): circuit for circuit in reversed(reading.circuits.get(site, ()))}
    return tuple(reading.fact(found, "circuits", first[found].id, field) for found in sorted(first))


def international(reading: Reading, site: str) -> Found:
    """Unknown as soon as of one neighbour nobody says how far it leads, or which way."""
    found: dict[str, Fact] = {}
    for peer in _peers(reading, site):
        if peer.reach is None:
            return f"peers.yaml does not say where {peer.id} leads to (reach)"
        if peer.reach == "international":
            if peer.direction is None:
                return f"peers.yaml does not say in which direction {peer.id} is (direction)"
            found.setdefault(peer.direction, reading.fact(peer.direction, "peers", peer.id, "direction"))
    return tuple(found.values())


def _peers(reading: Reading, site: str) -> Iterator[Peer]:
    return (peer for peer in reading.inventory.peers.values() if port(peer.device).site == site)


def family(reading: Reading, site: str) -> Found:
    lans = [
        each for intent in reading.routers.get(site, ()) for each in intent.interfaces if each.kind == "lan"
    ]
    families = [name for name in ("ipv4", "ipv6") if any(getattr(lan, name) and lan.enabled for lan in lans)]
    return tuple(reading.fact(name, "sites", site, "ipv6") for name in families)


def single(reading: Reading, site: str) -> Found:
    if (needed := reading.needed.get(site)) is None:
        return "no way leads to it: nobody can say what it hangs by"
    return tuple(_element(reading, name) for name in needed)


def _element(reading: Reading, name: str) -> Fact:
    if name in reading.inventory.circuits:
        return reading.fact(name, "circuits", name)
    return reading.fact(name, *_device(reading, name, reading.city.intents[name].site))


def lan_ports(reading: Reading, site: str) -> Found:
    """Of all routers of the site that serve its LANs."""
    name = reading.inventory.sites[site].profile
    serving = {key: each for key, each in reading.profile(site).devices.items() if each.trunk is not None}
    ports = [each.lan_ports for each in serving.values()]
    if not ports or None in ports:
        return f"profile {name} in profiles.yaml does not say how many its routers have (lan_ports)"
    path = ("devices", next(iter(serving)), "lan_ports")
    return (reading.fact(sum(each or 0 for each in ports), "profiles", name, *path),)


def wan_ports(reading: Reading, site: str) -> Found:
    """What is said, or as many as there are uplinks."""
    name, devices = reading.inventory.sites[site].profile, reading.profile(site).devices
    ports = [len(each.uplinks) if each.wan_ports is None else each.wan_ports for each in devices.values()]
    if not any(ports):
        return f"profile {name} in profiles.yaml does not say how many its routers have (wan_ports)"
    key, device = next(iter(devices.items()))
    path = ("devices", key, "uplinks" if device.wan_ports is None else "wan_ports")
    return (reading.fact(sum(ports), "profiles", name, *path),)


def ce(reading: Reading, site: str) -> Found:
    """What every router of the site offers."""
    offered = [dict(_offers(reading, intent.hostname, site)) for intent in reading.routers.get(site, ())]
    first = offered[0] if offered else {}
    return tuple(fact for name, fact in first.items() if all(name in each for each in offered))


def _offers(reading: Reading, hostname: str, site: str) -> Iterator[tuple[str, Fact]]:
    intent, device = reading.city.intents[hostname], _device(reading, hostname, site)
    for name in PLATFORMS.get(intent.platform, ()):
        yield name, reading.fact(name, *device, "platform")
    if any(each.kind == "lan" for each in intent.interfaces):
        yield "vlan", reading.fact("vlan", *device, "trunk")
    if f"{hostname}/host" in reading.parts:  # each has an agent
        yield "snmp", reading.fact("snmp", "city", "", "snmp")
    if intent.syslog:
        yield "syslog", reading.fact("syslog", "city", "", "services", "syslog")


def lacking(reading: Reading, site: str) -> Found:
    return *_fewer(reading, site), *_unserved(reading, site)


def _fewer(reading: Reading, site: str) -> Iterator[Fact]:
    """Routers and circuits."""
    profile, name = reading.profile(site), reading.inventory.sites[site].profile
    there = {intent.hostname for intent in reading.routers.get(site, ())}
    for device in profile.devices:
        if f"{site}-{device}" not in there:
            yield reading.fact(f"router {device}", "profiles", name, "devices", device)
    circuits, rule = reading.circuits.get(site, ()), profile.circuits
    directions = {each.direction for each in circuits}
    if len(circuits) < rule.at_least:
        has = f"circuits {len(circuits)} of {rule.at_least}"
        yield reading.fact(has, "profiles", name, "circuits", "at_least")
    if rule.at_least and len(directions) < rule.directions:
        has = f"directions {len(directions)} of {rule.directions}"
        yield reading.fact(has, "profiles", name, "circuits", "directions")


def _unserved(reading: Reading, site: str) -> Iterator[Fact]:
    """LANs or zones, and the room."""
    profile, name = reading.profile(site), reading.inventory.sites[site].profile
    served = {
        each.circuit
        for intent in reading.routers.get(site, ())
        for each in intent.interfaces
        if each.kind == "lan" and each.enabled and (each.ipv4 or each.ipv6)
    }
    has_zones = reading.inventory.sites[site].kind in (SiteKind.DC, SiteKind.DC_BACKUP)
    what, field, wanted = ("zone", "zones", profile.zones) if has_zones else ("lan", "lans", profile.lans)
    for index, each in enumerate(wanted):
        if f"{site}:{each}" not in served:
            yield reading.fact(f"{what} {each}", "profiles", name, field, index)
    if profile.room and site not in reading.roomed:
        yield reading.fact("room", "profiles", name, "room")


CIRCUIT: Mapping[str, Callable[[Reading, str], Found]] = {
    "circuit.class": circuit_class,
    "circuit.queue": circuit_queue,
}
SITE: Mapping[str, Callable[[Reading, str], Found]] = {
    "site.ce": ce,
    "site.class": classes,
    "site.direction": direction,
    "site.family": family,
    "site.international": international,
    "site.kind": kind,
    "site.lacking": lacking,
    "site.lan_ports": lan_ports,
    "site.provider": provider,
    "site.router": router,
    "site.single": single,
    "site.stage": stage,
    "site.wan_ports": wan_ports,
}
