"""The reference inventory is the city that the documents describe."""

from __future__ import annotations

from collections import Counter
from ipaddress import ip_network
from itertools import takewhile
from pathlib import Path
from unicodedata import is_normalized

import pytest

from infra_ctl.inventory import Inventory, devices
from infra_ctl.inventory.files import OPTIONAL, TABLES, TREES
from infra_ctl.inventory.kinds import CircuitClass, SiteKind, Stage

FOLDER = Path(__file__).parents[3] / "inventory"
DISTRICTS = ["916", "917", "918", "919", "923", "924", "925", "926", "927"]
POPS = ["nk", "om", "bt", "cr", "tn", "vt", "cd", "pd", "tl"]


def test_devices(reference: Inventory) -> None:
    roles = Counter(device.role for device in devices(reference))
    assert roles == {"edge": 2, "core": 2, "backup": 2, "pop": 9, "ce": 88}
    assert len({device.hostname for device in devices(reference)}) == 103


def test_sites(reference: Inventory) -> None:
    kinds = Counter(site.kind for site in reference.sites.values())
    assert kinds == {
        SiteKind.DC: 1,
        SiteKind.DC_BACKUP: 1,
        SiteKind.POP: 9,
        SiteKind.DEPARTMENT: 5,
        SiteKind.COMMUNE: 83,
    }


def test_units_of_2021(reference: Inventory) -> None:
    """5 quận, 4 huyện, 42 phường, 36 xã, 5 thị trấn."""
    kinds = Counter(unit.kind for unit in reference.units.values())
    assert kinds == {"city": 1, "quan": 5, "huyen": 4, "phuong": 42, "xa": 36, "thi-tran": 5, "department": 5}


def test_every_commune_has_one_site(reference: Inventory) -> None:
    communes = {
        code for (_, code), unit in reference.units.items() if unit.kind in ("phuong", "xa", "thi-tran")
    }
    wards = [site.unit for site in reference.sites.values() if site.kind is SiteKind.COMMUNE]
    assert sorted(wards) == sorted(communes)


def test_pops_are_the_districts_in_order_of_their_codes(reference: Inventory) -> None:
    assert [reference.pops[pop].number for pop in POPS] == list(range(1, 10))
    assert [str(reference.pops[pop].area) for pop in POPS] == [f"0.0.0.{number}" for number in range(1, 10)]
    assert [reference.sites[pop].unit for pop in POPS] == DISTRICTS


def test_every_site_is_on_the_map_within_the_city(reference: Inventory) -> None:
    """And a ward where it is itself: what stands at its PoP is the PoP."""
    places = {site.id: (site.lat or 0, site.lon or 0) for site in reference.sites.values()}
    assert all(9.9 < lat < 10.4 and 105.2 < lon < 105.9 for lat, lon in places.values())
    wards = {place for key, place in places.items() if reference.sites[key].kind is SiteKind.COMMUNE}
    assert len(wards) > 70


def test_a_ward_hangs_on_the_pop_of_its_district(reference: Inventory) -> None:
    for site in reference.sites.values():
        if site.kind is SiteKind.COMMUNE:
            district = reference.units["2021", site.unit].parent
            assert site.pop == POPS[DISTRICTS.index(str(district))]
            assert site.id.startswith(f"{site.pop}-")


def test_ward_numbers_follow_the_codes_from_10_hex(reference: Inventory) -> None:
    for pop in POPS:
        wards = sorted(
            (site.unit, site.number)
            for site in reference.sites.values()
            if site.pop == pop and site.kind is SiteKind.COMMUNE
        )
        assert [number for _, number in wards] == list(range(0x10, 0x10 + len(wards)))


def test_the_two_thanh_an_are_two_places(reference: Inventory) -> None:
    assert reference.sites["vt-thanh-an"].name == "Xã Thạnh An"
    assert reference.sites["vt-thi-tran-thanh-an"].name == "Thị trấn Thạnh An"


def test_names_keep_their_diacritics(reference: Inventory) -> None:
    assert reference.sites["nk-cai-khe"].name == "Phường Cái Khế"
    assert reference.sites["cd-co-do"].name == "Thị trấn Cờ Đỏ"
    for path in FOLDER.iterdir():
        assert is_normalized("NFC", path.read_text(encoding="utf-8")), path.name


def test_stages_of_the_wards(reference: Inventory) -> None:
    stages = Counter(site.ipv6 for site in reference.sites.values() if site.kind is SiteKind.COMMUNE)
    assert stages == {
        Stage.NONE: 10,
        Stage.PLANNED: 8,
        Stage.ADDRESSED: 8,
        Stage.ROUTED: 10,
        Stage.DUAL: 40,
        Stage.PREFERRED: 5,
        Stage.V6ONLY: 2,
    }


def test_the_rows_of_the_picture(reference: Inventory) -> None:
    cai_khe, an_hoa = reference.sites["nk-cai-khe"], reference.sites["nk-an-hoa"]
    assert (cai_khe.unit, cai_khe.number, cai_khe.profile, cai_khe.ipv6) == (
        "31117",
        0x10,
        "commune-dual",
        "dual",
    )
    assert (an_hoa.unit, an_hoa.number, an_hoa.profile, an_hoa.ipv6) == ("31120", 0x11, "commune", "none")


def test_circuits_of_every_kind(reference: Inventory) -> None:
    circuits = reference.circuits.values()
    assert {circuit.circuit_class for circuit in circuits} == set(CircuitClass)
    assert {circuit.handoff for circuit in circuits} == {"l2", "l3vpn", "tunnel"}
    assert {circuit.mtu for circuit in circuits if circuit.handoff == "tunnel"} == {1400}
    assert {circuit.mtu for circuit in circuits if circuit.handoff != "tunnel"} == {1500}


def test_wards_with_work_of_level_3_hang_on_two_pops(reference: Inventory) -> None:
    wards = [
        key for key in reference.systems["one-stop"].sites if reference.sites[key].kind is SiteKind.COMMUNE
    ]
    assert 20 <= len(wards) <= 25
    for ward in wards:
        pops = {
            circuit.a.partition(":")[0]
            for circuit in reference.circuits.values()
            if circuit.z.startswith(f"{ward}:")
        }
        assert len(pops) == 2


@pytest.mark.parametrize("pop", POPS)
def test_a_pop_hangs_on_both_cores(pop: str, reference: Inventory) -> None:
    ends = {
        circuit.a.partition("/")[0]
        for circuit in reference.circuits.values()
        if circuit.z.startswith(f"{pop}:")
    }
    assert {"dc:core1", "dc:core2"} <= ends


def test_outside_addresses_and_numbers_are_for_documentation(reference: Inventory) -> None:
    """RFC 5737, RFC 3849, RFC 5398; inside, RFC 1918 and RFC 6996."""
    for peer in reference.peers.values():
        assert peer.remote_ipv4 in ip_network("192.0.2.0/24")
        assert peer.remote_ipv6 in ip_network("2001:db8:ffff::/48")
        assert 64496 <= peer.asn <= 64511
    assert reference.addressing.ipv6.subnet_of(ip_network("2001:db8::/32"))  # type: ignore[arg-type]
    assert reference.city.asn >= 4200000000
    assert reference.city.domain.endswith(".example")


def test_probes_are_of_the_citys_domain(reference: Inventory) -> None:
    for system in reference.systems.values():
        for probe in system.probes:
            assert probe.partition("://")[2].partition("/")[0].partition(":")[0].endswith(".cantho.example")


@pytest.mark.parametrize("name", [*TREES, *TABLES, *OPTIONAL])
def test_every_file_says_what_is_real_and_what_is_example_data(name: str) -> None:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    comment = " ".join(takewhile(lambda line: line.startswith("# "), lines))
    assert any(word in comment for word in ("Real:", "Example data:", "Ours:"))


def test_no_secret_is_written_down() -> None:
    for path in FOLDER.glob("*.yaml"):
        for line in path.read_text(encoding="utf-8").splitlines():
            key, _, value = line.strip().partition(": ")
            assert not key.endswith("secret") or value.startswith("vault:"), f"{path.name}: {line}"
