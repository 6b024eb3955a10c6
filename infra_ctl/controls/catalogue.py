"""Every document and fact that a control may ask for: the contract between those who collect and the law.

A fact's name is `what.aspect`. It has a value each thing that it is true of (an account, a way),
none where there is no such thing. Durations and ages are seconds, the latter at the time of the exhibit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from infra_ctl.controls.exhibit import Kind

Source: TypeAlias = Literal["frr", "host", "inventory", "journal", "prometheus", "records"]
"""Who is asked: a router's FRR, a Linux host (a router is one too), what was written, what was done, what was
measured, what people say that they did."""
Shape: TypeAlias = Literal["text", "number", "seconds", "bytes", "ratio", "truth"]

MACHINES: tuple[Kind, ...] = ("device", "host")


@dataclass(frozen=True, slots=True)
class Known:
    """Something that is collected: of which kinds of object, from whom, and what it says."""

    of: tuple[Kind, ...]
    source: Source
    says: str
    shape: Shape = "text"


DOCUMENTS: Mapping[str, Known] = {
    "frr": Known(("device",), "frr", "the running configuration of FRR"),
    "listening": Known(MACHINES, "host", "who listens on what: ss -Hltnup"),
    "nftables": Known(MACHINES, "host", "the rules in the kernel: nft list ruleset"),
    "snmpd": Known(MACHINES, "host", "configuration of the SNMP agent"),
    "sshd": Known(MACHINES, "host", "what the SSH server does: sshd -T"),
}

_HOST: Mapping[str, Known] = {
    "account.central": Known(MACHINES, "host", "accounts come from a central server", "truth"),
    "account.default": Known(MACHINES, "host", "accounts of the installer or a vendor that can log in"),
    "account.idle": Known(MACHINES, "host", "since an account that can log in last did", "seconds"),
    "account.lockout": Known(
        MACHINES, "host", "failed logins after which an account is locked; 0 never", "number"
    ),
    "antimalware.realtime": Known(MACHINES, "host", "files are looked at as they are opened", "truth"),
    "antimalware.running": Known(MACHINES, "host", "the scanner runs", "truth"),
    "antimalware.signature_age": Known(MACHINES, "host", "age of the newest signatures", "seconds"),
    "antimalware.updates": Known(MACHINES, "host", "signatures are fetched by themselves", "truth"),
    "firewall.input": Known(MACHINES, "host", "policy of the input chains, `drop` or `accept`"),
    "firewall.forward": Known(MACHINES, "host", "policy of the forward chains between zones, a value each"),
    "ids.running": Known(MACHINES, "host", "an intrusion detection system runs", "truth"),
    "ids.rules_age": Known(MACHINES, "host", "age of its newest rules", "seconds"),
    "log.collector": Known(MACHINES, "host", "where logs are sent to"),
    "log.free": Known(MACHINES, "host", "free part of the disk that logs are on", "ratio"),
    "log.kept": Known(("host",), "host", "for how long a collector keeps what it got", "seconds"),
    "log.kinds": Known(
        MACHINES, "host", "kinds of log that are written: access, application, alert, process, data"
    ),
    "log.last": Known(MACHINES, "host", "since a collector last heard of it", "seconds"),
    "package.security": Known(MACHINES, "host", "security updates that wait to be installed"),
    "package.source": Known(MACHINES, "host", "where packages come from"),
    "password.age": Known(MACHINES, "host", "for how long a person's password is good", "seconds"),
    "password.classes": Known(
        MACHINES, "host", "kinds of characters that a new password must have", "number"
    ),
    "password.length": Known(MACHINES, "host", "characters that a new password must have", "number"),
    "password.remembered": Known(MACHINES, "host", "old passwords that a new one may not be", "number"),
    "service.insecure": Known(
        MACHINES, "host", "services in clear that listen: telnet, ftp, rsh, tftp, http for administration"
    ),
    "service.undeclared": Known(
        MACHINES, "host", "what listens for others and is in no intent: `tcp/23 telnetd`"
    ),
    "session.idle": Known(
        MACHINES, "host", "after which an idle session of a shell ends; 0 never", "seconds"
    ),
    "snmp.version": Known(MACHINES, "host", "versions that the agent answers: 1, 2c, 3"),
    "ssh.idle": Known(MACHINES, "host", "after which a silent SSH session ends; 0 never", "seconds"),
    "ssh.open_to": Known(MACHINES, "host", "from where the firewall lets SSH in, a prefix or `everywhere`"),
    "ssh.outside": Known(MACHINES, "host", "the same, what of it lies outside of the management prefixes"),
    "ssh.password": Known(MACHINES, "host", "passwords let somebody in", "truth"),
    "ssh.port": Known(MACHINES, "host", "port of the SSH server", "number"),
    "ssh.root": Known(MACHINES, "host", "how root may log in: no, prohibit-password, yes"),
    "ssh.tries": Known(MACHINES, "host", "tries in one SSH session", "number"),
    "time.offset": Known(MACHINES, "host", "how far the clock is off, either way", "seconds"),
    "time.server": Known(MACHINES, "host", "servers that the clock follows"),
    "time.synchronised": Known(MACHINES, "host", "the clock follows a server", "truth"),
    "tls.oldest": Known(
        ("host",), "host", "oldest version of TLS that a service of it takes, a value each service"
    ),
}

_ROUTER: Mapping[str, Known] = {
    "drift.lines": Known(MACHINES, "journal", "lines or operations that differ from the intent", "number"),
    "qos.missing": Known(("device",), "host", "circuits without the city's queues"),
    "routing.unauthenticated": Known(("device",), "frr", "OSPF interfaces and BGP neighbours without a key"),
    "zone.accepting": Known(("device",), "host", "zones whose chain ends with accept: `dmz in`, `dmz out`"),
}

_INVENTORY: Mapping[str, Known] = {
    "asset.missing": Known(
        MACHINES, "inventory", "fields of an asset that nobody wrote: name, address, owner, location, …"
    ),
    "city.address_overlaps": Known(("city",), "inventory", "prefixes that two objects have"),
    "city.address_outside": Known(("city",), "inventory", "prefixes outside of the city's blocks"),
    "city.backup_distance": Known(
        ("city",), "inventory", "kilometres from the data centre to its backup site", "number"
    ),
    "city.zone": Known(("city",), "inventory", "security zones that have hosts"),
    "circuit.queues": Known(("circuit",), "inventory", "classes of traffic that have a share of it"),
    "site.ce": Known(
        ("site",), "inventory", "what its router offers: ipv6, vlan, snmp, syslog, encrypted-administration"
    ),
    "site.circuit": Known(("site",), "inventory", "its circuits"),
    "site.direction": Known(("site",), "inventory", "physical directions that its circuits leave by"),
    "site.family": Known(("site",), "inventory", "families that its LANs have: ipv4, ipv6"),
    "site.lacking": Known(
        ("site",), "inventory", "what its profile says and it has not: `circuits: 1 of 2`, `lan video`"
    ),
    "site.provider": Known(("site",), "inventory", "providers of its circuits"),
    "site.router": Known(("site",), "inventory", "its routers"),
    "system.approval": Known(
        ("system",), "inventory", "state of its level: none, draft, sent, appraised, approved"
    ),
    "system.bypassing": Known(
        ("system",), "inventory", "flows to other systems that do not go through the LGSP"
    ),
    "system.database_open": Known(("system",), "inventory", "zones beside its own that reach its databases"),
    "system.decision": Known(("system",), "inventory", "number of the decision that approves its level"),
    "system.outside_dc": Known(("system",), "inventory", "hosts of it that stand in no data centre"),
    "system.unencrypted": Known(("system",), "inventory", "probes and listeners of it without TLS"),
    "system.site": Known(("system",), "inventory", "sites that it runs on"),
    "system.spare": Known(("system",), "inventory", "sites that have more than one host of it"),
}

_DONE: Mapping[str, Known] = {
    "backup.age": Known((*MACHINES,), "journal", "since its configuration was last kept", "seconds"),
    "change.unexplained": Known(
        ("city",), "journal", "runs of the last 90 days without a ticket or a reason"
    ),
    "record.account_review": Known(
        ("city", "system"), "records", "since accounts were last reviewed", "seconds"
    ),
    "record.diagram": Known(("city",), "records", "since the network diagram was last made", "seconds"),
    "record.drill": Known(("city", "system"), "records", "since the last incident drill", "seconds"),
    "record.log_review": Known(("city", "system"), "records", "since logs were last reviewed", "seconds"),
    "record.restore_test": Known(("city", "system"), "records", "since a restore was last tried", "seconds"),
    "record.scan": Known(("city", "system"), "records", "since the last scan for vulnerabilities", "seconds"),
    "record.search": Known(("city",), "records", "since unknown devices were last searched for", "seconds"),
}

_MEASURED: Mapping[str, Known] = {
    "circuit.availability": Known(("circuit",), "prometheus", "of the last 30 days", "ratio"),
    "circuit.utilisation": Known(
        ("circuit",), "prometheus", "p95 of 5-minute samples over 7 days, each direction", "ratio"
    ),
    "machine.watched": Known(MACHINES, "prometheus", "its exporter answers", "truth"),
    "system.availability": Known(("system",), "prometheus", "of the last 30 days, by its probes", "ratio"),
    "forwarder.beat": Known(
        ("city",), "prometheus", "since events last went to the national centre", "seconds"
    ),
}

FACTS: Mapping[str, Known] = {**_HOST, **_ROUTER, **_INVENTORY, **_DONE, **_MEASURED}
