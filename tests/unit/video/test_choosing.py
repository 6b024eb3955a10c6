"""Which rooms words mean, over the reference city; and the ways to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra_ctl.city import City, load_city
from infra_ctl.errors import SelectorError, UnknownError
from infra_ctl.lab.city import Beside, part_of, twin_of
from infra_ctl.monitor.targets import room_targets
from infra_ctl.video.choosing import chosen, narrowed
from infra_ctl.video.ways import Ways


@pytest.fixture(scope="module")
def city() -> City:
    return load_city(Path(__file__).parents[3] / "inventory")


def named(city: City, *words: str) -> list[str]:
    return [room.room for room in chosen(city, words)[1]]


def test_a_meeting_means_all_whom_it_invites(city: City) -> None:
    meeting, rooms = chosen(city, ["ninh-kieu-tuan-49"])
    assert meeting is not None
    assert (meeting.id, meeting.time.isoformat()) == ("ninh-kieu-tuan-49", "2026-12-03T14:00:00+07:00")
    assert "hq-so-noi-vu-room" in [room.room for room in rooms]
    assert {room.site.partition("-")[0] for room in rooms} == {"hq", "nk"}


def test_names_patterns_and_selectors_mean_rooms(city: City) -> None:
    assert named(city, "nk-an-hoa-room", "nk-an-h*") == ["nk-an-hoa-room"]
    assert named(city, "site=nk-an-hoa", "or", "nk-cai-khe") == ["nk-an-hoa-room", "nk-cai-khe-room"]
    assert len(named(city, "*")) == len(room_targets(city))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nk-an-hoa-rom"], "no meeting and no room 'nk-an-hoa-rom' (did you mean 'nk-an-hoa-room'?)"),
        (["ninh-kieu-tuan-49", "nk-an-hoa-room"], "'ninh-kieu-tuan-49' is a meeting: test it alone"),
        (["role=core"], "no video room is where 'role=core' is"),
    ],
)
def test_what_means_nothing_is_said(city: City, words: list[str], said: str) -> None:
    with pytest.raises(UnknownError) as error:
        chosen(city, words)
    assert said in str(error.value)
    with pytest.raises(SelectorError):
        chosen(city, ["pop=nowhere"])


def test_the_circuits_to_a_site_begin_at_the_data_centre(city: City) -> None:
    ways = Ways(city)
    found = ways.circuits("nk-cai-khe")
    assert set(found[-2:]) == {"nk-cai-khe-1", "nk-cai-khe-2"}
    assert set(ways.before("nk-cai-khe-1")) < set(found)
    assert ways.before("nk-cai-khe-1")
    assert "nk-an-hoa-1" not in found


def test_echoes_go_in_both_classes_to_the_site_and_over_each_circuit(city: City) -> None:
    ways = Ways(city)
    room = next(each for each in room_targets(city) if each.site == "nk-an-hoa")
    video, plain = ways.to_site(room, "video"), ways.to_site(room, "default")
    over = ways.over("nk-an-hoa-1", room, "video")
    assert video
    assert plain
    assert over
    assert (video.dscp, plain.dscp, over.dscp) == (34, 0, 34)
    assert video.address == plain.address != over.address


def test_of_a_twin_only_what_it_has_is_judged_and_the_rest_is_named(city: City, tmp_path: Path) -> None:
    routers = ("dc-core1", "dc-core2", "nk-pop1", "nk-cai-khe-ce1")
    beside = Beside(hosts=("dc-registrar-1",), rooms=("nk-cai-khe-room",))
    there = part_of(city, twin_of("t", city, routers, tmp_path, beside))
    _, rooms = chosen(city, ["nk-cai-khe-room", "nk-an-hoa-room"])
    (room,), absent = narrowed(rooms, city, there)
    assert absent == ("nk-an-hoa-room", "bk-registrar-1")
    assert room.registrar is not None, "it registers at the one that is there"
    assert set(Ways(there).circuits(room.site)) == {"nk-1", "nk-2", "nk-cai-khe-1"}
    assert "bt-2" in Ways(city).circuits(room.site), "which a twin without that PoP has not"
    assert narrowed(rooms, city, city) == (rooms, ())
