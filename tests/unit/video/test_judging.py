"""From sights and paths to THE cause: the one that hides the others, and no innocent circuit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest

from infra_ctl.inventory.monitoring import Media
from infra_ctl.monitor.targets import RoomTarget
from infra_ctl.probe.sip.bindings import Binding
from infra_ctl.probe.sip.certificate import Certificate
from infra_ctl.probe.sip.client import Answer
from infra_ctl.probe.sip.message import Response
from infra_ctl.video.finding import SENTENCES, Finding, Part
from infra_ctl.video.judging import Found, Judge
from infra_ctl.video.path import Path
from infra_ctl.video.sight import Entry, Sight

NOW = datetime(2026, 12, 1, 0, 0, tzinfo=UTC)
HERE = ip_address("10.64.16.16")
ROOM = RoomTarget("r", "ward", "sip", HERE, ("udp", "tls"), "sip.example", "720p", "mcu", (HERE,))
GOOD = Path(200, 0, 0.01, 0.001)
DEAD = Path(200, 200, 0.0, 0.0)
LOSSY = replace(GOOD, lost=12)
SLOW = replace(GOOD, rtt=0.4)
WORSE = replace(GOOD, lost=60)
MEETING = NOW + timedelta(hours=1)


def said(status: int, certificate: Certificate | None = None) -> Answer:
    return Answer(Response(status, "Reason", {}), 0.01, "", certificate)


def shown(days: float) -> Answer:
    return said(200, Certificate("CN=r", NOW + timedelta(days=days)))


NOBODY = Answer(failure="nobody answers")
ENTRY = Entry((Binding("sip:r@10.64.16.16", "10.64.16.16", 60),), 0)
WELL = Sight({"udp": said(200)}, entries={"reg": ENTRY})


def causes(
    sight: Sight = WELL,
    *,
    site: Path | None = GOOD,
    plain: Path | None = None,
    over: Mapping[str, Path] | None = None,
    itself: Path | None = None,
    registrar: Sight = WELL,
    room: RoomTarget = ROOM,
) -> list[tuple[str, str, str]]:
    """Part, object and sentence of each. `pop` is a circuit before `a` and `b`, which lead to the ward."""
    found = Found(
        {"r": sight},
        {"reg": registrar, "bk": WELL},
        site=lambda _room, of: site if of == "video" else plain,
        circuit=lambda name, _room, _of: (over or {}).get(name),
        itself=lambda _room: itself,
        circuits=lambda _site: ("pop", "ring", "a", "b"),
        before=lambda circuit: () if circuit in ("pop", "ring") else ("pop", "ring"),
        beside=lambda circuit: ("pop", "ring") if circuit in ("pop", "ring") else ("a", "b"),
    )
    judge = Judge(NOW, {"1080p": Media(loss=0.001)}, MEETING, 14 * 86400)
    judged = judge.causes(room, found)
    assert all(cause.sentence(language) for cause in judged for language in ("vi", "en"))
    return [(str(each.part), each.object, str(each.says)) for each in judged]


def with_entry(*hosts: str) -> Sight:
    return Sight({"udp": said(200)}, entries={"reg": Entry(tuple(Binding("sip:x", h, 60) for h in hosts), 0)})


def test_a_room_that_is_well_has_none() -> None:
    assert causes() == []


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ({"sight": Sight({"udp": NOBODY}, entries={"reg": ENTRY}), "itself": DEAD}, ("room", "r", "off")),
        ({"sight": Sight({"udp": NOBODY}, entries={"reg": ENTRY}), "itself": GOOD}, ("room", "r", "mute")),
        ({"sight": Sight({"udp": said(503)}, entries={"reg": ENTRY})}, ("room", "r", "degraded")),
        ({"sight": Sight(port=NOBODY)}, ("room", "r", "off")),
        ({"sight": with_entry("192.0.2.7")}, ("registrar", "reg", "wrong entry")),
        ({"sight": with_entry()}, ("registrar", "reg", "no entry")),
        (
            {"sight": Sight({"udp": said(200)}, entries={"reg": Entry(None, 0, "no")}), "registrar": Sight()},
            ("registrar", "reg", "silent registrar"),
        ),
        ({"sight": replace(WELL, answers={"tls": shown(-1)})}, ("certificate", "r", "expired")),
        ({"sight": replace(WELL, answers={"tls": shown(0.01)})}, ("certificate", "r", "expires")),
        ({"site": LOSSY, "plain": LOSSY, "over": {"a": LOSSY, "b": GOOD}}, ("circuit", "a", "loss")),
        ({"site": SLOW, "plain": SLOW, "over": {"a": SLOW}}, ("circuit", "a", "delay")),
        ({"site": LOSSY, "plain": LOSSY, "over": {"pop": LOSSY, "a": LOSSY}}, ("circuit", "pop", "loss")),
        ({"site": LOSSY, "plain": GOOD, "over": {"a": LOSSY}}, ("queue", "a", "queue")),
        ({"site": LOSSY, "plain": LOSSY, "over": {"a": GOOD}}, ("site", "ward", "loss")),
        ({"site": LOSSY, "plain": LOSSY, "over": {"a": LOSSY, "b": DEAD}}, ("circuit", "a", "loss")),
    ],
)
def test_the_cause_is_named(given: dict[str, Any], cause: tuple[str, str, str]) -> None:
    assert causes(**given) == [cause]


def test_a_dead_way_hides_a_room_that_cannot_be_heard() -> None:
    unheard = Sight({"udp": NOBODY}, entries={"reg": Entry((), 0)})
    found = causes(unheard, site=DEAD, plain=DEAD, over={"pop": GOOD, "a": DEAD, "b": DEAD}, itself=DEAD)
    assert found == [("circuit", "a", "dead"), ("circuit", "b", "dead"), ("registrar", "reg", "no entry")]


def test_a_dead_circuit_is_not_to_blame_while_one_beside_it_lives() -> None:
    over = {"pop": DEAD, "ring": GOOD, "a": DEAD, "b": DEAD}
    assert [name for _, name, _ in causes(site=DEAD, plain=DEAD, over=over)] == ["a", "b"]
    over |= {"ring": DEAD}
    assert [name for _, name, _ in causes(site=DEAD, plain=DEAD, over=over)] == ["pop", "ring"]


def test_a_circuit_that_makes_it_worse_is_to_blame_beside_the_one_before() -> None:
    found = causes(site=WORSE, plain=WORSE, over={"pop": LOSSY, "a": WORSE})
    assert [name for _, name, _ in found] == ["pop", "a"]


def test_the_limits_are_those_of_the_rooms_class() -> None:
    one = replace(GOOD, lost=1)
    assert causes(site=one, over={"a": one}) == []
    assert causes(site=one, over={"a": one}, room=replace(ROOM, video_class="1080p")) != []


@pytest.mark.parametrize("entry", [with_entry("10.64.16.16", "192.0.2.7"), with_entry("room.example")])
def test_one_entry_that_leads_there_is_enough_and_a_name_may(entry: Sight) -> None:
    assert causes(entry) == []


def test_of_two_registrars_one_is_enough() -> None:
    sight = replace(WELL, entries={"bk": Entry(None, 0, "nobody answers"), "reg": ENTRY})
    assert causes(sight) == []


def test_a_room_may_be_registered_where_nobody_answers() -> None:
    sight = replace(WELL, entries={"reg": Entry(None, 0, "nobody answers"), "bk": Entry((), 0)})
    found = causes(sight, registrar=Sight())
    assert found == [("registrar", "reg", "silent registrar"), ("registrar", "bk", "no entry")]


def test_notes_keep_it_from_nothing() -> None:
    sight = Sight({"udp": said(486), "tls": shown(3)}, entries={"reg": Entry(None, 0, "401 Unauthorized")})
    found = Found(
        {"r": sight},
        {"reg": WELL},
        site=lambda _room, _of: GOOD,
        circuit=lambda _name, _room, _of: None,
        itself=lambda _room: None,
        circuits=lambda _site: (),
        before=lambda _circuit: (),
        beside=lambda _circuit: (),
    )
    judge = Judge(NOW, certificate_seconds=14 * 86400)
    assert judge.causes(ROOM, found) == ()
    assert [note.says for note in judge.notes(ROOM, found)] == ["in a call", "guarded", "expires soon"]


def test_every_sentence_is_there_in_both_languages() -> None:
    assert all({"vi", "en"} == set(both) for both in SENTENCES.values())
    unheard = Finding(Part.REGISTRAR, "reg", "silent registrar", {"why": "nobody answers, refused"})
    assert unheard.sentence("vi") == "reg không trả lời: không có trả lời, refused"
    assert Finding(Part.ROOM, "r", "in a call").sentence("vi") == "r đang trong một cuộc gọi"
