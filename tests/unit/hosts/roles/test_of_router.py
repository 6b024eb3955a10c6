"""The host part of a router: what it asks for, and that the kernel and tc take it as it is meant."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TypeGuard

import pytest

from infra_ctl.change.operations import File, Operation, Run, written
from infra_ctl.hosts.roles import of_router, queues
from infra_ctl.intent import HostParts, allocate, build
from infra_ctl.intent.part import Vlan
from infra_ctl.intent.traffic import Queue
from infra_ctl.inventory import load
from infra_ctl.secrets import references
from tests.unit.hosts.roles.routers import (
    AGENT,
    CLASSES,
    SMALL,
    found,
    in_namespaces,
    needs_kernel,
    texts,
    written_to,
)

ROOT = Path(__file__).parents[4]
CASE = ROOT / "tests/cases/hosts/nk-cai-khe-ce1.txt"
WARD = "nk-cai-khe-ce1/host"
FAR = "10.9.0.2"
BULK = f"""
import socket
way = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    try:
        way.sendto(bytes(1400), ("{FAR}", 9))
    except OSError:
        pass
"""
WIRED = """
mount -t tmpfs own /run && mkdir /run/netns
for each in far lan; do ip netns add $each; ip -n $each link set lo up; done
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0
for each in far lan; do ip netns exec $each sysctl -qw net.ipv6.conf.default.accept_dad=0; done
ip link set lo up
ip link add eth0 type veth peer name p0 netns far
ip link add eth2.40 type veth peer name video netns lan
ip link add eth2.70 type veth peer name guest netns lan
address() { ip $1 address add $3 dev $2 nodad; ip $1 link set $2 up; }
for each in "eth0 10.9.0.1/24" "eth0 fd09::1/64"; do address "" $each; done
for each in "eth2.40 10.1.40.1/24" "eth2.40 fd40::1/64" "eth2.70 10.1.70.1/24"; do address "" $each; done
for each in "p0 10.9.0.2/24" "p0 fd09::2/64"; do address "-n far" $each; done
for each in "video 10.1.40.2/24" "video fd40::2/64" "guest 10.1.70.2/24"; do address "-n lan" $each; done
ip -n far route add 10.1.0.0/16 via 10.9.0.1
ip -n far route add fd40::/64 via fd09::1
ip -n lan route add default via 10.1.70.1
ip -n lan route add default via 10.1.40.1 table 40
ip -n lan rule add from 10.1.40.2 table 40
ip -n lan route add default via fd40::1
"""
WITH_VLANS = """#!/bin/sh
# a kernel that has 802.1q, as far as the script asks: a veth stands for a VLAN
case "$*" in
'link add link '*' type vlan id '*)
    /sbin/ip link add "$6" mtu "$8" type veth peer name "f$6" &&
        echo " vlan protocol 802.1Q id ${12} " >"/run/vlan-$6" ;;
'-details link show dev '*) cat "/run/vlan-$5" 2>/dev/null ;;
*) exec /sbin/ip "$@" ;;
esac
"""


@pytest.fixture(scope="module")
def parts() -> HostParts:
    inventory = load(ROOT / "tests/cases/inventory/city")
    allocations = allocate(inventory, {})
    return HostParts(inventory, allocations, build(inventory, allocations))


def test_case(parts: HostParts) -> None:
    shown = "".join(f"# {name}\n{text}" for name, text in texts(parts[WARD]).items())
    if "UPDATE_CASES" in os.environ:
        CASE.write_text(shown, encoding="utf-8")
    assert shown == CASE.read_text(encoding="utf-8")


def test_a_router_has_what_its_interfaces_ask_for(parts: HostParts) -> None:
    roles = {
        name: {each.id.partition("/")[0] for each in of_router.operations(part)}
        for name, part in parts.items()
    }
    everywhere = {"router", "agent", "exporter", "frr_exporter", "state"}
    assert roles["dc-edge1/host"] == everywhere | {"marks", "boot"}, "no circuit, no sub-interface"
    assert roles["nk-pop1/host"] == everywhere | {"marks", "boot", "queues"}
    assert roles[WARD] == everywhere | {"marks", "boot", "queues", "vlans"}
    assert roles["dc-core1/host"] == everywhere | {"marks", "boot", "queues", "vlans", "zones"}


def test_secrets_are_references_in_a_file_of_roots_alone(parts: HostParts) -> None:
    operations = of_router.operations(parts[WARD])
    assert set(references(written(operations))) == {"snmp/auth", "snmp/privacy"}
    for each in operations:
        assert not isinstance(each, File) or not references(each.text) or each.mode == "600"


def test_each_class_has_its_share_and_may_use_what_others_leave() -> None:
    lines = queues.script(SMALL).splitlines()
    rates = [line for line in lines if line.startswith("class replace dev eth0 parent 1:1 ")]
    assert ["rate 1000kbit" in rates[0], "rate 4000kbit" in rates[1], "rate 5000kbit" in rates[2]] == [
        True
    ] * 3
    assert all("ceil 10000kbit" in rate for rate in rates)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_understands_every_unit(parts: HostParts, tmp_path: Path) -> None:
    units = [each for each in of_router.operations(parts["dc-core1/host"]) if each.id.endswith("/unit")]
    assert len(units) == 7
    for each in units:
        assert isinstance(each, File)
        file = tmp_path / each.path.removeprefix("/etc/systemd/system/")
        file.parent.mkdir(exist_ok=True)
        file.write_text(each.text, encoding="utf-8")
    for name in ("snmpd", "prometheus-frr-exporter"):
        (tmp_path / f"{name}.service").write_text("[Service]\nExecStart=/bin/true\n", encoding="utf-8")
    command = ("systemd-analyze", "verify", *map(str, tmp_path.glob("*.service")))
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    ours = [line for line in said.stderr.splitlines() if str(tmp_path) in line or "infra-ctl" in line]
    assert (said.returncode, ours) == (0, [])


def test_what_needs_a_port_waits_for_it_at_boot(parts: HostParts) -> None:
    """A card that is found late would leave its trunk without sub-interfaces, and a ward without its LANs."""
    for name in ("vlans", "queues"):
        unit = texts(parts[WARD])[f"{name}/unit"].splitlines()
        assert {"Type=oneshot", "Restart=on-failure", "StartLimitIntervalSec=0"} <= set(unit)


@needs_kernel
def test_every_router_of_the_city_has_queues_and_marks_that_the_kernel_takes(
    parts: HostParts, tmp_path: Path
) -> None:
    for part in parts.values():
        (tmp_path / part.router).mkdir()
        folder = written_to(tmp_path / part.router, part)
        script = f"nft -c -f {folder}/marks-rules && nft -c -f {folder}/agent-rules"
        if part.queues:
            script += f" && sh {folder}/queues-script rehearse"
        in_namespaces(script)


@needs_kernel
def test_video_gets_through_a_full_circuit_whatever_others_call_themselves(tmp_path: Path) -> None:
    """Somebody on a guests' LAN sends without end, marked as video; a room is asked for at the same time."""
    folder = written_to(tmp_path, SMALL)
    bulk = BULK.replace("while True", "way.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0x88)\nwhile True")
    (folder / "bulk.py").write_text(bulk, encoding="utf-8")
    said = in_namespaces(f"""{WIRED}
nft -f {folder}/marks-rules
sh {folder}/queues-script load
ip netns exec lan python3 {folder}/bulk.py & bulk=$!
for each in $(seq 400); do
    tc -s class show dev eth0 classid 1:50 | grep -q "dropped [0-9][0-9][0-9]" && break
    sleep 0.05
done
ip netns exec lan ping -q -c 40 -i 0.02 -W 5 -I 10.1.40.2 {FAR} | grep received
ip netns exec lan ping -q -c 10 -i 0.02 -W 5 -6 fd09::2 | grep received
kill $bulk
tc -s class show dev eth0 classid 1:30 | grep Sent
""")
    four, six, video = said.splitlines()
    assert four.startswith("40 packets transmitted, 40 received")
    assert six.startswith("10 packets transmitted, 10 received")
    assert " 50 pkt (dropped 0," in video, "no more than the rooms' are in their class"


@needs_kernel
def test_a_router_answers_in_the_class_that_it_is_measured_in(tmp_path: Path) -> None:
    """What it says of itself besides is control, whatever it calls it."""
    folder = written_to(tmp_path, SMALL)
    said = in_namespaces(f"""{WIRED}
nft -f {folder}/marks-rules
sh {folder}/queues-script load
sent() {{
    for each in 10 30 50; do
        tc -s class show dev eth0 classid 1:$each | sed -n 's/ *Sent .* bytes \\([0-9]*\\) pkt.*/\\1/p'
    done | tr '\\n' ' '
    echo
}}
far="ip netns exec far ping -q -i 0.01 -W 5"
{{ $far -c 1 10.9.0.1 && $far -c 1 -6 fd09::1; }} >/dev/null # each other's neighbours, first
sent
for each in "-c 20 10.9.0.1" "-c 20 -6 fd09::1" "-c 30 -Q 0x88 10.9.0.1" "-c 30 -Q 0x88 -6 fd09::1"; do
    $far $each >/dev/null
done
sent
ping -q -c 100 -i 0.01 -W 5 {FAR} >/dev/null
sent
""")
    before, answered, asked = ([int(each) for each in line.split()] for line in said.splitlines())
    control, video, default = (now - then for then, now in zip(before, answered, strict=True))
    assert (video, default) == (60, 40)
    assert control < 20, "neighbours that are looked for again"
    assert asked[0] - answered[0] >= 100
    assert asked[1:] == answered[1:]


@needs_kernel
def test_queues_are_adjusted_where_they_are_and_go_where_there_is_no_circuit(tmp_path: Path) -> None:
    """By hand or by the inventory, what differs is seen; what nobody asked for stays."""
    for name, part in {
        "old": SMALL,
        "new": replace(SMALL, queues=(Queue("eth0", "c-1", 20),), classes=CLASSES[1:]),
        "none": replace(SMALL, queues=(Queue("eth1", "c-2", 20),)),
    }.items():
        (tmp_path / name).mkdir()
        written_to(tmp_path / name, part)
    said = in_namespaces(
        f"""
mount -t tmpfs own /run
for each in eth0 eth1 eth3 eth4; do ip link add $each type veth peer name far$each; done
tc qdisc add dev eth3 root tbf rate 1mbit burst 16kb latency 50ms
tc qdisc add dev eth4 root handle 1: htb default 30
cd {tmp_path}
! sh old/queues-script check
sh old/queues-script load && sh old/queues-script check && echo as it should be
tc class change dev eth0 classid 1:30 htb rate 1mbit ceil 1mbit
sh old/queues-script check || echo changed by hand
sh old/queues-script load && sh old/queues-script check && echo as it should be
tc qdisc show dev eth0 | head -n 1 >before
sh new/queues-script load
[ "$(tc qdisc show dev eth0 | head -n 1)" = "$(cat before)" ] && echo the same queue
tc class show dev eth0 | sort | cut -d' ' -f 3
sh none/queues-script load
for each in eth0 eth1 eth3 eth4; do echo $each $(tc qdisc show dev $each | head -n 1 | cut -d' ' -f 2); done
"""
    )
    assert said.splitlines() == [
        "as it should be",
        "changed by hand",
        "as it should be",
        "the same queue",
        "1:1",
        "1:30",
        "1:50",
        "eth0",
        "eth1 htb",
        "eth3 tbf",
        "eth4 htb",
    ]


@needs_kernel
def test_a_queue_that_tc_refuses_does_not_take_another_ones_place(tmp_path: Path) -> None:
    folder = written_to(tmp_path, replace(SMALL, queues=(Queue("no such name", "c-1", 10),)))
    said = in_namespaces(f"sh {folder}/queues-script rehearse 2>/dev/null || echo refused")
    assert said == "refused\n"


@needs_kernel
def test_what_stands_in_for_a_vlan_is_left_alone(tmp_path: Path) -> None:
    part = replace(SMALL, vlans=(Vlan("eth2.40", "eth2", 40, 1500),))
    folder = written_to(tmp_path, part)
    said = in_namespaces(f"""
mount -t tmpfs own /run && mount -t sysfs own /sys
! sh {folder}/vlans-script check
ip link add eth2.40 type veth peer name far
sh {folder}/vlans-script load
sh {folder}/vlans-script check && echo there
""")
    assert said.splitlines() == ["eth2.40 is no VLAN: it stands in for one and stays as it is", "there"]


@needs_kernel
def test_a_vlan_that_was_there_before_is_never_taken_away(tmp_path: Path) -> None:
    """It may be the way in. What takes a first deployment back leaves it, and so does one without it."""
    two = (Vlan("eth2.40", "eth2", 40, 1500), Vlan("eth2.70", "eth2", 70, 1500))
    for name, vlans in {"both": two, "one": two[:1], "wide": (two[0], replace(two[1], mtu=1400))}.items():
        (tmp_path / name).mkdir()
        written_to(tmp_path / name, replace(SMALL, vlans=vlans))
    (tmp_path / "ip").write_text(WITH_VLANS, encoding="utf-8")
    (tmp_path / "ip").chmod(0o755)
    undo = found(replace(SMALL, vlans=two), "vlans/load")
    assert isinstance(undo, Run)
    said = in_namespaces(f"""
mount -t tmpfs own /run && mount -t sysfs own /sys && mount -t tmpfs own /etc && PATH={tmp_path}:$PATH
ip link add eth2 type veth peer name far2
ip link add link eth2 name eth2.40 mtu 1500 type vlan id 40
there() {{ echo $(ls /sys/class/net | grep '^eth2[.]'); }}
cd {tmp_path}
sh both/vlans-script load && sh both/vlans-script check && there
sh wide/vlans-script check || echo of another MTU
sh wide/vlans-script load && sh wide/vlans-script check && cat /sys/class/net/eth2.70/mtu
sh one/vlans-script load && sh one/vlans-script check && there
sh both/vlans-script load && there
sh -c '{undo.command}' 2>/dev/null
there
""")
    assert said.splitlines() == [
        "eth2.40 eth2.70",
        "of another MTU",
        "1400",
        "eth2.40",
        "eth2.40 eth2.70",
        "eth2.40",
    ]


@needs_kernel
def test_what_a_router_is_brought_back_from_is_in_its_kernel_no_more(tmp_path: Path) -> None:
    """Its files are gone, and each command is given again; a second time, as by who goes on, does no harm."""
    folder = written_to(tmp_path, replace(SMALL, agent=AGENT))
    commands = [each.command for each in of_router.operations(replace(SMALL, agent=AGENT)) if _undoes(each)]
    (folder / "undo").write_text("\n".join(f"( {each} ) || exit 1" for each in commands), encoding="utf-8")
    (folder / "service").write_text("#!/bin/sh\necho $@\n", encoding="utf-8")
    (folder / "service").chmod(0o755)
    said = in_namespaces(f"""
mount -t tmpfs own /run && mount -t tmpfs own /etc && PATH={folder}:$PATH
ip link add eth0 type veth peer name far
for each in marks agent; do nft -f {folder}/$each-rules; done
sh {folder}/queues-script load
for each in one two; do sh {folder}/undo 2>/dev/null; done
nft list ruleset
tc qdisc show dev eth0 | grep htb || echo no queue
""")
    assert said.splitlines() == ["snmpd stop", "snmpd stop", "no queue"]


def _undoes(operation: Operation) -> TypeGuard[Run]:
    return isinstance(operation, Run) and operation.undoes
