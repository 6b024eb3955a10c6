"""What comes out of good files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import pytest
from pydantic import ValidationError

from infra_ctl.errors import InventoryError
from infra_ctl.inventory import load
from infra_ctl.inventory.kinds import Lan, SiteKind, Stage
from infra_ctl.inventory.models import RoomProfile

Edit = Callable[[str, str, str], None]


def test_a_ward_is_a_row(city: Path) -> None:
    site = load(city).sites["nk-cai-khe"]
    assert (site.kind, site.pop, site.profile, site.ipv6) == (
        SiteKind.COMMUNE,
        "nk",
        "commune-dual",
        Stage.DUAL,
    )
    assert site.number == 0x10


def test_a_site_is_named_after_its_unit_unless_it_has_a_name(city: Path) -> None:
    sites = load(city).sites
    assert sites["nk-cai-khe"].name == "Phường Cái Khế"
    assert sites["nk-an-hoa"].name == "Phường An Hòa, trụ sở"


def test_units_of_all_editions_are_kept_apart(city: Path) -> None:
    units = load(city).units
    assert units["2021", "31120"].name == "Phường An Hòa"
    assert units["2025", "31120"].name == "Phường Cái Khế"
    assert units["2021", "92"].parent is None


def test_a_site_takes_its_unit_from_the_inventorys_edition(city: Path, edit: Edit) -> None:
    edit("communes.csv", '"Phường An Hòa, trụ sở"', "")
    assert load(city).sites["nk-an-hoa"].name == "Phường An Hòa"


def test_a_profile_lies_on_what_it_extends(city: Path) -> None:
    profiles = load(city).profiles
    assert profiles["commune-dual"].lans == profiles["commune"].lans
    assert profiles["commune-dual"].circuits.at_least == 2
    assert profiles["commune"].circuits.at_least == 1
    assert profiles["commune"].lans[2] is Lan.ONE_STOP


def test_profiles_may_extend_in_any_order_and_depth(city: Path, edit: Edit) -> None:
    edit(
        "profiles.yaml",
        "dc:\n  kind: dc",
        "first:\n  extends: commune-dual\n  room: {protocol: sip, class: 1080p}\ndc:\n  kind: dc",
    )
    first = load(city).profiles["first"]
    assert first.circuits.directions == 2
    assert first.room is not None
    assert first.room.video_class == "1080p"


def test_loss_is_a_ratio_however_it_is_written(city: Path) -> None:
    circuits = load(city).circuits
    assert circuits["nk-cai-khe-2"].loss == pytest.approx(0.01)
    assert circuits["nk-1"].loss == pytest.approx(0.0002)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("4h", 14400), ("2d", 172800)])
def test_durations_are_seconds(text: str, seconds: int, city: Path, edit: Edit) -> None:
    edit("systems.yaml", "rto: 15m", f"rto: {text}")
    systems = load(city).systems
    assert (systems["one-stop"].rpo_seconds, systems["one-stop"].rto_seconds) == (0, seconds)
    assert systems["portal"].rto_seconds is None


def test_fields_with_an_alias_have_their_own_name_in_code() -> None:
    assert RoomProfile(protocol="sip", video_class="720p").video_class == "720p"


def test_coordinates_are_within_the_globe(city: Path, edit: Edit) -> None:
    edit("sites.yaml", 'nk: {unit: "916",', 'nk: {unit: "916", lat: 90, lon: -180,')
    site = load(city).sites["nk"]
    assert (site.lat, site.lon) == (90, -180)
    edit("sites.yaml", "lat: 90, lon: -180", "lat: 90.1, lon: -180.1")
    with pytest.raises(
        InventoryError, match=r"'90\.1' must be at most 90\n.*'-180\.1' must be at least -180"
    ):
        load(city)


def test_what_looks_like_another_type_stays_what_the_model_says(city: Path, edit: Edit) -> None:
    edit("systems.yaml", "decision: 103/QĐ-STTTT", "decision: 0103")
    edit("sites.yaml", 'unit: "916"', "unit: 916")
    inventory = load(city)
    assert inventory.systems["one-stop"].approval.decision == "0103"
    assert inventory.systems["one-stop"].approval.date == date(2020, 6, 30)
    assert inventory.sites["nk"].unit == "916"


def test_each_site_has_the_room_of_its_profile_on_an_mcu_that_speaks_its_protocol(city: Path) -> None:
    rooms = load(city).rooms
    assert set(rooms) == {
        "hall",
        "hq-so-tttt-room",
        "nk-an-hoa-room",
        "nk-cai-khe-room",
        "bt-long-hoa-room",
    }
    assert (rooms["nk-an-hoa-room"].mcu, rooms["nk-an-hoa-room"].video_class) == ("bk-mcu-1", "720p")
    assert (rooms["hq-so-tttt-room"].mcu, rooms["hq-so-tttt-room"].protocol) == ("dc-mcu-1", "h323")


def test_overrides_are_prefixes_of_either_family(city: Path, edit: Edit) -> None:
    edit(
        "city.yaml", "bt-long-hoa site-ipv4: 10.67.200.0/24", "bt-long-hoa site-ipv6: 2001:db8:9243:aa00::/56"
    )
    assert load(city).addressing.overrides == {
        "nk-an-hoa site-ipv4": IPv4Network("10.65.200.0/24"),
        "bt-long-hoa site-ipv6": IPv6Network("2001:db8:9243:aa00::/56"),
    }


def test_an_aggregate_may_hold_the_overrides_of_its_sites(city: Path, edit: Edit) -> None:
    edit("city.yaml", "bt-long-hoa site-ipv4: 10.67.200.0/24", "nk access-ipv4: 10.65.0.0/16")
    assert "nk access-ipv4" in load(city).addressing.overrides


def test_unmanaged_lines(city: Path) -> None:
    inventory = load(city)
    assert [line.device for line in inventory.unmanaged] == ["nk-pop1"]
    assert inventory.claimed == ()


def test_unmanaged_is_optional(city: Path) -> None:
    (city / "unmanaged.yaml").unlink()
    assert load(city).unmanaged == ()


def test_the_digest_is_of_the_files(city: Path, edit: Edit) -> None:
    before = load(city).digest
    assert load(city).digest == before
    assert len(before) == 64
    edit("contracts.yaml", "99.9%", "99.8%")
    assert load(city).digest != before


def test_the_digest_is_of_the_citys_own_laws_too(city: Path) -> None:
    before = load(city).digest
    (city / "controls").mkdir()
    assert load(city).digest == before
    (city / "controls/own.yaml").write_text("law: own\n")
    own = load(city).digest
    (city / "controls/own.yaml").write_text("law: owner\n")
    (city / "controls/README.md").write_text("what they are")
    assert len({before, own, load(city).digest}) == 3
    (city / "controls/README.md").write_text("what else they are")
    (city / "controls/.own.yaml.swp.yaml").write_text("an editor's")
    owner = load(city).digest
    (city / "controls/README.md").unlink()
    (city / "controls/.own.yaml.swp.yaml").unlink()
    assert load(city).digest == owner


def test_a_law_that_cannot_be_read_stops_nobody_who_does_not_judge(city: Path) -> None:
    (city / "controls").mkdir()
    (city / "controls/own.yaml").mkdir()
    assert load(city).digest
    (city / "controls/own.yaml").rmdir()
    (city / "controls").rmdir()
    (city / "controls").write_text("law: own")
    assert load(city).digest


def test_a_comment_changes_the_digest_and_nothing_else(city: Path, edit: Edit) -> None:
    before = load(city)
    edit("communes.csv", "# A comment", "# Another comment")
    after = load(city)
    assert after.digest != before.digest
    assert after.sites == before.sites


def test_an_inventory_is_frozen(city: Path) -> None:
    inventory = load(city)
    with pytest.raises(ValidationError, match="frozen"):
        inventory.edition = "2025"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        inventory.sites["nk"].ipv6 = Stage.NONE  # type: ignore[misc]


def test_windows_line_ends_and_byte_order_marks_do_no_harm(city: Path) -> None:
    before = load(city)
    for path in city.iterdir():
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    after = load(city)
    assert after.model_dump(exclude={"digest"}) == before.model_dump(exclude={"digest"})
