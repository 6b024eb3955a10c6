"""Both sites as a live twin, with a host of every role that we know: deployed by one command from day 0.

Three departments have a video room each.

It is booted once for all tests of a run. A test leaves hosts and routers as the inventory wants them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from infra_ctl.lab import namespace
from infra_ctl.lab.requirements import CGROUPS, requirements
from tests.lab.city_slice import CitySlice, Done
from tests.lab.eyes import Eyes, watching

CORES = ("dc-core1", "dc-core2")
CORE = CORES[0]
HEARD, OFF, ASTRAY = DEPARTMENTS = ("hq-so-khdt", "hq-so-tai-chinh", "hq-so-noi-vu")
"""Each with a video room."""
ROUTERS = f"role=core or site=bk or {' or '.join(f'{each}-ce1' for each in DEPARTMENTS)}"
DEVICES = 4 + len(DEPARTMENTS)
"""So many routers."""
APP, PORTAL, DATABASE, REPLICA = "dc-app-1", "dc-portal-1", "dc-db-1", "bk-db-1"
TIME, NAMES, LOGS, ROOMS = "dc-ntp-1", "dc-dns-1", "dc-log-1", "dc-registrar-1"
MONITOR = "dc-monitor-1"
WATCHER = "bk-monitor-1"
"""Is not booted: the monitoring stack stands in for it."""
HOSTS = (APP, PORTAL, DATABASE, REPLICA, TIME, NAMES, LOGS, ROOMS, MONITOR)
ROOMED = "role=ce"
"""Devices at whose sites video rooms are switched on."""
SPARE = "dc-mail-1"
"""Switched on, and as its installer left it."""
BOOTED = " or ".join((*HOSTS, SPARE))
ALL = f"not {SPARE}"
"""What is deployed."""
FRONT = "  front: portal\n  rpo: 0s\n"


@dataclass(frozen=True)
class Sites:
    """The twin, and how its first deployment went."""

    city: CitySlice
    first: Done


@pytest.fixture(scope="session")
def sites(_can_run: None, lab_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    """A portal stands before an application that administrators may ask too; in the end nothing is left."""
    home = tmp_path_factory.mktemp("sites")
    if missing := requirements(home, hosts=True, parts=True):
        pytest.skip(f"no lab with hosts here: {'; '.join(missing)}")
    city = CitySlice(f"{lab_name}sites", home)
    city.reset_inventory()
    city.write("systems.yaml", FRONT, f"  listen: [https/8443]\n{FRONT}")
    city.write("zones.yaml", "servers: {users: [staff, one-stop]}", "servers: {users: [administrators]}")
    try:
        up = city.run("lab", "up", ROUTERS, "--hosts", BOOTED, "--rooms", ROOMED)
        assert up.code == 0, up
        spec, first = city.spec, city.run("deploy", ALL, "--yes")
        assert first.code == 0, first
        yield Sites(city, first)
    finally:
        city.run("lab", "down")
    left = [group for each in CGROUPS for group in each.glob(f"{city.name}-*")]
    assert (left, namespace.processes(spec.namespaces())) == ([], {})


@pytest.fixture(scope="module")
def watched(sites: Sites) -> Iterator[Eyes]:
    """The whole monitoring stack on the twin, at the other site, for the tests of a file.

    There is a place for backups, and none in it: without one InfraBackupsUnseen would come minutes later.
    """
    (sites.city.home / "var" / "backup" / f"lab-{sites.city.name}").mkdir(parents=True, exist_ok=True)
    with watching(sites.city, WATCHER) as eyes:
        yield eyes
