"""Probing: what an echo costs beside fping and blackbox_exporter, how true its times are, how late its turns.

All in two namespaces with a wire between them, in turn: what is compared ran within the same minute.
"""

from __future__ import annotations

import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from ipaddress import IPv4Address
from itertools import accumulate
from pathlib import Path
from threading import Event, Thread

from benchmarks.measure import verdict
from exporters.path import PathExporter
from exporters.serving.exposition import text
from infra_ctl.lab import namespace
from infra_ctl.monitor.targets import PathTarget
from infra_ctl.probe.counters import LATENESS_BOUNDS

TARGETS = 1000
IDLE = 20
"""Targets of a loop that has little to do, each ten times a second: as many turns as with a thousand."""
SECONDS = 8
ROUNDS = 5
SCRAPES = 5
"""A second."""
FIRST = IPv4Address("10.99.0.1")
NEAR, FAR = "icbenchnear", "icbenchfar"
PORT = 19115
BLACKBOX = "modules: {icmp: {prober: icmp, timeout: 2s, icmp: {preferred_ip_protocol: ip4}}}\n"


def run(folder: Path) -> None:
    """Print figures and verdicts; needs root, fping and prometheus-blackbox-exporter."""
    print(f"\nprobing: {TARGETS} targets, {ROUNDS} rounds of {SECONDS} s in turn")
    with _namespaces(), namespace.inside(NEAR):
        costs, late = _rounds(folder)
        bias = [_bias() for _ in range(3)]
    _tell_costs(costs)
    _tell_bias(bias)
    _tell_lateness(late)


def _rounds(folder: Path) -> tuple[Mapping[str, list[float]], Mapping[str, list[list[int]]]]:
    """CPU seconds a probe, and how late turns were, a list a contender and an entry a round."""
    costs: defaultdict[str, list[float]] = defaultdict(list)
    late: defaultdict[str, list[list[int]]] = defaultdict(list)
    contenders: Mapping[str, Callable[[], tuple[float, list[int]]]] = {
        "idle": lambda: turns_of(IDLE, 0.1),
        "ours": lambda: turns_of(TARGETS, 1.0),
        "scraped": lambda: turns_of(TARGETS, 1.0, scrapes=SCRAPES),
        "fping": lambda: (_fping(folder), []),
        "blackbox": lambda: (_blackbox(folder), []),
    }
    names = list(contenders)
    for number in range(ROUNDS):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            cost, buckets = contenders[name]()
            costs[name].append(cost)
            late[name].append(buckets)
            print(f"  round {number + 1}/{ROUNDS}  {name:<10} {cost * 1e6:7.1f} µs a probe", file=sys.stderr)
    return costs, late


def turns_of(
    targets: int, interval: float, scrapes: int = 0, seconds: float = SECONDS
) -> tuple[float, list[int]]:
    """CPU seconds of the loop a probe, and buckets of lateness, over a while; the start is not counted."""
    exporter = PathExporter(interval=interval, timeout=1.0, mtu_interval=86400.0, stamp_port=None)
    try:
        exporter.watch([PathTarget("site", f"s{n}", "ipv4", FIRST + n, "default") for n in range(targets)])
        time.sleep(1.5)
        pid, before = exporter.prober.pid, exporter.prober.lateness()
        assert pid is not None
        spent, sent = _cpu(pid), _sent(exporter)
        with _scraped(exporter, scrapes):
            time.sleep(seconds)
        after, spent, sent = exporter.prober.lateness(), _cpu(pid) - spent, _sent(exporter) - sent
        lost = sum(reading.lost for reading in exporter.prober.readings().values())
        if lost:
            print(f"  {lost} of our probes were lost on a wire that loses nothing", file=sys.stderr)
        buckets = [now - then for now, then in zip(after.buckets, before.buckets, strict=True)]
        return spent / sent, buckets
    finally:
        exporter.close()


def _sent(exporter: PathExporter) -> int:
    return sum(reading.sent for reading in exporter.prober.readings().values())


@contextmanager
def _scraped(exporter: PathExporter, scrapes: int) -> Iterator[None]:
    """Pages are made all the while, so many a second."""
    over = Event()

    def scrape() -> None:
        while not over.wait(1 / scrapes):
            text(exporter.collect())

    thread = Thread(target=scrape)
    if scrapes:
        thread.start()
    try:
        yield
    finally:
        over.set()
        if scrapes:
            thread.join()


def _fping(folder: Path) -> float:
    """A millisecond between packets: every target once a second, as we do."""
    listed = folder / "targets"
    listed.write_text("".join(f"{FIRST + number}\n" for number in range(TARGETS)))
    command = ("fping", "-q", "-i", "1", "-p", "1000", "-C", str(SECONDS), "-f", str(listed))
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return _reaped(process) / (TARGETS * SECONDS)


def _blackbox(folder: Path) -> float:
    """Every target once, over 16 kept connections; what asks is not counted."""
    configuration = folder / "blackbox.yml"
    configuration.write_text(BLACKBOX)
    command = (
        "prometheus-blackbox-exporter",
        f"--config.file={configuration}",
        f"--web.listen-address=127.0.0.1:{PORT}",
        "--log.level=error",
    )
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _until_listening()
        began = _cpu(process.pid)
        parts = [range(start, TARGETS, 16) for start in range(16)]
        with ThreadPoolExecutor(16) as pool:
            successes = sum(pool.map(_ask, parts))
        assert successes == TARGETS, f"blackbox_exporter had {successes} of {TARGETS} replies"
        return (_cpu(process.pid) - began) / TARGETS
    finally:
        process.terminate()
        process.wait()


def _ask(numbers: Sequence[int]) -> int:
    with namespace.inside(NEAR):  # a thread of a pool is where the process began
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
        successes = 0
        for number in numbers:
            connection.request("GET", f"/probe?module=icmp&target={FIRST + number}")
            successes += b"\nprobe_success 1\n" in connection.getresponse().read()
        connection.close()
    return successes


def _until_listening() -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            http.client.HTTPConnection("127.0.0.1", PORT, timeout=30).request("GET", "/-/healthy")
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "blackbox_exporter does not listen"
            time.sleep(0.05)
        else:
            return


def _bias() -> Mapping[str, float]:
    command = (sys.executable, "-m", "benchmarks.peers.echo_bias", "3000", "w0", str(FIRST))
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return {name: float(value) for name, value in json.loads(done.stdout).items()}


@contextmanager
def _namespaces() -> Iterator[None]:
    """A wire, and behind it a kernel that is every address of 10.99/16."""
    namespace.batch((f"netns add {NEAR}", f"netns add {FAR}"))
    try:
        namespace.batch([f"link add w0 netns {NEAR} type veth peer name w0 netns {FAR}"])
        for name, address in ((NEAR, "10.98.0.1/24"), (FAR, "10.98.0.2/24")):
            namespace.batch(("link set lo up", "link set w0 up", f"address add {address} dev w0"), name)
        namespace.batch(["route add 10.99.0.0/16 via 10.98.0.2"], NEAR)
        namespace.batch(["route add local 10.99.0.0/16 dev lo"], FAR)
        yield
    finally:
        namespace.batch((f"netns delete {NEAR}", f"netns delete {FAR}"))


def _cpu(pid: int) -> float:
    """Seconds on a CPU, of all threads of a process, to the nanosecond."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(each.read_text().split()[0]) for each in tasks) / 1e9


def _reaped(process: subprocess.Popen[bytes]) -> float:
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds: float = usage.ru_utime + usage.ru_stime
    return seconds


def _tell_costs(costs: Mapping[str, list[float]]) -> None:
    ours = statistics.median(costs["ours"])
    for name in ("ours", "scraped", "fping", "blackbox"):
        cost = statistics.median(costs[name])
        print(f"  {name:<10}{cost * 1e6:9.1f} µs of CPU a probe{cost / ours:9.2f} × ours")
    print(verdict("% of a core for 1,000 targets at 1 Hz", ours * TARGETS * 100, 5))
    print(verdict("CPU a probe, × fping's", ours / statistics.median(costs["fping"]), 1.5))
    below = statistics.median(costs["blackbox"]) / ours
    print(verdict("blackbox_exporter's CPU a probe, × ours", below, 15, at_least=True))


def _tell_bias(rounds: Sequence[Mapping[str, float]]) -> None:
    def of(name: str) -> float:
        return statistics.median(each[name] for each in rounds)

    print(f"  round trips of {of('truth'):.0f} µs by the kernel's timestamps on the wire")
    print(verdict("µs that our round trip is off the kernel's, p50", of("p50"), 50))
    print(verdict("µs that our round trip is off the kernel's, p99", of("p99"), 50))


def _tell_lateness(late: Mapping[str, list[list[int]]]) -> None:
    p99 = {
        name: p99_of([sum(each) for each in zip(*late[name], strict=True)])
        for name in ("idle", "ours", "scraped")
    }
    for name, seconds in p99.items():
        print(f"  lateness p99 {name:<10}{seconds * 1000:8.2f} ms")
    print(verdict("lateness p99 with 1,000 targets, × idle", p99["ours"] / p99["idle"], 3))
    print(verdict("lateness p99 while scraped, × not scraped", p99["scraped"] / p99["ours"], 1.25))


def p99_of(buckets: Sequence[int]) -> float:
    """As Prometheus' histogram_quantile does, linear within a bucket."""
    bounds: Sequence[float] = (0.0, *LATENESS_BOUNDS, LATENESS_BOUNDS[-1])
    upto = list(accumulate(buckets))
    rank = 0.99 * upto[-1]
    place = next(index for index, count in enumerate(upto) if count >= rank)
    below = upto[place - 1] if place else 0
    share = (rank - below) / buckets[place]
    return bounds[place] + (bounds[place + 1] - bounds[place]) * share
