"""Every document and fact that a control may ask for: the contract between those who collect and the law.

python -m infra_ctl.controls.catalogue        the tables of docs/controls.md, on stdout

A fact's name is `what.aspect`. Most have one value; one of many has a value each thing that it is true of (an
account, a way), and none where there is no such thing. Ages are counted to the time of the exhibit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from infra_ctl.controls.exhibit import MACHINES, Kind

Source: TypeAlias = Literal["frr", "host", "inventory", "journal", "openscap", "prometheus", "records"]
"""Who is asked: a router's FRR, a Linux host (a router is one too), what was written, what was done, a host's
OpenSCAP, what was measured, what people say that they did."""
Shape: TypeAlias = Literal["text", "number", "seconds", "ratio", "truth"]


@dataclass(frozen=True, slots=True)
class Known:
    """Something that is collected: of which kinds of object, from whom, and what it says."""

    of: tuple[Kind, ...]
    source: Source
    says: str
    shape: Shape = "text"
    many: bool = False
    """Whether there can be none or several; else an object without it was not looked at."""


def _host(says: str, shape: Shape = "text", *, of: tuple[Kind, ...] = MACHINES, many: bool = False) -> Known:
    return Known(of, "host", says, shape, many)


def _written(of: Kind, says: str, shape: Shape = "text", *, many: bool = False) -> Known:
    return Known((of,), "inventory", says, shape, many)


def _record(of: Kind, says: str, shape: Shape = "seconds", *, many: bool = True) -> Known:
    return Known((of,), "records", says, shape, many)


def _scanned(says: str, shape: Shape = "text", *, many: bool = False) -> Known:
    return Known(("host",), "openscap", says, shape, many)


def _measured(of: Kind, says: str, shape: Shape, *, many: bool = False) -> Known:
    return Known((of,), "prometheus", says, shape, many)


DOCUMENTS: Mapping[str, Known] = {
    "frr": Known(("device",), "frr", "the running configuration of FRR"),
    "nftables": _host("the rules in the kernel: `nft list ruleset`"),
    "snmpd": _host("configuration of the SNMP agent; without lines where there is none"),
    "sshd": _host("what the SSH server does: `sshd -T`"),
}

_ACCOUNTS: Mapping[str, Known] = {
    "account.central": _host("whether accounts come from a central server", "truth"),
    "account.default": _host("accounts of the installer or a vendor that can log in", many=True),
    "account.idle": _host(
        "since an account that can log in last did, or was made, an account each", "seconds", many=True
    ),
    "account.lockout": _host("failed logins after which an account is locked; 0 never", "number"),
    "login.open": _host("ways in that ask for no login: `console`, `tcp/2601`", of=("device",), many=True),
    "password.age": _host(
        "for how long the password of an administrator is good, a person each", "seconds", many=True
    ),
    "password.classes": _host("kinds of characters that a new password must have", "number"),
    "password.length": _host("characters that a new password must have", "number"),
    "password.remembered": _host("old passwords that a new one may not be", "number"),
    "session.idle": _host("after which an idle session of a shell ends; 0 never", "seconds"),
    "ssh.factors": _host(
        "factors that a login by SSH needs; a key that hardware holds counts as two", "number"
    ),
    "ssh.idle": _host("after which a silent SSH session ends; 0 never", "seconds"),
    "ssh.outside": _host(
        "from where the firewall lets SSH in, as far as it lies outside of the management prefixes: "
        "a prefix or `everywhere`",
        many=True,
    ),
    "ssh.password": _host("whether passwords let somebody in", "truth"),
    "ssh.port": _host("port of the SSH server", "number", many=True),
    "ssh.root": _host("how root may log in: no, prohibit-password, forced-commands-only, yes"),
}

_MACHINE: Mapping[str, Known] = {
    "antimalware.central": _host("whether a central server manages the scanner", "truth"),
    "antimalware.edr": _host("whether what it finds goes to the SIEM", "truth"),
    "antimalware.realtime": _host("whether files are looked at as they are opened", "truth"),
    "antimalware.running": _host("whether the scanner runs", "truth"),
    "antimalware.signature_age": _host("age of the newest signatures", "seconds"),
    "antimalware.updates": _host("whether signatures are fetched by themselves", "truth"),
    "firewall.input": _host(
        "what happens to what no rule of an input chain lets in, a chain each: drop, reject, accept",
        many=True,
    ),
    "log.apart": _host("whether a collector stands in a zone of its own", "truth", of=("host",)),
    "log.collector": _host("where logs are sent to", many=True),
    "log.free": _host("free part of the disk that logs are on", "ratio"),
    "log.immutable": _host("whether kept logs can only be added to", "truth", of=("host",)),
    "log.kept": _host("for how long a collector keeps what it got", "seconds", of=("host",)),
    "log.kinds": _host("kinds of log that are written: access, application, alert, process, data", many=True),
    "log.last": _host("since a collector last heard of it", "seconds"),
    "machine.virtual": _host("whether it is a virtual machine or a container", "truth"),
    "network.cards": _host("network cards that carry its traffic", many=True),
    "package.outside": _host("where packages come from, beside the city's own servers", many=True),
    "package.security": _host("security updates that wait to be installed", many=True),
    "service.insecure": _host(
        "services in clear that listen: telnet, ftp, rsh, tftp, http for administration: `tcp/23 telnetd`",
        many=True,
    ),
    "service.undeclared": _host("what listens for others and is in no intent: `tcp/8080 python3`", many=True),
    "snmp.version": _host("versions that the agent answers: 1, 2c, 3", many=True),
    "time.offset": _host("how far the clock is off, either way", "seconds"),
    "time.server": _host("servers that the clock follows", many=True),
    "time.synchronised": _host("whether the clock follows a server", "truth"),
    "tls.oldest": _host(
        "oldest version that a service takes, a service each: SSLv3, TLSv1, TLSv1.1, TLSv1.2, TLSv1.3",
        of=("host",),
        many=True,
    ),
}

_ROUTER: Mapping[str, Known] = {
    "flow.collector": _host("where records of flows are sent to", of=("device",), many=True),
    "ids.packets": _host(
        "packets that intrusion detection looked at since it runs", "number", of=("device",)
    ),
    "ids.rules_age": _host("age of its newest rules", "seconds", of=("device",)),
    "ids.running": _host("whether intrusion detection runs", "truth", of=("device",)),
    "management.internet": _host(
        "whether its management network has a way to the Internet", "truth", of=("device",)
    ),
    "management.separate": _host(
        "whether management has routes of its own: a VRF or a namespace", "truth", of=("device",)
    ),
    "port.open": _host(
        "access ports that take anybody: neither 802.1X nor fixed addresses", of=("device",), many=True
    ),
    "port.unused": _host("ports that are up and in no intent", of=("device",), many=True),
    "qos.missing": _host("circuits without the city's queues", of=("device",), many=True),
    "routing.unauthenticated": Known(
        ("device",), "frr", "OSPF interfaces and BGP neighbours without a key", many=True
    ),
    "zone.accepting": _host(
        "zones whose chain lets what it does not know pass: `dmz in`, `dmz out`", of=("device",), many=True
    ),
}

_CITY: Mapping[str, Known] = {
    "city.address_overlaps": _written("city", "prefixes that two objects have", many=True),
    "city.address_outside": _written("city", "prefixes outside of the blocks that were assigned", many=True),
    "city.backup_distance": _written(
        "city", "kilometres from the data centre to the nearest backup site", "number"
    ),
    "city.backup_link": _written("city", "circuits between the data centre and its backup sites", many=True),
    "city.unzoned": _written("city", "interfaces and VLANs in no zone, or in several", many=True),
    "city.zone": _written(
        "city",
        "security zones that something stands in, as the inventory names them; `wan` where circuits end, "
        "`device-management` where routers are managed apart",
        many=True,
    ),
}

_SITE: Mapping[str, Known] = {
    "circuit.class": _written("circuit", "its class: tslcd-1, tslcd-2, leased, internet-vpn"),
    "circuit.queue": _written("circuit", "classes of traffic that have a share of it", many=True),
    "site.ce": _written(
        "site",
        "what its router offers: ipv6, vlan, snmp, syslog, encrypted-administration",
        many=True,
    ),
    "site.class": _written("site", "classes of its circuits", many=True),
    "site.direction": _written("site", "physical directions that its circuits leave by", many=True),
    "site.family": _written("site", "families that its LANs have: ipv4, ipv6", many=True),
    "site.international": _written("site", "directions of its neighbours outside of the country", many=True),
    "site.kind": _written("site", "dc, dc-backup, pop, department, commune"),
    "site.lacking": _written(
        "site",
        "what its profile says and it has not: `router ce1`, `circuits 1 of 2`, `directions 1 of 2`, "
        "`lan video`, `zone dmz`, `room`",
        many=True,
    ),
    "site.lan_ports": _written("site", "ports of its router for LANs", "number"),
    "site.provider": _written("site", "providers of its circuits", many=True),
    "site.router": _written("site", "its routers", many=True),
    "site.single": _written("site", "routers and circuits without which it is cut off", many=True),
    "site.stage": _written("site", "how far it has moved to IPv6"),
    "site.wan_ports": _written("site", "ports of its router for circuits", "number"),
}

_SYSTEM: Mapping[str, Known] = {
    "system.approval": _written("system", "state of its level: none, draft, sent, appraised, approved"),
    "system.database": _written("system", "its databases", many=True),
    "system.database_open": _written(
        "system",
        "zones and users that reach its databases and are none of its applications, nor exchange with it",
        many=True,
    ),
    "system.decision": _written("system", "decisions that approve its level, by number", many=True),
    "system.shared_port": _written("system", "ports that serve users and administrators alike", many=True),
    "system.unencrypted": _written("system", "ways to it without TLS: `http/80`", many=True),
    "system.waf": _written("system", "whether requests pass a web application firewall", "truth"),
    "system.web": _written(
        "system", "whether it is used by a browser: it speaks HTTP, and nobody says otherwise", "truth"
    ),
}

_DONE: Mapping[str, Known] = {
    "asset.missing": Known(
        MACHINES,
        "inventory",
        "fields that nobody wrote: name, address, serial, support-end, location, owner",
        many=True,
    ),
    "backup.age": Known(
        MACHINES, "journal", "age of each kept copy of its configuration", "seconds", many=True
    ),
    "backup.copies": Known(
        MACHINES, "journal", "copies of its newest backup, the original among them", "number"
    ),
    "backup.elsewhere": Known(MACHINES, "journal", "sites beside its own that keep a copy", many=True),
    "backup.encrypted": Known(MACHINES, "journal", "whether every copy is encrypted", "truth"),
    "backup.media": Known(MACHINES, "journal", "kinds of media that copies are on", many=True),
    "change.unexplained": Known(
        ("city",), "journal", "runs of the last 90 days without a ticket or a reason", many=True
    ),
    "drift.lines": Known(
        MACHINES, "journal", "lines or operations that differ from what is intended", "number"
    ),
}

_RECORDS: Mapping[str, Known] = {
    "mail.dmarc": _record(
        "city", "policy that the city's domain publishes: none, quarantine, reject", "text"
    ),
    "mail.dns_filter": _record(
        "city", "whether resolvers keep back names that are known as bad", "truth", many=False
    ),
    "mail.gateway": _record("city", "whether mail passes a gateway that looks into it", "truth", many=False),
    "record.account_review": _record("system", "age of each review of its accounts"),
    "record.ddos_protection": _record("city", "age of each contract or rule against floods that is in force"),
    "record.diagram": _record("city", "age of each network diagram"),
    "record.drill": _record("city", "age of each incident drill"),
    "record.incident_late": _record(
        "city", "incidents of which notice was given later than after 24 h, or the report after 72 h", "text"
    ),
    "record.log_review": _record("system", "age of each review of its logs"),
    "record.regulation": _record("system", "age of each regulation on its security that is in force"),
    "record.restore_test": _record("system", "age of each restore that was tried"),
    "record.scan": _record("system", "age of each scan for vulnerabilities"),
    "record.search": _record("city", "age of each search for unknown devices"),
    "record.spare_plan": _record("site", "age of each plan for the failure of its main devices"),
    "record.watch": _record("city", "age of each roster of the round-the-clock watch that is in force"),
    "record.wireless_review": _record("city", "age of each review of the wireless networks"),
    "record.yearly_report": _record("system", "age of each yearly security report"),
    "system.encryption_layers": _record(
        "system", "times that what it sends is encrypted, one within the other", "number", many=False
    ),
    "system.idle": _record(
        "system", "after which an idle session of a user ends; 0 never", "seconds", many=False
    ),
    "system.tries": _record(
        "system", "failed logins after which a user is locked; 0 never", "number", many=False
    ),
}

_MEASURED: Mapping[str, Known] = {
    "circuit.utilisation": _measured(
        "circuit", "p95 of samples of 5 minutes over 7 days, a direction each", "ratio", many=True
    ),
    "forwarder.beat": _measured("city", "since events last went to the national centre", "seconds"),
    "machine.watched": Known(MACHINES, "prometheus", "whether its exporter answers", "truth"),
    "site.humidity": _measured(
        "site", "relative humidity where its router stands, a sensor each", "ratio", many=True
    ),
    "site.temperature": _measured("site", "°C where its router stands, a sensor each", "number", many=True),
    "site.ups": _measured("site", "whether an uninterruptible supply answers and is charged", "truth"),
}

_SCAP: Mapping[str, Known] = {
    "scap.age": _scanned("age of the results", "seconds"),
    "scap.failed": _scanned("rules that do not hold, by their ids without what all begin with", many=True),
    "scap.passed": _scanned("rules that hold", many=True),
    "scap.unknown": _scanned("rules of which OpenSCAP could not tell", many=True),
    "scap.used": _scanned("whether the host has OpenSCAP, or somebody brought results of it", "truth"),
}

GROUPS: Mapping[str, Mapping[str, Known]] = {
    "Accounts and administration": _ACCOUNTS,
    "Routers and hosts": _MACHINE,
    "Routers": _ROUTER,
    "City": _CITY,
    "Sites and circuits": _SITE,
    "Systems": _SYSTEM,
    "What was done": _DONE,
    "What people did and wrote down": _RECORDS,
    "What was measured": _MEASURED,
    "What OpenSCAP found": _SCAP,
}
FACTS: Mapping[str, Known] = {name: known for group in GROUPS.values() for name, known in group.items()}
"""By name."""


def tables() -> str:
    """The catalogue as docs/controls.md has it."""
    return "\n".join(_table(title, group) for title, group in {"Documents": DOCUMENTS, **GROUPS}.items())


def _table(title: str, group: Mapping[str, Known]) -> str:
    head = f"### {title}\n\n| name | of | from | is | says |\n| --- | --- | --- | --- | --- |\n"
    return head + "".join(_rows(group))


def _rows(group: Mapping[str, Known]) -> Iterator[str]:
    for name, known in sorted(group.items()):
        of = "machine" if known.of == MACHINES else ", ".join(known.of)
        shape = "lines" if name in DOCUMENTS else f"{known.shape}{', many' if known.many else ''}"
        yield f"| `{name}` | {of} | {known.source} | {shape} | {known.says} |\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(tables())
