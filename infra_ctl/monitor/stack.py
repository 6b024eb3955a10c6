"""Where the parts of the stack are, and how they are spoken to: what every file of it says alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from infra_ctl.city import City
from infra_ctl.errors import UnusableError
from infra_ctl.hosts.roles.monitoring import HOME
from infra_ctl.intent import openings
from infra_ctl.intent.model import Address
from infra_ctl.inventory.hints import did_you_mean
from infra_ctl.inventory.monitoring import SnmpExporter, Web
from infra_ctl.monitor.files import MonitorFile, Value
from infra_ctl.monitor.jobs import at, monitoring_hosts

EXPORTERS: Mapping[str, int] = MappingProxyType(
    {"path": 9870, "video": 9871, "state": 9872, "controller": 9873}
)
"""Ours, by name, and where they listen."""
SD, SNMP, BLACKBOX = 9874, 9116, 9115
PROMETHEUS, ALERTMANAGER, CLUSTER = (
    openings.PORTS[each] for each in (openings.PROMETHEUS, openings.ALERTMANAGER, openings.GOSSIP)
)
DEFAULTS = "defaults"
PASSWORD = "web/password"  # noqa: S105 - a file
Discovery = Literal["http", "file"]


@dataclass(frozen=True, slots=True)
class Stack:
    """The stack on one host; each host of the role has one of its own, and all tell every Alertmanager."""

    city: City
    host: str
    discovery: Discovery
    is_plain: bool
    """No TLS and no password, whatever the inventory says: in a lab."""
    sink: str | None = None
    """Where everything is told instead of to the receivers; nobody is told anything where it is empty."""
    hurry: int = 1
    """Everything in that part of its time: how often is looked, and how long something must last."""
    exporters: tuple[str, ...] = tuple(EXPORTERS)
    """Those of ours that run."""
    installed: SnmpExporter | None = None
    """What a machine has, where that counts and not what the inventory says: in a lab."""

    @property
    def snmp_exporter(self) -> SnmpExporter:
        return self.installed or self.city.inventory.monitoring.snmp_exporter

    @property
    def web(self) -> Web | None:
        """How its pages are guarded."""
        return None if self.is_plain else self.city.inventory.monitoring.web

    @property
    def address(self) -> Address:
        return self.city.hosts[self.host].addresses[0]

    @property
    def replica(self) -> Mapping[str, str]:
        """What tells this Prometheus's series from another's; alerts go without, so that they are one."""
        return {"city": self.city.inventory.city.slug, "replica": self.host}

    def own(self, port: int) -> str:
        """`10.19.0.19:9090`."""
        return at(self.address, port)

    def everywhere(self, port: int) -> list[str]:
        """The same part on every host of the role."""
        return [at(self.city.hosts[name].addresses[0], port) for name in monitoring_hosts(self.city)]

    def started(self, part: str, *words: str, guard: str = "") -> MonitorFile:
        """How a unit starts a part; `guard` names its web configuration, where that is not as the part."""
        web = (f"--web.config.file={HOME}/web/{guard or part}.yml",) if self.web else ()
        line = " ".join((*words, *web))
        return MonitorFile(f"{DEFAULTS}/{part}", f'# Written by infra-ctl.\nARGS="{line}"\n')

    def url(self, port: int, path: str = "") -> str:
        return f"{self.scheme}://{self.own(port)}{path}"

    @property
    def scheme(self) -> str:
        return "https" if self.web else "http"

    @property
    def server_name(self) -> str:
        """On its certificate: parts are reached by address."""
        return self._name_of(self.host)

    def _name_of(self, host: str) -> str:
        return f"{host}.{self.city.inventory.city.domain}"

    @property
    def client(self) -> dict[str, Value]:
        """How a part logs in to another of its host."""
        return self.client_of(self.host)

    def client_of(self, host: str) -> dict[str, Value]:
        """How a part logs in to one of a host of the role."""
        if (web := self.web) is None:
            return {}
        return {
            "scheme": "https",
            "tls_config": {"ca_file": web.authority, "server_name": self._name_of(host)},
            "basic_auth": {"username": web.user, "password_file": PASSWORD},
        }


def stack(
    city: City,
    host: str | None,
    discovery: Discovery,
    *,
    is_plain: bool,
    sink: str | None = None,
    hurry: int = 1,
    exporters: tuple[str, ...] = tuple(EXPORTERS),
) -> Stack:
    """On a host of the role, the data centre's unless one is named. Raises UnusableError."""
    known = monitoring_hosts(city)
    if not known:
        raise UnusableError("no host has the role monitoring: the stack has nowhere to run")
    if host is not None and host not in known:
        hint = did_you_mean(host, known)
        raise UnusableError(f"'{host}' is no host with the role monitoring{hint}")
    return Stack(city, host or known[0], discovery, is_plain, sink, hurry, exporters)
