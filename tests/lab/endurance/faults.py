"""What goes wrong, a round at a time; and what has to be well again when it is over."""

from __future__ import annotations

import random
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from http.client import HTTPException

from benchmarks.probing import IDLE, TARGETS, p99_of, turns_of
from infra_ctl.city import load_city
from infra_ctl.monitor.targets import path_targets
from infra_ctl.probe.stamp import PORT, Sent
from infra_ctl.video.sight import MOST_SILENT
from tests.lab.endurance import asking
from tests.lab.endurance.board import ECHO, OFFSET, SIP, SPOILT, STAMP
from tests.lab.endurance.crowd import DEAD
from tests.lab.endurance.far import spoilt
from tests.lab.endurance.ground import CLI, Ground, exporting, python

Samples = Mapping[str, float]
AT_ONCE = 24
"""Scrapes of a storm: more than are let in."""
SLOW = 100
"""Connections to each exporter that do not get on; it takes 128."""
TRIES = 3
"""What is refused has a second to end; a machine that stalls sends on later, which cuts its answer off."""
SCRAPE_SECONDS = 10.0
"""After which Prometheus gives up, if it is not told otherwise."""
RECOVERY_SECONDS = 60.0
CROWD_SECONDS = 240.0
"""For each of ten thousand rooms to be looked at once more; a minute if the machine is ours."""
CROWD_INTERVAL = 60
"""Seconds between two looks at each of them."""
LONGEST = 2.0
"""Seconds of a round trip; a longer one is a loss."""
LATENESS = 3.0
"""Times that of an idle loop."""


@dataclass(slots=True)
class Tally:
    """What was asked, what was refused as it should be, and what was not as it should be."""

    requests: int = 0
    refused: int = 0
    complaints: Counter[str] = field(default_factory=Counter)
    figures: list[str] = field(default_factory=list)
    late: dict[str, list[int]] = field(default_factory=dict)
    """Turns by how late they were."""
    chance: random.Random = field(default_factory=lambda: random.Random("endurance"))

    def expect(self, got: int, wanted: Collection[int], what: str) -> None:
        self.requests += 1
        self.refused += got >= 400 and got in wanted
        if got not in wanted:
            self.complaints[f"{what}: {got or 'no answer'}"] += 1


@dataclass(frozen=True, slots=True)
class Fault:
    """`around` gives the ground that its rounds are on, and takes back what it did to it."""

    about: str
    round: Callable[[Ground, Tally], None]
    around: Callable[[Ground], AbstractContextManager[Ground]] = nullcontext
    more_kib: int = 4096
    """By which memory may grow beside a share of it: an allocator's own ups and downs."""
    more_files: int = 8
    """That may be open after it: connections that are just being closed, or that are always under way."""


def scrape(ground: Ground, tally: Tally, times: float = 1.0) -> None:
    """Every exporter once; it may take so many `times` what a scrape may."""
    for each in ground.exporters.values():
        status = asking.status(each.port, patience=times * SCRAPE_SECONDS)
        tally.expect(status, (200,), f"a scrape of {each.name}")


def samples(ground: Ground, name: str) -> Samples:
    """By a series as it is written; none where nothing is answered."""
    try:
        lines = asking.page(ground.exporters[name].port).splitlines()
    except (OSError, HTTPException):
        return {}
    told = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {series: float(value) for series, _, value in told}


def is_well(ground: Ground) -> bool:
    """Everybody answers, every path is measured at this moment, and every room that could be is up."""
    first = _answered(ground)
    if any(asking.status(each.port) != 200 for each in ground.exporters.values()):
        return False
    rooms = [up for room, up in samples(ground, "video").items() if room.startswith("infra_room_up{")]
    time.sleep(1.5)
    now = _answered(ground)
    return (
        bool(first)
        and sum(rooms) > len(rooms) / 2
        and all(now.get(key, 0) > then for key, then in first.items())
    )


def _answered(ground: Ground) -> Samples:
    """Round trips of each path, and tests of each site."""
    return {key: n for key, n in samples(ground, "path").items() if "rtt_seconds_count{" in key}


def unknown(ground: Ground, tally: Tally) -> None:
    for port in ground.ports:
        for method, path in asking.UNKNOWN:
            tally.expect(asking.status(port, method, path), (400, 404, 405), f"{method} {path[:40]}")


def oversized(ground: Ground, tally: Tally) -> None:
    for port in ground.ports:
        for data in asking.OVERSIZED:
            tally.expect(asking.sent(port, data, tries=TRIES), (400, 413, 431), f"{data[:20]!r}…")


def slow(ground: Ground, tally: Tally) -> None:
    """A byte now and then on many connections, and scrapes beside them."""
    with asking.dawdlers(ground.ports, SLOW) as dawdling:
        for _ in range(4):
            for connection in dawdling:
                with suppress(OSError):  # it was closed, as it should be
                    connection.send(b"T")
            scrape(ground, tally)
            time.sleep(0.5)
        tally.requests += len(dawdling)


def storm(ground: Ground, tally: Tally) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(asking.status, [port for port in ground.ports for _ in range(AT_ONCE)])
        for status in found:
            tally.expect(status, (200, 503), "a scrape among many")


@contextmanager
def spoiling(ground: Ground, kind: int) -> Iterator[Ground]:
    ground.board[SPOILT] |= 1 << kind
    try:
        yield ground
    finally:
        ground.board[SPOILT] &= ~(1 << kind)


def malformed(kind: int) -> Callable[[Ground, Tally], None]:
    """Scrape while answers of a kind are spoilt."""

    def round_(ground: Ground, tally: Tally) -> None:
        before = ground.board[kind]
        if kind == STAMP:
            tally.requests += _spoil_tests(ground, tally.chance)
        scrape(ground, tally)
        time.sleep(0.5)
        tally.requests += ground.board[kind] - before

    return round_


def _spoil_tests(ground: Ground, chance: random.Random) -> int:
    """Packets to the reflector that are none."""
    sites = [each.address for each in path_targets(load_city(ground.inventory)) if each.kind == "site"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
        for address in (each for each in sites if each.version == 4):
            packet = spoilt(Sent(chance.getrandbits(32), 1).encoded(), chance)
            with suppress(OSError):
                sending.sendto(packet[:1400], (str(address), PORT))
    return len(sites)


@contextmanager
def stepping(ground: Ground) -> Iterator[Ground]:
    try:
        yield ground
    finally:
        ground.board[OFFSET] = 0


def clock(ground: Ground, tally: Tally) -> None:
    """Set to another time in the middle of probes; no round trip is longer than it may be."""
    day = 86400 * 10**9
    ground.board[OFFSET] = tally.chance.choice((0, 10**8, -(10**8), day, -day, 3650 * day, -9000 * day))
    time.sleep(0.3)
    scrape(ground, tally)
    found = samples(ground, "path")
    for series in (each for each in found if "rtt_seconds_sum{" in each):
        count = found[series.replace("_sum{", "_count{")]
        if not 0 <= found[series] <= LONGEST * count:
            tally.complaints[f"{count:.0f} round trips of {found[series]} s: {series}"] += 1


@contextmanager
def without_names(ground: Ground) -> Iterator[Ground]:
    """Its journal is in a database whose name nobody resolves: the server that should is not there."""
    servers = ground.folder / "resolv.conf"
    servers.write_text("nameserver 198.18.0.53\nnameserver 198.18.0.54\n")
    command = (
        *UNRESOLVED,
        str(servers),
        "postgresql+psycopg://infra@db.cantho.example/infra",
        *CLI,
        "controller",
    )
    with exporting("controller", ground.folder, command=command, port=9801) as running:
        yield replace(ground, exporters={"controller": running})


UNRESOLVED = (
    *("unshare", "--mount", "sh", "-c"),
    'mount --bind "$0" /etc/resolv.conf && export INFRA_CTL_JOURNAL="$1" && shift && exec "$@"',
)


@contextmanager
def flapping(ground: Ground) -> Iterator[Ground]:
    try:
        yield ground
    finally:
        ground.wire(is_up=True)


def flaps(ground: Ground, tally: Tally) -> None:
    """Down and up; the ways go with it, and come back a moment later."""
    ground.wire(is_up=False)
    time.sleep(tally.chance.random())
    scrape(ground, tally)
    ground.wire(is_up=True)
    time.sleep(tally.chance.random())


def reloads(ground: Ground, tally: Tally) -> None:
    """By signal and by request, of a good inventory and of a bad one, with scrapes among them."""
    good = (ground.inventory / "communes.csv").read_text(encoding="utf-8")
    for text in ("site\n", good):
        (ground.inventory / "communes.csv").write_text(text, encoding="utf-8")
        for each in ground.exporters.values():
            each.process.send_signal(signal.SIGHUP)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            asked = {port: pool.submit(asking.status, port, "POST", "/-/reload") for port in ground.ports}
            scrape(ground, tally)
            for port, status in asked.items():
                tally.expect(status.result(), (200,) if text == good else (500,), f"a reload at {port}")


@contextmanager
def crowded(ground: Ground) -> Iterator[Ground]:
    """Two exporters more, each with ten thousand targets; nobody looks for MTUs or estimates.

    The one of rooms stands still for a turn, as on a machine that stalls: all rooms are due at once then.
    What that takes of memory is taken before anybody looks whether it grows.
    """
    with ExitStack() as stack:
        crowd = {
            name: stack.enter_context(
                exporting(
                    name,
                    ground.folder,
                    *options.split(),
                    command=(*python("tests.lab.endurance.crowd"), name),
                    port=port,
                )
            )
            for name, port, options in (
                ("path", 9802, "--probe.interval 10 --probe.mtu-interval 86400"),
                ("video", 9803, f"--media.window 0 --probe.interval {CROWD_INTERVAL} --probe.timeout 2"),
            )
        }
        here = replace(ground, exporters=crowd)
        _see_all(here, times=1)
        crowd["video"].process.send_signal(signal.SIGSTOP)
        time.sleep(CROWD_INTERVAL)
        crowd["video"].process.send_signal(signal.SIGCONT)
        _see_all(here, times=2)
        yield here


def _see_all(ground: Ground, times: int) -> None:
    """Wait, but not for ever, until each room was looked at so often."""
    deadline = time.monotonic() + CROWD_SECONDS
    while _rooms_seen(ground, times) <= DEAD and time.monotonic() < deadline:
        time.sleep(10)


def _rooms_seen(ground: Ground, times: int) -> int:
    """Rooms that were looked at so often."""
    sent = (
        count for each, count in samples(ground, "video").items() if "_sent_total{" in each and "udp" in each
    )
    return sum(count >= times for count in sent)


def dead(ground: Ground, tally: Tally) -> None:
    """Whoever lives among them is asked, and answers."""
    time.sleep(1)
    scrape(ground, tally, times=6)  # thirty megabytes
    found = samples(ground, "path")
    if found.get('infra_site_probes_lost_total{site="living",family="ipv4",class="default"}', 0):
        tally.complaints["the living target lost probes"] += 1
    room = samples(ground, "video")
    if room.get('infra_room_up{room="living"}') == 0:
        tally.complaints["the living room is said to be dead"] += 1
    if (seen := _rooms_seen(ground, times=2)) <= DEAD:
        tally.complaints[f"of {DEAD + 1:,} rooms {seen:,} were looked at twice"] += 1


def lateness(ground: Ground, tally: Tally) -> None:
    """An idle loop and one of a thousand targets, in turn."""
    for name, targets, interval in (("idle", IDLE, 1.0), ("busy", TARGETS, 1.0)):
        _cost, buckets = turns_of(targets, interval, seconds=4)
        tally.late[name] = [
            a + b for a, b in zip(tally.late.get(name, [0] * len(buckets)), buckets, strict=True)
        ]
        tally.requests += sum(buckets)
    idle, busy = (p99_of(tally.late[name]) for name in ("idle", "busy"))
    tally.figures = [f"p99 {idle * 1000:.2f} ms idle, {busy * 1000:.2f} ms with {TARGETS:,} targets"]
    tally.complaints.clear()
    if busy > LATENESS * idle:
        tally.complaints[f"later than {LATENESS:g} times an idle loop"] += 1


FAULTS: Mapping[str, Fault] = {
    "unknown": Fault("targets, modules, pages, methods that there are not", unknown),
    "oversized": Fault("requests that are too large, or none", oversized),
    "slow": Fault("connections that do not get on", slow),
    "storm": Fault("more scrapes at a time than are let in", storm),
    "sip": Fault("malformed SIP answers", malformed(SIP), lambda ground: spoiling(ground, SIP)),
    "stamp": Fault(
        "malformed STAMP packets and answers", malformed(STAMP), lambda ground: spoiling(ground, STAMP)
    ),
    "echo": Fault("malformed echo replies", malformed(ECHO), lambda ground: spoiling(ground, ECHO)),
    "clock": Fault("a clock that is set", clock, stepping),
    "names": Fault("no DNS where a journal has a name", scrape, without_names),
    "flaps": Fault("a wire that goes down and up", flaps, flapping),
    "reloads": Fault("reloads of good and bad inventories", reloads),
    "dead": Fault("ten thousand dead targets, and one alive", dead, crowded, more_files=MOST_SILENT),
    "lateness": Fault("how late a loop of 1,000 targets is", lateness),
}
