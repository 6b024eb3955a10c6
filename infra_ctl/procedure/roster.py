"""The city as Ansible sees it: who there is, in which groups, how each is logged in to. Never a secret."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

from infra_ctl.city import City
from infra_ctl.inventory import Device, devices
from infra_ctl.inventory.devices import held
from infra_ctl.inventory.models import HOST_ACCOUNT, Host

Variables: TypeAlias = Mapping[str, object]

PYTHON = "/usr/bin/python3"
"""Debian's; FRR's own tools need it on a router too, so nobody has to look for another."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """How a context logs in: `context` keeps apart networks whose addresses are the same."""

    context: str
    router_user: str
    key_file: Path
    known_hosts: Path


@dataclass(frozen=True, slots=True)
class Member:
    """One router or host: its groups and its variables."""

    name: str
    groups: tuple[str, ...]
    variables: Variables


def roster(
    city: City, credentials: Credentials, present: Collection[str] | None = None
) -> tuple[Member, ...]:
    """All routers, then all hosts, each sorted; of those in `present`, where not all are there."""
    drained, isolated = set(held(city.inventory, "drain")), set(held(city.inventory, "isolate"))
    shared = _login(credentials)
    found = [
        _router(device, city, credentials, shared, drained, isolated)
        for device in sorted(devices(city.inventory), key=lambda each: each.hostname)
    ]
    found += [_host(host, city, shared) for _, host in sorted(city.inventory.hosts.items())]
    return tuple(member for member in found if present is None or member.name in present)


def group(kind: str, value: object) -> str:
    """A group's name as Ansible wants it: `site_nk_cai_khe`."""
    return re.sub(r"\W", "_", f"{kind}_{value}")


def _router(
    device: Device,
    city: City,
    credentials: Credentials,
    shared: Variables,
    drained: Collection[str],
    isolated: Collection[str],
) -> Member:
    facts: dict[str, object] = {"role": device.role, **_place(device.site, city)}
    if device.level is not None:
        facts["level"] = device.level
    marks = {
        "drained": device.hostname in drained,
        "isolated": device.hostname in isolated or device.site in isolated,
    }
    variables = {
        "ansible_host": str(city.intents[device.hostname].management),
        "ansible_user": credentials.router_user,
        "ansible_become": credentials.router_user != "root",
        "platform": device.platform,
        **shared,
        **facts,
        **marks,
    }
    return Member(device.hostname, ("routers", *_groups(facts, marks)), variables)


def _host(host: Host, city: City, shared: Variables) -> Member:
    intent = city.host(host.id)
    facts = {"zone": str(host.zone), "level": intent.level, **_place(host.site, city)}
    marks = {"isolated": intent.isolated}
    variables = {
        "ansible_host": str(intent.addresses[0]),
        "ansible_user": HOST_ACCOUNT,
        "ansible_become": True,
        "host_roles": list(intent.roles),
        **shared,
        **facts,
        **marks,
    }
    roles = (group("role", role) for role in host.roles)
    return Member(host.id, ("hosts", *roles, *_groups(facts, marks)), variables)


def _place(site: str, city: City) -> dict[str, object]:
    found = city.inventory.sites[site]
    return {"pop": found.pop, "site": site, "kind": str(found.kind), "ipv6": str(found.ipv6)}


def _groups(facts: Variables, marks: Mapping[str, bool]) -> Iterator[str]:
    """A group for each fact, and one for each mark that it bears."""
    yield from (group(kind, value) for kind, value in facts.items())
    yield from (mark for mark, borne in marks.items() if borne)


def _login(credentials: Credentials) -> dict[str, object]:
    """Strict host keys and our key alone.

    The sockets of kept connections are named after the context: a twin has its city's addresses, and a
    connection that is kept to the one must not serve the other.
    """
    network = sha256(f"{credentials.context} {credentials.known_hosts.resolve()}".encode()).hexdigest()[:8]
    options = {
        "UserKnownHostsFile": f'"{credentials.known_hosts.resolve()}"',
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "IdentitiesOnly": "yes",
        "BatchMode": "yes",
    }
    return {
        "ansible_connection": "ssh",
        "ansible_port": 22,
        "ansible_python_interpreter": PYTHON,
        "ansible_ssh_private_key_file": str(credentials.key_file.resolve()),
        "ansible_ssh_common_args": " ".join(f"-o {name}={value}" for name, value in options.items()),
        "ansible_control_path": f"%(directory)s/{network}-%%h-%%r",
    }


def by_group(members: Collection[Member]) -> dict[str, tuple[str, ...]]:
    """Names by group, groups sorted."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for member in members:
        for name in member.groups:
            found[name].append(member.name)
    return {name: tuple(names) for name, names in sorted(found.items())}
