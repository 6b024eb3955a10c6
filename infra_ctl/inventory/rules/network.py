"""The network as a graph: every port used once, every site with the ways out that its standard asks for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import islice

from infra_ctl.errors import Problem
from infra_ctl.inventory.devices import Port, port
from infra_ctl.inventory.draft import Draft
from infra_ctl.inventory.kinds import SiteKind, Stage
from infra_ctl.inventory.models import DeviceProfile, Profile
from infra_ctl.inventory.records import Path, Record, problem
from infra_ctl.inventory.rules.survey import Survey, Wire, device_at

_DISTANCE = {
    SiteKind.DC: 0,
    SiteKind.DC_BACKUP: 1,
    SiteKind.POP: 1,
    SiteKind.DEPARTMENT: 2,
    SiteKind.COMMUNE: 2,
}
"""How far a kind of site is from the data centre."""
_COMPARED = ("circuit_class", "handoff", "provider", "mbps", "mtu", "direction")


def profile_links(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """Cables inside a site join two devices that it has, on ports that nothing else of the profile uses."""
    for key, profile in draft.profiles.objects.items():
        record = draft.profiles.records[key]
        used = {end: what for _, end, what in _own_ports(profile)}
        for index, link in enumerate(profile.links):
            if link[0].partition("/")[0] == link[1].partition("/")[0]:
                yield problem(record, ("links", index, 1), f"a link from {link[0]} to the device itself")
            for side, end in enumerate(link):
                if message := _link_end_problem(profile, end, used):
                    yield problem(record, ("links", index, side), message)
                used.setdefault(end, f"part of link {index + 1}")


def device_ports(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """A port of a device is one uplink, or the trunk."""
    for key, profile in draft.profiles.objects.items():
        used: dict[str, str] = {}
        for path, end, what in _own_ports(profile):
            if (other := used.setdefault(end, what)) != what:
                yield problem(draft.profiles.records[key], path, f"{end} is already {other}")
        for name, device in profile.devices.items():
            if device.wan_ports is not None and device.wan_ports < len(device.uplinks):
                message = f"{device.wan_ports} are too few for {len(device.uplinks)} uplinks"
                yield problem(draft.profiles.records[key], ("devices", name, "wan_ports"), message)


def _own_ports(profile: Profile) -> Iterator[tuple[Path, str, str]]:
    """Where in the profile, `device/interface`, and what it is."""
    for name, device in profile.devices.items():
        yield ("devices", name), f"{name}/lo", "the loopback"
        for index, interface in enumerate(device.uplinks):
            yield ("devices", name, "uplinks", index), f"{name}/{interface}", f"uplink {index + 1}"
        if device.trunk is not None:
            yield ("devices", name, "trunk"), f"{name}/{device.trunk}", "the trunk"


def _link_end_problem(profile: Profile, end: str, used: Mapping[str, str]) -> str | None:
    device = end.partition("/")[0]
    if device not in profile.devices:
        return f"device {device!r} does not exist; the profile has {', '.join(profile.devices) or 'none'}"
    return f"{end} is already {used[end]}" if end in used else None


def circuit_ends(draft: Draft, survey: Survey) -> Iterator[Problem]:
    """A circuit joins two sites, at ports that are for circuits, the end nearer the data centre first."""
    for wire in survey.wires:
        for field, message in _wire_problems(draft, wire):
            yield draft.circuits.problem(wire.circuit.id, (field,), message)


def _wire_problems(draft: Draft, wire: Wire) -> Iterator[tuple[str, str]]:
    if wire.a.site == wire.z.site:
        yield "z", f"both ends are at {wire.a.site}"
        return
    for field, end, device in (("a", wire.a, wire.a_device), ("z", wire.z, wire.z_device)):
        if message := _port_problem(end, device):
            yield field, message
    near, far = (_DISTANCE[draft.sites.objects[end.site].kind] for end in (wire.a, wire.z))
    if near > far:
        yield "a", f"{wire.a.site} is farther from the data centre than {wire.z.site}: swap a and z"
    elif wire.a_device.role not in ("core", "pop"):
        what = _called(wire.a_device.role)
        yield "a", f"{wire.a.hostname} is {what}; a circuit starts at a core or PoP router"


def _called(role: str) -> str:
    names = {"ce": "a CE", "edge": "an edge router", "backup": "a router of the backup site"}
    return names.get(role, f"a {role} router")


def _port_problem(end: Port, device: DeviceProfile) -> str | None:
    """Why a circuit cannot be plugged in there."""
    if end.interface == "lo":
        return "lo is the loopback, no port"
    base = end.interface.partition(".")[0]
    if base == device.trunk:
        return f"{end.interface} is the trunk of {end.hostname}, where its LANs are"
    if device.uplinks and end.interface not in device.uplinks:
        return f"{end.interface} is no uplink of {end.hostname}; its uplinks are {', '.join(device.uplinks)}"
    return None


def ports(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """A port has one cable: of a circuit, a peer, or a link of the site's profile."""
    used: dict[Port, str] = {}
    for key, circuit in draft.circuits.objects.items():
        ends = {"a": port(circuit.a), "z": port(circuit.z)}
        if (twin := _twin(draft, used, ends)) is not None:
            yield from _differences(draft, key, twin)
            continue
        for field, end in ends.items():
            yield from _plug(draft, used, end, f"circuit {key}", draft.circuits.records[key], (field,))
    for key, peer in draft.peers.objects.items():
        record = draft.peers.records[key]
        yield from _plug(draft, used, port(peer.device), f"peer {key}", record, ("device",))


def _plug(
    draft: Draft, used: dict[Port, str], end: Port, name: str, record: Record, path: Path
) -> Iterator[Problem]:
    """Take a port; a problem where it is taken."""
    owner = used.setdefault(end, name)
    if owner != name:
        yield problem(record, path, f"port {end.site}:{end.device}/{end.interface} is taken by {owner}")
    elif _is_linked(draft, end):
        yield problem(record, path, f"port {end.device}/{end.interface} is a link inside {end.site}")


def _is_linked(draft: Draft, end: Port) -> bool:
    profile = draft.profile_at(end.site)
    return profile is not None and any(f"{end.device}/{end.interface}" in link for link in profile.links)


def _twin(draft: Draft, used: Mapping[Port, str], ends: Mapping[str, Port]) -> str | None:
    """The earlier circuit between the very same two ports."""
    owner = used.get(ends["a"], "").removeprefix("circuit ")
    other = draft.circuits.objects.get(owner)
    if other is None or {port(other.a), port(other.z)} != set(ends.values()):
        return None
    return owner


def _differences(draft: Draft, key: str, twin: str) -> Iterator[Problem]:
    """Two rows for one cable: the first value on which they disagree, else that it is written twice."""
    circuit, other = draft.circuits.objects[key], draft.circuits.objects[twin]
    for name in _COMPARED:
        mine, theirs = getattr(circuit, name), getattr(other, name)
        if mine != theirs:
            column = "class" if name == "circuit_class" else name
            message = f"joins the same ports as {twin} but says {column} {mine}, not {theirs}"
            yield draft.circuits.problem(key, (column,), message)
            return
    yield draft.circuits.problem(key, ("z",), f"joins the same ports as {twin}")


def peer_routers(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """The outside begins at an edge router, on a port of its own."""
    for key, peer in draft.peers.objects.items():
        device = device_at(draft, port(peer.device))
        if device is not None and device.role != "edge":
            message = f"{port(peer.device).hostname} is {_called(device.role)}; peers are at edge routers"
            yield draft.peers.problem(key, ("device",), message)


def enough_circuits(draft: Draft, survey: Survey) -> Iterator[Problem]:
    """A site has the circuits, and the directions, that its profile asks for."""
    for key, site in draft.sites.objects.items():
        if not survey.knows(key):
            continue
        rule = draft.profile(site).circuits
        circuits, directions = len(survey.circuits.get(key, ())), survey.directions(key)
        if circuits < rule.at_least:
            has, asked = _count(circuits, "circuit"), rule.at_least
        elif rule.at_least and directions < rule.directions:
            has, asked = f"circuits in {_count(directions, 'direction')}", rule.directions
        else:
            continue
        message = f"{key} has {has}; profile {site.profile} asks for {asked}"
        yield draft.sites.problem(key, ("profile",), message)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def paths(draft: Draft, survey: Survey) -> Iterator[Problem]:
    """Every device can be reached from the data centre."""
    if survey.doubtful or not (survey.complete and draft.sites.sound):
        return
    reached = _reached(_adjacency(draft, survey), _heart(draft))
    for key, site in draft.sites.objects.items():
        names = [f"{key}-{device}" for device in draft.profile(site).devices]
        cut = [name for name in names if name not in reached]
        if cut:
            what = key if cut == names else " and ".join(cut)
            yield problem(draft.sites.records[key], (), f"{what} has no path to the data centre")


def _adjacency(draft: Draft, survey: Survey) -> Mapping[str, list[str]]:
    """Hostname → hostnames at the other ends of its circuits and links."""
    joined: defaultdict[str, list[str]] = defaultdict(list)
    pairs = [(wire.a.hostname, wire.z.hostname) for wire in survey.wires]
    for site in draft.sites.objects.values():
        for link in draft.profile(site).links:
            one, other = (f"{site.id}-{end.partition('/')[0]}" for end in link)
            pairs.append((one, other))
    for one, other in pairs:
        joined[one].append(other)
        joined[other].append(one)
    return joined


def _heart(draft: Draft) -> list[str]:
    """The first core router of a data centre; none where there is no data centre."""
    cores = (
        f"{site.id}-{name}"
        for site in draft.sites.objects.values()
        if site.kind is SiteKind.DC
        for name, device in draft.profile(site).devices.items()
        if device.role == "core"
    )
    return list(islice(cores, 1))


def _reached(joined: Mapping[str, list[str]], start: list[str]) -> set[str]:
    """Everything that hangs together with the start."""
    # By hand: networkx takes longer to import than a city to load.
    reached, waiting = set(start), list(start)
    while waiting:
        found = [other for other in joined.get(waiting.pop(), ()) if other not in reached]
        reached.update(found)
        waiting.extend(found)
    return reached


def stages(draft: Draft, survey: Survey) -> Iterator[Problem]:
    """IPv6 is routed at a site only when it is at one of those that it hangs on."""
    above: defaultdict[str, set[str]] = defaultdict(set)
    for wire in survey.wires:
        above[wire.z.site].add(wire.a.site)
    for key, site in draft.sites.objects.items():
        uppers = [draft.sites.objects[upper] for upper in sorted(above[key])]
        if site.ipv6 < Stage.ROUTED or not uppers or not survey.knows(key):
            continue
        if all(upper.ipv6 < Stage.ROUTED for upper in uppers):
            has = ", ".join(f"{upper.id} is {upper.ipv6}" for upper in uppers)
            yield draft.sites.problem(key, ("ipv6",), f"{key} cannot be {site.ipv6} yet: {has}")


RULES = (device_ports, profile_links, circuit_ends, ports, peer_routers, enough_circuits, paths, stages)
