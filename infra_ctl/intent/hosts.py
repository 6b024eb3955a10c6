"""The whole inventory → one `HostIntent` a host."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from infra_ctl.intent.allocation import Allocations
from infra_ctl.intent.host import (
    RETENTION_MONTHS,
    Account,
    Client,
    Database,
    HostIntent,
    LogSource,
    Record,
    Registrar,
    Upstream,
    WebSite,
)
from infra_ctl.intent.model import Address, Network
from infra_ctl.intent.openings import (
    Asked,
    asking_its_front,
    database_port,
    exits,
    fronted_on,
    openings,
    sharing,
    systems_on,
    who_asks,
    with_role,
)
from infra_ctl.intent.places import CITY, Places
from infra_ctl.intent.stages import meaning
from infra_ctl.inventory import Device, Inventory, devices, host_levels, site_levels
from infra_ctl.inventory.devices import is_isolated
from infra_ctl.inventory.kinds import SERVICES, HostRole
from infra_ctl.inventory.listening import HTTP, SIP, asked, health, listeners, names
from infra_ctl.inventory.models import Host, System

WEB = (HostRole.WEB, HostRole.APPLICATION, HostRole.ANTIMALWARE)
"""Roles whose systems are served by our web server; elsewhere by their own software."""


class HostIntents(Mapping[str, HostIntent]):
    """Every host as it should be, by its id, sorted; each is worked out when it is first asked for."""

    def __init__(self, inventory: Inventory, allocations: Allocations) -> None:
        self._inventory = inventory
        self._allocations = allocations
        self._known: dict[str, HostIntent] = {}

    def __getitem__(self, name: str) -> HostIntent:
        if name not in self._known:
            self._known[name] = self._city.intent(self._inventory.hosts[name])
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._inventory.hosts))

    def __len__(self) -> int:
        return len(self._inventory.hosts)

    @cached_property
    def _city(self) -> _City:
        return _City.of(self._inventory, self._allocations)


@dataclass(frozen=True, slots=True)
class _City:
    """What every host's intent is drawn from."""

    inventory: Inventory
    places: Places
    asked: Asked
    levels: Mapping[str, int]

    @classmethod
    def of(cls, inventory: Inventory, allocations: Allocations) -> _City:
        return cls(inventory, Places(inventory, allocations), who_asks(inventory), host_levels(inventory))

    def intent(self, host: Host) -> HostIntent:
        """One host as it should be."""
        inventory, services, outside = self.inventory, self.inventory.services, self.inventory.upstreams
        is_ntp, is_dns = host.id in services.ntp, host.id in services.dns
        return HostIntent(
            name=host.id,
            site=host.site,
            zone=host.zone,
            roles=tuple(map(str, host.roles)),
            level=self.levels[host.id],
            domain=inventory.city.domain,
            addresses=self.places.host(host.id),
            administrators=tuple(Account(each.id, each.keys) for each in inventory.administrators.values()),
            openings=openings(self.places, host.id, self.asked),
            exits=exits(self.places, host, self.asked),
            city=self.places.of([CITY]),
            ntp=outside.ntp if is_ntp else self._nearest(services.ntp, host),
            ntp_partners=self._nearest((each for each in services.ntp if each != host.id), host)
            if is_ntp
            else (),
            dns=outside.dns if is_dns else self._nearest(services.dns, host),
            collectors=self._nearest((each for each in services.syslog if each != host.id), host),
            mirrors=self._mirrors(host),
            signatures=outside.signatures if HostRole.ANTIMALWARE in host.roles else (),
            records=tuple(self._records()) if HostRole.DNS in host.roles else (),
            log_sources=tuple(self._log_sources()) if HostRole.SYSLOG in host.roles else (),
            sites=tuple(self._sites(host)) if set(host.roles) & set(WEB) else (),
            registrar=self._registrar(host) if HostRole.REGISTRAR in host.roles else None,
            database=self._database(host) if HostRole.DATABASE in host.roles else None,
            needs=self._needs(host),
            partners=self._partners(host),
            isolated=is_isolated(host, inventory),
        )

    def _nearest(self, hosts: Iterable[str], host: Host) -> tuple[Address, ...]:
        """One address each, of its own site first."""
        ordered = sorted(hosts, key=lambda name: self.inventory.hosts[name].site != host.site)
        return tuple(self._way(host, name) for name in ordered)

    def _way(self, host: Host, to: str) -> Address:
        """The first address of another host that is of a family which the host has too."""
        own = {address.version for address in self.places.host(host.id)}
        others = self.places.host(to)
        return next((address for address in others if address.version in own), others[0])

    def _mirrors(self, host: Host) -> tuple[Address, ...]:
        if HostRole.ANTIMALWARE in host.roles:
            return ()
        return self._nearest(with_role(self.inventory, HostRole.ANTIMALWARE), host)

    def _records(self) -> Iterator[Record]:
        """Devices by their loopbacks, hosts, and systems by the hosts that take their requests."""
        inventory = self.inventory
        for device in devices(inventory):
            name = f"{device.hostname}.{inventory.city.domain}"
            yield Record(name, self._loopbacks(device), reverse=True)
        for name in inventory.hosts:
            yield Record(f"{name}.{inventory.city.domain}", self.places.host(name), reverse=True)
        taken: dict[str, dict[Address, None]] = {}
        for system in inventory.systems.values():
            for name in names(system):
                found = (address for each in self._taking(system) for address in self.places.host(each))
                taken.setdefault(name, {}).update(dict.fromkeys(found))
        for name, addresses in taken.items():
            yield Record(name, tuple(addresses), reverse=False)

    def _taking(self, system: System) -> tuple[str, ...]:
        """The hosts that take a system's requests: of a database, its primary."""
        hosts = self.inventory.systems[system.front].runs_on if system.front else system.runs_on
        primaries = tuple(name for name in hosts if HostRole.PRIMARY in self.inventory.hosts[name].roles)
        return primaries or hosts

    def _log_sources(self) -> Iterator[LogSource]:
        """Every address that the city's logs can come from."""
        inventory, by_site = self.inventory, site_levels(self.inventory)
        for name in inventory.hosts:
            for address in self.places.host(name):
                yield LogSource(address, name, RETENTION_MONTHS[self.levels[name]])
        for device in devices(inventory):
            months = RETENTION_MONTHS[by_site.get(device.site, 1)]
            for address in self._loopbacks(device):
                yield LogSource(address, device.hostname, months)

    def _loopbacks(self, device: Device) -> tuple[Address, ...]:
        """What a router is reached at by its stage."""
        allocations = self.places.allocations
        ipv4 = allocations.ipv4(device.hostname, "loopback").network_address
        if not meaning(device.ipv6).routed:
            return (ipv4,)
        return ipv4, allocations.ipv6(device.hostname, "loopback").network_address

    def _sites(self, host: Host) -> Iterator[WebSite]:
        for system in systems_on(self.inventory, host.id):
            for listener in listeners(system):
                if listener.scheme in HTTP:
                    yield self._site(system, listener.scheme, (), ())
        for system in fronted_on(self.inventory, host.id):
            users = self.places.of(asking_its_front(self.inventory, system))
            for listener in asked(system):
                if listener.scheme in HTTP:
                    upstreams = tuple(self._upstreams(system, listener.scheme, host))
                    yield self._site(system, listener.scheme, upstreams, users)

    def _site(
        self, system: System, scheme: str, upstreams: tuple[Upstream, ...], users: tuple[Network, ...]
    ) -> WebSite:
        return WebSite(
            system=system.id,
            service=f"{system.id}/{scheme}",
            secure=scheme == "https",
            names=names(system),
            health=health(system),
            upstreams=upstreams,
            users=users,
        )

    def _upstreams(self, system: System, scheme: str, front: Host) -> Iterator[Upstream]:
        """Those at the front's own site take the requests; the others do where none of them answers."""
        hosts = [self.inventory.hosts[name] for name in system.runs_on]
        near = {each.site for each in hosts} & {front.site}
        for listener in listeners(system):
            for host in hosts if listener.scheme == scheme else ():
                spare = bool(near) and host.site not in near
                yield Upstream(host.id, self._way(front, host.id), listener.port, spare)

    def _registrar(self, host: Host) -> Registrar | None:
        """Of the first system on it that is spoken to by SIP."""
        for system in systems_on(self.inventory, host.id):
            if any(listener.scheme in SIP for listener in listeners(system)):
                return Registrar(names(system), *(f"{system.id}/{scheme}" for scheme in SIP))
        return None

    def _database(self, host: Host) -> Database:
        inventory = self.inventory
        pair = [inventory.hosts[name] for name in sharing(inventory, host)]
        others = () if HostRole.PRIMARY in host.roles else pair
        primary = next((each for each in others if HostRole.PRIMARY in each.roles), None)
        return Database(
            port=database_port(inventory, host),
            names=host.databases,
            clients=tuple(Client(name, self._users_of_database(name)) for name in host.databases),
            partners=tuple(address for each in pair for address in self.places.host(each.id)),
            primary=None
            if primary is None
            else (self._way(host, primary.id), database_port(inventory, primary)),
            secret=inventory.replication.secret,
        )

    def _users_of_database(self, name: str) -> tuple[Network, ...]:
        systems = (system for system in self.inventory.systems.values() if name in system.databases)
        return self.places.of(each for system in systems for each in system.runs_on)

    def _needs(self, host: Host) -> tuple[str, ...]:
        """Without circles: services, then databases, then what uses them, then what stands before that."""
        inventory = self.inventory
        if set(host.roles) & set(SERVICES):
            return ()
        found = {name for role in SERVICES for name in with_role(inventory, role)}
        if HostRole.DATABASE in host.roles:
            if HostRole.PRIMARY not in host.roles:
                pair = sharing(inventory, host)
                found |= {name for name in pair if HostRole.PRIMARY in inventory.hosts[name].roles}
            return tuple(sorted(found))
        used = {name for system in systems_on(inventory, host.id) for name in system.databases}
        found |= {each.id for each in inventory.hosts.values() if used & set(each.databases)}
        found |= {name for system in fronted_on(inventory, host.id) for name in system.runs_on}
        return tuple(sorted(found - {host.id}))

    def _partners(self, host: Host) -> tuple[str, ...]:
        inventory = self.inventory
        found = {name for system in systems_on(inventory, host.id) for name in system.runs_on}
        found |= {
            name
            for role in (*SERVICES, HostRole.MONITORING)
            if role in host.roles
            for name in with_role(inventory, role)
        }
        return tuple(sorted((found | set(sharing(inventory, host))) - {host.id}))
