"""The city of a command: what it selects, and how its lock grows without renumbering anybody."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from infra_ctl.city import City, load_city, relock
from infra_ctl.errors import InfraCtlError, InventoryError, SelectorError, UnknownError
from infra_ctl.intent.lock import LOCK_FILE, parse_lock
from tests.unit.conftest import SmallCity

COMMUNES, CIRCUITS, UNITS = "communes.csv", "circuits.csv", "units.csv"


@pytest.fixture
def city(small: SmallCity) -> City:
    return small.city


def lock(folder: Path) -> dict[tuple[str, str], object]:
    return dict(parse_lock((folder / LOCK_FILE).read_text(encoding="utf-8")))


def append(folder: Path, file: str, line: str) -> None:
    with (folder / file).open("a", encoding="utf-8") as table:
        table.write(f"{line}\n")


def remove(folder: Path, file: str, start: str) -> None:
    lines = (folder / file).read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(start)]
    assert len(kept) == len(lines) - 1
    (folder / file).write_text("".join(kept), encoding="utf-8")


def add_ward(folder: Path) -> None:
    append(folder, UNITS, "2021,31121,phuong,Phường Mới,916")
    append(folder, COMMUNES, "nk-moi,31121,nk,02,commune,dual,")
    append(folder, CIRCUITS, "nk-moi-1,nk:pop1/eth12,nk-moi:ce1/eth0,tslcd-2,l2,VNPT,50,1500,north,0.1%,20,5")


def test_devices_are_sorted_by_hostname(city: City) -> None:
    assert list(city.intents) == sorted(city.intents)
    assert len(city.intents) == 10


def test_hosts_are_asked_for_apart_and_sorted(city: City) -> None:
    assert city.select_hosts("zone=databases or dc-ntp-1") == ("bk-db-1", "dc-db-1", "dc-ntp-1")
    assert city.select_hosts("all") == tuple(sorted(city.inventory.hosts))
    with pytest.raises(SelectorError, match=r"'dc-app-2' means no host \(did you mean 'dc-app-1'\?\)"):
        city.select_hosts("dc-app-2")


@pytest.mark.parametrize(
    ("selector", "hostnames"),
    [
        ("nk-pop1", ("nk-pop1",)),
        ("pop=bt", ("bt-long-hoa-ce1", "bt-pop1")),
        ("role=core or role=edge", ("dc-core1", "dc-core2", "dc-edge1")),
        ("role=ce and not ipv6=dual", ("bt-long-hoa-ce1", "nk-an-hoa-ce1")),
    ],
)
def test_a_selector_means_hostnames_sorted(city: City, selector: str, hostnames: tuple[str, ...]) -> None:
    assert city.select(selector) == hostnames


@pytest.mark.parametrize("selector", ["", "  "])
def test_no_selector_means_all(city: City, selector: str) -> None:
    assert city.select(selector) == tuple(city.intents)


@pytest.mark.parametrize(
    ("selector", "said"),
    [
        ("pop=", "column 4: '=' must stand between a key and a value"),
        ("pop=zz", "column 1: 'pop=zz' means no device"),
        ("nk-pop2", "column 1: 'nk-pop2' means no device (did you mean 'nk-pop1'?)"),
    ],
)
def test_a_selector_that_means_nothing_is_refused(city: City, selector: str, said: str) -> None:
    with pytest.raises(SelectorError) as caught:
        city.select(selector)
    assert str(caught.value) == f"selector, {said}"


@pytest.mark.parametrize(
    ("selector", "devices", "hosts"),
    [
        ("role=pop or role=database", ("bt-pop1", "nk-pop1"), ("bk-db-1", "dc-db-1")),
        ("zone=databases", (), ("bk-db-1", "dc-db-1")),
        ("pop=nk role=pop", ("nk-pop1",), ()),
        ("dc-app-1 or nk-pop1", ("nk-pop1",), ("dc-app-1",)),
    ],
)
def test_one_selector_means_devices_and_hosts(
    city: City, selector: str, devices: tuple[str, ...], hosts: tuple[str, ...]
) -> None:
    assert city.choose(selector) == (devices, hosts)


def test_one_selector_of_both_that_means_nothing_is_refused(city: City) -> None:
    assert city.choose("") == (tuple(city.intents), tuple(city.hosts))
    with pytest.raises(SelectorError, match=r"means no device and no host.*did you mean 'dc-app-1'"):
        city.choose("dc-app-2")
    with pytest.raises(SelectorError, match=r"role is never 'databse'.*did you mean 'database'"):
        city.choose("role=databse")


def test_who_is_neither_device_nor_host_is_answered_with_the_nearest(city: City) -> None:
    for name in ("nk-pop1", "nk-pop1/host", "dc-db-1"):
        city.refuse_unknown(name)
    for name in ("dc-db-9", "dc-db-1/host"):
        with pytest.raises(UnknownError, match="there is no device and no host"):
            city.refuse_unknown(name)


def test_an_unknown_device_is_answered_with_the_nearest(city: City) -> None:
    assert city.intent("nk-pop1").hostname == "nk-pop1"
    with pytest.raises(InfraCtlError) as caught:
        city.intent("nk-pop2")
    assert str(caught.value) == "there is no device 'nk-pop2' (did you mean 'nk-pop1'?)"
    with pytest.raises(InfraCtlError, match=r"there is no device 'xyz' \(known: bk-r1, "):
        city.intent("xyz")


def test_a_city_without_its_lock_is_told_how_to_lock_it(small_folder: Path) -> None:
    (small_folder / LOCK_FILE).unlink()
    with pytest.raises(InventoryError) as caught:
        load_city(small_folder)
    assert str(caught.value).startswith(f"{small_folder / LOCK_FILE}:0:0: no prefix is locked for ")
    assert str(caught.value).endswith(" and 85 more: infra-ctl ip lock")


def test_one_missing_line_is_named_alone(small_folder: Path) -> None:
    remove(small_folder, LOCK_FILE, "nk-an-hoa,site-ipv4,")
    with pytest.raises(InventoryError) as caught:
        load_city(small_folder)
    assert str(caught.value).endswith("no prefix is locked for nk-an-hoa site-ipv4: infra-ctl ip lock")


def test_a_damaged_lock_is_a_problem_with_its_line(small_folder: Path) -> None:
    append(small_folder, LOCK_FILE, "nk-an-hoa,site-ipv4,10.0.0.0/99")
    with pytest.raises(InventoryError, match=rf"{LOCK_FILE}:88:3: "):
        load_city(small_folder)


def test_a_lock_at_odds_with_the_inventory_is_a_problem_with_its_file(small_folder: Path) -> None:
    city = small_folder / "city.yaml"
    text = city.read_text(encoding="utf-8")
    city.write_text(text.replace("10.65.200.0/24", "10.65.16.0/24"), encoding="utf-8")
    with pytest.raises(InventoryError) as caught:
        load_city(small_folder)
    assert str(caught.value).startswith(f"{small_folder}/city.yaml:0:0: ")


def test_a_lock_that_cannot_be_read_is_a_problem(small_folder: Path) -> None:
    (small_folder / LOCK_FILE).write_bytes(b"\xff\xfe")
    with pytest.raises(InventoryError, match="cannot be read"):
        load_city(small_folder)


def test_all_problems_of_the_inventory_come_before_those_of_the_lock(small_folder: Path) -> None:
    (small_folder / LOCK_FILE).unlink()
    append(small_folder, COMMUNES, "nk-moi,99999,nk,02,comune,dual,")
    with pytest.raises(InventoryError) as caught:
        load_city(small_folder)
    assert len(caught.value.problems) >= 2
    assert "is locked" not in str(caught.value)


def test_relocking_what_is_locked_writes_nothing(small_folder: Path) -> None:
    before = (small_folder / LOCK_FILE).stat().st_mtime_ns
    assert relock(small_folder, free=False) == ({}, {})
    assert relock(small_folder, free=True) == ({}, {})
    assert (small_folder / LOCK_FILE).stat().st_mtime_ns == before


def test_a_new_ward_gets_its_prefixes_and_nobody_is_renumbered(small_folder: Path) -> None:
    before = lock(small_folder)
    add_ward(small_folder)
    with pytest.raises(InventoryError, match=r"no prefix is locked for nk-moi"):
        load_city(small_folder)
    added, freed = relock(small_folder, free=False)
    assert freed == {}
    assert {name for name, _ in added} == {"nk-moi", "nk-moi-ce1", "nk-moi-1"}
    assert lock(small_folder) == before | dict(added)
    assert "nk-moi-ce1" in load_city(small_folder).intents
    assert [file.name for file in small_folder.iterdir() if file.name.startswith(".")] == []


def test_a_ward_that_is_gone_keeps_its_prefixes_until_they_are_freed(small_folder: Path) -> None:
    add_ward(small_folder)
    added, _ = relock(small_folder, free=False)
    with_ward = lock(small_folder)
    remove(small_folder, COMMUNES, "nk-moi,")
    remove(small_folder, CIRCUITS, "nk-moi-1,")
    assert relock(small_folder, free=False) == ({}, {})
    assert lock(small_folder) == with_ward
    _, freed = relock(small_folder, free=True)
    assert freed == added
    assert lock(small_folder) == without(with_ward, added)
    load_city(small_folder)


def without(prefixes: Mapping[tuple[str, str], object], keys: Mapping[tuple[str, str], object]) -> object:
    return {key: network for key, network in prefixes.items() if key not in keys}


def test_a_new_ward_takes_nothing_that_a_gone_one_still_holds(small_folder: Path) -> None:
    add_ward(small_folder)
    held, _ = relock(small_folder, free=False)
    remove(small_folder, COMMUNES, "nk-moi,")
    remove(small_folder, CIRCUITS, "nk-moi-1,")
    append(small_folder, COMMUNES, "nk-khac,31121,nk,02,commune,dual,")
    append(
        small_folder,
        CIRCUITS,
        "nk-khac-1,nk:pop1/eth12,nk-khac:ce1/eth0,tslcd-2,l2,VNPT,50,1500,north,0.1%,20,5",
    )
    added, _ = relock(small_folder, free=False)
    assert added
    assert not set(added.values()) & set(held.values())
