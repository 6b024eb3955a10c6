"""Video rooms of a twin: on which LAN they are, with which addresses, and what their program is told."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from pathlib import Path

import pytest
from cryptography import x509

from infra_ctl.city import City, load_city
from infra_ctl.errors import LabError
from infra_ctl.lab import rooms, state
from infra_ctl.lab.city import Beside, rooms_at, twin_of
from infra_ctl.lab.model import End, RoomNode, TwinSpec
from infra_ctl.lab.state import Folder, State

REFERENCE = Path(__file__).parents[3] / "inventory"
ROOM = "nk-cai-khe-room"
NODE = RoomNode(
    "hall", "s", None, IPv6Interface("2001:db8::16/64"), (IPv6Address("2001:db8::1"),), "sip.example"
)


@pytest.fixture(scope="module")
def city() -> City:
    return load_city(REFERENCE)


@pytest.fixture
def twin(city: City, tmp_path: Path) -> TwinSpec:
    return twin_of("t", city, ["nk-cai-khe-ce1"], tmp_path, Beside(rooms=(ROOM,)))


def test_a_room_is_on_its_sites_video_lan_with_the_addresses_of_the_plan(twin: TwinSpec) -> None:
    (room,) = twin.rooms
    (lan,) = [segment for segment in twin.segments if segment.id == "nk-cai-khe:video"]
    assert {end.node for end in lan.ends} == {"nk-cai-khe-ce1", ROOM}
    assert End(ROOM, "eth0") in lan.ends
    assert room.ipv4 is not None
    assert room.ipv6 is not None
    assert room.ipv4.ip == room.ipv4.network[16]
    assert {each.version for each in room.gateways} == {4, 6}
    assert all(each in (room.ipv4 if each.version == 4 else room.ipv6).network for each in room.gateways)
    assert "t-nk-cai-khe-room" in twin.namespaces()
    assert rooms.network(room)[-2:] == [f"route add default via {gateway}" for gateway in room.gateways]


def test_it_registers_by_address_for_it_has_no_resolver(twin: TwinSpec, city: City) -> None:
    (room,) = twin.rooms
    accounts = rooms.files(room, Path("/f"))["accounts"]
    assert f"<sip:{ROOM}@sip.cantho.example>" in accounts
    assert room.registrar in [address for host in city.hosts.values() for address in host.addresses]
    assert f'outbound="sip:{room.registrar};transport=udp"' in accounts


@pytest.mark.parametrize(
    ("hosts", "registrar"),
    [
        ((), "dc-registrar-1"),
        (("dc-registrar-1",), "dc-registrar-1"),
        (("bk-registrar-1",), "bk-registrar-1"),
        (("bk-registrar-1", "dc-registrar-1"), "dc-registrar-1"),
    ],
)
def test_it_registers_where_its_system_says_first_of_those_that_the_twin_has(
    hosts: tuple[str, ...], registrar: str, city: City, tmp_path: Path
) -> None:
    routers = ["nk-cai-khe-ce1", "dc-core1", "bk-r1"]
    (room,) = twin_of("t", city, routers, tmp_path, Beside(hosts=hosts, rooms=(ROOM,))).rooms
    assert room.registrar == city.hosts[registrar].addresses[0]


def test_a_room_in_ipv6_alone_registers_in_ipv6(city: City, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(REFERENCE, tmp_path / "inventory"))
    wards = folder / "communes.csv"
    text = wards.read_text(encoding="utf-8")
    wards.write_text(text.replace(",10,commune-dual,dual", ",10,commune-dual,v6only"))
    moved = load_city(folder)
    (room,) = twin_of("t", moved, ["nk-cai-khe-ce1"], tmp_path, Beside(rooms=(ROOM,))).rooms
    assert room.ipv4 is None
    assert room.registrar == city.hosts["dc-registrar-1"].addresses[1]


def test_one_without_a_registrar_or_ipv4_is_well(tmp_path: Path) -> None:
    found = rooms.files(NODE, tmp_path)
    assert found["accounts"] == "<sip:hall@sip.example>;answermode=auto;regint=0\n"
    assert "sip_listen [2001:db8::16]:5060\n" in found["config"]
    rooms.write(NODE, tmp_path, datetime.now(UTC) - timedelta(days=1))
    assert (tmp_path / "room.pem").stat().st_mode & 0o77 == 0
    read = x509.load_pem_x509_certificate((tmp_path / "room.pem").read_bytes())
    assert read.not_valid_before_utc < read.not_valid_after_utc < datetime.now(UTC)


def test_a_room_whose_site_is_not_in_the_twin_is_refused(city: City, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="room nk-an-hoa-room is at nk-an-hoa"):
        twin_of("t", city, ["nk-cai-khe-ce1"], tmp_path, Beside(rooms=("nk-an-hoa-room",)))


def test_only_rooms_that_speak_sip_can_be_run(city: City) -> None:
    assert rooms_at(city, ["nk-cai-khe-ce1", "hq-van-phong-ubnd-ce1"]) == ("hq-van-phong-ubnd-room", ROOM)


def test_it_is_known_between_two_commands(twin: TwinSpec, tmp_path: Path) -> None:
    folder = Folder.of(tmp_path)
    state.save(folder, State(twin, built=True))
    kept = state.require(tmp_path).spec
    assert kept == twin
    assert kept.rooms[0].ipv4 == IPv4Interface(f"{kept.rooms[0].ipv4}")
    assert kept.node(ROOM).management is None
    assert isinstance(kept.rooms[0].registrar, IPv4Address)
