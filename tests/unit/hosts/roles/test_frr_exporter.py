"""A router's frr_exporter: a real one, which nobody can ask but monitoring and the router itself."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from infra_ctl.change.operations import File, Packages, Predicted, Run, way_back
from infra_ctl.hosts.roles import of_router
from tests.unit.hosts.roles.routers import AGENT, SMALL, found, in_namespaces, needs_kernel, written_to

PART = replace(SMALL, agent=AGENT)
UNIT = "prometheus-frr-exporter"

SYSTEMCTL = """#!/bin/sh
# systemd's, to which $OFF is no; it keeps what it is asked, and whether the rules are in force then
nft list table inet exporter >/dev/null 2>&1 && rules=shielded || rules=open
echo "$*, $rules" >>/run/asked
case " $* " in *" $OFF "*) exit 1 ;; esac
"""
CONNECT = """
import socket, sys
try:
    socket.create_connection(("10.0.1.16", 9342), 1, (sys.argv[1], 0)).close()
except OSError:
    print(sys.argv[1], "is not answered")
else:
    print(sys.argv[1], "is answered")
"""

needs_exporter = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("prometheus-frr-exporter"), reason="needs root, frr_exporter"
)


def restart() -> Run:
    run = found(PART, "frr_exporter/restart")
    assert isinstance(run, Run)
    return run


def with_systemd(folder: Path, script: str) -> list[str]:
    """What a shell says where systemd is, one that only keeps what it is asked."""
    (folder / "systemctl").write_text(SYSTEMCTL, encoding="utf-8")
    (folder / "systemctl").chmod(0o755)
    return in_namespaces(f"""
mount -t tmpfs own /run && mkdir -p /run/systemd/system && mount -t tmpfs own /etc && mkdir /etc/infra-ctl
export PATH={folder}:$PATH
{script}
""").splitlines()


def test_where_it_listens_and_who_may_ask_is_there_before_its_package_starts_it() -> None:
    operations = of_router.operations(PART)
    installing = [each.id for each in operations if isinstance(each, Packages) and UNIT in each.names]
    assert installing == ["frr_exporter/packages"]
    ids = [each.id for each in operations]
    before = ids[: ids.index("frr_exporter/packages")]
    assert {"exporter/rules", "exporter/load", "frr_exporter/arguments", "frr_exporter/unit"} < set(before)


def test_its_unit_reads_a_file_of_ours_and_the_packages_own_stays_as_it_is() -> None:
    """That one is read without question: a router that it was taken away from could start it no more."""
    files = {each.id: each for each in of_router.operations(PART) if isinstance(each, File)}
    arguments = files["frr_exporter/arguments"].path
    assert f"EnvironmentFile={arguments}" in files["frr_exporter/unit"].text.splitlines()
    assert not any(each.path.startswith("/etc/default/") for each in files.values())


@needs_kernel
@pytest.mark.parametrize("off", ["none", "is-active", "is-enabled"])
def test_one_that_would_not_start_at_boot_is_seen_too(off: str, tmp_path: Path) -> None:
    said = with_systemd(tmp_path, f"export OFF={off}; {{ {restart().unless}; }} && echo well || echo seen")
    assert said == ["well" if off == "none" else "seen"]


@needs_kernel
def test_it_is_started_anew_where_it_is_to_be(tmp_path: Path) -> None:
    script = f"export OFF=none; touch /etc/infra-ctl/frr_exporter.env\n{restart().command}\ncat /run/asked"
    asked = ("daemon-reload", f"enable --quiet {UNIT}", f"restart {UNIT}")
    assert with_systemd(tmp_path, script) == [f"{each}, open" for each in asked]


@needs_kernel
@pytest.mark.parametrize("off", ["none", "cat"])
def test_a_router_that_is_brought_back_from_it_runs_it_no_more(off: str, tmp_path: Path) -> None:
    """It is ended before its rules go: nobody else can ask it for a moment. It may not be there yet."""
    folder, operations = written_to(tmp_path, PART), of_router.operations(PART)
    did = [Predicted(id=each.id, says="", creates=isinstance(each, File)) for each in operations]
    undone = [
        f"{{ {each.command}; }} 2>/dev/null"
        for each in way_back((), operations, did)
        if isinstance(each, Run) and each.id in {"exporter/load", "frr_exporter/restart"}
    ]
    script = "\n".join([f"export OFF={off}; nft -f {folder}/exporter-rules", *undone])
    said = with_systemd(folder, f"{script}\nnft list ruleset\ncat /run/asked")
    asked = [f"cat {UNIT}", f"disable --quiet --now {UNIT}"][: 1 if off == "cat" else 2]
    assert said == [*(f"{each}, shielded" for each in asked), *(f"{each}, open" for each in asked)]


@needs_kernel
@needs_exporter
def test_the_frr_exporter_answers_monitoring_and_the_router_itself(tmp_path: Path) -> None:
    monitoring = (ip_network("10.0.1.17/32"),)
    folder = written_to(tmp_path, replace(SMALL, agent=replace(AGENT, clients=monitoring)))
    (folder / "connect.py").write_text(CONNECT, encoding="utf-8")
    said = in_namespaces(f"""
mount -t tmpfs own /run && mkdir /run/netns && ip netns add far
ip link set lo up && ip link add eth0 type veth peer name p0 netns far
ip address add 10.0.1.16/24 dev eth0 && ip link set eth0 up && ip -n far link set p0 up
for each in 17 18; do ip -n far address add 10.0.1.$each/24 dev p0; done
nft -f {folder}/exporter-rules
. {folder}/frr_exporter-arguments
prometheus-frr-exporter $ARGS 2>/dev/null &
tries=100
until python3 {folder}/connect.py 10.0.1.16 | grep -q 'is answered' || [ $tries -eq 0 ]; do
    tries=$((tries - 1)); sleep 0.1
done
python3 {folder}/connect.py 10.0.1.16
for each in 17 18; do ip netns exec far python3 {folder}/connect.py 10.0.1.$each; done
kill $!
""")
    assert said.splitlines() == [
        "10.0.1.16 is answered",
        "10.0.1.17 is answered",
        "10.0.1.18 is not answered",
    ]
