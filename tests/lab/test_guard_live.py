"""The controller keeps its way to every device: what takes it is refused, a link is made before one goes.

The scenarios take a slice, whichever way it is managed.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import click
import pytest

from infra_ctl.lab import enter
from tests.lab.city_slice import AN_HOA, CAI_KHE, CORE, POP, CitySlice, Deployed, until
from tests.lab.test_deploy_live import touched
from tests.lab.test_life_live import toward

pytestmark = pytest.mark.live

GATEWAYS = ("10.65.16.1", "2001:db8:9241:1000::1")
"""Of the ward's management LAN, which the data centre reaches over the ward's circuits and nothing else."""
PYTHON = "/usr/bin/python3"
"""What every router has: of the machine's disks it sees only the first."""
EVERY = 0.1
"""Seconds between two probes."""
LATER = 10.0
"""Seconds by which OSPF may be slower one time than another: for five it makes no LSA anew (RFC 2328,
MinLSInterval), and for as long FRR computes no routes after several changes. Where one way goes before the
other is made, it is more than twenty."""
PROBING = 300
"""Seconds that a ping goes on: more than what it watches may take."""

ROW = "nk-cai-khe-1,nk:pop1/eth10,nk-cai-khe:ce1/eth0,tslcd-2,l2,VNPT,50,1500,north,0.1%,20,5\n"
OTHER = "nk-cai-khe-2,bt:pop1/eth40,nk-cai-khe:ce1/eth1,leased,l2,Viettel,20,1500,south,1%,40,15\n"

LISTENER = """
import socket
address = %r
family = socket.AF_INET6 if ":" in address else socket.AF_INET
server = socket.create_server((address, 7007), family=family)
client, _ = server.accept()
while said := client.recv(64):
    client.sendall(said)
"""
CALLER = """
import socket, time
for attempt in range(100):
    try:
        connection = socket.create_connection((%r, 7007), timeout=30)
        break
    except ConnectionRefusedError:
        time.sleep(0.1)
print("open", flush=True)
for number in range(6000):
    sent = time.monotonic()
    connection.sendall(b"%%d\\n" %% number)
    print(int(connection.recv(64)), sent, flush=True)
    time.sleep(0.1)
"""


@dataclass
class Probed:
    """What was seen of a device from the data centre while something was done to the network."""

    sent: int = 0
    gap: float = 0.0
    """Seconds without an answer, at the longest."""
    exchanged: list[int] = field(default_factory=list)
    """What a session that was opened before has brought back, in order."""
    outlived: bool = False
    """Whether that session has brought back what was sent after the block."""

    def assert_kept(self, longest: float) -> None:
        """The session went on over all of it; none was missed for longer than that can take."""
        said = f"no answer for {self.gap:.1f} s of {self.sent * EVERY:.0f} s; OSPF alone {longest:.1f} s"
        click.echo(said)
        assert longest > EVERY, f"the cut was none: {said}"
        assert self.sent > 100, f"nothing was probed: {said}"
        assert self.gap <= longest + LATER, said
        assert len(self.exchanged) > 100, self.exchanged
        first = self.exchanged[0]  # 1 where its predecessor was read along with the word that it is open
        assert first <= 1, self.exchanged
        assert self.exchanged == list(range(first, first + len(self.exchanged)))
        assert self.outlived, f"nothing came back after it: {said}"


@contextmanager
def probed(city: CitySlice, target: str, addresses: tuple[str, ...]) -> Iterator[tuple[Probed, ...]]:
    """Ping a device's addresses from a core, and keep a session with each open, while the block lasts."""
    found = tuple(Probed() for _ in addresses)
    started: list[subprocess.Popen[str]] = []

    def start(hostname: str, *command: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            enter.command(city.lab.root, hostname, command), stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    try:
        for address in addresses:
            start(target, PYTHON, "-c", LISTENER % address)
            caller = start(CORE, PYTHON, "-c", CALLER % address)
            start(CORE, "ping", "-n", "-i", str(EVERY), "-c", str(int(PROBING / EVERY)), address)
            assert caller.stdout is not None
            assert caller.stdout.readline() == "open\n"
        yield found
        over = time.monotonic()
        for pinging in started[2::3]:
            assert pinging.poll() is None, f"a ping ended before what it watches: {PROBING} s are too few"
        time.sleep(2)
    finally:
        for hostname in (CORE, target):
            city.on(hostname, "sh", "-c", "pkill -INT ping; pkill -f '[7]007'; true")
        out = [process.communicate(timeout=10)[0] for process in started]
    for each, answered, pings in zip(found, out[1::3], out[2::3], strict=True):
        answers = [line.split() for line in answered.splitlines()]
        each.exchanged = [int(number) for number, _ in answers]
        each.outlived = any(float(sent) > over for _, sent in answers)
        each.sent, each.gap = _longest_gap(pings)


def _longest_gap(said: str) -> tuple[int, float]:
    """Probes that were sent, and the longest time between two answers beyond that between two probes."""
    answered = [int(number) for number in re.findall(r"icmp_seq=(\d+) ttl", said)]
    (sent,) = re.findall(r"(\d+) packets transmitted", said)
    seen = [0, *answered, int(sent) + 1]
    return int(sent), max(later - earlier - 1 for earlier, later in pairwise(seen)) * EVERY


def convergence(city: CitySlice) -> list[float]:
    """Seconds that OSPF takes to find a ward's other way, once a circuit carries nothing: BFD tells.

    By family, as `GATEWAYS`.
    """
    until(lambda: {toward(city, CORE, each) for each in GATEWAYS} == {POP})
    with probed(city, CAI_KHE, GATEWAYS) as seen:
        time.sleep(2)
        assert city.run("lab", "break", "cut", "nk-cai-khe-1").code == 0
        time.sleep(10)
        assert city.run("lab", "heal").code == 0
    return [each.gap for each in seen]


def ward_moves(city: CitySlice, longest: list[float]) -> None:
    """A ward's circuit to one PoP is replaced by one to another, in one edit and one command.

    No family misses answers for longer than what took `longest`, by family, can take.
    """
    row = "nk-cai-khe,31117,nk,10,commune"
    city.write("communes.csv", f"{row}-dual,dual", f"{row},dual")
    city.write("systems.yaml", "hq-van-phong-ubnd, nk-cai-khe,", "hq-van-phong-ubnd,")
    city.write("circuits.csv", OTHER, "")
    fewer = city.run("deploy", "--yes")
    assert fewer.code == 0, fewer
    forget_the_other_border_router(city)
    city.write("circuits.csv", ROW, OTHER)
    with probed(city, CAI_KHE, GATEWAYS) as seen:
        moved = city.run("deploy", "--yes")
    assert moved.code == 0, moved
    assert moved.out.count(f"keeps   {CAI_KHE}/eth0 to nk-pop1/eth10, until a second run") == 1
    made, gone = city.runs()[1::-1]
    assert set(city.ends(made.id)) == {CAI_KHE, "bt-pop1"}
    assert set(city.ends(gone.id)) == {CAI_KHE, POP}
    assert {end for run in (made, gone) for end in city.ends(run.id).values()} == {("confirmed", "")}
    for each, seconds in zip(seen, longest, strict=True):
        each.assert_kept(seconds)


def forget_the_other_border_router(city: CitySlice) -> None:
    """The ward's ospf6d starts anew: it can keep routes of one that it heard before (docs/frr-driver.md)."""
    assert city.run("lab", "break", "killed", f"{CAI_KHE}/ospf6d").code == 0
    assert city.run("lab", "heal").code == 0
    until(lambda: "Full" in city.on(CAI_KHE, "vtysh", "-c", "show ipv6 ospf6 neighbor"), 60)
    until(lambda: " 0% " in city.on(CORE, "sh", "-c", f"ping -c 1 -W 1 {GATEWAYS[1]}; true"), 60)


def only_way_is_refused(city: CitySlice) -> None:
    """A line on a PoP's port that parses, and that takes a ward's only way: nothing is touched."""
    before, runs = touched(city, POP), len(city.runs())
    city.unmanage({POP: "interface eth11 / ip ospf passive"})
    done = city.run("deploy", "--yes", f"{POP} or {AN_HOA}")
    assert done.code == 4, done
    cause = f"{AN_HOA}: after wave 1 ({POP}) no way from {CORE}: {POP}/eth11 is passive"
    assert done.err.splitlines()[-1] == f"error: {cause}: nothing was done. To do it all the same: --may-cut"
    assert (touched(city, POP), len(city.runs())) == (before, runs)


def test_a_change_that_takes_a_ward_s_only_way_is_refused(city: CitySlice) -> None:
    only_way_is_refused(city)


def test_a_ward_that_moves_loses_no_ping_for_longer_than_ospf_takes(
    deployed: Deployed, city: CitySlice
) -> None:
    ward_moves(city, convergence(city))
