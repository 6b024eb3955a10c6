"""Machines, live: what the law asks of them is known of each, and what somebody does to one is seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager

import pytest

from infra_ctl.audit import results
from infra_ctl.audit.collecting.examining.meant import meant
from infra_ctl.audit.collecting.examining.reading import asked_of
from infra_ctl.city import load_city
from infra_ctl.controls.exhibit import Exhibit
from infra_ctl.hosts.roles.loading import rules_of
from tests.lab.city_slice import CitySlice
from tests.lab.two_sites import APP, CORE, DATABASE, HOSTS, LOGS, PORTAL, SPARE, Sites

pytestmark = pytest.mark.live

AGES = {"account.idle", "antimalware.signature_age", "log.free", "log.last", "time.offset"}
"""What is another whenever somebody looks."""
UNKNOWN = AGES | {"ids.rules_age", "log.apart", "log.immutable", "log.kept", "package.security"}
"""What a machine may have nothing to say of: it has no signatures, no rules, collects nobody's logs."""
CLOCK = {"time.server", "time.synchronised"}
"""Another test may just have started it."""
SSHD = "/etc/ssh/sshd_config.d/00-a-seed.conf"
SNMPD = "/etc/snmp/snmpd.conf"
ROTATION = "/etc/logrotate.d/infra-ctl"
SIGNATURES = "/var/lib/clamav/daily.cvd"
OLD = 1_700_000_000
"""When the old signatures were made."""
HEAD = f"ClamAV-VDB:14 Nov 2023 22-13 +0000:27093:2042000:90:0:0:raynman:{OLD}"
TELNET = "--unit seed-telnet --socket-property=ListenStream=23 --socket-property=Accept=yes cat"
OLD_TLS = """
openssl req -x509 -newkey rsa:2048 -noenc -days 1 -subj /CN=seed -keyout /run/seed.key -out /run/seed.pem \
    2>/dev/null
systemd-run -q --unit seed-tls -E OPENSSL_CONF=/dev/null openssl s_server -www -accept 8443 -tls1 \
    -cipher DEFAULT:@SECLEVEL=0 -key /run/seed.key -cert /run/seed.pem
i=0
until ss -Htln | grep -q ':8443 '; do [ "$i" -lt 900 ] || exit 1; i=$((i + 1)); sleep 0.1; done
"""


def look(city: CitySlice, *selector: str) -> Mapping[str, Exhibit]:
    """What an audit has collected, by machine."""
    done = city.run("audit", *selector, "--output", "json")
    assert done.code == 3, done
    with closing(city.journal()) as journal:
        newest = results.audits(journal, f"lab:{city.name}")[-1]
        found = results.exhibits(journal, newest.id)
        return {each.object: each for each in found if each.kind in ("device", "host")}


def values(exhibit: Exhibit, fact: str) -> list[object]:
    return [each.value for each in exhibit.facts[fact]]


def others(before: Exhibit, after: Exhibit) -> set[str]:
    """Facts and documents that a machine says, and that are not what they were."""
    asked = {*asked_of("device"), *asked_of("host")} - AGES
    return {
        name
        for name in asked
        if before.documents.get(name) != after.documents.get(name)
        or [each.value for each in before.facts.get(name, ())]
        != [each.value for each in after.facts.get(name, ())]
    }


@contextmanager
def done(city: CitySlice, name: str, doing: str, undoing: str, text: str = "") -> Iterator[None]:
    """A machine on which one shell text was run, and then another that takes it back."""
    city.on(name, "sh", "-c", doing, text=text)
    try:
        yield
    finally:
        city.on(name, "sh", "-c", undoing)


def edited(city: CitySlice, name: str, path: str, command: str) -> AbstractContextManager[None]:
    """A machine on which a command has changed a file."""
    kept = f"/run/seed{path.replace('/', '-')}"
    return done(city, name, f"cp -p {path} {kept} && {command}", f"cp -p {kept} {path} && rm {kept}")


@contextmanager
def violated(city: CitySlice, zone: str) -> Iterator[None]:
    """Machines on which somebody did what the law forbids."""
    weak = "PermitRootLogin yes\nPasswordAuthentication yes\n"
    opened, closed = (f"nft chain inet host input '{{ policy {each}; }}'" for each in ("accept", "drop"))
    insert = f"nft insert rule inet zones forward ip daddr {zone} accept"
    with ExitStack() as stack:
        for each in (
            done(city, APP, f"cat >{SSHD}", f"rm {SSHD}", weak),
            done(city, APP, f"systemd-run -q {TELNET}", "systemctl stop seed-telnet.socket"),
            done(city, APP, "useradd pi && echo pi:raspberry-9 | chpasswd", "userdel pi"),
            done(city, PORTAL, OLD_TLS, "systemctl stop seed-tls; rm /run/seed.key /run/seed.pem"),
            done(city, DATABASE, "systemctl stop chrony", "systemctl start chrony"),
            done(city, DATABASE, opened, closed),
            done(city, DATABASE, f"cat >{SIGNATURES}", f"rm -f {SIGNATURES}", f"{HEAD:<512}"),
            edited(city, LOGS, ROTATION, f"sed -i 's/maxage 93/maxage 31/' {ROTATION}"),
            edited(city, CORE, SNMPD, f"echo 'rocommunity hush-hush' >>{SNMPD}"),
            done(city, CORE, insert, f"nft -f {rules_of('zones')}"),
        ):
            stack.enter_context(each)
        yield


def test_machines_are_known_and_what_is_done_to_them_is_seen(sites: Sites) -> None:
    city = sites.city
    before = look(city)
    assert {*HOSTS, SPARE, CORE} <= before.keys()
    for name, exhibit in before.items():
        asked = {*asked_of(exhibit.kind)}
        assert asked <= {*exhibit.facts, *exhibit.documents, *exhibit.missing}, name
        missing = {fact: exhibit.missing[fact] for fact in asked & exhibit.missing.keys()}
        assert missing.keys() <= UNKNOWN, (name, missing)
        assert not any("defect" in why or "cannot be read" in why for why in missing.values()), missing
    for name in HOSTS:
        kept = {fact: values(before[name], fact) for fact in ("ssh.root", "firewall.input", "ssh.outside")}
        assert kept == {"ssh.root": ["no"], "firewall.input": ["drop"], "ssh.outside": []}, name
        for fact in ("service.insecure", "service.undeclared"):
            assert values(before[name], fact) == [], (name, fact)
    for fact in ("zone.accepting", "qos.missing", "service.undeclared", "service.insecure"):
        assert values(before[CORE], fact) == [], fact
    assert values(before[CORE], "snmp.version") == ["3"]
    assert values(before[PORTAL], "tls.oldest") == ["TLSv1.2"]
    assert before[DATABASE].facts["log.last"][0].line.document.startswith(f"{LOGS}:/var/log/city/")
    assert values(before[SPARE], "ssh.outside") == ["everywhere"]

    zone = next(
        str(each) for each in meant(load_city(city.inventory), CORE).zones["dmz"] if each.version == 4
    )
    with violated(city, zone):
        after = look(city, f"{APP} or {CORE} or {DATABASE} or {LOGS} or {PORTAL}")
    changed = {name: others(before[name], each) - CLOCK for name, each in after.items()}
    assert changed == {
        APP: {
            "sshd",
            "ssh.root",
            "ssh.password",
            "service.insecure",
            "service.undeclared",
            "account.default",
            "password.age",
        },
        CORE: {"snmpd", "snmp.version", "nftables", "zone.accepting"},
        DATABASE: {"nftables", "firewall.input", "ssh.outside"},
        LOGS: {"log.kept"},
        PORTAL: {"tls.oldest", "service.undeclared"},
    }
    quoted = {
        (name, fact): after[name].facts[fact][0].line.text
        for name in after
        for fact in after[name].facts
        if after[name].facts[fact]
    }
    assert quoted[APP, "ssh.root"] == "permitrootlogin yes"
    assert quoted[APP, "ssh.password"] == "passwordauthentication yes"
    assert " *:23 " in quoted[APP, "service.insecure"]
    assert quoted[APP, "account.default"].startswith("pi uid=")
    assert quoted[CORE, "snmp.version"] == "rocommunity …"
    assert quoted[CORE, "zone.accepting"] == f"ip daddr {zone} accept"
    assert quoted[DATABASE, "firewall.input"] == "type filter hook input priority filter; policy accept;"
    assert quoted[DATABASE, "antimalware.signature_age"] == f"ClamAV-VDB version 27093 of {OLD}"
    assert quoted[DATABASE, "time.synchronised"] == "neither chronyd nor systemd-timesyncd runs"
    assert quoted[LOGS, "log.kept"] == "maxage 31"
    assert values(after[PORTAL], "tls.oldest") == ["TLSv1.2", "TLSv1"]
    assert not any(
        word in repr(each) for word in ("hush-hush", "raspberry", "$y$") for each in after.values()
    )
