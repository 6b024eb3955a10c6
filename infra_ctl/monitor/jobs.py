"""What the good exporters are asked about whom: node, snmp, frr and blackbox, target by target.

Ours carry the labels of their objects themselves; the targets here get theirs from the inventory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

from infra_ctl.city import City
from infra_ctl.intent.model import Address
from infra_ctl.intent.openings import FRR_EXPORTER, NODE_EXPORTER, PORTS
from infra_ctl.intent.stages import meaning
from infra_ctl.inventory.kinds import HostRole
from infra_ctl.inventory.listening import HTTP, TLS, port_of
from infra_ctl.inventory.models import System
from infra_ctl.monitor.targets import FAMILIES, labels_of, room_targets

MODULE = "__param_module"
"""Label by which a target names the module that it is probed with."""


@dataclass(frozen=True, slots=True)
class ScrapeTarget:
    """One target of a job: what Prometheus is told, whether by a file or over HTTP."""

    address: str
    """`host:port`, or what a prober is to probe."""
    labels: Mapping[str, str]


def node_targets(city: City) -> tuple[ScrapeTarget, ...]:
    """Every host's node_exporter."""
    return tuple(
        ScrapeTarget(at(host.addresses[0], PORTS[NODE_EXPORTER]), _labels(city, host.site, host=name))
        for name, host in city.hosts.items()
    )


def snmp_targets(city: City) -> tuple[ScrapeTarget, ...]:
    """Every router with an agent, at its management address."""
    return tuple(
        ScrapeTarget(str(part.agent.address), _labels(city, part.site, device=part.router))
        for part in city.parts.values()
        if part.agent is not None
    )


def frr_targets(city: City) -> tuple[ScrapeTarget, ...]:
    """Every router's frr_exporter."""
    return tuple(
        ScrapeTarget(at(intent.management, PORTS[FRR_EXPORTER]), _labels(city, intent.site, device=hostname))
        for hostname, intent in city.intents.items()
        if intent.platform == "frr"
    )


def blackbox_targets(city: City) -> tuple[ScrapeTarget, ...]:
    """Every probe of every system in the families that it serves, then the rooms that speak H.323."""
    return (*_systems(city), *_h323(city))


def registry() -> Mapping[str, Callable[[City], tuple[ScrapeTarget, ...]]]:
    """The jobs by name: what `export sd` serves and `monitor render` writes."""
    return _JOBS


def discovery(targets: tuple[ScrapeTarget, ...]) -> list[dict[str, object]]:
    """As Prometheus reads it, from a file or over HTTP."""
    return [{"targets": [each.address], "labels": dict(each.labels)} for each in targets]


def at(address: Address, port: int) -> str:
    """`10.0.0.1:9100`, `[2001:db8::1]:9100`."""
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


def monitoring_hosts(city: City) -> tuple[str, ...]:
    """Where the stack runs, the data centre's first."""
    hosts = (name for name, host in city.hosts.items() if HostRole.MONITORING in host.roles)
    sites = list(city.inventory.sites)
    return tuple(sorted(hosts, key=lambda name: (sites.index(city.hosts[name].site), name)))


def _labels(city: City, site: str, **own: str) -> Mapping[str, str]:
    return MappingProxyType({**own, **labels_of(city, site)})


def _systems(city: City) -> Iterator[ScrapeTarget]:
    for system in city.inventory.systems.values():
        site = city.hosts[system.runs_on[0]].site
        place = {**labels_of(city, site), "owner": system.owner}
        for probe in map(str, system.probes):
            for family in _families(system):
                labels = {
                    "system": system.id,
                    **place,
                    "family": family,
                    MODULE: f"{_prober(probe)}_{family}",
                }
                yield ScrapeTarget(_probed(probe), MappingProxyType(labels))


def _families(system: System) -> tuple[str, ...]:
    stage = meaning(system.ipv6)
    return tuple(
        family for family, is_served in zip(FAMILIES, (stage.ipv4_lans, stage.lans), strict=True) if is_served
    )


def _prober(probe: str) -> str:
    scheme = urlsplit(probe).scheme
    return "http" if scheme in HTTP else "tls" if scheme in TLS else "tcp"


def _probed(probe: str) -> str:
    url = urlsplit(probe)
    return probe if url.scheme in HTTP else f"{url.hostname}:{port_of(url)}"


def _h323(city: City) -> Iterator[ScrapeTarget]:
    for room in room_targets(city):
        if room.protocol == "h323":
            for address in room.addresses:
                family = f"ipv{address.version}"
                labels = {
                    **_labels(city, room.site, room=room.room),
                    "family": family,
                    MODULE: f"tcp_{family}",
                }
                yield ScrapeTarget(at(address, room.port), MappingProxyType(labels))


_JOBS: Mapping[str, Callable[[City], tuple[ScrapeTarget, ...]]] = MappingProxyType(
    {"blackbox": blackbox_targets, "frr": frr_targets, "node": node_targets, "snmp": snmp_targets}
)
