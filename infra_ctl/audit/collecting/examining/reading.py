"""Which fact and document is read how, and all of them of one machine as its part of the evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from infra_ctl.audit.collecting.examining import (
    accounts,
    agent,
    antimalware,
    clock,
    firewall,
    links,
    listening,
    logs,
    packages,
    passwords,
    ssh,
    watching,
)
from infra_ctl.audit.collecting.examining.asking import UnansweredError
from infra_ctl.audit.collecting.examining.seen import Facts, Seen
from infra_ctl.audit.collecting.part import Part
from infra_ctl.controls.catalogue import DOCUMENTS, FACTS
from infra_ctl.controls.exhibit import Document, Kind

READERS: Mapping[str, Callable[[Seen], Facts]] = {
    "account.central": accounts.central,
    "account.default": accounts.default,
    "account.idle": accounts.idle,
    "account.lockout": passwords.lockout,
    "antimalware.central": antimalware.central,
    "antimalware.edr": antimalware.edr,
    "antimalware.realtime": antimalware.realtime,
    "antimalware.running": antimalware.running,
    "antimalware.signature_age": antimalware.signature_age,
    "antimalware.updates": antimalware.updates,
    "firewall.input": firewall.input_,
    "flow.collector": watching.flows,
    "ids.packets": watching.packets,
    "ids.rules_age": watching.rules_age,
    "ids.running": watching.running,
    "log.apart": logs.apart,
    "log.collector": logs.collectors,
    "log.free": logs.free,
    "log.immutable": logs.immutable,
    "log.kept": logs.kept,
    "log.kinds": logs.kinds,
    "log.last": logs.last,
    "login.open": listening.open_ways,
    "machine.virtual": listening.virtual,
    "management.internet": links.internet,
    "management.separate": links.separate,
    "network.cards": links.cards,
    "package.outside": packages.outside,
    "package.security": packages.security,
    "password.age": accounts.password_age,
    "password.classes": passwords.classes,
    "password.length": passwords.length,
    "password.remembered": passwords.remembered,
    "port.open": links.open_ports,
    "port.unused": links.unused_ports,
    "qos.missing": links.unqueued,
    "service.insecure": listening.insecure,
    "service.undeclared": listening.undeclared,
    "session.idle": passwords.session_idle,
    "snmp.version": agent.versions,
    "ssh.factors": ssh.factors,
    "ssh.idle": ssh.idle,
    "ssh.outside": firewall.outside,
    "ssh.password": ssh.password,
    "ssh.port": ssh.port,
    "ssh.root": ssh.root,
    "time.offset": clock.offset,
    "time.server": clock.servers,
    "time.synchronised": clock.synchronised,
    "tls.oldest": listening.tls,
    "zone.accepting": firewall.accepting,
}
"""By fact."""


def _sshd(seen: Seen) -> Document:
    if seen.is_absent("sshd"):
        raise UnansweredError("sshd: not installed")
    return Document("sshd", "sshd -T", tuple(line.text for line in seen.lines("sshd")))


def _nftables(seen: Seen) -> Document:
    source = "nft: not installed" if seen.is_absent("nftables") else "nft list ruleset"
    return Document("nftables", source, tuple(line.text for line in seen.lines("nftables")))


PAPERS: Mapping[str, Callable[[Seen], Document]] = {
    "nftables": _nftables,
    "snmpd": agent.document,
    "sshd": _sshd,
}
"""By document."""


def asked_of(kind: Kind) -> tuple[str, ...]:
    """Every fact and document of a kind of machine that it is asked for itself."""
    every = {**DOCUMENTS, **FACTS}
    return tuple(name for name, known in every.items() if known.source == "host" and kind in known.of)


def part(seen: Seen, kind: Kind) -> Part:
    """All that a machine's answers prove; what they do not say is missing, with the cause."""
    documents: dict[str, Document] = {}
    facts: dict[str, Facts] = {}
    missing: dict[str, str] = {}
    for name in asked_of(kind):
        try:
            if name in PAPERS:
                documents[name] = PAPERS[name](seen)
            else:
                facts[name] = READERS[name](seen)
        except UnansweredError as error:
            missing[name] = str(error)
        except Exception as error:  # noqa: BLE001 - one answer that nobody foresaw must not cost the others
            missing[name] = f"it cannot be read: {type(error).__name__}: {error}"
    return Part(documents, facts, missing)


def nothing(kind: Kind, cause: str) -> Part:
    """Of a machine that did not answer."""
    return Part(missing=dict.fromkeys(asked_of(kind), cause))
