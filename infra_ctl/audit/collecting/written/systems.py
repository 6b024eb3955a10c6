"""What is said of information systems: their level, how they are reached, and who reaches their data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from infra_ctl.audit.collecting.written.reading import Found, Reading
from infra_ctl.controls.exhibit import Fact
from infra_ctl.intent.openings import POSTGRESQL, sharing, systems_on, with_role
from infra_ctl.intent.places import ADMINISTRATORS, LANS, OUTSIDE
from infra_ctl.inventory.kinds import HostRole
from infra_ctl.inventory.listening import HTTP, PORTS, TLS, Listener, listeners
from infra_ctl.inventory.models import Host, System

_USERS = {OUTSIDE: "outside", ADMINISTRATORS: "administrators"}


def approval(reading: Reading, name: str) -> Found:
    state = reading.inventory.systems[name].approval.state
    return (reading.fact(state, "systems", name, "approval", "state"),)


def decision(reading: Reading, name: str) -> Found:
    """None as long as the level is not approved, whatever is drafted."""
    approval = reading.inventory.systems[name].approval
    if approval.state != "approved" or approval.decision is None:
        return ()
    return (reading.fact(approval.decision, "systems", name, "approval", "decision"),)


def database(reading: Reading, name: str) -> Found:
    names = reading.inventory.systems[name].databases
    return tuple(reading.fact(each, "systems", name, "databases", index) for index, each in enumerate(names))


def database_open(reading: Reading, name: str) -> Found:
    """Who gets to the port of a server of its data, and is neither an application nor of the server's own.

    Each application of a server gets to its own databases alone (`Client`); systems that exchange with it and
    monitoring are let in by what they are for.
    """
    wanted = set(reading.inventory.systems[name].databases)
    servers = [host for host in reading.inventory.hosts.values() if wanted & set(host.databases)]
    found: dict[str, Fact] = {}
    for host in servers:
        for fact in _strangers(reading, host):
            found.setdefault(str(fact.value), fact)
    return tuple(found.values())


def _strangers(reading: Reading, host: Host) -> Iterator[Fact]:
    expected = set(_expected(reading, host))
    for (service, _, _), names in reading.asked.get(host.id, {}).items():
        for name in sorted(names - expected) if service == POSTGRESQL else ():
            yield _stranger(reading, host, name)


def _stranger(reading: Reading, host: Host, name: str) -> Fact:
    """A zone, or users as the policy of the server's zone names them."""
    if name in reading.inventory.hosts:
        return reading.fact(str(reading.inventory.hosts[name].zone), "hosts", name, "zone")
    user = _USERS.get(name, name.removeprefix(LANS))
    policy = reading.inventory.zones.get(host.zone)
    place = [*policy.users].index(user) if policy and user in policy.users else 0
    return reading.fact(user, "zones", host.zone, "users", place)


def _expected(reading: Reading, host: Host) -> Iterator[str]:
    inventory = reading.inventory
    yield from with_role(inventory, HostRole.MONITORING)
    yield from sharing(inventory, host)
    for system in inventory.systems.values():
        if set(system.databases) & set(host.databases):
            yield from system.runs_on
    for here in systems_on(inventory, host.id):
        for other in inventory.systems.values():
            if here.id in other.flows or other.id in here.flows:
                yield from other.runs_on


def shared_port(reading: Reading, name: str) -> Found:
    system = reading.inventory.systems[name]
    if system.administration is None:
        return "systems.yaml does not say where it is administered (administration)"
    used = {listener.port for listener in listeners(system)}
    return tuple(
        reading.fact(each, "systems", name, "administration", index)
        for index, each in enumerate(system.administration)
        if int(each.partition("/")[2]) in used
    )


def unencrypted(reading: Reading, name: str) -> Found:
    system = reading.inventory.systems[name]
    if _is_kept_by_us(reading, system):
        http = set(map(str, _http(system)))
        return tuple(fact for fact in _clear(reading, system) if fact.value in http)
    if not listeners(system):
        return "systems.yaml does not say how it is spoken to (listen, probes)"
    for each in listeners(system):
        if each.scheme not in PORTS and str(each) not in system.encrypted:
            return f"systems.yaml does not say whether {each} is encrypted (encrypted)"
    return tuple(_clear(reading, system))


def _is_kept_by_us(reading: Reading, system: System) -> bool:
    """Whether it is databases of our role, which take TLS alone (pg_hba.conf)."""
    hosts = (reading.inventory.hosts[name] for name in system.runs_on)
    return all(HostRole.DATABASE in host.roles for host in hosts)


def _http(system: System) -> Iterator[Listener]:
    return (each for each in listeners(system) if each.scheme in HTTP)


def _clear(reading: Reading, system: System) -> Iterator[Fact]:
    """What it listens on without TLS."""
    for each in listeners(system):
        if each.scheme in PORTS and each.scheme not in TLS and str(each) not in system.encrypted:
            yield reading.fact(str(each), "systems", system.id, *_said(system, each))


def _said(system: System, listener: Listener) -> tuple[str | int, ...]:
    """Where in its entry something is that it listens on."""
    if system.listen:
        return "listen", system.listen.index(str(listener))
    places = (n for n, url in enumerate(system.probes) if url.startswith(f"{listener.scheme}://"))
    return "probes", next(places, 0)


def web(reading: Reading, name: str) -> Found:
    system = reading.inventory.systems[name]
    if system.web is not None:
        return (reading.fact(system.web, "systems", name, "web"),)
    spoken = listeners(system)
    if not spoken and not _is_kept_by_us(reading, system):
        return "systems.yaml does not say how it is spoken to (listen, probes)"
    http = next(_http(system), None)
    return (reading.fact(http is not None, "systems", name, *(_said(system, http) if http else ())),)


def waf(reading: Reading, name: str) -> Found:
    """Its own, or that of what takes its requests for it."""
    system = reading.inventory.systems[name]
    for each in (name, system.front):
        guarded = reading.inventory.systems[each].waf if each else None
        if each and guarded is not None:
            return (reading.fact(guarded, "systems", each, "waf"),)
    return "systems.yaml does not say whether a web application firewall looks at its requests (waf)"


SYSTEM: Mapping[str, Callable[[Reading, str], Found]] = {
    "system.approval": approval,
    "system.database": database,
    "system.database_open": database_open,
    "system.decision": decision,
    "system.shared_port": shared_port,
    "system.unencrypted": unencrypted,
    "system.waf": waf,
    "system.web": web,
}
