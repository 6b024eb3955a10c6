"""A router's SNMP agent: a real snmpd that answers whom it should, by the key that is the last one."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from infra_ctl.change.operations import Run
from tests.unit.hosts.roles.routers import AGENT, SMALL, found, in_namespaces, needs_kernel, texts, written_to

PART = replace(SMALL, agent=AGENT)

needs_snmpd = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("snmpd") or not shutil.which("snmpget"), reason="needs root, snmpd"
)


def test_only_version_3_with_privacy_is_spoken() -> None:
    config = texts(PART)["agent/config"]
    assert "rouser monitoring priv " in config
    assert not {"rocommunity", "rwcommunity", "com2sec", "rwuser"} & set(config.split())


def test_the_agent_is_started_anew_only_after_a_change_of_its_own() -> None:
    restart = found(PART, "agent/restart")
    assert isinstance(restart, Run)
    assert {each.partition("/")[0] for each in restart.after} == {"agent"}


@needs_kernel
def test_systemd_reads_the_agents_unit_anew_before_it_restarts_it(tmp_path: Path) -> None:
    """Its first start would load no rules otherwise, and anybody could ask."""
    folder = written_to(tmp_path, PART)
    (folder / "systemctl").write_text('#!/bin/sh\necho "$@"\n', encoding="utf-8")
    (folder / "systemctl").chmod(0o755)
    said = in_namespaces(f"""
mount -t tmpfs own /run && mkdir -p /run/systemd/system && PATH={folder}:$PATH
sh {folder}/agent-script restart
""")
    assert said.splitlines() == ["daemon-reload", "restart snmpd"]


@needs_snmpd
def test_the_agent_answers_monitoring_by_its_last_key_and_says_what_interfaces_are_for(
    tmp_path: Path,
) -> None:
    for name, agent in {"one": AGENT, "two": replace(AGENT, auth="rotated-secret-16")}.items():
        (tmp_path / name).mkdir()
        folder = written_to(tmp_path / name, replace(SMALL, agent=agent))
        script = (folder / "agent-script").read_text(encoding="utf-8")
        (folder / "agent-script").write_text(
            script.replace("/etc/infra-ctl/agent.nft", f"{folder}/agent-rules"), encoding="utf-8"
        )
    asked = "-v3 -l authPriv -u monitoring -a SHA-256 -x AES -X other-secret-16ch -On -Oqv -t 1 -r 3"
    said = in_namespaces(f"""
export MIBS=
mount -t tmpfs own /run && mount -t tmpfs own /var/lib/snmp && chown Debian-snmp: /var/lib/snmp
mount -t sysfs own /sys
ip link set lo up && ip address add 10.0.1.16/32 dev lo && ip address add 10.0.1.17/32 dev lo
cd {tmp_path}
for each in one two; do
    mount --bind $each/agent-config /etc/snmp/snmpd.conf
    sh $each/agent-script judge /etc/snmp/snmpd.conf
    sh $each/agent-script restart && sh $each/agent-script check && echo runs
done
old="snmpget {asked} -A first-secret-16ch 10.0.1.16"
new="snmpget {asked} -A rotated-secret-16 10.0.1.16"
$new .1.3.6.1.2.1.1.5.0 .1.3.6.1.2.1.31.1.1.1.18.1
$old .1.3.6.1.2.1.1.5.0 2>/dev/null || echo the old key is none
$new --clientaddr=10.0.1.17 .1.3.6.1.2.1.1.5.0 2>/dev/null || echo nobody else
snmpget -v2c -c public -t 1 -r 0 10.0.1.16 .1.3.6.1.2.1.1.5.0 2>/dev/null || echo not by version 2
sed s/rouser/ruoser/ two/agent-config >two/bad
sh two/agent-script judge two/bad 2>&1 || echo refused
kill $(cat /run/snmpd.pid)
""")
    *lines, cause, refused = said.splitlines()
    assert lines == [
        "runs",
        "runs",
        '"r"',
        '"loopback"',
        "the old key is none",
        "nobody else",
        "not by version 2",
    ]
    assert "Unknown token: ruoser" in cause
    assert refused == "refused"
