"""Video rooms that are real (baresip), at a registrar that is real (kamailio, the city's own configuration).

A namespace is the data centre, and one each a ward: its router's addresses and its room's are its own, so the
echoes and the calls go the one cable there is, and every address is the one that the inventory says.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from infra_ctl.city import City, load_city
from infra_ctl.intent.topology import links
from infra_ctl.lab import namespace, rooms
from infra_ctl.lab.model import RoomNode
from infra_ctl.monitor.targets import RegistrarTarget, RoomTarget, registrar_targets, room_targets
from infra_ctl.render import host_text

pytestmark = pytest.mark.live

REFERENCE = Path(__file__).parents[2] / "inventory"
REGISTRAR = "dc-registrar-1"
WELL, LOSSY, OFF, ASTRAY, EXPIRED = WARDS = (
    "nk-cai-khe",
    "nk-an-hoa",
    "nk-thoi-binh",
    "nk-an-nghiep",
    "bt-binh-thuy",
)
LOSS = """\
table netdev lossy {{
  chain in {{
    type filter hook ingress device {} priority 0;
    numgen random mod 100 < 3 drop;
  }}
}}
"""
SECONDS = 60


def eventually(is_so: Callable[[], Any], what: str) -> Any:
    """What `is_so` says as soon as it says something."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if said := is_so():
            return said
        time.sleep(0.2)
    raise AssertionError(f"not within {SECONDS} s: {what}")


@dataclass(frozen=True)
class Video:
    """The data centre and its wards; `folder` has what each reads and says."""

    name: str
    folder: Path
    city: City

    @property
    def centre(self) -> str:
        return f"{self.name}-dc"

    def ward(self, site: str) -> str:
        return f"{self.name}-{site}"

    @property
    def namespaces(self) -> list[str]:
        return [self.centre, *map(self.ward, WARDS)]

    @cached_property
    def rooms(self) -> dict[str, RoomTarget]:
        """By site."""
        return {room.site: room for room in room_targets(self.city) if room.room == f"{room.site}-room"}

    @cached_property
    def registrar(self) -> RegistrarTarget:
        return next(each for each in registrar_targets(self.city) if each.registrar == REGISTRAR)

    def loopback(self, site: str) -> str:
        intent = next(each for each in self.city.intents.values() if each.site == site)
        return next(str(each.ipv4.ip) for each in intent.interfaces if each.kind == "loopback" and each.ipv4)

    def far_ends(self, site: str) -> list[str]:
        """Addresses of the circuits' ends at a site."""
        ends = [
            link
            for link in links(self.city.inventory)
            if link.kind == "circuit" and link.z.device.site == site
        ]
        return [
            str(interface.ipv4.ip)
            for link in ends
            for interface in self.city.intents[link.z.device.hostname].interfaces
            if interface.circuit == link.id and interface.ipv4
        ]

    def run(self, *command: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """In the data centre, as an engineer there."""
        return subprocess.run(
            ("ip", "netns", "exec", self.centre, *command),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            env={**os.environ, "INFRA_CTL_INVENTORY": str(REFERENCE), "INFRA_CTL_VAR": str(self.folder)},
            **more,
        )

    def ready(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-m", "infra_ctl.cli.app", "video", "ready", *arguments)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Video]:
    for program in ("kamailio", "baresip"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    found = Video(f"vr{os.getpid()}", tmp_path_factory.mktemp("video"), load_city(REFERENCE))
    try:
        wire(found)
        register(found)
        for site in (WELL, LOSSY, ASTRAY, EXPIRED):
            switch_on(found, site)
        lead_astray(found)
        for site in (WELL, LOSSY, EXPIRED):
            eventually(
                lambda site=site: "[1 binding]" in log_of(found, site).read_text(), f"{site} registers"
            )
        yield found
    finally:
        there = [name for name in found.namespaces if namespace.exists(name)]
        namespace.kill(there)
        namespace.batch(f"netns delete {name}" for name in there)


def wire(video: Video) -> None:
    """A cable to each ward. What no test is about answers in the data centre itself."""
    namespace.batch(f"netns add {name}" for name in video.namespaces)
    here = ["link set lo up", f"address add {video.registrar.address}/32 dev lo"]
    for number, site in enumerate(WARDS):
        namespace.batch(
            [f"link add w{number} netns {video.centre} type veth peer name eth0 netns {video.ward(site)}"]
        )
        own = [video.loopback(site), *video.far_ends(site)]
        own += [] if site == OFF else [str(video.rooms[site].address)]
        there = ["link set lo up", "link set eth0 up", *(f"address add {each}/32 dev lo" for each in own)]
        there += [f"address add 169.254.{number}.2/30 dev eth0", f"route add default via 169.254.{number}.1"]
        namespace.batch(there, video.ward(site))
        here += [f"link set w{number} up", f"address add 169.254.{number}.1/30 dev w{number}"]
        ways = {*own, str(video.rooms[site].address)}
        here += [
            f"route add {each}/32 via 169.254.{number}.2 src {video.registrar.address}"
            for each in sorted(ways)
        ]
    pops = {site.pop for key, site in video.city.inventory.sites.items() if key in WARDS}
    here += [f"address add {each}/32 dev lo" for pop in sorted(pops) for each in video.far_ends(pop)]
    namespace.batch(here, video.centre)
    for end, where in ((f"w{WARDS.index(LOSSY)}", video.centre), ("eth0", video.ward(LOSSY))):
        namespace.run(("nft", "-f", "-"), LOSS.format(end), where)


def register(video: Video) -> None:
    """Kamailio as the city's host has it, save for IPv6, which is not wired here."""
    pem = video.folder / "registrar.pem"
    pem.write_bytes(rooms.certificate("sip.cantho.example", datetime.now(UTC) - timedelta(days=3)))
    text = host_text("kamailio.cfg", video.city.hosts[REGISTRAR], certificate=str(pem), key=str(pem))
    conf = video.folder / "kamailio.cfg"
    conf.write_text("\n".join(line for line in text.splitlines() if "[2001:" not in line) + "\n")
    own = "mount -t tmpfs none /run; mkdir /run/kamailio"
    start = f"{own}; exec kamailio -DD -E -m 16 -M 4 -Y /run/kamailio -f $0"
    command = (
        "ip",
        "netns",
        "exec",
        video.centre,
        "setsid",
        "--fork",
        "unshare",
        "--mount",
        "sh",
        "-c",
        start,
    )
    with (video.folder / "kamailio.log").open("w") as log:
        subprocess.run((*command, str(conf)), stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True)
    address = (str(video.registrar.address), 5060)
    eventually(lambda: connects(video, address), f"kamailio listens: {conf}")


def connects(video: Video, address: tuple[str, int]) -> bool:
    with namespace.inside(video.centre), socket.socket() as trying:
        trying.settimeout(1)
        return trying.connect_ex(address) == 0


def switch_on(video: Video, site: str) -> None:
    from ipaddress import IPv4Address, IPv4Interface

    target = video.rooms[site]
    assert isinstance(target.address, IPv4Address)
    to = video.registrar.address if site != ASTRAY else None
    node = RoomNode(
        target.room, "", IPv4Interface((target.address, 32)), None, (), target.registrar or "", to
    )
    ended = datetime.now(UTC) - timedelta(days=1) if site == EXPIRED else None
    rooms.write(node, video.folder / site, ended)
    rooms.run(video.ward(site), video.folder / site, log_of(video, site))


def log_of(video: Video, site: str) -> Path:
    return video.folder / f"{site}.log"


def lead_astray(video: Video) -> None:
    """An entry that a room has had elsewhere, or that somebody else has made for it."""
    room = f"{video.rooms[ASTRAY].room}@sip.cantho.example"
    text = (
        f"REGISTER sip:sip.cantho.example SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKa\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:{room}>;tag=a\r\nTo: <sip:{room}>\r\nCall-ID: a\r\n"
        f"CSeq: 1 REGISTER\r\nContact: <sip:room@192.0.2.7:5060>;expires=300\r\nContent-Length: 0\r\n\r\n"
    )
    with (
        namespace.inside(video.centre),
        socket.create_connection((str(video.registrar.address), 5060), 10) as to,
    ):
        to.sendall(text.encode())
        assert b" 200 OK" in to.recv(4096)


def test_each_room_that_is_not_ready_is_told_its_cause(video: Video, tmp_path: Path) -> None:
    """One that is well, behind a lossy circuit, simply off, led astray, with an expired certificate."""
    page = tmp_path / "ready.html"
    done = video.ready(*(f"{site}-room" for site in WARDS), "--output", "json", "--html", str(page))
    assert done.returncode == 3, done.stdout + done.stderr
    found = json.loads(done.stdout)
    causes = {
        each["room"]: each["cause"] and (each["cause"]["part"], each["cause"]["object"])
        for each in found["rooms"]
    }
    assert causes == {
        f"{WELL}-room": None,
        f"{LOSSY}-room": ("circuit", "nk-an-hoa-1"),
        f"{OFF}-room": ("room", f"{OFF}-room"),
        f"{ASTRAY}-room": ("registrar", REGISTRAR),
        f"{EXPIRED}-room": ("certificate", f"{EXPIRED}-room"),
    }, done.stdout
    assert found["rooms"][-1]["room"] == f"{WELL}-room"  # who is not ready comes first
    well = {transport: answer["status"] for transport, answer in found["rooms"][-1]["transports"].items()}
    assert well == {"udp": 200, "tcp": 200, "tls": 200}
    said = {each["room"]: each["cause"]["message"] for each in found["rooms"] if each["cause"]}
    assert "192.0.2.7" in said[f"{ASTRAY}-room"]
    assert "loses" in said[f"{LOSSY}-room"]
    assert "off" in said[f"{OFF}-room"]
    assert [each["part"] for each in found["registrars"]] == ["certificate"]  # it has expired three days ago
    assert "CHƯA SẴN SÀNG" in page.read_text(encoding="utf-8")


SCRAPE = """\
from urllib.request import urlopen
print(urlopen("http://127.0.0.1:9871/metrics", timeout=20).read().decode())
"""
EXPORT = (
    *("-c", "import sys; from exporters.video import main; main(sys.argv[1:])"),
    *("--probe.interval", "2", "--probe.timeout", "2", "--media.interval", "0.05", "--media.window", "6"),
    *("--web.listen-address", "127.0.0.1:9871"),
)


def test_the_exporter_tells_them_apart_and_goes_on_without_a_registrar(video: Video) -> None:
    environment = {**os.environ, "INFRA_CTL_INVENTORY": str(REFERENCE)}
    command = ("ip", "netns", "exec", video.centre, sys.executable, *EXPORT)
    with (video.folder / "exporter.log").open("w") as log:
        exporter = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    try:
        found = eventually(lambda: as_they_are(scraped(video)), "each room is seen as it is")
        assert found["infra_registrar_bindings", REGISTRAR] == 4
        ends = "infra_room_certificate_expiry_timestamp_seconds"
        assert found[ends, f"{EXPIRED}-room"] < time.time() < found[ends, f"{WELL}-room"]
        assert found["infra_registrar_certificate_expiry_timestamp_seconds", REGISTRAR] < time.time()
        eventually(lambda: estimates_differ(scraped(video)), "loss is in the estimate of the lossy way alone")
        stop_kamailio(video)
        down = eventually(lambda: registrar_down(scraped(video)), "the registrar is missed")
        assert down["infra_room_up", f"{WELL}-room"] == 1
    finally:
        exporter.terminate()
        assert exporter.wait(SECONDS) == 0
    again = video.ready(f"{WELL}-room", "--output", "json")
    (room,) = json.loads(again.stdout)["rooms"]
    assert (again.returncode, room["cause"]["part"]) == (3, "registrar")
    assert REGISTRAR in [cause["object"] for cause in room["causes"]]


def scraped(video: Video) -> Found:
    """By metric and its first label's value."""
    page = video.run(sys.executable, "-c", SCRAPE).stdout
    return {
        (sample.name, sample.labels.get("room") or sample.labels.get("registrar", "")): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


Found = dict[tuple[str, str], float]


def as_they_are(found: Found) -> Found:
    """Nothing before each ward has been seen as it is."""
    up = {WELL: 1, LOSSY: 1, OFF: 0, ASTRAY: 1, EXPIRED: 1}
    registered = {WELL: 1, LOSSY: 1, OFF: 0, ASTRAY: 0, EXPIRED: 1}
    wanted = {("infra_room_up", f"{site}-room"): value for site, value in up.items()}
    wanted |= {("infra_room_registered", f"{site}-room"): value for site, value in registered.items()}
    return found if {key: found.get(key) for key in wanted} == wanted else {}


def estimates_differ(found: Found) -> bool:
    well, lossy = (
        found.get(("infra_room_media_rating_estimate", f"{site}-room"), 0) for site in (WELL, LOSSY)
    )
    return well > 90 > lossy > 0


def registrar_down(found: Found) -> Found:
    """Nothing before the registrar is missed, and with it what only it knew."""
    is_missed = found.get(("infra_registrar_up", REGISTRAR)) == 0
    return found if is_missed and ("infra_room_registered", f"{WELL}-room") not in found else {}


def stop_kamailio(video: Video) -> None:
    for pid in namespace.processes([video.centre]).get(video.centre, ()):
        if namespace.program(pid) == "kamailio":
            namespace.kill_one(video.centre, pid)
