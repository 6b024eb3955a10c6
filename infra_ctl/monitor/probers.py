"""snmp.yml and blackbox.yml: how the good exporters ask routers, portals and rooms."""

from __future__ import annotations

from collections.abc import Mapping

from infra_ctl.city import City
from infra_ctl.hosts.roles.monitoring import HOME
from infra_ctl.inventory.models import Snmp
from infra_ctl.inventory.monitoring import SnmpExporter
from infra_ctl.monitor.files import MonitorFile, Value
from infra_ctl.monitor.stack import BLACKBOX, SNMP, Stack
from infra_ctl.monitor.targets import FAMILIES

_IF, _IFX = "1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1"
_UPTIME, _UPTIME_HELP = "1.3.6.1.2.1.1.3", "Hundredths of a second since the agent began"
COLUMNS = (
    ("ifAdminStatus", f"{_IF}.7", "gauge", "Whether an interface is meant to be up: 1 up, 2 down, 3 testing"),
    ("ifOperStatus", f"{_IF}.8", "gauge", "Whether an interface is up: 1 up, 2 down, 7 lower layer down"),
    (
        "ifInDiscards",
        f"{_IF}.13",
        "counter",
        "Good packets that were received and thrown away",
    ),
    ("ifInErrors", f"{_IF}.14", "counter", "Packets received with errors"),
    (
        "ifOutDiscards",
        f"{_IF}.19",
        "counter",
        "Good packets that were to be sent and thrown away",
    ),
    ("ifOutErrors", f"{_IF}.20", "counter", "Packets that could not be sent because of errors"),
    ("ifHCInOctets", f"{_IFX}.6", "counter", "Bytes received on an interface"),
    ("ifHCInUcastPkts", f"{_IFX}.7", "counter", "Packets received on an interface"),
    ("ifHCOutOctets", f"{_IFX}.10", "counter", "Bytes sent on an interface"),
    ("ifHCOutUcastPkts", f"{_IFX}.11", "counter", "Packets sent on an interface"),
    ("ifHighSpeed", f"{_IFX}.15", "gauge", "Speed of an interface in millions of bits per second"),
)
"""Only what somebody looks at: a walk of everything costs an agent, and the database, ten times as much."""
_NAMES = (("ifName", f"{_IFX}.1"), ("ifAlias", f"{_IFX}.18"))
HTTP_TIMEOUT = "8s"
MODULE, ACCOUNT = "if_mib", "monitoring"
"""Names in snmp.yml."""


def prober_files(stack: Stack) -> tuple[MonitorFile, ...]:
    """Their configurations, and how they are started."""
    return (
        MonitorFile("snmp.yml", _snmp(stack.city.inventory.snmp, stack.snmp_exporter), private=True),
        _started(stack, "snmp", SNMP),
        MonitorFile("blackbox.yml", _blackbox(stack.city)),
        _started(stack, "blackbox", BLACKBOX),
    )


def _snmp(login: Snmp, release: SnmpExporter) -> Value:
    """A module and an account. Until 0.22 the account stands inside of the module."""
    auth = {
        "security_level": "authPriv",
        "username": login.user,
        "password": login.auth_secret,
        "auth_protocol": "SHA256",
        "priv_protocol": "AES",
        "priv_password": login.privacy_secret,
    }
    if release == "0.21":
        return {MODULE: {**_module(), "version": 3, "auth": auth}}
    return {"auths": {ACCOUNT: {**auth, "version": 3}}, "modules": {MODULE: _module()}}


def _module() -> dict[str, Value]:
    uptime = {"name": "sysUpTime", "oid": _UPTIME, "type": "gauge", "help": _UPTIME_HELP}
    return {
        "walk": [oid for _, oid, *_ in COLUMNS] + [oid for _, oid in _NAMES],
        "get": [f"{_UPTIME}.0"],
        "metrics": [uptime, *(_column(*each) for each in COLUMNS)],
        "max_repetitions": 25,
        "retries": 1,
        "timeout": "5s",
    }


def asked(release: SnmpExporter) -> Mapping[str, list[str]]:
    """What Prometheus says to snmp_exporter of every target."""
    return {"module": [MODULE], **({} if release == "0.21" else {"auth": [ACCOUNT]})}


def _column(name: str, oid: str, kind: str, words: str) -> Value:
    return {
        "name": name,
        "oid": oid,
        "type": kind,
        "help": words,
        "indexes": [{"labelname": "ifIndex", "type": "gauge"}],
        "lookups": [
            {"labels": ["ifIndex"], "labelname": label, "oid": column, "type": "DisplayString"}
            for label, column in _NAMES
        ],
    }


def _blackbox(city: City) -> Value:
    """A prober and a family each: one that fell back to the other family would hide what is broken."""
    modules: dict[str, Value] = {}
    for family in FAMILIES:
        only = {"preferred_ip_protocol": f"ip{family[-1]}", "ip_protocol_fallback": False}
        tls = {"tls_config": _trust(city)}
        modules[f"http_{family}"] = {"prober": "http", "timeout": HTTP_TIMEOUT, "http": {**only, **tls}}
        modules[f"tcp_{family}"] = {"prober": "tcp", "timeout": "5s", "tcp": dict(only)}
        modules[f"tls_{family}"] = {"prober": "tcp", "timeout": "5s", "tcp": {**only, "tls": True, **tls}}
    return {"modules": modules}


def _trust(city: City) -> Value:
    authority = city.inventory.monitoring.authority
    return {"ca_file": authority} if authority else {"insecure_skip_verify": True}


def _started(stack: Stack, name: str, port: int) -> MonitorFile:
    return stack.started(name, f"--config.file={HOME}/{name}.yml", f"--web.listen-address={stack.own(port)}")
