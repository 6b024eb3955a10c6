"""`video ready` on the command line: what is refused, and how a test that was done is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra_ctl.city import City
from infra_ctl.inventory.video import Meeting
from infra_ctl.monitor.targets import RoomTarget
from infra_ctl.probe.sip.bindings import Binding
from infra_ctl.probe.sip.certificate import Certificate
from infra_ctl.probe.sip.client import Answer
from infra_ctl.probe.sip.message import Response
from infra_ctl.video import readiness
from infra_ctl.video.finding import Finding, Part
from infra_ctl.video.path import Path as MediaPath
from infra_ctl.video.readiness import Readiness, Room
from infra_ctl.video.sight import Entry, Sight
from tests.unit.cli.conftest import Command

ROOM = "nk-cai-khe-room"
MEETING = """\
meetings:
  weekly: {name: 'Họp <b>tuần</b> & "khẩn"', time: 2026-12-01 08:00, mcu: bk-mcu-1, rooms: ["nk-*"]}
"""


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch, small_folder: Path) -> None:
    """The first room is not ready, the others are, as of nine in the morning."""
    monkeypatch.setenv("INFRA_CTL_CONTEXT", "live")
    with (small_folder / "video.yaml").open("a", encoding="utf-8") as file:
        file.write(MEETING)

    def examine(
        _city: City, rooms: tuple[RoomTarget, ...], meeting: Meeting | None, _step: Callable[..., None]
    ) -> Readiness:
        cause = Finding(Part.CIRCUIT, "c-1", "loss", {"loss": "6 %", "sent": "200", "limit": "1 %"})
        shown = Certificate("CN=r", datetime(2027, 1, 1, tzinfo=UTC))
        by_tls = Answer(Response(503, "", {}), 0.01, "", shown)
        entry = Entry((Binding("sip:r@10.0.0.1", "10.0.0.1", 60),), 0)
        well = Sight({"udp": Answer(Response(200, "OK", {}), 0.01), "tls": by_tls}, entries={"reg": entry})
        path = MediaPath(200, 0, 0.012, 0.001)
        judged = [Room(each, well, path, (cause,) if each == rooms[0] else ()) for each in rooms]
        return Readiness(
            datetime(2026, 12, 1, 0, 0, tzinfo=UTC),
            tuple(judged),
            notes=(Finding(Part.CERTIFICATE, "reg", "in a call"),),
            meeting=meeting,
            sights={"reg": Sight({"tls": by_tls})},
            paths={"circuit c-1 ipv4 video": MediaPath(200, 12, 0.012, 0.001)},
        )

    monkeypatch.setattr(readiness, "examine", examine)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Missing argument 'MEETING|ROOMS...'"),
        (["nk-cai-khe-rom"], "there is no meeting and no room 'nk-cai-khe-rom' (did you mean"),
        (["pop=nowhere"], "selector"),
        ([ROOM], "a simulated network has no rooms"),
        ([ROOM, "--language", "fr"], "'fr' is not one of 'vi', 'en'"),
    ],
)
def test_what_cannot_be_tested_is_a_usage_error(infra_ctl: Command, words: list[str], said: str) -> None:
    done = infra_ctl("video", "ready", *words)
    assert done.code == 2
    assert said in done.err


@pytest.mark.usefixtures("examined")
def test_a_page_that_has_no_place_is_said_before_the_test(infra_ctl: Command, tmp_path: Path) -> None:
    done = infra_ctl("video", "ready", ROOM, "--html", str(tmp_path / "none" / "page.html"))
    assert (done.code, "there is no folder" in done.err) == (2, True)


@pytest.mark.usefixtures("examined")
def test_who_is_not_ready_is_told_with_its_cause(infra_ctl: Command) -> None:
    done = infra_ctl("video", "ready", "weekly")
    first, second, _note, total = (" ".join(line.split()) for line in done.out.splitlines())
    assert done.code == 3
    assert first == "NOT READY nk-an-hoa-room circuit c-1 loses 6 % of 200 echoes (at most 1 %)"
    assert second == "ready nk-cai-khe-room 200 by udp · loss 0 % · 12 ms · jitter 1 ms · R 93 (estimate)"
    assert total.startswith("1 ready · 1 not ready (")


@pytest.mark.usefixtures("examined")
def test_a_page_that_cannot_be_written_takes_nothing_of_what_was_found_away(infra_ctl: Command) -> None:
    done = infra_ctl("video", "ready", "weekly", "--html", "/proc/page.html")
    assert done.code == 1
    assert "1 ready · 1 not ready (" in done.out
    assert "NOT READY" in done.out
    assert "/proc/page.html" in done.err


@pytest.mark.usefixtures("examined")
def test_where_the_page_is_stands_last(infra_ctl: Command, tmp_path: Path) -> None:
    done = infra_ctl("video", "ready", "weekly", "--html", str(tmp_path / "page.html"))
    assert done.out.splitlines()[-1] == f"saved  {tmp_path / 'page.html'}"


@pytest.mark.usefixtures("examined")
def test_as_json_it_has_all(infra_ctl: Command) -> None:
    found = infra_ctl("video", "ready", "weekly", "--output", "json").json
    assert found["notes"] == [{"part": "certificate", "object": "reg", "message": "reg is in a call now"}]
    certificate = {"subject": "CN=r", "expires": "2027-01-01T00:00:00+00:00"}
    assert found["registrars_seen"]["reg"]["tls"]["certificate"] == certificate
    assert found["paths"]["circuit c-1 ipv4 video"]["lost"] == 12
    room = found["rooms"][1]
    assert room["transports"]["tls"]["certificate"] == certificate
    assert room["transports"]["udp"]["certificate"] is None
    assert room["bindings"] == [{"registrar": "reg", "uri": "sip:r@10.0.0.1", "expires": 60}]
    assert (room["port"], room["media"]["sent"]) == (None, 200)
    assert found["meeting"]["time"] == "2026-12-01T08:00:00+07:00"
    assert [room["ready"] for room in found["rooms"]] == [False, True]
    assert found["rooms"][0]["cause"] == {
        "part": "circuit",
        "object": "c-1",
        "message": "c-1 loses 6 % of 200 echoes (at most 1 %)",
    }
    assert found["rooms"][1]["media"]["rating_estimate"] > 90


@pytest.mark.usefixtures("examined")
@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("vi", ["CHƯA SẴN SÀNG", "c-1 mất 6 %", "mất gói 0 %", "Ước tính"]),
        ("en", ["NOT READY", "c-1 loses 6 %", "estimate"]),
    ],
)
def test_the_page_stands_alone_and_what_is_in_it_is_text(
    infra_ctl: Command, tmp_path: Path, language: str, words: list[str]
) -> None:
    page = tmp_path / "page.html"
    infra_ctl("video", "ready", "weekly", "--html", str(page), "--language", language)
    text = page.read_text(encoding="utf-8")
    assert all(word in text for word in (*words, "2026-12-01 08:00", "2026-12-01 07:00", "@media print"))
    assert "Họp &lt;b&gt;tuần&lt;/b&gt; &amp; &#34;khẩn&#34;" in text
    assert all(sign not in text for sign in ("<b>", "http://", "https://", "<script", "<link", " src="))
