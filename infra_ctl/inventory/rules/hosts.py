"""What hosts are there for, how systems on them are spoken to, and who may log in to them."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from infra_ctl.errors import Problem
from infra_ctl.inventory.draft import Draft
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.kinds import HostRole, Zone
from infra_ctl.inventory.listening import HTTP, asked, listeners, port_of
from infra_ctl.inventory.models import HOST_ACCOUNT, Host, System
from infra_ctl.inventory.records import problem
from infra_ctl.inventory.rules.survey import Survey, hostnames

OWN_PORTS = {22: "ssh", 9100: "the node exporter"}
"""What every host has of its own."""
NOT_PEOPLE = frozenset(
    (
        *(HOST_ACCOUNT, "root", "daemon", "bin", "sys", "sync", "games", "man", "lp", "mail", "news", "uucp"),
        *("proxy", "www-data", "backup", "list", "irc", "gnats", "nobody", "nogroup", "adm", "tty", "disk"),
        *("kmem", "dialout", "fax", "voice", "cdrom", "floppy", "tape", "sudo", "audio", "dip", "operator"),
        *("src", "shadow", "utmp", "video", "sasl", "plugdev", "staff", "users", "input", "sgx", "kvm"),
        *("render", "netdev", "crontab", "messagebus", "sshd", "ssl-cert", "systemd-journal", "polkitd"),
        *("systemd-network", "systemd-resolve", "systemd-timesync", "tcpdump", "syslog", "postgres"),
        *("unbound", "kamailio", "clamav", "prometheus", "chrony", "ntp", "snmp", "frr", "frrvty"),
    )
)
"""Accounts and groups that are on hosts for other ends: a person has a group of the same name. They are those
of Debian 12's base-passwd and systemd, and of what roles install."""
LOGIN_LENGTH = 32
"""Characters that useradd(8) takes."""


def names(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """A host is not called as a device is."""
    devices = {hostname for hostname, _ in hostnames(draft)}
    for key, record in draft.hosts.records.items():
        if key in devices:
            yield problem(record, (), f"hostname {key} is taken by a device")


def serving(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """A host that serves the whole city has the role for it."""
    if draft.city is None:
        return
    services = draft.city.services
    for service, role in (("ntp", HostRole.NTP), ("dns", HostRole.DNS), ("syslog", HostRole.SYSLOG)):
        for index, name in enumerate(getattr(services, service)):
            host = draft.hosts.objects.get(name)
            if host is not None and role not in host.roles:
                message = f"{name} has no role {role}: {', '.join(host.roles)}"
                yield problem(draft.city_record, ("services", service, index), message)


def database_pairs(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """A database has one primary, and a replica copies one server (see also `databases`)."""
    primaries: dict[str, str] = {}
    for key, host in draft.hosts.objects.items():
        if HostRole.DATABASE in host.roles and not _parts(host):
            yield draft.hosts.problem(key, ("roles",), f"{key} is neither primary nor replica")
        for index, name in enumerate(host.databases if HostRole.PRIMARY in host.roles else ()):
            if (owner := primaries.setdefault(name, key)) != key:
                message = f"{owner} is already the primary of database {name}"
                yield draft.hosts.problem(key, ("databases", index), message)
    for key, host in draft.hosts.objects.items() if draft.hosts.sound else ():
        if HostRole.REPLICA in host.roles:
            copied = {primaries.get(name, "nobody") for name in host.databases}
            if len(copied) > 1 or "nobody" in copied:
                message = f"{key} copies {' and '.join(sorted(copied))}: a replica copies one primary"
                yield draft.hosts.problem(key, ("databases",), message)


def _parts(host: Host) -> set[HostRole]:
    return {HostRole.PRIMARY, HostRole.REPLICA} & set(host.roles)


def probes(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """A probe names a host, and a port where its scheme has no usual one."""
    for key, system in draft.systems.objects.items():
        for index, probe in enumerate(system.probes):
            if message := _unusable(probe):
                yield draft.systems.problem(key, ("probes", index), f"{probe} {message}")


def _unusable(probe: str) -> str | None:
    try:
        port_of(urlsplit(probe))
    except ValueError as error:
        return str(error)
    return None


def ports(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """No system listens where every host has something of its own."""
    for key, system in draft.systems.objects.items():
        if any(map(_unusable, system.probes)):
            continue
        for listener in listeners(system):
            if listener.port in OWN_PORTS:
                message = f"port {listener.port} is {OWN_PORTS[listener.port]}'s on every host"
                yield draft.systems.problem(key, ("listen",) if system.listen else ("probes",), message)


def encrypted(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """What is encrypted is something that the system listens on."""
    for key, system in draft.systems.objects.items():
        try:
            known = set(map(str, listeners(system)))
        except ValueError:
            continue  # a probe that has no port is told of elsewhere
        for index, each in enumerate(system.encrypted):
            if each not in known:
                message = f"{key} does not listen on {each}{did_you_mean(each, known)}"
                yield draft.systems.problem(key, ("encrypted", index), message)


def fronts(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """What takes a system's requests for it is a system in the DMZ, and passes on HTTP."""
    for key, system in draft.systems.objects.items():
        if system.front is not None and (message := _front_problem(draft, system, system.front)):
            yield draft.systems.problem(key, ("front",), message)


def _front_problem(draft: Draft, system: System, name: str) -> str | None:
    if message := draft.systems.missing(name):
        return message
    front = draft.systems.objects.get(name)
    if front is None or any(map(_unusable, system.probes)):
        return None
    if front.zone is not Zone.DMZ or system.zone is Zone.DMZ:
        return (
            f"{name} is in zone {front.zone}, {system.id} in {system.zone}: what is in dmz fronts what is not"
        )
    if not any(listener.scheme in HTTP for listener in asked(system)):
        return f"{system.id} has no probe over HTTP, which is all that a front passes on"
    return None


def logins(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """Accounts are of people, and a key is one person's."""
    owners: dict[str, str] = {}
    for key, person in draft.administrators.objects.items():
        if key in NOT_PEOPLE:
            yield problem(draft.administrators.records[key], (), f"the account {key} is nobody's own")
        if len(key) > LOGIN_LENGTH:
            message = f"an account's name has at most {LOGIN_LENGTH} characters"
            yield problem(draft.administrators.records[key], (), message)
        for index, public in enumerate(person.keys):
            if (owner := owners.setdefault(public.split()[1], key)) != key:
                yield draft.administrators.problem(key, ("keys", index), f"this key is {owner}'s")


def policies(draft: Draft, _survey: Survey) -> Iterator[Problem]:
    """A zone with a policy is one that some site has, or LANs of sites are in."""
    if not draft.profiles.sound:
        return
    known = {zone for profile in draft.profiles.objects.values() for zone in profile.zones}
    for key, policy in draft.zones.objects.items():
        if policy.id not in known and not policy.lans:
            message = f"no site has a zone {key!r}{did_you_mean(key, [str(zone) for zone in known])}"
            yield problem(draft.zones.records[key], (), message)


RULES = (names, serving, database_pairs, probes, ports, encrypted, fronts, logins, policies)
