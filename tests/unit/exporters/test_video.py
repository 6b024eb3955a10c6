"""The video exporter: what rooms answer that are none; counts, what is forgotten, a new inventory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporters import video
from exporters.serving import exposition
from exporters.video import MediaPaths, VideoExporter
from infra_ctl.city import load_city
from infra_ctl.errors import InventoryError, UnknownError, UnusableError
from infra_ctl.monitor.targets import RegistrarTarget, RoomTarget, room_targets
from infra_ctl.probe.counters import Reading
from infra_ctl.probe.sip.bindings import Binding
from infra_ctl.probe.sip.certificate import Certificate
from infra_ctl.probe.sip.client import Answer
from infra_ctl.probe.sip.message import Response
from infra_ctl.probe.targets import Pace, Target
from infra_ctl.video import watching
from infra_ctl.video.path import FEW
from infra_ctl.video.sight import Entry, Looking, Sight
from tests.unit.conftest import SMALL

REFERENCE = Path(__file__).parents[3] / "inventory"
ROOM, HALL = "nk-cai-khe-room", "hq-van-phong-ubnd-hall"
REGISTRAR, SPARE = "dc-registrar-1", "bk-registrar-1"


def said(status: int, seconds: float = 0.003) -> Answer:
    return Answer(Response(status, "", {}), seconds, "", Certificate("CN=r", None))


NOBODY = Answer(failure="nobody answers")


class Rooms:
    """Answers in place of the network: by room, or that nobody is there."""

    def __init__(self) -> None:
        self.sights: dict[str, Sight] = {}
        self.asked: list[str] = []

    async def room(self, room: RoomTarget, _registrars: object = (), **_more: object) -> Sight:
        self.asked.append(room.room)
        return self.sights.get(room.room, Sight({"udp": NOBODY}))

    async def registrar(self, registrar: RegistrarTarget, **_more: object) -> Sight:
        return self.sights.get(registrar.registrar, Sight({"udp": NOBODY}))


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch) -> Rooms:
    made = Rooms()
    monkeypatch.setattr(Looking, "room", made.room)
    monkeypatch.setattr(Looking, "registrar", made.registrar)
    return made


@pytest.fixture
def exporter(rooms: Rooms) -> Iterator[VideoExporter]:
    made = VideoExporter(interval=1.0, timeout=1.0, media_interval=1.0, media_window=0.0)
    yield made
    made.close()


Found = dict[tuple[str, ...], float]


def scraped(exporter: VideoExporter) -> Found:
    text = exposition.text(exporter.collect()).decode()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def once_seen(exporter: VideoExporter, *names: str) -> Found:
    """As soon as rooms and registrars have been."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = scraped(exporter)
        if set(names) <= {key[1] for key in found if key[0] in ("infra_room_up", "infra_registrar_up")}:
            return found
        time.sleep(0.02)
    raise AssertionError(f"never seen: {names}")


def test_what_is_seen_is_what_is_told(exporter: VideoExporter, rooms: Rooms) -> None:
    address = "10.71.16.16"
    entries = {REGISTRAR: Entry((Binding("sip:a", address, 60),), 1000), SPARE: Entry(None, 0, "refused")}
    rooms.sights[ROOM] = Sight({"udp": said(486), "tls": NOBODY}, entries=entries)
    rooms.sights[HALL] = Sight(port=Answer())
    rooms.sights[REGISTRAR] = Sight({"udp": said(200)})
    exporter.configure(REFERENCE)
    found = once_seen(exporter, ROOM, HALL, "nk-an-hoa-room", REGISTRAR, SPARE)
    assert [found["infra_room_up", name] for name in (ROOM, HALL, "nk-an-hoa-room")] == [1, 1, 0]
    assert (found["infra_room_sip_status", ROOM, "udp"], found["infra_room_sip_status", ROOM, "tls"]) == (
        486,
        0,
    )
    assert found["infra_room_options_sent_total", ROOM, "udp"] >= 1
    assert found["infra_room_options_unanswered_total", ROOM, "udp"] == 0
    assert found["infra_room_options_unanswered_total", ROOM, "tls"] >= 1
    assert found["infra_room_options_seconds_bucket", ROOM, "udp", "0.004"] >= 1
    assert found["infra_room_options_seconds_bucket", ROOM, "udp", "0.002"] == 0
    assert found["infra_room_in_call", ROOM] == 1
    assert ("infra_room_in_call", "nk-an-hoa-room") not in found  # nobody there has said anything
    assert found["infra_room_registered", ROOM] == 0  # the entry leads elsewhere
    assert ("infra_room_binding_expiry_timestamp_seconds", ROOM) not in found
    assert found["infra_registrar_bindings", REGISTRAR] == 1
    assert ("infra_registrar_bindings", SPARE) not in found


def test_one_is_looked_at_out_of_turn_and_nothing_of_it_counted(
    exporter: VideoExporter, rooms: Rooms
) -> None:
    rooms.sights[ROOM] = Sight({"udp": said(503)})
    exporter.configure(REFERENCE)
    told: list[str] = []
    text = exposition.text(exporter.probe(ROOM, "sip", 4.0, told.append)).decode()
    assert f'infra_room_sip_status{{room="{ROOM}",transport="udp"}} 503' in text
    assert "_total" not in text
    assert told == ["udp: 503"]
    registrar = exposition.text(exporter.probe(REGISTRAR, "", 4.0, told.append)).decode()
    assert f'infra_registrar_up{{registrar="{REGISTRAR}",transport="udp"}} 0' in registrar
    for target, module in (("nk-cai-khe-rom", ""), (ROOM, "icmp")):
        with pytest.raises(UnknownError):
            list(exporter.probe(target, module, 4.0, told.append))


def test_a_probe_has_time_to_ask_by_tcp_who_does_not_answer_by_udp(
    exporter: VideoExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    timeouts: list[float] = []

    def look_now(_watch: watching.Watch, _target: object, timeout: float) -> Sight:
        timeouts.append(timeout)
        return Sight({"udp": NOBODY})

    monkeypatch.setattr(watching.Watch, "look_now", look_now)
    exporter.configure(REFERENCE)
    list(exporter.probe(REGISTRAR, "", 8.0, lambda _line: None))
    assert timeouts == [4.0]


def test_a_new_inventory_keeps_counts_and_a_bad_one_changes_nothing(
    exporter: VideoExporter, rooms: Rooms, tmp_path: Path, small_folder: Path
) -> None:
    exporter.configure(REFERENCE)
    before = once_seen(exporter, ROOM)
    exporter.configure(REFERENCE)
    counted = "infra_room_options_sent_total", "nk-an-hoa-room", "udp"
    kept = once_seen(exporter, "nk-an-hoa-room")[counted]
    assert (
        scraped(exporter)["infra_room_options_sent_total", ROOM, "udp"]
        >= before["infra_room_options_sent_total", ROOM, "udp"]
    )
    with pytest.raises(InventoryError):
        exporter.configure(SMALL / "nowhere")
    assert scraped(exporter)[counted] >= kept
    exporter.configure(small_folder)
    assert ("infra_room_up", "nk-thoi-binh-room") not in scraped(exporter)


def test_a_room_that_never_answers_holds_up_no_other(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """One look hangs for ever: the others come again and again."""

    async def look(_looking: Looking, room: RoomTarget, _registrars: object = (), **_more: object) -> Sight:
        rooms.asked.append(room.room)
        if room.room == "dead":
            await asyncio.Event().wait()
        return Sight()

    monkeypatch.setattr(Looking, "room", look)
    targets = [target(name) for name in ("dead", "a", "b")]
    watch = watching.Watch(0.01, 1.0, lambda _target, _sight: None)
    try:
        watch.look_at(targets, ())
        deadline = time.monotonic() + 60
        while min(rooms.asked.count("a"), rooms.asked.count("b")) < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert min(rooms.asked.count("a"), rooms.asked.count("b")) >= 5
        assert rooms.asked.count("dead") == 1
    finally:
        watch.close()


class Loop:
    """A probe loop that was never there; every fourth of its probes is lost."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.sent = 0
        self.trouble = ""
        self.is_closed = False

    def configure(self, targets: Sequence[Target], _pace: Pace) -> None:
        self.ensure()
        self.names = [each.name for each in targets]

    def readings(self) -> Mapping[str, Reading]:
        lost, answered = self.sent // 4, self.sent - self.sent // 4
        reading = Reading(lost, (answered,), answered * 0.01, 0.001, 0, 0, None)
        return dict.fromkeys(self.names, reading)

    def ensure(self) -> bool:
        if self.trouble:
            raise UnusableError(self.trouble)
        return False

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    made = Loop()
    monkeypatch.setattr(video, "Prober", lambda: made)
    return made


@pytest.fixture
def media(loop: Loop) -> MediaPaths:
    city = load_city(REFERENCE)
    paths = MediaPaths(1.0, 120.0)
    paths.watch(city, [room for room in room_targets(city) if room.room == ROOM])
    return paths


def test_an_estimate_is_of_its_window_and_of_nothing_before_it(media: MediaPaths, loop: Loop) -> None:
    for _ in range(2 * video.SAMPLES):
        media.sample()
        loop.sent += 20
    (path,) = media.paths().values()
    assert (path.sent, path.lost) == (20 * video.SAMPLES, 5 * video.SAMPLES)


@pytest.mark.parametrize(("sent", "estimates"), [(FEW - 1, 0), (FEW, 1)])
def test_a_few_echoes_are_no_estimate(media: MediaPaths, loop: Loop, sent: int, estimates: int) -> None:
    media.sample()
    loop.sent = sent
    media.sample()
    assert len(media.paths()) == estimates


def test_without_a_loop_there_are_no_estimates_and_all_else(
    loop: Loop, rooms: Rooms, capsys: pytest.CaptureFixture[str]
) -> None:
    rooms.sights[ROOM] = Sight({"udp": said(200)})
    exporter = VideoExporter(interval=1.0, timeout=1.0, media_interval=1.0, media_window=0.12)
    rating = "infra_room_media_rating_estimate", ROOM
    try:
        exporter.configure(REFERENCE)
        once_seen(exporter, ROOM)
        deadline = time.monotonic() + 60
        while not (is_rated := rating in scraped(exporter)) and time.monotonic() < deadline:
            loop.sent += 20
            time.sleep(0.01)
        assert is_rated
        loop.trouble = "the probe loop cannot be started: Too many open files"
        for _ in range(3):
            found = scraped(exporter)
            assert found["infra_room_up", ROOM] == 1
            assert rating not in found
        assert capsys.readouterr().err == f"video: no estimates of media: {loop.trouble}\n"
    finally:
        exporter.close()
    assert loop.is_closed


def test_a_loop_that_cannot_go_over_holds_up_no_new_inventory(
    loop: Loop, rooms: Rooms, capsys: pytest.CaptureFixture[str], small_folder: Path
) -> None:
    exporter = VideoExporter(interval=1.0, timeout=1.0, media_interval=1.0, media_window=0.12)
    rating = "infra_room_media_rating_estimate"
    try:
        exporter.configure(small_folder)
        loop.trouble = "the probe loop cannot be started: Too many open files"
        exporter.configure(REFERENCE)
        once_seen(exporter, ROOM)
        assert capsys.readouterr().err == f"video: no estimates of media: {loop.trouble}\n"
        loop.trouble = ""
        deadline = time.monotonic() + 60
        while not (is_rated := (rating, ROOM) in scraped(exporter)) and time.monotonic() < deadline:
            loop.sent += 20
            time.sleep(0.01)
        assert is_rated, "it goes over once it can"
    finally:
        exporter.close()


def test_an_exporter_that_may_not_probe_does_not_begin(loop: Loop, rooms: Rooms) -> None:
    loop.trouble = "cannot probe: Operation not permitted (raw sockets need CAP_NET_RAW)"
    exporter = VideoExporter(interval=1.0, timeout=1.0, media_interval=1.0, media_window=0.12)
    try:
        with pytest.raises(UnusableError, match="CAP_NET_RAW"):
            exporter.configure(REFERENCE)
    finally:
        exporter.close()


def test_an_inventory_that_is_not_taken_over_in_time_changes_nothing(
    exporter: VideoExporter, monkeypatch: pytest.MonkeyPatch, small_folder: Path
) -> None:
    exporter.configure(REFERENCE)
    once_seen(exporter, "nk-thoi-binh-room")
    gate, is_held = Event(), Event()

    async def hold(*_: object, **_more: object) -> Sight:
        is_held.set()
        gate.wait(60)
        return Sight()

    monkeypatch.setattr(Looking, "room", hold)
    try:
        assert is_held.wait(60)
        with monkeypatch.context() as hurried:
            hurried.setattr(watching, "HANDOVER_SECONDS", 0.05)
            with pytest.raises(UnusableError, match="not taken over"):
                exporter.configure(small_folder)
        assert ("infra_room_up", "nk-thoi-binh-room") in scraped(exporter), "it has none of these rooms"
    finally:
        gate.set()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def target(name: str, registrar: str | None = None) -> RoomTarget:
    return RoomTarget(name, "s", "sip", ip_address("127.0.0.1"), ("udp",), registrar, "720p", "m")


def test_a_registrar_that_is_silent_is_asked_of_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it was; and again as soon as it answers."""
    asked: list[tuple[str, ...]] = []
    is_up = False

    async def look(_l: Looking, _r: RoomTarget, registrars: Sequence[Any] = (), **_more: object) -> Sight:
        asked.append(tuple(each.registrar for each in registrars))
        return Sight({"udp": said(200)})

    async def registrar(_looking: Looking, _registrar: RegistrarTarget, **_more: object) -> Sight:
        return Sight({"udp": said(200) if is_up else NOBODY})

    monkeypatch.setattr(Looking, "room", look)
    monkeypatch.setattr(Looking, "registrar", registrar)
    watch = watching.Watch(0.01, 1.0, lambda _target, _sight: None)
    try:
        one = RegistrarTarget("one", "dc", ip_address("127.0.0.1"), ("udp",), ("sip.example",))
        watch.look_at([target("a", "sip.example")], [one])
        until(lambda: bool(asked) and asked[-1] == ())
        is_up = True
        until(lambda: asked[-1] == ("one",))
    finally:
        watch.close()
