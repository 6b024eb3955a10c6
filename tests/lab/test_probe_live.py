"""The probe loop between two namespaces, where what the kernel counted is held against what the loop says."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from threading import Thread

import pytest

from infra_ctl.lab import namespace
from infra_ctl.probe import sockets
from infra_ctl.probe.counters import Reading
from infra_ctl.probe.prober import Prober
from infra_ctl.probe.reflector import Reflector
from infra_ctl.probe.targets import AF41, EchoTarget, Pace, StampTarget, Target
from tests.lab.city_slice import until

pytestmark = pytest.mark.live

PORT = 8620
QUICK = Pace(interval=0.1, timeout=2.0, mtu_interval=0.1)
V4 = [f"10.77.0.{host}" for host in range(2, 6)]
V6 = [f"fd77::{host}" for host in range(2, 6)]

FAR = f"""
table inet seen {{
  counter lost {{ }}
  counter there {{ }}
  counter best4 {{ }}
  counter best6 {{ }}
  counter video4 {{ }}
  counter video6 {{ }}
  counter video_test {{ }}
  counter other {{ }}
  chain classes {{
    type filter hook input priority -10
    ip dscp cs0 icmp type echo-request counter name best4
    ip dscp af41 icmp type echo-request counter name video4
    ip6 dscp cs0 icmpv6 type echo-request counter name best6
    ip6 dscp af41 icmpv6 type echo-request counter name video6
    ip dscp af41 udp dport {PORT} counter name video_test
    ip dscp != {{ cs0, af41 }} icmp type echo-request counter name other
  }}
  chain narrow {{
    type filter hook input priority -5
    ip daddr {V4[2]} icmp type echo-request meta length > 1400 drop
    ip6 daddr {V6[2]} icmpv6 type echo-request meta length > 1420 drop
  }}
  chain losses {{ type filter hook input priority 0; }}
}}
"""
NEAR = f"""
table inet seen {{
  counter back {{ }}
  counter video_answer {{ }}
  chain classes {{
    type filter hook input priority -10
    ip dscp af41 udp sport {PORT} counter name video_answer
  }}
  chain losses {{ type filter hook input priority 0; }}
  chain firewall {{
    type filter hook output priority 0
    ip daddr {V4[3]} icmp type echo-request drop
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Ground:
    """Two namespaces with a wire between them, a reflector in the far one, the loop in the near one."""

    near: str
    far: str
    prober: Prober

    def counted(self, where: str) -> Mapping[str, int]:
        """Packets by the name of the counter."""
        with namespace.inside(where):
            found = subprocess.run(
                ("nft", "-j", "list", "counters"), check=True, capture_output=True, text=True
            )
        listed = (each["counter"] for each in json.loads(found.stdout)["nftables"] if "counter" in each)
        return {each["name"]: each["packets"] for each in listed}

    def nft(self, where: str, rules: str) -> None:
        namespace.run(("nft", "-f", "-"), rules, where)

    def probe(self, *targets: Target, pace: Pace = QUICK) -> None:
        with namespace.inside(self.near):
            self.prober.configure(targets, pace)

    def of(self, name: str) -> Reading:
        return self.prober.readings()[name]

    def sent(self, name: str, more: int) -> None:
        """Wait until the fate of so many more probes is known."""
        before = self.of(name).sent
        until(lambda: self.of(name).sent >= before + more, 60)


@pytest.fixture(scope="module")
def ground(_can_run: None, lab_name: str) -> Iterator[Ground]:
    near, far = f"{lab_name}near", f"{lab_name}far"
    namespace.batch((f"netns add {near}", f"netns add {far}"))
    try:
        namespace.batch([f"link add w0 netns {near} type veth peer name w0 netns {far}"])
        namespace.batch(_up("10.77.0.1/24", "fd77::1/64"), near)
        namespace.batch(_up(*(f"{address}/24" for address in V4), *(f"{address}/64" for address in V6)), far)
        namespace.batch(["route add 10.99.0.0/16 via 10.77.0.2"], near)
        namespace.run(("nft", "-f", "-"), NEAR, near)
        namespace.run(("nft", "-f", "-"), FAR, far)
        _reflect(far)
        with Prober() as prober:
            yield Ground(near, far, prober)
    finally:
        namespace.batch((f"netns delete {near}", f"netns delete {far}"))


def _up(*addresses: str) -> Sequence[str]:
    once = {True: " nodad", False: ""}
    return (
        "link set lo up",
        "link set w0 up",
        *(f"address add {address} dev w0{once[':' in address]}" for address in addresses),
    )


def _reflect(far: str) -> None:
    """One process for several addresses of both families; its thread ends with the run."""
    with namespace.inside(far):
        opened = [
            sockets.reflector_socket(socket.AF_INET, V4[0], PORT),
            sockets.reflector_socket(socket.AF_INET, V4[1], PORT),
            sockets.reflector_socket(socket.AF_INET6, V6[0], PORT),
        ]
    allowed = ip_network("10.77.0.1/32"), ip_network("fd77::1/128")
    Thread(target=Reflector(opened, allowed).run, daemon=True).start()


def echo(name: str, address: str, dscp: int = 0, *, mtu: bool = False) -> EchoTarget:
    return EchoTarget(name, ip_address(address), dscp, mtu)


def test_losses_are_those_that_the_kernel_dropped_and_no_other(ground: Ground) -> None:
    ground.nft(
        ground.far,
        "add rule inet seen losses icmp type echo-request numgen inc mod 4 == 0 counter name lost drop\n"
        f"add rule inet seen losses udp dport {PORT} numgen inc mod 5 == 0 counter name there drop",
    )
    ground.nft(
        ground.near,
        f"add rule inet seen losses udp sport {PORT} numgen inc mod 3 == 0 counter name back drop",
    )
    names = [
        StampTarget("test", ip_address(V4[0]), AF41, PORT),
        StampTarget("test6", ip_address(V6[0]), 0, PORT),
    ]
    ground.probe(echo("lossy", V4[0]), *names)
    ground.sent("test6", 30)
    for where in (ground.near, ground.far):
        ground.nft(where, "flush chain inet seen losses")
    ground.sent("test6", 60)  # those that are judged later, and then as many as QUICK.timeout takes twice
    far, near = ground.counted(ground.far), ground.counted(ground.near)
    tests = ground.of("test"), ground.of("test6")
    assert ground.of("lossy").lost == far["lost"] > 0
    assert sum(each.forward_lost for each in tests) == far["there"] > 0
    assert sum(each.backward_lost for each in tests) == near["back"] > 0
    assert sum(each.lost for each in tests) == far["there"] + near["back"]


def test_every_class_is_marked_on_the_wire_in_both_directions(ground: Ground) -> None:
    ground.probe(
        echo("best4", V4[0]),
        echo("video4", V4[0], AF41),
        echo("best6", V6[0]),
        echo("video6", V6[0], AF41),
        StampTarget("video_test", ip_address(V4[1]), AF41, PORT),
    )
    until(lambda: all(each.answered >= 3 for each in ground.prober.readings().values()))
    far, near = ground.counted(ground.far), ground.counted(ground.near)
    assert {name: far[name] >= 3 for name in ground.prober.readings()} == dict.fromkeys(
        ground.prober.readings(), True
    )
    assert near["video_answer"] >= 3
    assert far["other"] == 0


def test_a_reply_that_comes_twice_late_or_forged_does_not_count(ground: Ground) -> None:
    """The far end sends all of our replies again, and one whose token nobody sent."""
    with namespace.inside(ground.near):
        seen = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    with namespace.inside(ground.far):
        again = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    with seen, again:
        seen.settimeout(30)
        before = ground.counted(ground.far)["best4"]
        ground.probe(echo("twice", V4[0]), echo("dead", "10.99.0.1"))
        for _ in range(20):
            reply = seen.recv(256)[20:]
            for message in (reply, reply[:12] + bytes(8) + reply[20:], reply):
                again.sendto(message, ("10.77.0.1", 0))
        ground.sent("twice", 5)
    twice = ground.of("twice")
    assert twice.lost == 0
    assert twice.answered <= ground.counted(ground.far)["best4"] - before
    assert ground.of("dead").answered == 0


def test_the_mtu_of_a_path_is_found_to_the_byte(ground: Ground) -> None:
    ground.probe(
        echo("wide", V4[0], mtu=True),
        echo("narrow", V4[2], mtu=True),
        echo("narrow6", V6[2], mtu=True),
        pace=Pace(interval=0.5, timeout=0.3, mtu_interval=0.1),
    )
    expected = {"wide": 1500, "narrow": 1400, "narrow6": 1420}
    until(lambda: {name: each.mtu for name, each in ground.prober.readings().items()} == expected, 60)


def test_what_cannot_be_sent_is_lost_and_the_loop_goes_on(ground: Ground) -> None:
    """A firewall of our own (EPERM), no route (ENETUNREACH), an interface that goes down and comes back."""
    ground.probe(echo("refused", V4[3]), echo("nowhere", "192.0.2.1"), echo("flaps", V4[0]))
    pid = ground.prober.pid
    until(lambda: ground.of("flaps").answered > 2)
    namespace.batch(["link set w0 down"], ground.near)
    before = ground.of("flaps").lost
    until(lambda: ground.of("flaps").lost > before + 2)
    namespace.batch(["link set w0 up", "route add 10.99.0.0/16 via 10.77.0.2"], ground.near)
    answered = ground.of("flaps").answered
    until(lambda: ground.of("flaps").answered > answered + 2)
    refused, nowhere = ground.of("refused"), ground.of("nowhere")
    assert refused.answered == nowhere.answered == 0
    assert min(refused.lost, nowhere.lost) > 2
    assert ground.prober.pid == pid


def test_counts_go_on_over_a_reload_and_over_the_end_of_the_loop(ground: Ground) -> None:
    ground.probe(echo("stays", V4[0]), echo("goes", V4[1]))
    until(lambda: ground.of("stays").answered > 3 and ground.of("goes").answered > 3)
    before = ground.of("stays")
    ground.probe(echo("comes", "10.99.0.1"), echo("stays", V4[0]))
    assert ground.of("stays").sent >= before.sent
    assert ground.of("comes").answered == 0
    assert "goes" not in ground.prober.readings()
    ground.probe(echo("stays", V4[0]), echo("goes", V4[1]))
    assert ground.of("goes").sent < before.sent, "a target that comes back begins at nought"

    assert ground.prober.pid is not None
    os.kill(ground.prober.pid, signal.SIGKILL)
    with namespace.inside(ground.near):
        until(ground.prober.ensure)
    ended = ground.of("stays")
    assert ended.sent >= before.sent
    until(lambda: ground.of("stays").answered > ended.answered)


def test_ten_thousand_dead_targets_cost_no_more_memory_as_time_goes_by(ground: Ground) -> None:
    dead = [echo(f"dead{number}", f"10.99.{number // 250}.{number % 250 + 1}") for number in range(10_000)]
    ground.probe(*dead, echo("alive", V4[0]), pace=Pace(interval=3.0, timeout=1.0))
    until(lambda: ground.of("dead9999").lost >= 1, 60)
    first = _resident(ground.prober.pid)
    ground.sent("dead9999", 1)
    assert _resident(ground.prober.pid) < first * 1.1
    assert ground.of("alive").lost == 0
    assert all(reading.answered == 0 for name, reading in ground.prober.readings().items() if name != "alive")


def _resident(pid: int | None) -> int:
    """Pages of memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
