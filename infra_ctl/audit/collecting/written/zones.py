"""The city's zones: what stands in each, and what stands in none or in two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from infra_ctl.audit.collecting.written.reading import Found, Reading
from infra_ctl.controls.exhibit import Fact
from infra_ctl.inventory.kinds import Lan, Zone

WAN = "wan"
"""Where circuits end. Nothing here is managed apart (`device-management`): routers have one routing table."""


def zones(reading: Reading, _city: str) -> Found:
    """Each once, with the first thing that stands in it."""
    found: dict[str, Fact] = {}
    for fact in _standing(reading):
        found.setdefault(str(fact.value), fact)
    return tuple(found.values())


def _standing(reading: Reading) -> Iterator[Fact]:
    inventory = reading.inventory
    for peer in inventory.peers:
        yield reading.fact(str(Zone.EDGE), "peers", peer, "device")
    for host in inventory.hosts.values():
        yield reading.fact(str(host.zone), "hosts", host.id, "zone")
    for mcu in inventory.mcus:
        yield reading.fact(str(Zone.MCU), "mcus", mcu)
    there = set(_lans(reading))
    for zone, policy in inventory.zones.items():
        for index, lan in enumerate(policy.lans):
            if lan in there:
                yield reading.fact(str(zone), "zones", zone, "lans", index)
    for circuit in inventory.circuits:
        yield reading.fact(WAN, "circuits", circuit)


def unzoned(reading: Reading, _city: str) -> Found:
    """LANs of sites, a kind each; a data centre's interfaces are its zones', and those of routers lead on."""
    return tuple(fact for lan, where in _lans(reading).items() for fact in _astray(reading, lan, where))


def _astray(reading: Reading, lan: Lan, where: tuple[str, int]) -> Iterator[Fact]:
    profile, index = where
    of = [zone for zone, policy in reading.inventory.zones.items() if lan in policy.lans]
    if not of:
        yield reading.fact(f"LAN {lan}: in no zone", "profiles", profile, "lans", index)
    if len(of) > 1:
        place = reading.inventory.zones[of[1]].lans.index(lan)
        yield reading.fact(f"LAN {lan}: in {' and '.join(of)}", "zones", of[1], "lans", place)


def _lans(reading: Reading) -> Mapping[Lan, tuple[str, int]]:
    """Kinds of LAN that some site has, with the first profile that says so and the place there."""
    found: dict[Lan, tuple[str, int]] = {}
    for profile in dict.fromkeys(site.profile for site in reading.inventory.sites.values()):
        for index, lan in enumerate(reading.inventory.profiles[profile].lans):
            found.setdefault(lan, (profile, index))
    return found
