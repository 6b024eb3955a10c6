"""The video exporter: what rooms answer that are none; counts, what is forgotten, a new inventory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporters.serving import exposition
from exporters.video import VideoExporter
from infra_ctl.errors import InventoryError, UnknownError
from infra_ctl.monitor.targets import RegistrarTarget, RoomTarget
from infra_ctl.probe.sip.bindings import Binding
from infra_ctl.probe.sip.certificate import Certificate
from infra_ctl.probe.sip.client import Answer
from infra_ctl.probe.sip.message import Response
from infra_ctl.video import watching
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


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def target(name: str, registrar: str | None = None) -> RoomTarget:
    return RoomTarget(name, "s", "sip", ip_address("127.0.0.1"), ("udp",), registrar, "720p", "m")


def test_a_defect_met_at_a_room_does_not_end_the_watch_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Sight] = []

    async def look(_looking: Looking, _room: RoomTarget, _registrars: object = (), **_more: object) -> Sight:
        if not seen:
            raise KeyError("what nobody thought of")
        return Sight({"udp": said(200)})

    monkeypatch.setattr(Looking, "room", look)
    watch = watching.Watch(0.01, 1.0, lambda _target, sight: seen.append(sight))
    try:
        watch.look_at([target("a")], ())
        until(lambda: len(seen) > 2)
    finally:
        watch.close()
    assert seen[0].answers["udp"].failure == "a defect of infra-ctl: KeyError: 'what nobody thought of'"
    assert seen[-1].is_up


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
