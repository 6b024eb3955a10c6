"""Facts of machines: those of the twin as they are, and each as it is once somebody has changed something."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from infra_ctl.audit.collecting.examining import agent
from infra_ctl.audit.collecting.examining.asking import Answer
from infra_ctl.audit.collecting.examining.meant import meant
from infra_ctl.audit.collecting.examining.questions import ACCOUNTS
from infra_ctl.audit.collecting.examining.reading import PAPERS, READERS, asked_of, nothing, part
from infra_ctl.audit.collecting.examining.seen import shown
from infra_ctl.controls.catalogue import DOCUMENTS, FACTS
from infra_ctl.controls.exhibit import Fact, Line
from infra_ctl.controls.values import fits
from infra_ctl.inventory import tree
from tests.unit.audit.machines import (
    BARE,
    CASES,
    DATABASE,
    LOGS,
    ROUTER,
    added,
    city,
    days,
    edited,
    examined,
    said,
    seen,
    text_of,
)


def facts(name: str, text: str, fact: str) -> tuple[Fact, ...]:
    return examined(name, text).facts[fact]


def test_everything_that_is_asked_of_machines_is_read() -> None:
    ours = {name for name, known in {**DOCUMENTS, **FACTS}.items() if known.source == "host"}
    assert ours == READERS.keys() | PAPERS.keys()


@pytest.mark.parametrize("name", [ROUTER, LOGS, DATABASE, BARE])
def test_machines_as_they_are(name: str) -> None:
    found = examined(name)
    file = CASES / f"{name}.yaml"
    wanted: Any = tree.parse(file.read_text(encoding="utf-8"), file.name).value()
    assert {fact: [str(each.value) for each in values] for fact, values in found.facts.items()} == {
        fact: [{"true": "True", "false": "False"}.get(each, each) for each in values]
        for fact, values in wanted["facts"].items()
    }
    assert found.missing == wanted["missing"]
    kind = "device" if name == ROUTER else "host"
    assert {*found.facts, *found.missing, *found.documents} == {*asked_of(kind)}


@pytest.mark.parametrize("name", [ROUTER, LOGS, DATABASE, BARE])
def test_values_are_what_the_catalogue_says_and_each_has_its_line(name: str) -> None:
    for fact, values in examined(name).facts.items():
        known = FACTS[fact]
        assert all(fits(each.value, known.shape) for each in values), fact
        assert known.many or len(values) == 1, fact
        assert all(each.line.document and each.line.text for each in values), fact


def test_no_secret_is_kept() -> None:
    found = examined(ROUTER)
    assert "secret-of" in text_of(ROUTER)
    assert "secret-of" not in repr(found)
    assert "createUser monitoring SHA-256 … AES …" in found.documents["snmpd"].lines


def test_passwords_in_addresses_are_kept_back() -> None:
    line = "/etc/apt/sources.list.d/x.list\t1\tdeb https://me:hunter2@mirror.example/debian bookworm main"
    (one,) = facts(DATABASE, added(text_of(DATABASE), "files", line), "package.outside")
    assert (one.value, one.line.text) == (
        "mirror.example",
        "deb https://…@mirror.example/debian bookworm main",
    )


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("deb https://s3cret@mirror.example/debian x main", "deb https://…@mirror.example/debian x main"),
        ("deb https://me:s3@cret@mirror.example/ x main", "deb https://…@mirror.example/ x main"),
        ("*.* :ommysql:db-1,logs,me,s3cret", "*.* :ommysql:…"),
        ('*.* action(target="10.0.0.1" pwd="s3cret")', '*.* action(target="10.0.0.1" pwd=…)'),
        ("pi uid=1009 password=set good=90", "pi uid=1009 password=set good=90"),
    ],
)
def test_a_line_is_kept_without_what_lets_somebody_in(line: str, kept: str) -> None:
    assert shown(Line("files", 1, line)).text == kept


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("trapsess -v 2c -c s3cret 10.0.0.1", "trapsess -v 2c -c … 10.0.0.1"),
        (
            'trapsess -v 3 -u me -a SHA -A "s3 cret" -x AES -Xs3cret h',
            "trapsess -v 3 -u me -a SHA -A … -x AES -X … h",
        ),
        ("proxy -v 1 -c s3cret 10.0.0.1 .1.3", "proxy -v 1 -c … 10.0.0.1 .1.3"),
        ("defAuthPassphrase s3cret", "defAuthPassphrase …"),
        ("defCommunity s3cret", "defCommunity …"),
        ("com2secunix me /run/agent s3cret", "com2secunix me /run/agent …"),
        ("defSecurityName me", "defSecurityName me"),
    ],
)
def test_an_agent_is_kept_without_its_secrets(line: str, kept: str) -> None:
    assert agent.masked(line) == kept


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "authorizedkeysfile .ssh/authorized_keys .ssh/authorized_keys2",
            "authorizedkeysfile /etc/ssh/keys/%u",
        ),
        ("authorizedkeyscommand none", "authorizedkeyscommand /usr/bin/sss_ssh_authorizedkeys"),
    ],
)
def test_who_can_log_in_by_keys_that_nobody_counts_is_not_known(old: str, new: str) -> None:
    found = examined(DATABASE, edited(text_of(DATABASE), f"\n{old}\n", f"\n{new}\n"))
    for fact in ("account.default", "account.idle", "password.age"):
        assert found.missing[fact] == f"sshd: keys stand elsewhere: {new}"


def test_a_password_that_stands_in_the_list_of_accounts_itself_is_one(tmp_path: Path) -> None:
    (tmp_path / "shadow").write_text("me:$6$a:19000:0:90:7:::\n")
    (tmp_path / "passwd").write_text(
        "me:x:1000:0::/home/me:/bin/sh\ntoor::0:0::/root:/bin/sh\nold:$1$b:0:0::/none:/bin/sh\n"
        "off:*:1:1::/none:/bin/sh\nlost:x:2:2::/none:/bin/sh\n"
    )
    command = ACCOUNTS.replace("/etc/shadow", f"{tmp_path}/shadow").replace(
        "/etc/passwd", f"{tmp_path}/passwd"
    )
    said = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True).stdout
    assert re.findall(r"^(\w+) .*password=(\w+)", said, re.MULTILINE) == [
        ("me", "set"), ("toor", "none"), ("old", "set"), ("off", "locked"), ("lost", "unknown"),
    ]  # fmt: skip


def changes() -> list[dict[str, Any]]:
    file = CASES / "changes.yaml"
    found: Any = tree.parse(file.read_text(encoding="utf-8"), file.name).value()
    return list(found)


@pytest.mark.parametrize("change", changes(), ids=lambda change: f"{change['fact']}: {change['new'][:40]}")
def test_a_change_is_seen_by_its_line(change: dict[str, Any]) -> None:
    name, old, new = change["machine"], change.get("old"), change["new"]
    text = text_of(name)
    text = edited(text, old, new) if old else added(text, change["question"], new)
    found = facts(name, text, change["fact"])
    assert [str(each.value) for each in found] == list(change["values"])
    assert [str(each.line) for each in found[:1]] == ([change["line"]] if "line" in change else [])


def test_signatures_are_as_old_as_the_newest_database_says() -> None:
    now = int(seen(DATABASE).clock["now"])
    head = "ClamAV-VDB:07 Nov 2026 08-20 -0000:27100:2070000:90:x:y:raynman:"
    heads = (
        f"/var/lib/clamav/main.cvd {head}{now - 900_000}\n/var/lib/clamav/daily.cld {head}{now - 864_000}   "
    )
    (one,) = facts(DATABASE, said(text_of(DATABASE), "signatures", heads), "antimalware.signature_age")
    assert (one.value, one.line.document) == (days(10), "/var/lib/clamav/daily.cld")
    assert one.line.text == f"ClamAV-VDB version 27100 of {now - 864_000}"


def test_updates_that_wait_are_told_by_what_apt_knows() -> None:
    now = int(seen(DATABASE).clock["now"])
    waiting = said(text_of(DATABASE), "security updates", f"lists of {now - 10}\nopenssl 3.0.1 -> 3.0.2")
    (one,) = facts(DATABASE, waiting, "package.security")
    assert (one.value, str(one.line)) == ("openssl", "security updates:2: openssl 3.0.1 -> 3.0.2")
    old = said(text_of(DATABASE), "security updates", f"lists of {now - 8 * 86400}")
    assert examined(DATABASE, old).missing["package.security"] == "apt last asked its sources 8 days ago"


def test_who_has_logged_in_is_not_idle() -> None:
    now = seen(DATABASE).now
    account = "old uid=1009 shell=/bin/bash password=set changed=20000 good=90 expires= keys=0 hardware=0"
    text = added(text_of(DATABASE), "accounts", account)
    assert facts(DATABASE, text, "account.idle")[-1].value > days(700)
    log = added(
        text, "lastlog", f"old              pts/0    10.20.0.9        {now:%a %b %d %H:%M:%S} +0000 {now:%Y}"
    )
    assert facts(DATABASE, log, "account.idle")[-1].value == 0
    came = "Accepted password for old from 10.9.9.9 port 5 ssh2"
    accepted = f"{now:%Y-%m-%dT%H:%M:%S}.000000+00:00 {DATABASE} sshd[7]: {came}"
    found = facts(DATABASE, added(text, "logins", accepted), "account.idle")[-1]
    assert (found.value, found.line.document) == (0, "logins")
    expired = edited(text, "good=90 expires= ", "good=90 expires=20001 ")
    assert len(facts(DATABASE, expired, "account.idle")) == len(facts(DATABASE, text, "account.idle")) - 1


def test_a_key_in_hardware_is_two_factors_where_all_are() -> None:
    text = text_of(DATABASE).replace("keys=1 hardware=0", "keys=1 hardware=1")
    assert facts(DATABASE, text, "ssh.factors")[0].value == 2
    one = edited(
        text,
        "minh-tran uid=1002 shell=/bin/bash password=locked changed=20784 good=99999 expires= keys=1",
        "minh-tran uid=1002 shell=/bin/bash password=locked changed=20784 good=99999 expires= keys=2",
    )
    assert facts(DATABASE, one, "ssh.factors")[0].value == 1


def test_accounts_are_central_while_what_asks_runs() -> None:
    text = edited(text_of(DATABASE), "passwd: ", "passwd: sss ")
    assert facts(DATABASE, added(text, "ps", "sssd /usr/sbin/sssd -i"), "account.central")[0].value is True


def test_what_the_scanner_finds_goes_to_the_siem_where_both_say_so() -> None:
    siem = str(city().host("dc-siem-1").addresses[0])
    line = f"/etc/rsyslog.d/70-siem.conf\t1\t*.* @@{siem}:514"
    logged = edited(text_of(DATABASE), "LogSyslog false", "LogSyslog true")
    assert facts(DATABASE, logged, "antimalware.edr")[0].value is False
    assert facts(DATABASE, added(logged, "files", line), "antimalware.edr")[0].value is True
    assert facts(DATABASE, added(text_of(DATABASE), "files", line), "antimalware.edr")[0].value is False
    agent = added(text_of(DATABASE), "ps", "wazuh-agentd /var/ossec/bin/wazuh-agentd")
    for fact in ("running", "realtime", "updates", "edr", "central"):
        assert facts(DATABASE, agent, f"antimalware.{fact}")[0].value is True


def test_a_rule_for_stray_prefixes_lets_ssh_in_from_outside() -> None:
    rule = "\t\tip saddr { 10.20.0.0/16, 10.36.0.0/16 } tcp dport 22 accept"
    found = facts(
        DATABASE,
        edited(text_of(DATABASE), "10.36.0.0/16 } tcp dport 22", "10.36.0.0/15 } tcp dport 22"),
        "ssh.outside",
    )
    assert ([each.value for each in found], rule.strip()[:8] in found[0].line.text) == (
        ["10.36.0.0/15"],
        True,
    )
    other = meant(city(), DATABASE)
    assert ip_network("10.20.0.0/16") in other.administered
    shrunk = replace(
        other,
        administered=(
            ip_network("10.20.0.0/16"),
            *(each for each in other.administered if each.version == 6),
        ),
    )
    values = [each.value for each in READERS["ssh.outside"](seen(DATABASE, machine=shrunk))]
    assert values == ["10.36.0.0/16"]


def test_a_zone_that_lets_the_unknown_pass_is_named_with_its_rule() -> None:
    begin = "type filter hook forward priority filter; policy accept;\n"
    dmz = str(next(each for each in meant(city(), ROUTER).zones["dmz"] if each.version == 4))
    text = edited(text_of(ROUTER), begin, f"{begin}\t\tip daddr {dmz} accept\n")
    (one,) = facts(ROUTER, text, "zone.accepting")
    assert (one.value, one.line.text) == ("dmz in", f"ip daddr {dmz} accept")
    out = edited(text_of(ROUTER), begin, f"{begin}\t\tip saddr {dmz} accept\n")
    assert [each.value for each in facts(ROUTER, out, "zone.accepting")] == ["dmz out"]
    last = edited(text_of(ROUTER), "level info\n\t\tdrop\n", "level info\n\t\taccept\n")
    values = {each.value for each in facts(ROUTER, last, "zone.accepting")}
    assert {"dmz in", "servers in", "servers out"} <= values
    none = said(text_of(ROUTER), "nftables", "")
    assert {str(each.line) for each in facts(ROUTER, none, "zone.accepting")} == {
        "nftables: no chain filters what is forwarded"
    }


def test_a_guarded_port_is_not_open() -> None:
    locked = added(
        text_of(ROUTER), "bridge", "3: eth1: <BROADCAST,UP> mtu 1500 master br0 state forwarding locked on"
    )
    assert facts(ROUTER, locked, "port.open") == ()
    ruled = edited(
        text_of(ROUTER),
        "chain arriving {\n",
        'chain arriving {\n\t\tiifname "eth1.10" ether saddr != { 52:00:00:00:00:01 } drop\n',
    )
    assert facts(ROUTER, ruled, "port.open") == ()


def test_timesyncd_is_known_as_well() -> None:
    text = text_of(DATABASE).replace("chronyd ", "chronix ")
    said_by_it = "NTPSynchronized=yes\nServerAddress=10.20.0.16\nServerName=x\n       Offset: -1.5ms"
    text = said(text, "timedatectl", said_by_it)
    assert facts(DATABASE, text, "time.server")[0].value == "10.20.0.16"
    assert facts(DATABASE, text, "time.synchronised")[0].value is True
    assert facts(DATABASE, text, "time.offset")[0].value == 0.0015
    gone = said(text, "timedatectl", "", 72)
    assert facts(DATABASE, gone, "time.server") == ()
    assert facts(DATABASE, gone, "time.synchronised")[0].value is False
    assert "time.offset" in examined(DATABASE, gone).missing


def test_suricata_says_what_it_looked_at() -> None:
    now = int(seen(ROUTER).clock["now"])
    text = added(text_of(ROUTER), "ps", "Suricata-Main /usr/bin/suricata -D")
    rules = f"rules {now - 86400} /var/lib/suricata/rules/suricata.rules\nrules 5 /x.rules"
    answer = f'"kernel_packets": 1200\n{rules}'
    text = said(text, "suricata", answer)
    assert facts(ROUTER, text, "ids.packets")[0].value == 1200
    assert facts(ROUTER, text, "ids.rules_age")[0].value == days(1)


def test_an_answer_that_failed_is_the_cause_of_all_that_it_would_have_told() -> None:
    text = said(text_of(DATABASE), "sshd", "", 1)
    missing = examined(DATABASE, text).missing
    assert {name for name, why in missing.items() if why.startswith("sshd: ")} >= {
        "sshd",
        "ssh.root",
        "ssh.idle",
        "account.idle",
    }
    gone = said(text_of(DATABASE), "sshd", "", 72)
    assert examined(DATABASE, gone).missing["ssh.root"] == "sshd: not installed"
    without = said(text_of(DATABASE), "nftables", "", 72)
    assert examined(DATABASE, without).documents["nftables"].source == "nft: not installed"


def test_nonsense_is_no_fact() -> None:
    whole = seen(DATABASE)
    for question in whole.answers:
        odd = {
            **whole.answers,
            question: Answer(
                tuple(
                    Line(line.document, line.number, "\N{SNOWMAN}") for line in whole.answers[question].lines
                )
            ),
        }
        found = part(replace(whole, answers=odd), "host")
        assert {*found.facts, *found.missing, *found.documents} == {*asked_of("host")}
        assert all(
            fits(each.value, FACTS[fact].shape) for fact, values in found.facts.items() for each in values
        )


def test_of_a_machine_that_does_not_answer_everything_is_missing() -> None:
    assert nothing("device", "timed out").missing == dict.fromkeys(asked_of("device"), "timed out")
