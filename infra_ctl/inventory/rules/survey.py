"""What the circuits join, as far as they are understood; read once and shared by the rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from infra_ctl.inventory.devices import Port, port
from infra_ctl.inventory.draft import Draft
from infra_ctl.inventory.kinds import SiteKind
from infra_ctl.inventory.models import Circuit, DeviceProfile


@dataclass(frozen=True, slots=True)
class Wire:
    """A circuit whose two ends exist, with what stands there."""

    circuit: Circuit
    a: Port
    z: Port
    a_device: DeviceProfile
    z_device: DeviceProfile


@dataclass(frozen=True, slots=True)
class Survey:
    """`circuits` are those by which each site hangs on the others: it is their far end, or the data centre.

    Of a doubtful site some circuit is ill-formed. What it lacks is then not said: one slip of the pen is one
    problem.
    """

    wires: tuple[Wire, ...]
    circuits: Mapping[str, tuple[Circuit, ...]]
    doubtful: frozenset[str]
    complete: bool
    """No circuit is lost, none goes to a site that is not there and may be a misspelt one."""

    def knows(self, site: str) -> bool:
        """All circuits of the site are here."""
        return self.complete and site not in self.doubtful

    def directions(self, site: str) -> int:
        """Physical ways out of a site."""
        return len({circuit.direction for circuit in self.circuits.get(site, ())})


def survey(draft: Draft) -> Survey:
    """Follow every circuit to its ends."""
    wires: list[Wire] = []
    doubtful: set[str] = set()
    leaving: defaultdict[str, list[Circuit]] = defaultdict(list)
    for key, record in draft.circuits.records.items():
        circuit = draft.circuits.objects.get(key)
        wire = _wire(draft, circuit) if circuit else None
        if circuit is None or wire is None:
            values = record.value()
            doubtful.update(_named_sites(values) if isinstance(values, dict) else ())
            continue
        wires.append(wire)
        leaving[wire.z.site].append(circuit)
        if draft.sites.objects[wire.a.site].kind is SiteKind.DC:
            leaving[wire.a.site].append(circuit)
    circuits = {site: tuple(found) for site, found in leaving.items()}
    doubtful |= draft.sites.records.keys() - draft.sites.objects.keys()
    complete = draft.circuits.complete and doubtful <= draft.sites.records.keys()
    return Survey(tuple(wires), circuits, frozenset(doubtful), complete)


def end_problem(draft: Draft, endpoint: str, *, hint: bool = True) -> str | None:
    """What is wrong with the site or device of `site:device/interface`; None where it is there, or may be."""
    end = port(endpoint)
    if missing := draft.sites.missing(end.site, hint=hint):
        return missing
    profile = draft.profile_at(end.site)
    if profile is None or end.device in profile.devices:
        return None
    has = ", ".join(profile.devices) or "no devices"
    return f"'{end.site}:{end.device}' does not exist; site {end.site} has {has}"


def device_at(draft: Draft, end: Port) -> DeviceProfile | None:
    """The device that an end names, where everything about it is understood."""
    profile = draft.profile_at(end.site)
    return profile.devices.get(end.device) if profile else None


def hostnames(draft: Draft) -> Iterator[tuple[str, str]]:
    """Hostname and site of every device."""
    for site in draft.sites.objects.values():
        yield from ((f"{site.id}-{device}", site.id) for device in draft.profile(site).devices)


def _wire(draft: Draft, circuit: Circuit) -> Wire | None:
    a, z = port(circuit.a), port(circuit.z)
    a_device, z_device = device_at(draft, a), device_at(draft, z)
    return Wire(circuit, a, z, a_device, z_device) if a_device and z_device else None


def _named_sites(values: Mapping[object, object]) -> Iterator[str]:
    return (str(values.get(end, "")).partition(":")[0] for end in ("a", "z"))
