"""A router's life on a living slice of the city: its traffic taken off and given back; a ward that leaves."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import pytest

from infra_ctl.lab import enter
from tests.lab.city_slice import AN_HOA, AN_NGHIEP, CAI_KHE, CORE, POP, THOI_BINH, CitySlice, Deployed, until

pytestmark = pytest.mark.live

OTHER_POP = "bt-pop1"
OTHER_CORE, EDGE, OTHER_EDGE = "dc-core2", "dc-edge1", "dc-edge2"
OUTSIDE = "198.51.100.1"
HELD = f"held    {POP}: drain until 2099-12-01: fibre work\n"
COMMANDS = {4: "ip address", 6: "ipv6 address"}


def address(city: CitySlice, hostname: str, version: int) -> str:
    """Of a router's loopback."""
    pattern = rf"^interface lo\n(?: .*\n)*? {COMMANDS[version]} (\S+)/"
    found = re.search(pattern, city.running(hostname), re.MULTILINE)
    assert found, hostname
    return found[1]


def toward(city: CitySlice, hostname: str, target: str) -> str:
    """The neighbour that a router's kernel sends packets for an address to."""
    (route,) = json.loads(city.on(hostname, "ip", "-j", "route", "get", target))
    pattern = rf"^interface {re.escape(route['dev'])}\n(?: .*\n)*? description to (\S+) "
    found = re.search(pattern, city.running(hostname), re.MULTILINE)
    assert found, route
    return found[1]


def dropped() -> int:
    """Packets that the machine itself has dropped: a CPU has one queue for all labs (netdev_max_backlog)."""
    rows = Path("/proc/net/softnet_stat").read_text().splitlines()
    return sum(int(row.split()[1], 16) for row in rows)


@contextmanager
def no_ping_lost(city: CitySlice, hostname: str, *targets: str) -> Iterator[None]:
    """Five packets a second to each target while the block lasts; none is lost but by the machine itself."""
    script = "echo $$ >/tmp/ping.$0; exec ping -n -i 0.2 -w 900 $1"
    before = dropped()
    with ExitStack() as stack:
        said = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in targets]
        pings = [
            subprocess.Popen(
                enter.command(city.lab.root, hostname, ("sh", "-c", script, str(number), target)),
                stdout=said[number],
            )
            for number, target in enumerate(targets)
        ]
        try:
            yield
        finally:
            city.on(hostname, "sh", "-c", "kill -INT $(cat /tmp/ping.*); rm /tmp/ping.*")
            for ping in pings:
                ping.wait(timeout=60)
        lost = {target: _lost(text(file)) for file, target in zip(said, targets, strict=True)}
        # One of thousands may be lost by chance; a way that is gone takes five a second of a target with it.
        assert sum(map(len, lost.values())) <= max(1, dropped() - before), lost


def text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def _lost(said: str) -> set[int]:
    """Numbers of the packets that nothing came back of; the last may have been on its way at the end."""
    sent = re.search(r"(\d+) packets transmitted", said)
    assert sent, said
    return set(range(1, int(sent[1]))) - set(map(int, re.findall(r"icmp_seq=(\d+) .*time=", said)))


def test_a_drained_pop_is_the_last_way_that_anybody_takes(deployed: Deployed, city: CitySlice) -> None:
    """A ward with two ways takes the other, there and back; one with a single way is reached as before."""
    dual, single, core = address(city, CAI_KHE, 4), address(city, AN_HOA, 4), address(city, CORE, 4)
    others = address(city, CAI_KHE, 6), address(city, THOI_BINH, 6), address(city, POP, 4)

    def ways() -> tuple[str, str]:
        return toward(city, CORE, dual), toward(city, CAI_KHE, core)

    until(lambda: ways() == (POP, POP))
    with no_ping_lost(city, CORE, dual, single, *others):
        drained = city.run("drain", POP, "--reason", "fibre work", "--until", "2099-12-01", "--yes")
        assert drained.code == 0, drained
        until(lambda: ways() == (OTHER_POP, OTHER_POP))
        assert toward(city, CORE, single) == POP
    assert f"no other way  {AN_HOA} {AN_NGHIEP} {THOI_BINH}: still reached through {POP}\n" in drained.out
    assert city.runs()[0].kind == "drain"

    again = city.run("deploy", "--yes")
    assert (again.code, again.out.partition(" (")[0]) == (0, f"{HELD}no changes")
    verified = city.run("verify", "--wait", "30")
    assert verified.code == 0, verified

    given_back = city.run("drain", POP, "--undo", "--yes")
    assert given_back.code == 0, given_back
    until(lambda: ways() == (POP, POP))
    assert deployed.changed() == []


def test_a_ward_leaves_its_pop_is_cleaned_and_then_its_prefixes_are_free(city: CitySlice) -> None:
    """What goes with it is foreseen, so nothing is taken back; and nobody is renumbered."""
    lock = city.inventory / "allocations.lock.csv"
    before, routers = lock.read_text(), city.fingerprints()
    loopback = address(city, AN_NGHIEP, 4)
    for file in (city.inventory / name for name in ("communes.csv", "circuits.csv", "assets.csv")):
        rows = file.read_text(encoding="utf-8").splitlines(keepends=True)
        file.write_text("".join(row for row in rows if "nk-an-nghiep" not in row), encoding="utf-8")
    refused = city.run("ip", "lock", "--free")
    assert refused.code == 4, refused
    assert refused.err.startswith(f"error: {POP} was last confirmed with ")
    plan = city.json("plan")
    assert plan["waves"] == [[POP]]
    (pop,) = (device for device in plan["devices"] if device["hostname"] == POP)
    assert any(lost.startswith(f"ospf neighbour {loopback} on ") for lost in pop["may_lose"])
    assert "-  description to nk-an-nghiep-ce1" in pop["diff"]

    cleaned = city.run("deploy", "--yes", "--reason", "An Nghiệp closes")
    assert cleaned.code == 0, cleaned
    assert "1 confirmed" in cleaned.out
    assert lock.read_text() == before
    freed = city.run("ip", "lock", "--free")
    assert freed.code == 0, freed
    kept = [line for line in before.splitlines(keepends=True) if not line.startswith("nk-an-nghiep")]
    assert lock.read_text() == "".join(kept)
    now = city.fingerprints()
    assert [host for host in city.hostnames if now[host] != routers[host]] == [POP]
    assert city.run("plan").out.startswith("no changes")


def test_a_drained_core_and_a_drained_edge_are_last_ways_too(deployed: Deployed, city: CitySlice) -> None:
    """What goes between PoPs takes the other core, what leaves the city the other edge; nothing is lost."""
    there, also_there = address(city, OTHER_POP, 4), address(city, OTHER_POP, 6)
    drained = (CORE, address(city, CORE, 4)), (EDGE, address(city, EDGE, 4))

    def ways() -> tuple[str, ...]:
        return *(toward(city, POP, target) for target in (there, also_there)), toward(city, CORE, OUTSIDE)

    def leads_outside() -> set[str]:
        """Of two edges that are as good, by whose default route."""
        routes = json.loads(city.on(OTHER_CORE, "ip", "-j", "route", "show", "default"))
        return {hop["gateway"] for route in routes for hop in route.get("nexthops", [route])}

    until(lambda: ways()[:2] == (CORE, CORE) and len(leads_outside()) == 2, 90)
    with no_ping_lost(city, POP, there, also_there, *(target for _, target in drained)):
        for name, _ in drained:
            held = city.run("hold", "set", name, "drain", "--reason", "new cards", "--until", "2099-12-01")
            assert held.code == 0, held
        deploy = city.run("deploy", "--yes")
        assert deploy.code == 0, deploy
        until(lambda: ways() == (OTHER_CORE, OTHER_CORE, OTHER_EDGE) and len(leads_outside()) == 1, 90)
        seen = city.on(POP, "vtysh", "-c", f"show ip ospf database router {drained[0][1]}")
        links = seen.split("Link connected to: another Router (point-to-point)")[1:]
        assert links
        assert all("TOS 0 Metric: 65535" in link for link in links), seen

    for name, _ in drained:
        assert city.run("hold", "lift", name, "drain").code == 0
    given_back = city.run("deploy", "--yes")
    assert given_back.code == 0, given_back
    until(lambda: ways()[:2] == (CORE, CORE) and len(leads_outside()) == 2, 90)
    assert deployed.changed() == []
