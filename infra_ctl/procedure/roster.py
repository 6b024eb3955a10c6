"""The city as Ansible sees it: who there is, in which groups, how each is logged in to. Never a secret."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

from infra_ctl.city import City
from infra_ctl.drivers.connection import Connection
from infra_ctl.inventory import Device, devices
from infra_ctl.inventory.devices import held
from infra_ctl.inventory.models import Host

Variables: TypeAlias = Mapping[str, object]
Ways: TypeAlias = Callable[[str], Connection]
"""How a router or host is reached, by its name."""

PYTHON = "/usr/bin/python3"
"""Debian's; FRR's own tools need it on a router too, so nobody has to look for another."""


@dataclass(frozen=True, slots=True)
class Member:
    """One router or host: its groups and its variables."""

    name: str
    groups: tuple[str, ...]
    variables: Variables


def roster(
    city: City, network: str, ways: Ways, present: Collection[str] | None = None
) -> tuple[Member, ...]:
    """All routers, then all hosts, each sorted; of those in `present`, where not all are there.

    `network` keeps apart those whose addresses are the same.
    """
    drained, isolated = set(held(city.inventory, "drain")), set(held(city.inventory, "isolate"))
    found = [
        _router(device, city, _login(network, ways(device.hostname)), drained, isolated)
        for device in sorted(devices(city.inventory), key=lambda each: each.hostname)
    ]
    found += [
        _host(host, city, _login(network, ways(name))) for name, host in sorted(city.inventory.hosts.items())
    ]
    return tuple(member for member in found if present is None or member.name in present)


def group(kind: str, value: object) -> str:
    """A group's name as Ansible wants it: `site_nk_cai_khe`."""
    return re.sub(r"\W", "_", f"{kind}_{value}")


def _router(
    device: Device,
    city: City,
    login: Variables,
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
        "platform": device.platform,
        **login,
        **facts,
        **marks,
    }
    return Member(device.hostname, ("routers", *_groups(facts, marks)), variables)


def _host(host: Host, city: City, login: Variables) -> Member:
    intent = city.host(host.id)
    facts = {"zone": str(host.zone), "level": intent.level, **_place(host.site, city)}
    marks = {"isolated": intent.isolated}
    variables = {
        "host_roles": list(intent.roles),
        **login,
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


def _login(network: str, way: Connection) -> dict[str, object]:
    """As infra-ctl itself goes in: strict host keys and our key alone.

    The sockets of kept connections are named after the network: a twin has its city's addresses, and a
    connection that is kept to the one must not serve the other.
    """
    digest = sha256(f"{network} {way.known_hosts.resolve()}".encode()).hexdigest()[:8]
    options = {
        "UserKnownHostsFile": f'"{way.known_hosts.resolve()}"',
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "IdentitiesOnly": "yes",
        "BatchMode": "yes",
    }
    return {
        "ansible_connection": "ssh",
        "ansible_host": way.address,
        "ansible_port": way.port,
        "ansible_user": way.username,
        "ansible_become": way.sudo,
        "ansible_python_interpreter": PYTHON,
        "ansible_ssh_private_key_file": str(way.key_file.resolve()) if way.key_file else "",
        "ansible_ssh_common_args": " ".join(f"-o {name}={value}" for name, value in options.items()),
        "ansible_control_path": f"%(directory)s/{digest}-%%h-%%r",
    }


def by_group(members: Collection[Member]) -> dict[str, tuple[str, ...]]:
    """Names by group, groups sorted."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for member in members:
        for name in member.groups:
            found[name].append(member.name)
    return {name: tuple(names) for name, names in sorted(found.items())}
