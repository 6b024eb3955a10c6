"""The whole inventory → one `DeviceIntent` a device."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from infra_ctl.intent import interfaces
from infra_ctl.intent.addressing import host_addresses
from infra_ctl.intent.allocation import Allocations
from infra_ctl.intent.bgp import sessions
from infra_ctl.intent.model import Address, Bfd, Bgp, DeviceIntent, Interface
from infra_ctl.intent.stages import meaning
from infra_ctl.intent.topology import Link, distances, links
from infra_ctl.inventory import Device, Inventory, devices, port
from infra_ctl.inventory.devices import held
from infra_ctl.inventory.models import Peer


def build(inventory: Inventory, allocations: Allocations) -> dict[str, DeviceIntent]:
    """Every device as it should be, by hostname, sorted."""
    city = _City.of(inventory, allocations)
    intents = {device.hostname: city.intent(device) for device in devices(inventory)}
    return dict(sorted(intents.items()))


@dataclass(frozen=True, slots=True)
class _City:
    """What every device's intent is drawn from; mappings are by hostname."""

    inventory: Inventory
    allocations: Allocations
    links: Mapping[str, Sequence[Link]]
    distance: Mapping[str, int]
    """Links to the nearest core."""
    peers: Mapping[str, Sequence[Peer]]
    kept: Mapping[str, Sequence[tuple[str, ...]]]
    drained: frozenset[str]
    isolated: frozenset[str]
    """Names of sites, devices and hosts."""
    bgp: Mapping[str, Bgp]
    dns: tuple[Address, ...]
    syslog: tuple[Address, ...]

    @classmethod
    def of(cls, inventory: Inventory, allocations: Allocations) -> _City:
        """What every device is worked out from, found once."""
        attached: defaultdict[str, list[Link]] = defaultdict(list)
        neighbours: defaultdict[str, list[str]] = defaultdict(list)
        for link in links(inventory):
            for own, far in (link.a, link.z), (link.z, link.a):
                attached[own.device.hostname].append(link)
                neighbours[own.device.hostname].append(far.device.hostname)
        cores = [device.hostname for device in devices(inventory) if device.role == "core"]
        peers: defaultdict[str, list[Peer]] = defaultdict(list)
        for peer in inventory.peers.values():
            peers[port(peer.device).hostname].append(peer)
        kept: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
        for line in inventory.unmanaged:
            kept[line.device].append(tuple(line.line.split(" / ")))
        return cls(
            inventory=inventory,
            allocations=allocations,
            links=attached,
            distance=distances(neighbours, cores),
            peers=peers,
            kept=kept,
            drained=frozenset(held(inventory, "drain")),
            isolated=frozenset(held(inventory, "isolate")),
            bgp=sessions(inventory, allocations),
            dns=_addresses(inventory.services.dns, inventory, allocations),
            syslog=_addresses(inventory.services.syslog, inventory, allocations),
        )

    def intent(self, device: Device) -> DeviceIntent:
        """One device as it should be."""
        router_id = self.allocations.ipv4(device.hostname, "loopback").network_address
        routing = self.inventory.routing
        return DeviceIntent(
            hostname=device.hostname,
            site=device.site,
            role=device.role,
            platform=device.platform,
            router_id=router_id,
            management=router_id,
            domain=self.inventory.city.domain,
            stage=device.ipv6,
            interfaces=self._interfaces(device),
            ospf=True,
            ospf6=meaning(device.ipv6).routed,
            default_originate=device.role == "edge",
            reference_mbps=routing.reference_mbps,
            bfd=Bfd(routing.bfd.interval_ms, routing.bfd.multiplier),
            bgp=self.bgp.get(device.hostname),
            dns=self.dns,
            syslog=self.syslog,
            kept=tuple(self.kept.get(device.hostname, ())),
            drained=device.hostname in self.drained,
            isolated=self._is_isolated(device),
        )

    def _is_isolated(self, device: Device) -> bool:
        return not self.isolated.isdisjoint((device.hostname, device.site))

    def _interfaces(self, device: Device) -> tuple[Interface, ...]:
        inventory, allocations, stage = self.inventory, self.allocations, meaning(device.ipv6)
        found = [
            interfaces.loopback(device, inventory, allocations),
            *(
                interfaces.link_end(link, device, inventory, allocations, self.distance)
                for link in self.links.get(device.hostname, ())
            ),
            *interfaces.served(device, inventory, allocations),
            *(interfaces.peering(peer, stage) for peer in self.peers.get(device.hostname, ())),
        ]
        if device.hostname in self.drained:
            found = [interfaces.last_resort(interface) for interface in found]
        if self._is_isolated(device):
            found = [interfaces.shut_off(interface) for interface in found]
        return tuple(sorted(found, key=interfaces.in_order))


def _addresses(names: Iterable[str], inventory: Inventory, allocations: Allocations) -> tuple[Address, ...]:
    return tuple(
        address for name in names for address in host_addresses(inventory.hosts[name], inventory, allocations)
    )
